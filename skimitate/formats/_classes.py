"""Classes as JSON has them, each with its kind."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What JSON tells apart, and what NumPy makes of a list of it.
_KINDS = {bool: "b", int: "iu", float: "f", str: "U"}


def listed_classes(classes: Sequence[NDArray]) -> list[list[Any]]:
    """Return classes as a file keeps them.

    Parameters
    ----------
    classes : sequence of ndarray of shape (n_classes,)
        Of each output.

    Returns
    -------
    list of list of int, float, str or bool

    Raises
    ------
    ValueError
        If they would not come back as they are.
    """
    lists = [one.tolist() for one in classes]
    try:
        read = read_classes(lists)
    except ValueError as error:
        raise ValueError(f"classes: {error}") from None
    if not all(np.array_equal(a, b) for a, b in zip(read, classes, strict=True)):
        raise ValueError(f"classes: expected such as a file can hold, got {lists}")
    return lists


def read_classes(lists: Any) -> list[NDArray]:
    """Return the classes that a file holds.

    Parameters
    ----------
    lists : object
        What stands in the place of the classes.

    Returns
    -------
    list of ndarray of shape (n_classes,)
        Of each output, in ascending order.

    Raises
    ------
    ValueError
        If these are no classes.
    """
    found = f"expected lists of classes in ascending order, got {lists!r}"
    if type(lists) is not list or not lists:
        raise ValueError(found)
    if any(type(one) is not list or not one for one in lists):
        raise ValueError(found)
    kinds = {type(value) for one in lists for value in one}
    if len(kinds) != 1 or not kinds <= _KINDS.keys():
        raise ValueError(
            "expected classes that are all integers, all floats, all strings or all "
            f"bools, got {lists!r}"
        )
    arrays = [np.array(one) for one in lists]
    for array in arrays:
        if array.dtype.kind not in _KINDS[next(iter(kinds))]:
            raise ValueError(f"expected integers of 64 bits, got {lists!r}")
        is_number = array.dtype.kind == "f"
        if is_number and not np.isfinite(array).all():
            raise ValueError(found)
        if not (array[1:] > array[:-1]).all():
            raise ValueError(found)
    return arrays
