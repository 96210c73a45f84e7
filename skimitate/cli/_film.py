"""``skimitate film``: film an episode of a policy."""

import argparse
from pathlib import Path
from typing import Any

from skimitate.cli import _flags, _table
from skimitate.cli._environments import NamedEnv, find_env
from skimitate.cli._policies import expert_of_row, find_expert, find_policy

HELP = "film an episode of a policy"
PARENTS = (_flags.one_env,)

# As `run` and `table` keep them.
_IMITATORS = {"clone": "clone.joblib", "DAgger": "dagger.joblib"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "--out", type=Path, required=True, help="mp4 file to write (no default)"
    )
    parser.add_argument(
        "--policy", help="whatever --expert takes (default: the expert is filmed)"
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="film expert, clone and DAgger side by side (default: one of them)",
    )
    parser.add_argument(
        "--models",
        metavar="FOLDER",
        type=Path,
        default=_table.FOLDER,
        help="what run or table kept, to take the clone and the DAgger policy from "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--steps",
        type=_flags.positive,
        help="where to cut the episode (default: where the environment ends it)",
    )


def act(args: argparse.Namespace) -> None:
    """Film what the arguments name."""
    if args.policy is not None and args.expert is not None and not args.compare:
        raise ValueError(
            "--expert: expected --policy or --expert to say who is filmed, or "
            "--compare beside both, got both without it"
        )
    from skimitate.studies._film import Film

    env = find_env(args.env, args.env_arg)
    film = Film(
        env.made_by, args.out, seed=args.seed, max_steps=args.steps, name=env.name
    )
    policies: dict[str, Any] = {}
    if args.compare or args.policy is None:
        spec = expert_of_row(args.env, args.expert, 1)
        policies["expert"] = find_expert(env, args.env, spec)
    if args.compare:
        policies |= _find_imitators(env, args)
    if args.policy is not None:
        name = Path(args.policy).stem
        unique = f"{Path(args.policy).parent.name}/{name}"
        policies[unique if name in policies else name] = find_policy(env, args.policy)
    film.record(policies)
    print(f"{args.out}: {env.name}, {' | '.join(policies)}")


def _find_imitators(env: NamedEnv, args: argparse.Namespace) -> dict[str, Any]:
    """Return the clone and the DAgger policy to compare with the expert."""
    from skimitate.environments._spec import folder_of

    folders = [args.models, args.models / folder_of(env.name) / "seed-0"]
    for folder in folders:
        if all((folder / file).is_file() for file in _IMITATORS.values()):
            return {
                name: find_policy(env, folder / file, "--models")
                for name, file in _IMITATORS.items()
            }
    raise FileNotFoundError(
        f"--models: expected {' and '.join(_IMITATORS.values())} in "
        f"{' or '.join(map(str, folders))}; make them by python -m skimitate run "
        f"{args.env} --out {args.models}, or by python -m skimitate table {args.env} "
        f"--out {args.models}"
    )
