"""Steps of an expert in files of other libraries."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skimitate.datasets._fault import Fault
from skimitate.datasets._header import as_row, choose_columns
from skimitate.datasets._steps import Steps
from skimitate.environments._rollouts import Rollouts
from skimitate.exchange._parquet import check_parquet, column_names, read_batches
from skimitate.files._reading import reading

# What an id of a Minari data set comes after.
_MINARI = "minari:"

_HDF5 = ".hdf5", ".h5"

# The suffixes that are read here.
OTHERS = ".parquet", *_HDF5

# Parameters of a command, by those of Rollouts.
_CALLED = {"dataset: ": "path: ", "episode: ": "episode_ids: ", "frame: ": "path: "}

# All steps in one piece.
_ALL = 2**62


def is_of_others(path: Path) -> bool:
    """Tell whether this is for :func:`read_others`, if it is there.

    Parameters
    ----------
    path : Path
        A Parquet or HDF5 file, a folder of LeRobot's, or ``minari:`` before an id.

    Returns
    -------
    bool
    """
    is_set = (path / "meta" / "info.json").exists()
    is_file = path.suffix.lower() in OTHERS and path.is_file()
    return str(path).startswith(_MINARI) or is_set or is_file


def read_others(path: Path, asked: Mapping[str, Sequence[str]]) -> Steps:
    """Read observations and actions, and which episode they are of.

    Parameters
    ----------
    path : Path
        See :func:`is_of_others`.
    asked : dict of str to sequence of str
        Columns, keys or features that are ``observations``, ``actions`` and
        ``episode_ids``; empty to find them.

    Returns
    -------
    Steps

    Raises
    ------
    Fault, ValueError, OSError, ImportError
        If they cannot be read. ValueError begins with the parameter.
    """
    try:
        rollouts, origin = _read(path, asked)
    except Fault:
        raise
    except (ValueError, FileNotFoundError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's, with a path
        message = str(error)
        for theirs, ours in _CALLED.items():
            if message.startswith(theirs):
                raise ValueError(ours + message.removeprefix(theirs)) from None
        if message.startswith(("observations: ", "actions: ", "path: ")):
            raise
        raise ValueError(f"path: {message}") from None
    actions = rollouts.actions.reshape(len(rollouts), -1)
    ids = rollouts.episode_ids if "episode_ids" in origin else None  # nobody tells
    return Steps(rollouts.observations, actions, ids, origin)


def _read(
    path: Path, asked: Mapping[str, Sequence[str]]
) -> tuple[Rollouts, dict[str, str]]:
    """Return what is there, and what its parts are called."""
    seen, done = list(asked["observations"]), list(asked["actions"])
    if path.suffix.lower() == ".parquet" and path.is_file():
        return _read_parquet(path, asked)
    if (path / "meta" / "info.json").exists():
        _check_none(asked, "episode_ids")
        rollouts = Rollouts.from_lerobot(
            path, observations=seen or None, actions=done or "action"
        )
        return rollouts, _origin(rollouts, as_row(done or ["action"]), "episode_index")
    _check_none(asked, "actions", "episode_ids")
    if path.suffix.lower() in _HDF5 and path.is_file():
        rollouts = Rollouts.from_robomimic(path, observations=seen or None)
        return rollouts, _origin(rollouts, "actions", "the demonstrations")
    _check_none(asked, "observations")
    rollouts = Rollouts.from_minari(str(path).removeprefix(_MINARI))
    return rollouts, _origin(rollouts, "actions", "the set")


def _read_parquet(
    path: Path, asked: Mapping[str, Sequence[str]]
) -> tuple[Rollouts, dict[str, str]]:
    check_parquet("path")
    with reading(path, "a Parquet file"):
        names = column_names(path)
    chosen = choose_columns(names, asked)
    episode = next(iter(chosen.get("episode_ids", ())), None)
    columns: Any = chosen["observations"], chosen["actions"]
    needed = [*columns[0], *columns[1], *([] if episode is None else [episode])]
    batches = read_batches(path.parent, path.name, needed)
    (rollouts,) = Rollouts.iter_frames(
        batches,
        n_steps=_ALL,
        observations=columns[0],
        actions=columns[1],
        episode=episode,
    )
    return rollouts, {part: as_row(names) for part, names in chosen.items()}


def _origin(rollouts: Rollouts, actions: str, episodes: str) -> dict[str, str]:
    names = rollouts.feature_names
    seen = "observations" if names is None else as_row(names)
    return {"observations": seen, "actions": actions, "episode_ids": episodes}


def _check_none(asked: Mapping[str, Sequence[str]], *parts: str) -> None:
    for part in parts:
        if asked[part]:
            raise ValueError(
                f"path: expected a file that does not tell its {part} by itself, as "
                f"{as_row(asked[part])} is to name them"
            )
