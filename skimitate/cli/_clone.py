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
    from skimitate.studies._kind import Kind

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
# Classes of an output.
_MOST_TOLD = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "data",
        metavar="DATA",
        type=Path,
        help="what collect saved; an npz, CSV or Parquet file with a row for each "
        "step; an HDF5 file of robomimic's; a folder of LeRobot's; or minari:ID, a "
        "Minari data set",
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
            help="columns of a table, a comma between them (a name that has one is "
            f"quoted), or array of an npz file (default: those {found})",
        )
    parser.add_argument(
        "--episode-ids",
        metavar="NAME",
        help="column or array that numbers the episodes (default: the one called "
        "episode, episode_ids, ...)",
    )
    parser.add_argument(
        "--actions-are",
        choices=("numbers", "classes"),
        help="what is learnt: numbers, by their mean squared error, or classes, by "
        "their cross-entropy (default: what --env takes; else texts and whole numbers "
        "are classes, and others numbers)",
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
    env = None
    if args.env is not None:
        env = find_env(args.env, args.env_arg, "--env")
    elif args.env_arg:
        raise ValueError("--env-arg: expected --env beside it, got no environment")
    steps = _read(args, env)
    if env is not None:
        _check_fits(steps, env, args.data)
    clone = _clone(steps, args)
    if env is not None:
        _evaluate(clone, env, args)
    if args.out is None:
        print("Nothing is kept: --out FILE keeps the clone.")
    else:
        _keep(clone, args.out)
        print(f"Kept in {args.out}")


def _read(args: argparse.Namespace, env: NamedEnv | None) -> "Steps":
    from skimitate.datasets._files import read_steps

    given = args.actions_are
    try:
        steps = read_steps(
            args.data,
            observations=args.observations,
            actions=args.actions,
            episode_ids=args.episode_ids,
            actions_are=given or (None if env is None else _taken_by(env)),
        )
    except (FileNotFoundError, ValueError) as error:
        message = str(error)
        if message.startswith("path: "):
            message = f"DATA{message.removeprefix('path')}"
        elif message.startswith("actions_are: ") and not given and env is not None:
            fault = message.removeprefix("actions_are: ")
            message = f"--env: {env.name} takes {_taken_by(env)}: {fault}"
        raise type(error)(message) from None
    told = "not known"
    if steps.n_episodes is not None:
        told = f"{steps.n_episodes} of them, by {steps.origin['episode_ids']}"
    print(
        f"{args.data}: {len(steps.actions)} rows\n"
        f"  observations, {steps.observations.shape[1]} wide: "
        f"{steps.origin['observations']}\n"
        f"  actions, {steps.actions.shape[1]} wide: {steps.origin['actions']}\n"
        f"  actions are {_described(steps)}{_why(steps, args, env)}\n"
        f"  episodes: {told}"
    )
    return steps


def _taken_by(env: NamedEnv) -> Any:
    """Return what an environment takes, in the words of ``--actions-are``."""
    from skimitate.environments._make import spaces_of

    return "numbers" if spaces_of(env.made_by).actions.classes is None else "classes"


def _described(steps: "Steps") -> str:
    """Say what the actions are, with the classes of each output."""
    import numpy as np

    if not steps.are_classes:
        return "numbers"
    listed = []
    for column in steps.actions.T:
        classes = np.unique(column).tolist()
        more = ["..."] if len(classes) > _MOST_TOLD else []
        listed.append(", ".join(map(str, [*classes[:_MOST_TOLD], *more])))
    return f"classes: {' | '.join(listed)}"


def _why(steps: "Steps", args: argparse.Namespace, env: NamedEnv | None) -> str:
    """Say who says what the actions are, or how to say that they are something else."""
    import numpy as np

    if args.actions_are is not None:
        return ""
    if env is not None:
        return f" (for {env.name})"
    if steps.are_classes:
        is_text = steps.actions.dtype.kind == "U"
        return "" if is_text else " (or else --actions-are numbers)"
    is_whole = (steps.actions == np.floor(steps.actions)).all()
    return " (or else --actions-are classes)" if is_whole else ""


def _check_fits(steps: "Steps", env: NamedEnv, data: Path) -> None:
    """Raise if an environment has other widths than the file, or other classes."""
    import numpy as np

    from skimitate.environments._make import spaces_of

    spaces = spaces_of(env.made_by)
    found = spaces.n_features, spaces.n_outputs
    given = steps.observations.shape[1], steps.actions.shape[1]
    if found != given:
        raise ValueError(
            f"--env: {env.name} has {found[0]} observation and {found[1]} action "
            f"dimensions, and {data} has {given[0]} and {given[1]}"
        )
    if not steps.are_classes:
        return
    for i, column in enumerate(steps.actions.T):
        known = None if spaces.actions.classes is None else spaces.actions.classes[i]
        strange = [
            value
            for value in np.unique(column).tolist()
            if isinstance(value, str) or (known is not None and value not in known)
        ]
        if strange:
            raise ValueError(
                f"--env: {env.name} takes actions of the space "
                f"{spaces.actions.description}, and {data} has {strange[0]!r}"
            )


def _clone(steps: "Steps", args: argparse.Namespace) -> Any:
    """Print what a clone of most of the data scores on the rest, and clone it all."""
    from skimitate.studies._kind import CLASSES, NUMBERS

    kind = CLASSES if steps.are_classes else NUMBERS
    X, y = steps.observations, steps.actions
    if steps.are_classes and y.shape[1] == 1:
        y = y[:, 0]  # a column of classes is as unusual as a table of one
    held_out, told = _split(steps, args.seed)
    if held_out.sum() < 2 or held_out.all():
        print(f"No score: there is too little in {args.data} to hold some of it out.")
    else:
        rest = X[~held_out], y[~held_out]
        test = X[held_out], y[held_out]
        clone = _fit(kind, "clone of the rest", rest, args, test)
        print(
            f"held out {told}: {kind.score} {clone.score(*test):.4f} of the clone of "
            "the rest"
        )
    return _fit(kind, "clone of everything", (X, y), args)


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
    kind: "Kind",
    label: str,
    data: tuple[Any, Any],
    args: argparse.Namespace,
    held_out: tuple[Any, Any] = (None, None),
) -> Any:
    from skimitate.callbacks._progress import Progress

    # argparse would put a default in words through ``type`` as well.
    cloner = kind.cloner(
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
    cloner.set_callbacks(*callbacks).fit(*data)
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

        from skimitate.files._durable import write_durably

        write_durably(out, partial(joblib.dump, clone))
