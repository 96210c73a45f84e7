"""The policy that knows nothing."""

import zlib

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._make import EnvLike, spaces_of


class UniformPolicy:
    """Acts by chance: actions uniform over the action space.

    An action is random, but a function of the observation, so that an episode does
    not depend on which process runs it, or on what ran before. A side of the action
    space without a limit counts as 1 away from zero.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        Whose action space.
    """

    def __init__(self, env: EnvLike) -> None:
        self._actions = spaces_of(env).actions

    def __call__(self, observations: NDArray) -> NDArray[np.float64]:
        """Return an action for each of a batch of observations.

        Parameters
        ----------
        observations : ndarray of shape (n, n_features)
            Observations.

        Returns
        -------
        ndarray of shape (n, n_outputs)
        """
        seeds = [zlib.crc32(np.ascontiguousarray(row)) for row in observations]
        return np.array([self._actions.draw(seed) for seed in seeds])
