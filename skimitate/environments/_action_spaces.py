"""What an environment takes, and what it looks like as rows of numbers."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from skimitate.policies._actions import StepError


class ContinuousActions:
    """Numbers, clipped to a Box; one of several dimensions is flattened.

    Parameters
    ----------
    space : gymnasium.spaces.Box
        The action space.

    Attributes
    ----------
    n_outputs : int
        Number of action dimensions.
    n_dims : int
        Of an array of actions, as rollouts have it.
    classes : None
        What tells them from :class:`DiscreteActions`.
    description : str
        The space in words.
    """

    classes: None = None
    n_dims = 2

    def __init__(self, space: spaces.Box) -> None:
        # In the type of the actions: a mixture of types costs two microseconds a step.
        self._low = space.low.astype(np.float64).ravel()
        self._high = space.high.astype(np.float64).ravel()
        self._dtype = space.dtype
        self._shape = space.shape
        self.n_outputs = len(self._low)
        self.description = str(space)

    @property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the largest value of each action."""
        return self._low, self._high

    def check(self, actions: NDArray) -> None:
        """Take any numbers."""

    def recorded(self, action: NDArray[np.float64]) -> NDArray:
        """Return how rollouts keep an action: as it is."""
        return action

    def executable(self, action: NDArray[np.float64]) -> NDArray:
        """Clip an action to the action space and cast it to its type.

        Parameters
        ----------
        action : ndarray of shape (n_outputs,)
            What somebody asks for.

        Returns
        -------
        ndarray of the shape of the space
            What the environment's ``step`` is given.
        """
        clipped = np.maximum(action, self._low)
        np.minimum(clipped, self._high, out=clipped)
        return clipped.astype(self._dtype).reshape(self._shape)

    def executable_rows(self, actions: NDArray[np.float64]) -> NDArray:
        """Return what a vector environment's ``step`` is given: see `executable`.

        Parameters
        ----------
        actions : ndarray of shape (n, n_outputs)
            One for each sub-environment.

        Returns
        -------
        ndarray of shape (n, ...), as the space is
        """
        clipped = np.clip(actions, self._low, self._high)
        return clipped.astype(self._dtype).reshape(-1, *self._shape)

    def recorded_rows(self, actions: NDArray[np.float64]) -> NDArray:
        """Return how rollouts keep several actions: as they are."""
        return actions

    @property
    def idle(self) -> NDArray[np.float64]:
        """Zeros: what a sub-environment does that nobody drives."""
        return np.zeros(self.n_outputs)

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


