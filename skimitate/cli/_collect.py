"""``skimitate collect``: save an expert's roll-outs."""

import argparse
from pathlib import Path

from skimitate.cli import _flags
from skimitate.cli._policies import find_expert

HELP = "save an expert's roll-outs"
PARENTS = (_flags.one_env, _flags.episodes, _flags.jobs)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument("--out", type=Path, required=True, help="npz file to write")


def act(args: argparse.Namespace) -> None:
    """Collect, and write the file."""
    from skimitate.environments._collect import collect_rollouts
    from skimitate.environments._report import summarize

    expert = find_expert(args.env, args.expert)
    if not args.out.parent.is_dir():
        raise FileNotFoundError(f"--out: no such folder: {args.out.parent}")
    if args.out.is_dir():
        raise IsADirectoryError(f"--out: expected a file to write, got {args.out}")
    rollouts = collect_rollouts(
        args.env,
        expert,
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
