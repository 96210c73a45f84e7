"""Between what an exported policy clips its actions."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LIMITS = np.finfo(np.float32)

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]


def bounds_of(policy: Any, action_space: Any, n_outputs: int) -> Bounds | None:
    """Return the least and the largest value of each action, if there are any.

    Parameters
    ----------
    policy : estimator or policy
        What is exported. A fitted DAgger estimator with an environment knows its
        ``action_bounds``, and a search has one as its ``best_estimator_``.
    action_space : gymnasium.spaces.Box, pair or None
        A Box, or its ``low`` and ``high``: numbers, or arrays of shape (n_outputs,),
        infinite where nothing is clipped. None asks the policy.
    n_outputs : int
        Number of action dimensions.

    Returns
    -------
    tuple of ndarray of shape (n_outputs,), or None
        Both float64; None if nothing is to be clipped.

    Raises
    ------
    ValueError, TypeError
        If these are no bounds of so many actions; or as
        :func:`skimitate.collect_rollouts`, if DAgger's environment cannot be made.
    """
    if action_space is None:
        action_space = space_of(policy)
        if action_space is None:
            return None
    low, high = _ends(action_space, n_outputs)
    between = (low <= high) & (low < np.inf) & (high > -np.inf)  # nor NaN
    if not between.all():
        raise ValueError(f"action_space: expected low <= high, got {low} and {high}")
    if np.isinf(low).all() and np.isinf(high).all():
        return None
    return low, high


def space_of(policy: Any) -> Any:
    """Return between what a policy says that its actions lie.

    Parameters
    ----------
    policy : estimator or policy
        See :func:`bounds_of`.

    Returns
    -------
    pair or None
        None if it does not say.
    """
    while hasattr(policy, "best_estimator_"):
        policy = policy.best_estimator_
    return getattr(policy, "action_bounds", None)


def inner_bounds(
    low: ArrayLike, high: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return bounds in float32 that are within those in float64.

    Infinite ones become the largest number that there is. Where no number lies within,
    both are the nearest.

    Parameters
    ----------
    low, high : array-like of float
        Each low at most as large as its high.

    Returns
    -------
    low, high : ndarray of float32
    """
    exact = [np.clip(end, _LIMITS.min, _LIMITS.max) for end in (low, high)]
    near = [end.astype(np.float32) for end in exact]
    below = np.where(
        near[0] < exact[0], np.nextafter(near[0], np.float32(np.inf)), near[0]
    )
    above = np.where(
        near[1] > exact[1], np.nextafter(near[1], np.float32(-np.inf)), near[1]
    )
    crossed = below > above
    return np.where(crossed, near[0], below), np.where(crossed, near[0], above)


def _ends(action_space: Any, n_outputs: int) -> Bounds:
    """Return both ends as rows of numbers."""
    expected = (
        f"action_space: expected a Box of {n_outputs} actions, or its low and high, got"
    )
    pair = action_space
    if hasattr(pair, "low") and hasattr(pair, "high"):
        pair = (pair.low, pair.high)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{expected} {action_space!r}")
    try:
        low, high = (np.asarray(end, dtype=np.float64) for end in pair)
    except (TypeError, ValueError):
        raise TypeError(f"{expected} {action_space!r}") from None
    if {low.size, high.size} - {1, n_outputs}:
        raise ValueError(f"{expected} {action_space!r}")
    # Arrays of their own: a single number stands for all actions.
    low, high = (np.full(n_outputs, end.ravel()) for end in (low, high))
    return low, high
