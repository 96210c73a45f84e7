"""Steps of an expert in files: npz of ours and of others, CSV."""

from collections.abc import Sequence
from pathlib import Path

from skimitate.datasets._arrays import read_arrays
from skimitate.datasets._csv import read_csv_columns
from skimitate.datasets._fault import Fault
from skimitate.datasets._kinds import ActionsAre, with_kind
from skimitate.datasets._steps import Steps, steps_of
from skimitate.files._reading import is_of_content, reason_of, with_path

_SUFFIXES = ".npz", ".csv"


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
        n_steps, n_features); or a CSV file with a header.
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
    if not path.is_file():
        raise FileNotFoundError(f"path: no such file: {path}")
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise ValueError(
            f"path: expected a file that ends in {' or '.join(_SUFFIXES)}, got {path}"
        )
    asked = {"observations": observations, "actions": actions}
    asked["episode_ids"] = () if episode_ids is None else (episode_ids,)
    try:
        if suffix == ".npz":
            steps = steps_of(*read_arrays(path, asked))
        else:
            steps = steps_of(*read_csv_columns(path, asked, actions_are))
        return with_kind(steps, actions_are)
    except Fault as fault:
        if asked[fault.part]:
            raise ValueError(f"{fault.part}: {fault} (in {path})") from None
        option = f"--{fault.part.replace('_', '-')}"
        raise ValueError(
            f"path: {path}: {fault.part}: {fault}; {option} names what to take"
        ) from None
    except Exception as error:  # as files.reading has it
        if isinstance(error, OSError) and not is_of_content(error):
            raise with_path(error, path) from None
        reason = reason_of(error)
        if reason.startswith("actions_are: "):
            raise ValueError(f"{reason} (in {path})") from None
        raise ValueError(f"path: {path}: {reason}") from error
