"""Arrays of npz files: which are observations, actions, episodes and their ends."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skimitate.datasets._fault import Fault
from skimitate.datasets._header import EPISODE_NAMES
from skimitate.environments._fields import FLAGS, NAMES
from skimitate.files._npz import Arrays, open_npz

# What arrays of a file are called, in the order in which they are looked for.
_NAMES = {
    "observations": (*NAMES["observations"], "X"),
    "actions": (*NAMES["actions"], "y"),
    "episode_ids": EPISODE_NAMES,
}
_NEEDED = ("observations", "actions")
# Flags of the last step of an episode, and of the first one.
_ENDS = tuple(name for flag in FLAGS for name in NAMES[flag])
_STARTS = ("episode_starts",)

# A Discrete observation may have hundreds of columns.
_MOST_TOLD = 12


def read_arrays(
    path: Path, asked: Mapping[str, Sequence[str]]
) -> tuple[dict[str, NDArray], dict[str, str]]:
    """Read observations, actions, and what tells the episodes.

    Parameters
    ----------
    path : Path
        An npz file.
    asked : dict of str to sequence of str
        The array of ``observations``, ``actions`` and ``episode_ids``; empty to find it
        by its name.

    Returns
    -------
    found : dict of str to ndarray
        By what they are, of any shape; where there are no ``episode_ids``, maybe flags
        of the ``ends`` or ``starts`` of episodes.
    origin : dict of str to str
        What each of them is called in the file.

    Raises
    ------
    Fault
        If there is no array of a part.
    ValueError
        If it is no npz file, or a damaged one.
    """
    try:
        with open_npz(path) as arrays:
            return _pick(arrays, asked)
    except Fault:
        raise
    except ValueError as error:
        raise ValueError(f"expected an npz file of arrays, but {error}") from error


def _pick(
    arrays: Arrays, asked: Mapping[str, Sequence[str]]
) -> tuple[dict[str, NDArray], dict[str, str]]:
    """Return what is looked for, and what it is called; nothing else is read."""
    found, origin = {}, {}
    for part, names in asked.items():
        name = _find(part, names, arrays.names)
        if name is not None:
            found[part], origin[part] = arrays[name], name
    for kind, known in (("ends", _ENDS), ("starts", _STARTS)):
        flags = [name for name in known if name in arrays.names]
        if flags and not {"episode_ids", "ends"} & found.keys():
            found[kind] = _any([arrays[name] for name in flags], flags)
            origin["episode_ids"] = " or ".join(flags)
    origin["observations"] += _columns(arrays)
    return found, origin


def _columns(arrays: Arrays) -> str:
    """Say what the columns of observations are, if rollouts of ours tell it."""
    if not {"observations", "feature_names"} <= set(arrays.names):
        return ""
    try:
        names = arrays["feature_names"]
    except ValueError:  # somebody else's
        return ""
    if names.dtype.kind != "U" or names.ndim != 1:
        return ""
    some = [*names[:_MOST_TOLD], "..."] if len(names) > _MOST_TOLD else names
    return f" ({', '.join(map(str, some))})"


def _find(part: str, asked: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the name of the array of a part, None if it is not there nor needed."""
    listed = f"the arrays are {', '.join(names) or 'none'}"
    if len(asked) > 1:
        raise Fault(part, f"expected one array, got {', '.join(asked)}; {listed}")
    for name in asked or _NAMES[part]:
        if name in names:
            return name
    if asked:
        raise Fault(part, f"no array {asked[0]}; {listed}")
    if part in _NEEDED:
        raise Fault(
            part, f"expected an array called one of {', '.join(_NAMES[part])}; {listed}"
        )
    return None


def _any(flags: Sequence[NDArray], names: Sequence[str]) -> NDArray:
    """Return whether one of several flags is set at each step."""
    columns = [flag[:, 0] if flag.shape[1:] == (1,) else flag for flag in flags]
    if len({column.shape for column in columns}) > 1 or any(
        column.dtype.kind not in "fiub" for column in columns
    ):
        told = " and ".join(
            f"{name} of {flag.dtype} and shape {flag.shape}"
            for name, flag in zip(names, flags, strict=True)
        )
        raise Fault("episode_ids", f"expected flags of one shape, got {told}")
    return np.any(columns, axis=0)
