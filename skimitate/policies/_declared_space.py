"""Actors that declare what they see: shown rows of numbers in that form again."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def declared_space(actor: Any) -> Any | None:
    """Return the observation space of an actor that sees no rows of numbers.

    Parameters
    ----------
    actor : object
        A model of stable-baselines3 has an ``observation_space``; anything may.

    Returns
    -------
    gymnasium.Space or None
        None if it declares none, or a Box of one dimension: rows.
    """
    # Whoever has a space has imported Gymnasium; nobody else should have to.
    gymnasium = sys.modules.get("gymnasium")
    space = getattr(actor, "observation_space", None)
    if gymnasium is None or not isinstance(space, gymnasium.Space):
        return None
    is_row = isinstance(space, gymnasium.spaces.Box) and len(space.shape) == 1
    return None if is_row else space


def width_of(space: Any) -> int | None:
    """Return how many numbers a row has for a space, None if that is not fixed."""
    try:
        return int(sys.modules["gymnasium"].spaces.flatdim(space))
    # Gymnasium raises them of a space of no fixed width, or of one unknown to it.
    except (NotImplementedError, ValueError):
        return None


def in_the_form_of(space: Any, method: Callable) -> Callable:
    """Return a function of rows from one of what a space holds.

    Parameters
    ----------
    space : gymnasium.Space
        What the method sees.
    method : callable
        Of a batch: arrays with a row for each observation, in a dict or tuple if the
        space is one, as stable-baselines3 has them; and of keywords.

    Returns
    -------
    callable
        Of an ndarray of shape (n, n_features) and the same keywords.
    """
    unflatten = sys.modules["gymnasium"].spaces.unflatten

    def ask(batch: NDArray, **options: Any) -> Any:
        return method(_stacked([unflatten(space, row) for row in batch]), **options)

    return ask


def _stacked(parts: list[Any]) -> Any:
    """Join what many observations hold, part by part."""
    first = parts[0]
    if isinstance(first, dict):
        return {key: _stacked([part[key] for part in parts]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stacked(list(column)) for column in zip(*parts, strict=True))
    return np.array(parts)
