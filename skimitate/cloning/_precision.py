"""Single precision, in which networks are trained."""

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._blocks import blocks


def in_single_precision(array: NDArray, name: str) -> NDArray[np.float32]:
    """Convert an array to float32, if float32 can hold it.

    Parameters
    ----------
    array : ndarray of shape (n_samples, ...)
        Numbers.
    name : str
        What an error calls them.

    Returns
    -------
    ndarray of shape (n_samples, ...)
        Another array, in C order.

    Raises
    ------
    ValueError
        If finite numbers would become infinite, or all of them nothing.
    """
    single = np.empty(array.shape, dtype=np.float32)
    largest = kept = 0.0
    for rows in blocks(len(array)):
        with np.errstate(over="ignore"):
            single[rows] = array[rows]
        largest = np.maximum(largest, np.abs(array[rows]).max())
        kept = np.maximum(kept, np.abs(single[rows]).max())
    if not np.isfinite(kept) or (largest > 0 and kept < np.finfo(np.float32).tiny):
        raise ValueError(
            f"{name}: expected numbers that float32 can tell from 0 and infinity, got "
            f"{largest:.3g} as the largest; rescale them, or train with normalize=True"
        )
    return single
