"""Mean, variance and scale out of the state of a stream of values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.kernels.running_stats import in_range

# A standard deviation of this many units in the last place of the mean is what the
# rounding of the values themselves can make of a constant; scikit-learn's scalers use
# the same factor.
_CONSTANT = 10 * float(np.finfo(np.float64).eps)

# Squares below this are no longer accurate.
_LEAST = float(np.finfo(np.float64).tiny)

# Errors name this many columns.
_N_NAMED = 5

Floats = NDArray[np.float64]


def moments_of(state: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what a state says of each feature.

    Parameters
    ----------
    state : ndarray of shape (4, n_features)
        See :mod:`skimitate.kernels.running_stats`.

    Returns
    -------
    mean, var : ndarrays of shape (n_features,)
        NaN where no value was seen.
    scale : ndarray of shape (n_features,)
        The standard deviation, or 1 for a constant feature.
    """
    count, mean, _, squares = state
    if not count.all():
        unseen = count == 0.0
        count, mean = (np.where(unseen, np.nan, values) for values in (count, mean))
    var = squares / count
    scale = np.sqrt(var)
    np.copyto(scale, 1.0, where=scale <= rounding_of(mean))
    return mean.copy(), var, scale


def rounding_of(mean: Floats) -> Floats:
    """Return what the rounding of values of such a mean can make of a constant.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
        Of each feature.

    Returns
    -------
    ndarray of shape (n_features,)
        As standard deviations.
    """
    return _CONSTANT * np.abs(mean)


def check_range(estimator: Any, state: Floats, source: str) -> None:
    """Refuse statistics that are asked for and that float64 cannot hold.

    Parameters
    ----------
    estimator : estimator with parameters with_mean and with_std
        Who asks; its names of the features are used, if it has any.
    state : ndarray of shape (4, n_features)
        See :mod:`skimitate.kernels.running_stats`.
    source : str
        The argument to blame.

    Raises
    ------
    ValueError
        If a mean that is asked for, or the squares that a scale is made of, overflowed
        or underflowed.
    """
    if in_range(state):
        return
    count, mean, _, squares = state
    names = getattr(estimator, "feature_names_in_", None)
    large, small = np.zeros((2, len(mean)), dtype=bool)
    if estimator.with_mean or estimator.with_std:
        large |= ~np.isfinite(mean)
    if estimator.with_std:
        large |= ~np.isfinite(squares)
        small = (squares > 0) & (squares < _LEAST * np.maximum(count, 1))
        small &= np.sqrt(squares) > rounding_of(mean) * np.sqrt(count)
    for columns, why in (
        (large, "their values are too large (the limit is about 1e154)"),
        (small, "they differ by too little (the limit is about 1e-154)"),
    ):
        if columns.any():
            raise ValueError(
                f"{source}: float64 cannot hold the mean or the squared deviations of "
                f"{_listing(columns, names)}: {why}. Choose another unit"
            )


def _listing(columns: NDArray[np.bool_], names: NDArray | None) -> str:
    """Name the first few of the columns that are marked."""
    numbers = np.flatnonzero(columns)
    first = numbers[:_N_NAMED] if names is None else names[numbers[:_N_NAMED]]
    more = len(numbers) - len(first)
    text = ", ".join(str(name) for name in first)
    return f"column(s) {text}" + (f" and {more} more" if more else "")
