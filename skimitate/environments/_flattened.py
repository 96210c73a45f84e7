"""The observations of a whole episode as rows of numbers."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from skimitate.environments._leaves import Numbers, leaves_of, value_at


def flatten(
    space: Any, observations: Any
) -> tuple[NDArray | Any, tuple[str, ...] | None]:
    """Return what was observed in an episode, as :class:`Observations` shows each.

    Parameters
    ----------
    space : gymnasium.Space
        Of one observation.
    observations : object
        An array of all, or a dict or tuple of such as the space has them.

    Returns
    -------
    rows : ndarray of shape (n_observations, n_features)
        What is given, of a Box of one dimension.
    feature_names : tuple of str or None
        See :class:`Observations`.

    Raises
    ------
    ValueError
        If the space has an image in it or no row of numbers, or these do not belong to
        it.
    """
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        return observations, None
    columns, names = [], []
    for path, leaf in leaves_of(space):
        values = np.asarray(value_at(observations, path))
        if isinstance(leaf, Numbers):
            shape = len(values), len(leaf.feature_names)
            columns.append(values.reshape(shape))
        else:
            columns.append(np.stack([leaf.read(value) for value in values]))
        names += leaf.feature_names
    if not names:
        raise ValueError(f"expected a space with numbers in it, got {space}")
    return np.concatenate(columns, axis=1), tuple(names)
