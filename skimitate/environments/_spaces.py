"""What an environment shows and takes: decided here and nowhere else."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from skimitate._validation import all_finite
from skimitate.environments._action_spaces import actions_of
from skimitate.policies._actions import StepError


class Spaces:
    """How observations and actions look to learners, and to their environment.

    It holds no environment: it can be pickled wherever that can be made anew.

    Parameters
    ----------
    env : gymnasium.Env
        With a Box observation space of one dimension.

    Attributes
    ----------
    n_features : int
        Number of observation dimensions.
    actions : ContinuousActions or DiscreteActions
        What is taken.

    Raises
    ------
    ValueError
        If the environment's spaces are others.
    """

    def __init__(self, env: gymnasium.Env) -> None:
        self._shape = _box(env).shape
        (self.n_features,) = self._shape
        self.actions = actions_of(env)

    def observed(self, observation: Any) -> NDArray:
        """Check and copy what the environment shows; it may reuse its memory.

        Parameters
        ----------
        observation : object
            From the environment's ``reset`` or ``step``.

        Returns
        -------
        ndarray of shape (n_features,)
            In a type of floats.

        Raises
        ------
        StepError
            If it is not an array of finite numbers, of the shape of the space.
        """
        copied = np.array(observation)
        if copied.dtype.kind != "f":
            if copied.dtype.kind not in "iub":
                raise StepError(
                    f"env: expected an array of numbers to observe, got {observation!r}"
                )
            copied = copied.astype(np.float64)
        if copied.shape != self._shape:
            raise StepError(
                f"env: expected observations of shape {self._shape}, got {copied.shape}"
            )
        if not all_finite(copied):
            raise StepError("env: expected finite observations, got NaN or infinity")
        return copied

    @property
    def n_outputs(self) -> int:
        """Number of action dimensions."""
        return self.actions.n_outputs


def _box(env: gymnasium.Env) -> gymnasium.spaces.Box:
    space = getattr(env, "observation_space", None)
    if isinstance(space, gymnasium.spaces.Box) and len(space.shape) == 1:
        return space
    raise ValueError(
        "env: expected a Box observation space of one dimension, got "
        f"{space}{_hint(space)}"
    )


_NESTED = gymnasium.spaces.Dict, gymnasium.spaces.Tuple
_SEVERAL = gymnasium.spaces.MultiDiscrete, gymnasium.spaces.MultiBinary
_CAN_BE_FLAT = (gymnasium.spaces.Box, gymnasium.spaces.Discrete, *_NESTED, *_SEVERAL)


def _hint(space: Any) -> str:
    """Name the wrapper that makes one vector of observations."""
    if isinstance(space, gymnasium.spaces.Box) and space.dtype == np.uint8:
        return (
            "; images need numbers that describe them first: "
            "gymnasium.wrappers.TransformObservation with a feature extractor"
        )
    if isinstance(space, _CAN_BE_FLAT):
        return "; wrap it in gymnasium.wrappers.FlattenObservation"
    return ""
