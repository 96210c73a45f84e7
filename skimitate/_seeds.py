"""Seeds: one random state determines everything, whatever runs where."""

from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def spawn_seeds(random_state: Any, n: int) -> list[np.random.SeedSequence]:
    """Return n independent seeds that a random state determines.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        As everywhere in scikit-learn.
    n : int
        How many.

    Returns
    -------
    list of numpy.random.SeedSequence
    """
    return np.random.SeedSequence(draw_seed(random_state)).spawn(n)


def generators(seed: int, n: int) -> list[np.random.Generator]:
    """Return n independent generators; the first ones are the same whatever n is.

    Parameters
    ----------
    seed : int
        Determines them.
    n : int
        How many, at least 1.

    Returns
    -------
    list of numpy.random.Generator
    """
    first = np.random.default_rng(seed)
    return [first, *first.spawn(n - 1)]


def draw_seed(random_state: Any) -> int:
    """Draw a seed for another generator from scikit-learn's kind of random state."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def child(seed: np.random.SeedSequence, *numbers: int) -> np.random.SeedSequence:
    """Return a descendant of a seed by its numbers, the same at each call.

    ``spawn`` counts its calls: what is done once more would be done differently.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
        The ancestor; not changed.
    *numbers : int
        Which child, which child of that, and so on.

    Returns
    -------
    numpy.random.SeedSequence
    """
    return np.random.SeedSequence(
        seed.entropy, spawn_key=(*seed.spawn_key, *numbers), pool_size=seed.pool_size
    )
