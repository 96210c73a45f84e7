"""What actions count in when they are learnt: one unit for all, or one for each."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from numpy.typing import NDArray

from skimitate._callers import levels_to_the_user
from skimitate.preprocessing._moments import rounding_of
from skimitate.preprocessing._normalizer import RunningNormalizer

Floats = NDArray[np.float64]

# Spreads that differ by more than this draw a warning: from here on, what is not
# explained of the small action is ten times what it could be or more, in most of the
# tasks of benchmarks/action_scales.py. The bundled experts' differ by 4.5 at most; in
# the first tens of steps of an episode by 12, where a warning would be a false alarm.
MOST = 30.0

# The unit of a constant action: in that of the smallest of the others, in its value.
_STILL = 1e-6
_ROUNDED = float(np.sqrt(np.finfo(np.float64).eps))

_told: ContextVar[bool] = ContextVar("told", default=False)


def _one_for_all(spreads: Floats, mean: Floats) -> Floats:
    """Keep the proportions of the actions: errors count in the expert's unit."""
    scale = np.sqrt(np.mean(spreads**2))
    common = np.full(spreads.shape, scale if scale > 0 else 1.0)
    # Errors of constant ones are rounding, which may be all that there is to see.
    return np.where(spreads > 0, common, np.maximum(common, rounding_of(mean)))


def _one_for_each(spreads: Floats, mean: Floats) -> Floats:
    """Let errors of all actions count alike.

    Constant ones have a unit so small that the network's errors do not show, and that
    they are no burden should the action begin to move; but none that magnifies the
    rounding of their value.
    """
    moves = spreads > 0
    least = spreads[moves].min() if moves.any() else 1.0
    still = np.maximum(_STILL * least, _ROUNDED * np.abs(mean))
    return np.where(moves, spreads, still)


SCALINGS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "common": _one_for_all,
    "individual": _one_for_each,
}


def spreads_of(statistics: RunningNormalizer) -> Floats:
    """Return the standard deviation of each action.

    Parameters
    ----------
    statistics : RunningNormalizer
        Fitted to the actions.

    Returns
    -------
    ndarray of shape (n_outputs,)
        0 for an action that is constant but for rounding.
    """
    # The normalizer knows which are constant but for rounding.
    spreads = np.sqrt(np.asarray(statistics.var_))
    return np.where(statistics.scale_ == spreads, spreads, 0.0)


def differ_too_much(spreads: Floats) -> bool:
    """Tell whether actions of such spreads are hardly learnt in one unit for all.

    Parameters
    ----------
    spreads : ndarray of shape (n_outputs,)
        Standard deviations; actions with none are left out.

    Returns
    -------
    bool
    """
    varying = spreads[spreads > 0]
    return varying.size > 1 and bool(varying.max() > MOST * varying.min())


def warn_of_spreads(spreads: Floats) -> None:
    """Warn that the actions differ too much for one unit for all of them.

    Parameters
    ----------
    spreads : ndarray of shape (n_outputs,)
        Standard deviations.
    """
    if _told.get():
        return
    largest = int(spreads.argmax())
    smallest = int(np.where(spreads > 0, spreads, np.inf).argmin())
    warnings.warn(
        "y: with one unit for all actions, expected such whose standard deviations "
        f"differ by a factor of {MOST:.0f} at most, got {spreads[smallest]:.3g} in "
        f"column {smallest} and {spreads[largest]:.3g} in column {largest}; the small "
        "ones are learnt badly or not at all. normalize=True with "
        "action_scaling='individual' counts the errors of each action in its own "
        "standard deviation",
        UserWarning,
        stacklevel=levels_to_the_user(),
    )


@contextmanager
def told_already() -> Iterator[None]:
    """Warn no more of spreads: what is fitted here is fitted once again."""
    token = _told.set(True)
    try:
        yield
    finally:
        _told.reset(token)
