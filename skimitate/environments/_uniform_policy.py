"""The policy that knows nothing."""

import zlib
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._make import EnvLike, spaces_of


class UniformPolicy:
    """Acts by chance: actions uniform over the action space.

    An action is random, but a function of the observation, of how often that was seen
    in the episode, and of the seed of the episode, if it is told: an episode does not
    depend on which process runs it, or on what ran before. Of the observation alone it
    would do again and again what leads nowhere, as a step into a wall. A side of the
    action space without a limit counts as 1 away from zero.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        Whose action space.
    """

    def __init__(self, env: EnvLike) -> None:
        self._actions = spaces_of(env).actions
        self.reset()

    def reset(self) -> None:
        """Begin an episode."""
        self.begin_episode(0)

    def begin_episode(self, seed: int) -> None:
        """Begin an episode that is another one than those from the same state.

        Parameters
        ----------
        seed : int
            Of the episode.
        """
        self._episode_seed = seed
        self._n_visits: Counter[bytes] = Counter()

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
        return np.array([self._actions.draw(self._seed(row)) for row in observations])

    def _seed(self, observation: NDArray) -> int:
        seen = observation.tobytes()
        n_visits = self._n_visits[seen]
        self._n_visits[seen] += 1
        return zlib.crc32(seen, (self._episode_seed + n_visits) % 2**32)
