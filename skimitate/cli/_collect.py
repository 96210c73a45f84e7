"""``skimitate collect``: save an expert's roll-outs."""

import argparse
from functools import partial
from pathlib import Path

from skimitate.cli import _flags
from skimitate.cli._environments import find_env
from skimitate.cli._policies import find_expert

HELP = "save an expert's roll-outs"
PARENTS = (
    _flags.one_env,
    partial(_flags.episodes, "episodes to collect"),
    _flags.jobs,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "--out", type=Path, required=True, help="npz file to write (no default)"
    )


def act(args: argparse.Namespace) -> None:
    """Collect, and write the file."""
    _flags.check_file(args.out, (".npz",))
    from skimitate.environments._collect import collect_rollouts
    from skimitate.environments._report import summarize

    env = find_env(args.env, args.env_arg)
    rollouts = collect_rollouts(
        env.made_by,
        find_expert(env, args.env, args.expert),
        n_episodes=args.episodes,
        n_jobs=args.jobs,
        random_state=args.seed,
        verbose=True,
    )
    rollouts.save(args.out)
    print(
        f"{args.out}: {rollouts.n_episodes} episodes, {len(rollouts)} steps, "
        f"returns {summarize(rollouts.returns)}"
    )