class DiscreteActions:
    """Whole numbers: one for a Discrete space, and one for each entry of the others.

    Parameters
    ----------
    space : gymnasium.spaces.Discrete, MultiDiscrete or MultiBinary
        The action space; one of several dimensions is flattened.

    Attributes
    ----------
    n_outputs : int
        Number of whole numbers.
    n_dims : int
        Of an array of actions, as rollouts have it: of a Discrete space without an
        axis of outputs.
    classes : list of ndarray of shape (n_classes,)
        What each of them may be.
    description : str
        The space in words.
    """

    def __init__(self, space: Any) -> None:
        if isinstance(space, spaces.MultiBinary):
            low, n = np.zeros(space.shape, dtype=np.int64), np.array(2)
        elif isinstance(space, spaces.MultiDiscrete):
            low, n = space.start.astype(np.int64), space.nvec
        else:
            low, n = np.array(space.start, dtype=np.int64), np.array(space.n)
        self.description = str(space)
        self.n_dims = 2 if low.ndim else 1
        self._shape = low.shape
        self._dtype = space.dtype
        self._low = low.ravel()
        self._high = (low + n - 1).ravel().astype(np.int64)
        self._limits = self._low.tolist(), self._high.tolist()
        self.n_outputs = len(self._low)
        self.classes = [
            np.arange(*ends) for ends in zip(self._low, self._high + 1, strict=True)
        ]

    def check(self, actions: NDArray) -> None:
        """Raise if numbers are none of the classes.

        Parameters
        ----------
        actions : ndarray of shape (n_outputs,) or (n, n_outputs)
            One action, or some.

        Raises
        ------
        StepError
            If there are others.
        """
        if actions.ndim == 1 and self._has(actions):
            return
        fits = (actions >= self._low) & (actions <= self._high)
        fits &= actions == np.floor(actions)
        if fits.all():
            return
        rows, fit = np.atleast_2d(actions), np.atleast_2d(fits)
        odd = rows[int(np.argmin(fit.all(axis=1)))]
        shown = odd[0] if self.n_outputs == 1 else odd
        is_whole = bool((odd == np.floor(odd)).all())
        hint = "" if is_whole else "; BehaviorCloningClassifier learns such"
        raise StepError(
            f"expected actions of the space {self.description}, whole numbers from "
            f"{self._ends(self._low)} to {self._ends(self._high)}, got {shown}{hint}"
        )

    def _has(self, action: NDArray) -> bool:
        """Tell of one action; arrays of arrays would cost a step five microseconds."""
        entries = zip(action.tolist(), *self._limits, strict=True)
        return all(low <= x <= high and x % 1 == 0 for x, low, high in entries)

    def _ends(self, ends: NDArray[np.int64]) -> Any:
        return ends[0] if len(set(ends.tolist())) == 1 else ends

    def recorded(self, action: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return how rollouts keep an action: as whole numbers."""
        whole = action.astype(np.int64)
        return whole[0] if self.n_dims == 1 else whole

    def executable(self, action: NDArray[np.float64]) -> Any:
        """Return an action that was checked in the type and shape of the space.

        Parameters
        ----------
        action : ndarray of shape (n_outputs,)
            What somebody asks for.

        Returns
        -------
        integer, or ndarray of the shape of the space
            What the environment's ``step`` is given.
        """
        taken = action.astype(self._dtype)
        return taken.reshape(self._shape) if self._shape else taken[0]

    def executable_rows(self, actions: NDArray[np.float64]) -> NDArray:
        """Return what a vector environment's ``step`` is given: see `executable`.

        Parameters
        ----------
        actions : ndarray of shape (n, n_outputs)
            One for each sub-environment.

        Returns
        -------
        ndarray of shape (n, ...), as the space is
        """
        return actions.astype(self._dtype).reshape(-1, *self._shape)

    def recorded_rows(self, actions: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return how rollouts keep several actions: as whole numbers."""
        whole = actions.astype(np.int64)
        return whole[:, 0] if self.n_dims == 1 else whole

    @property
    def idle(self) -> NDArray[np.float64]:
        """The first classes: what a sub-environment does that nobody drives."""
        return self._low.astype(np.float64)

    def draw(self, seed: int) -> NDArray[np.float64]:
        """Draw an action, uniform over the action space.

        Parameters
        ----------
        seed : int
            Determines it.

        Returns
        -------
        ndarray of shape (n_outputs,)
        """
        rng = np.random.default_rng(seed)
        return rng.integers(self._low, self._high, endpoint=True).astype(np.float64)


_DISCRETE = spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary


def actions_of(space: Any) -> ContinuousActions | DiscreteActions:
    """Return what an environment takes.

    Parameters
    ----------
    space : gymnasium.Space
        Its action space: a Box, Discrete, MultiDiscrete or MultiBinary.

    Returns
    -------
    ContinuousActions or DiscreteActions

    Raises
    ------
    ValueError
        If it is another.
    """
    if isinstance(space, spaces.Box):
        return ContinuousActions(space)
    if isinstance(space, _DISCRETE):
        return DiscreteActions(space)
    hint = ""
    if isinstance(space, (spaces.Dict, spaces.Tuple)):
        hint = (
            "; gymnasium.wrappers.TransformAction can take a flat action: "
            "TransformAction(env, functools.partial(spaces.unflatten, "
            "env.action_space), spaces.flatten_space(env.action_space))"
        )
    raise ValueError(
        "env: expected a Box, Discrete, MultiDiscrete or MultiBinary action space, got "
        f"{space}{hint}"
    )
