"""``skimitate clone``: imitate what a file holds."""

import argparse
import csv
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skimitate.cli import _flags
from skimitate.cli._environments import NamedEnv, find_env
from skimitate.cli._evaluation import evaluate

if TYPE_CHECKING:
    from skimitate.datasets._steps import Steps

HELP = "imitate the observations and actions that a file holds"
PARENTS = (
    _flags.env_args,
    _flags.seed,
    partial(_flags.episodes, "episodes to run the clone in, with --env"),
    _flags.jobs,
    _flags.log_dir,
)

_SUFFIXES = (".joblib", ".safetensors")
# The part that is held out to score a clone of the rest on.
_HELD_OUT = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "data",
        metavar="DATA",
        type=Path,
        help="what collect saved, or an npz or CSV file with a row for each step",
    )
    parser.add_argument(
        "--env",
        metavar="ENV",
        help="environment id, module:id or module:Class, to run the clone there "
        "(default: it is run nowhere)",
    )
    for what, found in (
        ("observations", "called observations, obs, states, ..., or beginning so"),
        ("actions", "called actions, acts, ..., or beginning so"),
    ):
        parser.add_argument(
            f"--{what}",
            metavar="NAMES",
            type=_names,
            default=(),
            help="columns of a CSV file, a comma between them (a name that has one is "
            f"quoted), or array of an npz file (default: those {found})",
        )
    parser.add_argument(
        "--episode-ids",
        metavar="NAME",
        help="column or array that numbers the episodes (default: the one called "
        "episode, episode_ids, ...)",
    )
    parser.add_argument(
        "--epochs",
        type=_flags.positive,
        help="passes over the data (default: as many as make 60,000 gradient steps, "
        "from 20 to 2,000)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="file for the clone, .joblib or .safetensors (default: nothing is kept)",
    )


def _names(text: str) -> tuple[str, ...]:
    """Read names with commas between them; one with a comma in it is quoted."""
    try:
        rows = list(csv.reader([text], skipinitialspace=True))
    except csv.Error:
        rows = []
    names = tuple(name.strip() for row in rows for name in row)
    if not all(names) or not names:
        raise argparse.ArgumentTypeError(
            f"expected names with commas between them, got {text!r}"
        )
    return names


def act(args: argparse.Namespace) -> None:
    """Score a clone of a part, clone everything, and keep it."""
    if args.out is not None:
        _flags.check_file(args.out, _SUFFIXES)
    if args.log_dir is not None:
        from skimitate.callbacks._log_dir import check_log_dir

        check_log_dir(args.log_dir, "--log-dir")
    steps = _read(args)
    env = None
    if args.env is not None:
        env = find_env(args.env, args.env_arg, "--env")
        _check_widths(steps, env, args.data)
    elif args.env_arg:
        raise ValueError("--env-arg: expected --env beside it, got no environment")
    _score(steps, args)
    clone = _fit("clone of everything", steps.observations, steps.actions, args)
    if env is not None:
        _evaluate(clone, env, args)
    if args.out is None:
        print("Nothing is kept: --out FILE keeps the clone.")
    else:
        _keep(clone, args.out)
        print(f"Kept in {args.out}")


def _read(args: argparse.Namespace) -> "Steps":
    from skimitate.datasets._files import read_steps

    try:
        steps = read_steps(
            args.data,
            observations=args.observations,
            actions=args.actions,
            episode_ids=args.episode_ids,
        )
    except (FileNotFoundError, ValueError) as error:
        message = str(error)
        if message.startswith("path: "):
            message = f"DATA{message.removeprefix('path')}"
        raise type(error)(message) from None
    told = "not known"
    if steps.n_episodes is not None:
        told = f"{steps.n_episodes} of them, by {steps.origin['episode_ids']}"
    print(
        f"{args.data}: {len(steps.actions)} rows\n"
        f"  observations, {steps.observations.shape[1]} wide: "
        f"{steps.origin['observations']}\n"
        f"  actions, {steps.actions.shape[1]} wide: {steps.origin['actions']}\n"
        f"  episodes: {told}"
    )
    return steps


def _check_widths(steps: "Steps", env: NamedEnv, data: Path) -> None:
    from skimitate.environments._make import env_widths

    found = env_widths(env.made_by)
    given = steps.observations.shape[1], steps.actions.shape[1]
    if found != given:
        raise ValueError(
            f"--env: {env.name} has {found[0]} observation and {found[1]} action "
            f"dimensions, and {data} has {given[0]} and {given[1]}"
        )


def _score(steps: "Steps", args: argparse.Namespace) -> None:
    """Print what a clone of most of the data scores on the rest."""
    from sklearn.metrics import r2_score

    held_out, told = _split(steps, args.seed)
    if held_out.sum() < 2 or held_out.all():
        print(f"No score: there is too little in {args.data} to hold some of it out.")
        return
    X, y = steps.observations, steps.actions
    rest = X[~held_out], y[~held_out]
    clone = _fit("clone of the rest", *rest, args, (X[held_out], y[held_out]))
    score = r2_score(y[held_out], clone.predict(X[held_out]))
    print(f"held out {told}: R² {score:.4f} of the clone of the rest")


def _split(steps: "Steps", seed: int) -> tuple[Any, str]:
    """Mark the rows that are held out, and say which they are."""
    import numpy as np

    n_rows, n_episodes = len(steps.actions), steps.n_episodes
    if steps.episode_ids is None or n_episodes is None or n_episodes == 1:
        # Rows at random would leak: neighbouring steps are nearly equal.
        n_held_out = round(_HELD_OUT * n_rows)
        why = "episodes are not known" if n_episodes is None else "one episode is all"
        marked = np.arange(n_rows) >= n_rows - n_held_out
        return marked, f"the last {n_held_out} rows ({why})"
    n_held_out = max(1, round(_HELD_OUT * n_episodes))
    drawn = np.random.default_rng(seed).permutation(n_episodes)[:n_held_out]
    marked = np.isin(steps.episode_ids, drawn)
    return marked, f"{n_held_out} of {n_episodes} episodes ({marked.sum()} rows)"


def _fit(
    label: str,
    X: Any,
    y: Any,
    args: argparse.Namespace,
    held_out: tuple[Any, Any] = (None, None),
) -> Any:
    from skimitate.callbacks._progress import Progress
    from skimitate.cloning._regressor import BehaviorCloner

    # argparse would put a default in words through ``type`` as well.
    cloner = BehaviorCloner(
        max_iter="auto" if args.epochs is None else args.epochs,
        random_state=args.seed,
    )
    callbacks: list[Any] = [Progress(label)]
    if args.log_dir is not None:
        from skimitate.callbacks._tensorboard import TensorBoardCallback

        X_val, y_val = held_out
        name = label.replace(" ", "-")
        board = TensorBoardCallback(args.log_dir, name=name, X_val=X_val, y_val=y_val)
        callbacks.append(board)
    cloner.set_callbacks(*callbacks).fit(X, y)
    return cloner.set_callbacks()


def _evaluate(clone: Any, env: NamedEnv, args: argparse.Namespace) -> None:
    from skimitate.environments._report import summarize

    returns = evaluate(
        env, clone, n_episodes=args.episodes, n_jobs=args.jobs, seed=args.seed
    )
    print(f"{env.name}: {summarize(returns)} over {len(returns)} episodes")


def _keep(clone: Any, out: Path) -> None:
    if out.suffix == ".safetensors":
        from skimitate.formats._safetensors import save_policy

        save_policy(clone, out)
    else:
        import joblib

        from skimitate.formats._files import replace_file

        replace_file(out, partial(joblib.dump, clone))
