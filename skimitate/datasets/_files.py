"""Steps of an expert in files: npz of ours and of others, CSV, other libraries'."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from skimitate.datasets._arrays import read_arrays
from skimitate.datasets._csv import read_csv_columns
from skimitate.datasets._fault import Fault
from skimitate.datasets._kinds import ActionsAre, with_kind
from skimitate.datasets._others import OTHERS, is_of_others, read_others
from skimitate.datasets._steps import Steps, steps_of
from skimitate.files._reading import is_of_content, reason_of, with_path

_SUFFIXES = ".npz", ".csv", *OTHERS


def read_steps(
    path: Path,
    *,
    observations: Sequence[str] = (),
    actions: Sequence[str] = (),
    episode_ids: str | None = None,
    actions_are: ActionsAre | None = None,
) -> Steps:
    """Read observations and actions from a file.

    Parameters
    ----------
    path : Path
        An npz file with arrays of a row for each step, or of shape (n_episodes,
        n_steps, n_features); a CSV file with a header; or what :func:`is_of_others`
        tells of.
    observations, actions : sequence of str, default=()
        Names of the columns of a CSV file; for an npz file one array each. Empty to
        find them by their names.
    episode_ids : str or None, default=None
        Name of the column or the array that numbers the episodes; None to find it.
    actions_are : {"numbers", "classes"} or None, default=None
        See :func:`with_kind`.

    Returns
    -------
    Steps

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is of another kind, or does not hold what is looked for. It begins with
        the parameter that names what is wrong.
    """
    asked = {"observations": observations, "actions": actions}
    asked["episode_ids"] = () if episode_ids is None else (episode_ids,)
    if is_of_others(path):
        read = partial(read_others, path, asked)
    else:
        _check_kind(path)
        read = partial(_read, path, asked, actions_are)
    try:
        return with_kind(read(), actions_are)
    except Fault as fault:
        if asked[fault.part]:
            raise ValueError(f"{fault.part}: {fault} (in {path})") from None
        option = f"--{fault.part.replace('_', '-')}"
        raise ValueError(
            f"path: {path}: {fault.part}: {fault}; {option} names what to take"
        ) from None
    except ValueError as error:
        if str(error).startswith("actions_are: "):
            raise ValueError(f"{error} (in {path})") from None
        raise


def _check_kind(path: Path) -> None:
    if path.is_dir():
        raise ValueError(
            "path: expected a file, or the folder of a LeRobot data set, in which "
            f"there is meta/info.json, got {path}"
        )
    if not path.is_file():
        raise FileNotFoundError(f"path: no such file: {path}")
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(
            f"path: expected a file that ends in {', '.join(_SUFFIXES[:-1])} or "
            f"{_SUFFIXES[-1]}, got {path}"
        )


def _read(
    path: Path, asked: Mapping[str, Sequence[str]], actions_are: ActionsAre | None
) -> Steps:
    """Read a file that is read here: arrays, or a table of texts."""
    try:
        if path.suffix.lower() == ".npz":
            return steps_of(*read_arrays(path, asked))
        return steps_of(*read_csv_columns(path, asked, actions_are))
    except Fault:
        raise
    except Exception as error:  # as files.reading has it
        if isinstance(error, OSError) and not is_of_content(error):
            raise with_path(error, path) from None
        reason = reason_of(error)
        if reason.startswith("actions_are: "):
            raise ValueError(reason) from None
        raise ValueError(f"path: {path}: {reason}") from error
