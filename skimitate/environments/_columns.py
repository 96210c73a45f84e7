"""The arrays that rollouts consist of, and what is expected of each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Number of dimensions of the arrays with a row for each step, and for each episode.
STEPS = {
    "observations": (2,),
    "actions": (1, 2),  # without an axis of outputs where each is one of some classes
    "rewards": (1,),
    "episode_ids": (1,),
}
_EPISODES = {
    "terminated": (1,),
    "truncated": (1,),
    "last_observations": (2,),
    "is_success": (1,),
    "action_noise": (2,),
}

# So many rows are looked at together.
_N_ROWS = 2**16

# The others may be None.
REQUIRED = ("observations", "actions", "episode_ids")


def check_columns(columns: dict[str, Any]) -> None:
    """Raise if arrays are not those of rollouts.

    Parameters
    ----------
    columns : dict of str to ndarray or None
        By the names of the fields of :class:`Rollouts`.

    Raises
    ------
    TypeError
        If one of them is no array.
    ValueError
        If they do not fit each other, are empty, or are not finite.
    """
    known: dict[str, NDArray] = {}
    for name, array in columns.items():
        if array is None and name not in REQUIRED:
            continue
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name}: expected an array, got {type(array).__name__}")
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name}: expected an array of numbers, got {array.dtype}")
        known[name] = array
    shapes = {name: array.shape for name, array in known.items()}
    check_shapes(shapes)
    ids = known["episode_ids"]
    _check_episode_ids(ids)
    n_episodes = int(ids[-1]) + 1
    for name in filter(_EPISODES.__contains__, known):
        _check_shape(name, shapes[name], _EPISODES[name], n_episodes, "episodes")
    _check_ends(known)
    for name, array in known.items():
        _check_finite(name, array, ids if name in STEPS else np.arange(n_episodes))


def check_shapes(shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise if the arrays of rollouts cannot fit each other, given their shapes alone.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        By the names of the fields of :class:`Rollouts`; there may be others.

    Raises
    ------
    ValueError
        If their dimensions are others than expected, there is not a row for each step,
        or more rows for episodes than steps.
    """
    n_steps = next(iter(shapes["observations"]), 0)
    for name in filter(STEPS.__contains__, shapes):
        _check_shape(name, shapes[name], STEPS[name], n_steps, "steps")
    for name in filter(_EPISODES.__contains__, shapes):
        n_episodes = min(n_steps, next(iter(shapes[name]), 0))
        _check_shape(name, shapes[name], _EPISODES[name], n_episodes, "episodes")


def as_feature_names(names: Any, n_features: int) -> tuple[str, ...]:
    """Return the names of the columns of observations.

    Parameters
    ----------
    names : sequence of str or ndarray
        One for each column.
    n_features : int
        Number of columns.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If they are no names, or not one for each column.
    """
    expected = f"expected a name for each of the {n_features} columns of observations"
    array = np.asarray(names, dtype=object)
    if array.shape != (n_features,):
        raise ValueError(f"{expected}, got {names!r}")
    found = array.tolist()
    odd = [name for name in found if not isinstance(name, str)]
    if odd:
        raise ValueError(f"{expected}, got {odd[0]!r}")
    return tuple(map(str, found))


def _check_shape(
    name: str, shape: tuple[int, ...], n_dims: tuple[int, ...], n_rows: int, rows: str
) -> None:
    if len(shape) not in n_dims or shape[0] != n_rows or 0 in shape:
        raise ValueError(
            f"{name}: expected {n_dims[-1]} dimensions and {n_rows} {rows} (at least "
            f"1), got shape {shape}"
        )


def _check_episode_ids(ids: NDArray) -> None:
    fits = ids.dtype.kind in "iu" and np.can_cast(ids.dtype, np.int64)
    # Compared first: the difference of 127 and -128 is 1 in 8 bits.
    if (
        not fits
        or ids[0] != 0
        or not ((ids[1:] >= ids[:-1]).all() and (np.diff(ids) <= 1).all())
    ):
        raise ValueError("episode_ids: expected 0, 1, ... in order, got others")


def _check_ends(known: dict[str, NDArray]) -> None:
    """Raise if what is known of the ends of the episodes has other types or widths."""
    for name in ("terminated", "truncated", "is_success"):
        if name in known and known[name].dtype != np.bool_:
            raise ValueError(
                f"{name}: expected an array of bool, got {known[name].dtype}"
            )
    width = known["observations"].shape[1]
    last = known.get("last_observations")
    if last is not None and last.shape[1] != width:
        raise ValueError(
            f"last_observations: expected {width} features as in observations, "
            f"got {last.shape[1]}"
        )
    # Not held against the width of the actions: labels may be others than was done.
    noise = known.get("action_noise")
    if noise is not None and (noise < 0).any():
        raise ValueError(
            f"action_noise: expected no negative numbers, got {noise.min()}"
        )


def _check_finite(name: str, array: NDArray, episodes: NDArray) -> None:
    if array.dtype.kind != "f":
        return
    # Some rows at a time: they may be more than memory holds.
    for start in range(0, len(array), _N_ROWS):
        finite = np.isfinite(array[start : start + _N_ROWS])
        if not finite.all():
            row, *column = np.argwhere(~finite)[0]
            row += start
            raise ValueError(
                f"{name}: expected finite values, got {array[row, *column]} in row "
                f"{row}, of episode {episodes[row]}"
            )
