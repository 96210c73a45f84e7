"""``skimitate film``: film an episode of a policy."""

import argparse
from pathlib import Path
from typing import Any

from skimitate.cli import _flags, _table
from skimitate.cli._policies import expert_of_row, find_expert, find_policy

HELP = "film an episode of a policy"
PARENTS = (_flags.one_env,)

# As `run` and `table` keep them.
_IMITATORS = {"clone": "clone.joblib", "DAgger": "dagger.joblib"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument("--out", type=Path, required=True, help="mp4 file to write")
    parser.add_argument(
        "--policy", help="model saved by joblib; by default the expert is filmed"
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="film expert, clone and DAgger side by side",
    )
    parser.add_argument(
        "--models",
        metavar="FOLDER",
        type=Path,
        default=_table.FOLDER,
        help="what run or table kept, to take the clone and the DAgger policy from; by "
        f"default {_table.FOLDER}",
    )
    parser.add_argument(
        "--steps", type=_flags.positive, help="where to cut the episode"
    )


def act(args: argparse.Namespace) -> None:
    """Film what the arguments name."""
    from skimitate.studies._film import Film

    film = Film(args.env, args.out, seed=args.seed, max_steps=args.steps)
    policies: dict[str, Any] = {}
    if args.compare or args.policy is None:
        spec = expert_of_row(args.env, args.expert, 1)
        policies["expert"] = find_expert(args.env, spec)
    if args.compare:
        policies |= _find_imitators(args.env, args.models)
    if args.policy is not None:
        name = Path(args.policy).stem
        unique = f"{Path(args.policy).parent.name}/{name}"
        policies[unique if name in policies else name] = find_policy(
            args.env, args.policy
        )
    film.record(policies)
    print(f"{args.out}: {args.env}, {' | '.join(policies)}")


def _find_imitators(env: str, models: Path) -> dict[str, Any]:
    """Return the clone and the DAgger policy to compare with the expert."""
    folders = [models, models / env / "seed-0"]
    for folder in folders:
        if all((folder / file).is_file() for file in _IMITATORS.values()):
            return {
                name: find_policy(env, folder / file, "--models")
                for name, file in _IMITATORS.items()
            }
    raise FileNotFoundError(
        f"--models: expected {' and '.join(_IMITATORS.values())} in "
        f"{' or '.join(map(str, folders))}; make them by python -m skimitate run {env} "
        f"--out {models}, or by python -m skimitate table {env} --out {models}"
    )
