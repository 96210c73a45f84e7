"""What an environment shows and takes: decided here and nowhere else."""

from collections.abc import Callable
from typing import Any

import gymnasium
from numpy.typing import NDArray

from skimitate.environments._action_spaces import actions_of
from skimitate.environments._observations import Observations


class Spaces:
    """How observations and actions look to learners, and to their environment.

    It holds no environment: it can be pickled wherever that can be made anew.

    Parameters
    ----------
    env : gymnasium.Env
        With observations that :class:`Observations` takes, and actions that
        :func:`actions_of` does.

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

    def __init__(self, env: gymnasium.Env) -> None:
        self._observations = Observations(getattr(env, "observation_space", None))
        self.n_features = self._observations.n_features
        self.feature_names = self._observations.feature_names
        self.actions = actions_of(env)

    @property
    def observed(self) -> Callable[[Any], NDArray]:
        """Checks and copies what the environment shows: see :class:`Observations`."""
        return self._observations.observed

    @property
    def n_outputs(self) -> int:
        """Number of action dimensions."""
        return self.actions.n_outputs
