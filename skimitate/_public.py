"""Public names: what bears one says so wherever it is met."""

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T", bound=Callable[..., Any])


def public(thing: _T) -> _T:
    """Name a class or function by the package that exports it, not by its room.

    Pickles name what they hold by its module: they stay good when a room moves. It has
    to be done where the thing is defined, since a worker that unpickles one may come
    by the room alone.

    Parameters
    ----------
    thing : class or function
        Which ``skimitate`` exports.

    Returns
    -------
    class or function
        The same.
    """
    thing.__module__ = "skimitate"
    return thing
