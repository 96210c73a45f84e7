"""``skimitate evaluate``: print what a policy earns."""

import argparse

from skimitate.cli import _flags
from skimitate.cli._policies import find_expert, find_policy

HELP = "print what a policy earns"
PARENTS = (_flags.one_env, _flags.episodes, _flags.jobs)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "--policy", help="model saved by joblib; by default the expert is evaluated"
    )


def act(args: argparse.Namespace) -> None:
    """Evaluate, and print a line for each episode."""
    from skimitate.environments._collect import evaluate_policy
    from skimitate.environments._report import summarize

    if args.policy is None:
        policy = find_expert(args.env, args.expert)
    else:
        policy = find_policy(args.env, args.policy)
    returns = evaluate_policy(
        args.env,
        policy,
        n_episodes=args.episodes,
        n_jobs=args.jobs,
        random_state=args.seed,
    )
    for i, value in enumerate(returns):
        print(f"episode {i}: {value:.1f}")
    print(f"{args.env}: {summarize(returns)} over {len(returns)} episodes")
