"""Hidden layers, as estimators are told of them."""

from numbers import Integral
from typing import Any

import numpy as np

from skimitate._sklearn import Interval, StrOptions
from skimitate.cloning._activations import ACTIVATIONS

CONSTRAINTS: dict[str, list] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS))],
}


def widths_of(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """Return the number of units of each hidden layer.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int
        A parameter of an estimator.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        If it is something else than positive integers.
    """
    widths = np.atleast_1d(np.asarray(hidden_layer_sizes))
    if widths.ndim != 1 or (
        widths.size and (widths.dtype.kind not in "iu" or widths.min() < 1)
    ):
        raise ValueError(
            "hidden_layer_sizes: expected positive integers, "
            f"got {hidden_layer_sizes!r}"
        )
    return tuple(map(int, widths))
