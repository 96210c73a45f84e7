"""Arrays as bytes: an npz file that is nowhere."""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
from numpy.typing import ArrayLike, NDArray


def to_npz(arrays: Mapping[str, ArrayLike]) -> bytes:
    """Return arrays as the content of an npz file.

    Parameters
    ----------
    arrays : mapping of str to array-like
        Of numbers or strings.

    Returns
    -------
    bytes
    """
    file = BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def from_npz(content: bytes) -> dict[str, NDArray]:
    """Return the arrays of an npz file.

    Parameters
    ----------
    content : bytes
        What :func:`to_npz` returned.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    ValueError
        If it is anything else.
    """
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
