"""Which visited states the expert is asked about."""

from collections.abc import Callable
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Query = Literal["all"] | int | float | Callable[[NDArray, Any], Any]


def rows_to_ask(
    query: Query,
    observations: NDArray,
    learner: Any,
    is_driven: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return which steps of an episode the expert is asked about after it.

    Parameters
    ----------
    query : "all", int, float or callable
        As given to :class:`skimitate.DAggerRegressor`.
    observations : ndarray of shape (n_steps, n_features)
        What was seen before each step.
    learner : object or None
        The policy that drove, None if none has been trained.
    is_driven : ndarray of shape (n_steps,), bool
        The steps that the expert drove: it has been asked about these.
    rng : numpy.random.Generator
        Draws rows, if any are to be drawn.

    Returns
    -------
    ndarray of int
        In ascending order, each once, without those that the expert drove.

    Raises
    ------
    ValueError
        If a callable raises, or gives anything but row numbers, each once.
    """
    free = np.flatnonzero(~is_driven)
    if not free.size:
        return free  # a rule may want a learner, where the expert alone has driven
    if callable(query):
        chosen = _chosen_by(query, observations, learner)
        return chosen[~is_driven[chosen]]
    if isinstance(query, str):
        return free
    n = int(query)
    if not isinstance(query, Integral):
        n = max(1, round(float(query) * len(free)))  # a short episode tells something
    return np.sort(rng.permutation(free)[:n])


def _chosen_by(
    rule: Callable[[NDArray, Any], Any], observations: NDArray, learner: Any
) -> NDArray[np.intp]:
    """Return the rows that a callable gives, in ascending order."""
    n = len(observations)
    expected = f"query: expected row numbers from 0 to {n - 1}, each once,"
    try:
        # A copy: what works in place must not change what is kept.
        answer = rule(observations.copy(), learner)
    except Exception as error:
        raise ValueError(f"query: raised {error!r}") from error
    try:
        rows = np.asarray(answer)
    except ValueError:  # rows of several lengths
        raise ValueError(f"{expected} got {answer!r}") from None
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        is_mask = rows.ndim == 1 and rows.dtype.kind == "b"
        hint = " (a mask becomes some by np.flatnonzero)" if is_mask else ""
        raise ValueError(f"{expected} got {answer!r}{hint}")
    if not rows.size:
        raise ValueError(f"{expected} got none at all")
    outside = rows[(rows < 0) | (rows >= n)]
    if outside.size:
        raise ValueError(f"{expected} got {outside[0]}")
    unique, counts = np.unique(rows, return_counts=True)
    if len(unique) < len(rows):
        raise ValueError(f"{expected} got {unique[counts > 1][0]} more than once")
    return unique.astype(np.intp)
