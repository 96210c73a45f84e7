"""What an environment shows and takes: decided here and nowhere else."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from skimitate._validation import all_finite
from skimitate.policies._actions import StepError


class Spaces:
    """How observations and actions look to learners, and to their environment.

    It holds no environment: it can be pickled wherever that can be made anew.

    Parameters
    ----------
    env : gymnasium.Env
        With Box spaces of one dimension.

    Attributes
    ----------
    n_features : int
        Number of observation dimensions.
    n_outputs : int
        Number of action dimensions.

    Raises
    ------
    ValueError
        If the environment's spaces are others.
    """

    def __init__(self, env: gymnasium.Env) -> None:
        self._shape = _box(env, "observation").shape
        actions = _box(env, "action")
        (self.n_features,) = self._shape
        (self.n_outputs,) = actions.shape
        # In the type of the actions: a mixture of types costs two microseconds a step.
        self._low = actions.low.astype(np.float64)
        self._high = actions.high.astype(np.float64)
        self._action_dtype = actions.dtype

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


def _box(env: gymnasium.Env, what: str) -> gymnasium.spaces.Box:
    space = getattr(env, f"{what}_space", None)
    if isinstance(space, gymnasium.spaces.Box) and len(space.shape) == 1:
        return space
    hint = _hint_for_observations if what == "observation" else _hint_for_actions
    raise ValueError(
        f"env: expected a Box {what} space of one dimension, got {space}{hint(space)}"
    )


_NESTED = gymnasium.spaces.Dict, gymnasium.spaces.Tuple
_SEVERAL = gymnasium.spaces.MultiDiscrete, gymnasium.spaces.MultiBinary
_CAN_BE_FLAT = (gymnasium.spaces.Box, gymnasium.spaces.Discrete, *_NESTED, *_SEVERAL)


def _hint_for_observations(space: Any) -> str:
    """Name the wrapper that makes one vector of observations."""
    if isinstance(space, gymnasium.spaces.Box) and space.dtype == np.uint8:
        return (
            "; images need numbers that describe them first: "
            "gymnasium.wrappers.TransformObservation with a feature extractor"
        )
    if isinstance(space, _CAN_BE_FLAT):
        return "; wrap it in gymnasium.wrappers.FlattenObservation"
    return ""


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
