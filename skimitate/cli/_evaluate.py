"""``skimitate evaluate``: print what a policy earns."""

import argparse
from functools import partial

from skimitate.cli import _flags
from skimitate.cli._environments import find_env
from skimitate.cli._evaluation import evaluate
from skimitate.cli._policies import find_expert, find_policy

HELP = "print what a policy earns"
PARENTS = (
    _flags.one_env,
    partial(_flags.episodes, "episodes to run the policy in"),
    _flags.jobs,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "--policy",
        help="whatever --expert takes, such as what run --out or clone --out kept "
        "(default: the expert is evaluated)",
    )
    parser.add_argument(
        "--max-steps",
        metavar="N",
        type=_flags.positive,
        help="where to cut an episode (default: where the environment ends it)",
    )


def act(args: argparse.Namespace) -> None:
    """Evaluate, and print a line for each episode."""
    if args.policy is not None and args.expert is not None:
        raise ValueError(
            "--expert: expected --policy or --expert to say who is evaluated, got both"
        )
    from skimitate.environments._report import summarize

    env = find_env(args.env, args.env_arg)
    if args.policy is None:
        policy = find_expert(env, args.env, args.expert)
    else:
        policy = find_policy(env, args.policy)
    returns = evaluate(
        env,
        policy,
        n_episodes=args.episodes,
        n_jobs=args.jobs,
        seed=args.seed,
        max_steps=args.max_steps,
    )
    for i, value in enumerate(returns):
        print(f"episode {i}: {value:.1f}")
    print(f"{env.name}: {summarize(returns)} over {len(returns)} episodes")
