"""The policy that knows nothing."""

import copy
import zlib
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._drivers import Actions
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


class UniformBatch:
    """One policy that knows nothing for each of several episodes.

    Parameters
    ----------
    policy : UniformPolicy
        How each of them acts.
    n_rows : int
        How many episodes there may be.
    """

    def __init__(self, policy: UniformPolicy, n_rows: int) -> None:
        self._policies = [copy.deepcopy(policy) for _ in range(n_rows)]

    def begin_episode(self, row: int, seed: int) -> None:
        """Begin an episode: see :meth:`UniformPolicy.begin_episode`."""
        self._policies[row].begin_episode(seed)

    def __call__(
        self, observations: NDArray, rows: NDArray[np.intp], space: Actions
    ) -> NDArray[np.float64]:
        """Return an action for each of some episodes.

        Parameters
        ----------
        observations : ndarray of shape (n_rows, n_features)
            What all the sub-environments show.
        rows : ndarray of shape (n,)
            Those in which an episode goes on.
        space : ContinuousActions or DiscreteActions
            Where actions belong.

        Returns
        -------
        ndarray of shape (n, n_outputs)
        """
        return np.concatenate(
            [self._policies[row](observations[[row]]) for row in rows.tolist()]
        )
