"""What an environment shows and takes: decided here and nowhere else."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from skimitate.environments._action_spaces import actions_of
from skimitate.environments._observations import Observations


class Spaces:
    """How observations and actions look to learners, and to their environment.

    It holds no environment: it can be pickled wherever that can be made anew.

    Parameters
    ----------
    env : gymnasium.Env or gymnasium.vector.VectorEnv
        With observations that :class:`Observations` takes, and actions that
        :func:`actions_of` does. Of a vector environment, what each of its
        sub-environments shows and takes.

    Attributes
    ----------
    n_features : int
        Number of observation dimensions.
    feature_names : tuple of str or None
        Where each of them comes from: see :class:`Observations`.
    actions : ContinuousActions or DiscreteActions
        What is taken.

    Raises
    ------
    ValueError
        If the environment's spaces are others.
    """

    def __init__(self, env: gymnasium.Env | VectorEnv) -> None:
        of_one = "single_" if isinstance(env, VectorEnv) else ""
        self._observations = Observations(
            getattr(env, f"{of_one}observation_space", None)
        )
        self.n_features = self._observations.n_features
        self.feature_names = self._observations.feature_names
        self.actions = actions_of(getattr(env, f"{of_one}action_space", None))

    @property
    def observed(self) -> Callable[[Any], NDArray]:
        """Checks and copies what the environment shows: see :class:`Observations`."""
        return self._observations.observed

    @property
    def observed_rows(self) -> Callable[[Any, int], NDArray]:
        """The same of a vector environment's sub-environments."""
        return self._observations.observed_rows

    @property
    def check_finite(self) -> Callable[[NDArray, NDArray[np.intp]], None]:
        """Raises if what some of them show is not finite."""
        return self._observations.check_finite

    @property
    def n_outputs(self) -> int:
        """Number of action dimensions."""
        return self.actions.n_outputs
