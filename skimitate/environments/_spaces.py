"""What an environment shows and takes: decided here and nowhere else."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from skimitate.environments._observations import Observations


class Spaces:
    """How observations and actions look to learners, and to their environment.

    It holds no environment: it can be pickled wherever that can be made anew.

    Parameters
    ----------
    env : gymnasium.Env
        With observations that :class:`Observations` takes, and a Box of actions of one
        dimension.

    Attributes
    ----------
    n_features : int
        Number of observation dimensions.
    feature_names : tuple of str or None
        Where each of them comes from: see :class:`Observations`.
    n_outputs : int
        Number of action dimensions.

    Raises
    ------
    ValueError
        If the environment's spaces are others.
    """

    def __init__(self, env: gymnasium.Env) -> None:
        self._observations = Observations(getattr(env, "observation_space", None))
        self.n_features = self._observations.n_features
        self.feature_names = self._observations.feature_names
        actions = _box_of_actions(env)
        (self.n_outputs,) = actions.shape
        # In the type of the actions: a mixture of types costs two microseconds a step.
        self._low = actions.low.astype(np.float64)
        self._high = actions.high.astype(np.float64)
        self._action_dtype = actions.dtype

    @property
    def observed(self) -> Callable[[Any], NDArray]:
        """Checks and copies what the environment shows: see :class:`Observations`."""
        return self._observations.observed

    def executable(self, action: NDArray[np.float64]) -> NDArray:
        """Clip an action to the action space and cast it to its type.

        Parameters
        ----------
        action : ndarray of shape (n_outputs,)
            What somebody asks for.

        Returns
        -------
        ndarray of shape (n_outputs,)
            What the environment's ``step`` is given.
        """
        clipped = np.maximum(action, self._low)
        np.minimum(clipped, self._high, out=clipped)
        return clipped.astype(self._action_dtype)

    def draw(self, seed: int) -> NDArray[np.float64]:
        """Draw an action, uniform over the action space.

        A side of the space without a limit counts as 1 away from zero.

        Parameters
        ----------
        seed : int
            Determines it.

        Returns
        -------
        ndarray of shape (n_outputs,)
        """
        low = np.where(np.isfinite(self._low), self._low, -1.0)
        high = np.where(np.isfinite(self._high), self._high, 1.0)
        return np.random.default_rng(seed).uniform(low, high)


def _box_of_actions(env: gymnasium.Env) -> gymnasium.spaces.Box:
    space = getattr(env, "action_space", None)
    if isinstance(space, gymnasium.spaces.Box) and len(space.shape) == 1:
        return space
    raise ValueError(
        f"env: expected a Box action space of one dimension, got {space}"
        f"{_hint_for_actions(space)}"
    )


_NESTED = gymnasium.spaces.Dict, gymnasium.spaces.Tuple
_SEVERAL = gymnasium.spaces.MultiDiscrete, gymnasium.spaces.MultiBinary


def _hint_for_actions(space: Any) -> str:
    """Name the wrapper that takes one vector of numbers for an action."""
    transform = "gymnasium.wrappers.TransformAction"
    if isinstance(space, gymnasium.spaces.Discrete):
        return (
            f"; its actions are classes. {transform} can take the largest of "
            f"{space.n} numbers for one: TransformAction(env, lambda a: "
            f"{_start_of(space)}int(a.argmax()), Box(0, 1, ({space.n},)))"
        )
    if isinstance(space, (gymnasium.spaces.Box, *_NESTED)):
        return (
            f"; {transform} can take a flat action: TransformAction(env, "
            "functools.partial(spaces.unflatten, env.action_space), "
            "spaces.flatten_space(env.action_space))"
        )
    if isinstance(space, _SEVERAL):
        return f"; its actions are classes. {transform} can make them of numbers"
    return ""


def _start_of(space: gymnasium.spaces.Discrete) -> str:
    return f"{space.start} + " if space.start else ""
