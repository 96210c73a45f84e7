"""``skimitate collect``: save an expert's roll-outs."""

import argparse
import math
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
    parser.add_argument(
        "--action-noise",
        metavar="STD[,STD...]",
        type=_standard_deviations,
        help="standard deviation of the noise that is added to what the expert does, "
        "in the unit of the actions, for all outputs or one for each; what is kept is "
        "the expert's own action (default: no noise)",
    )


def _standard_deviations(text: str) -> float | list[float]:
    """Read a number, or several with commas between them."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [-1.0]
    if not all(0 <= number < math.inf for number in numbers):
        raise argparse.ArgumentTypeError(
            "expected numbers that are not negative, a comma between them, got "
            f"{text!r}"
        )
    return numbers if "," in text else numbers[0]


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
        action_noise=args.action_noise,
        n_jobs=args.jobs,
        random_state=args.seed,
        verbose=True,
    )
    rollouts.save(args.out)
    print(
        f"{args.out}: {rollouts.n_episodes} episodes, {len(rollouts)} steps, "
        f"returns {summarize(rollouts.returns)}"
    )
