"""Steps of an expert in files: npz of ours and of others, CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skimitate.datasets._csv import read_csv_columns
from skimitate.environments._fields import FLAGS, NAMES
from skimitate.formats._npz import NOT_NPZ

SUFFIXES = (".npz", ".csv")

# What arrays of a file are called, in the order in which they are looked for.
_NAMES = {
    "observations": (*NAMES["observations"], "X"),
    "actions": (*NAMES["actions"], "y"),
    "episode_ids": ("episode_ids", "episode_id", "episodes", "episode"),
}
_NEEDED = ("observations", "actions")
# Flags of the last step of an episode, and of the first one.
_ENDS = tuple(name for flag in FLAGS for name in NAMES[flag])
_STARTS = ("episode_starts",)


@dataclass(frozen=True)
class Steps:
    """What was seen and what was done, a row for each step.

    Parameters
    ----------
    observations : ndarray of shape (n_steps, n_features)
        What was seen.
    actions : ndarray of shape (n_steps, n_outputs)
        What was done.
    episode_ids : ndarray of shape (n_steps,), int, or None
        Which episode each step belongs to, from 0; None where the file does not tell.
    origin : dict of str to str
        What each of them is called in the file.
    """

    observations: NDArray
    actions: NDArray
    episode_ids: NDArray[np.intp] | None
    origin: Mapping[str, str]

    @property
    def n_episodes(self) -> int | None:
        """Number of episodes, None where nobody knows."""
        return None if self.episode_ids is None else int(self.episode_ids.max()) + 1


def read_steps(
    path: Path,
    *,
    observations: Sequence[str] = (),
    actions: Sequence[str] = (),
    episode_ids: str | None = None,
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

    Returns
    -------
    Steps

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is of another kind, or does not hold what is looked for.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    if path.suffix not in SUFFIXES:
        raise ValueError(
            f"expected a file that ends in {' or '.join(SUFFIXES)}, got {path}"
        )
    asked = {"observations": observations, "actions": actions}
    ids = () if episode_ids is None else (episode_ids,)
    try:
        if path.suffix == ".csv":
            found, origin = read_csv_columns(path, asked | {"episode_ids": ids})
        else:
            found, origin = _read_npz(path, asked | {"episode_ids": ids})
        return _as_steps(found, origin)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _read_npz(
    path: Path, asked: Mapping[str, Sequence[str]]
) -> tuple[dict[str, NDArray], dict[str, str]]:
    """Return the arrays by what they are, and what they are called."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file}
    except NOT_NPZ as error:
        raise ValueError(f"expected an npz file of arrays, but {error}") from None
    found, origin = {}, {}
    for what, names in asked.items():
        known = [name for name in names or _NAMES[what] if name in arrays]
        if len(names) > 1 or (names and not known) or (not known and what in _NEEDED):
            raise ValueError(
                f"expected an array of {what} called "
                f"{', '.join(names) or ' or '.join(_NAMES[what])}, and found "
                f"{', '.join(arrays) or 'none'}: name it by --{what.replace('_', '-')}"
            )
        if known:
            found[what], origin[what] = arrays[known[0]], known[0]
    for kind, names in (("ends", _ENDS), ("starts", _STARTS)):
        known = [name for name in names if name in arrays]
        if known and "episode_ids" not in found:
            found[kind] = np.any([arrays[name] for name in known], axis=0)
            origin["episode_ids"] = " or ".join(known)
    return found, origin


def _as_steps(found: dict[str, NDArray], origin: dict[str, str]) -> Steps:
    """Check arrays against each other, and bring them into the form of steps."""
    X, y = found["observations"], found["actions"]
    if X.ndim == 3 and X.shape[:2] == y.shape[:2]:
        found["episode_ids"] = np.repeat(np.arange(len(X)), X.shape[1])
        origin = origin | {"episode_ids": f"the first axis of {origin['observations']}"}
        X, y = X.reshape(-1, X.shape[2]), y.reshape(X.shape[0] * X.shape[1], -1)
    if len(X) != len(y) or len(X) == 0:
        raise ValueError(
            f"expected as many actions as observations, got {len(y)} and {len(X)}; an "
            "observation after the last action belongs to no step"
        )
    X, y = _as_matrix(X, "observations"), _as_matrix(y, "actions")
    return Steps(X, y, _numbered(found, len(X)), origin)


def _as_matrix(array: NDArray, what: str) -> NDArray:
    """Return finite numbers, a row for each step."""
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{what}: expected numbers, got {array.dtype}")
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{what}: expected a row for each step, got shape {array.shape}"
        )
    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"{what}: expected finite numbers, got others in row "
            f"{int(np.argmin(finite))} and {int((~finite).sum()) - 1} more"
        )
    return array.reshape(len(array), -1)


def _numbered(found: Mapping[str, NDArray], n_steps: int) -> NDArray[np.intp] | None:
    """Count episodes from 0, by their ids or by flags of their first or last steps."""
    for what in ("episode_ids", "ends", "starts"):
        if what in found and found[what].shape != (n_steps,):
            raise ValueError(
                f"episodes: expected a number or a flag for each of {n_steps} steps, "
                f"got shape {found[what].shape}"
            )
    if "episode_ids" in found:
        return np.unique(found["episode_ids"], return_inverse=True)[1]
    if "starts" in found:
        begins = found["starts"].astype(bool)
    elif "ends" in found:
        begins = np.roll(found["ends"].astype(bool), 1)
    else:
        return None
    begins[0] = True
    return np.cumsum(begins) - 1
