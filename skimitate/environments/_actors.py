"""What can act: callables, and objects with act or predict, asked and checked."""

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._spaces import StepError, all_finite

Policy = Callable[[NDArray], NDArray]


def as_policy(actor: Any, name: str = "policy") -> Policy:
    """Return the callable from a batch of observations to a batch of actions.

    Parameters
    ----------
    actor : object
        With an ``act`` or a ``predict`` method (a fitted estimator, a
        stable-baselines3 model), or itself such a callable.
    name : str, default="policy"
        What the actor is called in errors.

    Returns
    -------
    callable
        Of an ndarray of shape (n, n_features).

    Raises
    ------
    TypeError
        If the object is none of these.
    """
    for name_ in ("act", "predict"):
        method = getattr(actor, name_, None)
        if callable(method) and not isinstance(actor, type):
            return partial(method, deterministic=True) if _may_draw(method) else method
    if callable(actor) and not isinstance(actor, type):
        return actor
    raise TypeError(
        f"{name}: expected a callable or an object with act or predict, got {actor!r}"
    )


def _may_draw(method: Callable) -> bool:
    """Tell whether a method draws actions at random unless it is told not to.

    That of a stable-baselines3 model does, from a generator that no seed of an episode
    reaches; and an expert's label is its action, not a draw around it.
    """
    try:
        return "deterministic" in signature(method).parameters
    except (TypeError, ValueError):  # some compiled functions have no signature
        return False


class Actor:
    """Asks an expert or a policy for one action at a time and checks what it says.

    Parameters
    ----------
    actor : object
        See :func:`as_policy`. A stateful one has a ``reset()``.
    name : str
        What it is called in errors.

    Raises
    ------
    TypeError
        If the object cannot act.
    """

    def __init__(self, actor: Any, name: str) -> None:
        self.name = name
        self._actor = actor
        self._act = as_policy(actor, name)

    def reset(self) -> None:
        """Call the actor's own ``reset()``, if it has one."""
        reset = getattr(self._actor, "reset", None)
        if callable(reset):
            try:
                reset()
            except Exception as error:
                raise StepError(f"{self.name}: reset() raised {error!r}") from error

    def __call__(self, observation: NDArray, n_outputs: int) -> NDArray[np.float64]:
        """Return the action for one observation.

        Parameters
        ----------
        observation : ndarray of shape (n_features,)
            Raw observation; shown to the actor as a batch of one.
        n_outputs : int
            Number of action dimensions.

        Returns
        -------
        ndarray of shape (n_outputs,)

        Raises
        ------
        StepError
            If the actor raises, or gives another shape or values that are not finite.
        """
        try:
            # A copy: an actor that works in place must not change what is kept.
            actions = self._act(observation[np.newaxis].copy())
        except Exception as error:
            raise StepError(f"{self.name}: raised {error!r}") from error
        if isinstance(actions, tuple):  # stable-baselines3 gives (actions, state)
            actions = actions[0]
        try:
            batch = np.array(actions, dtype=np.float64)
        except Exception as error:  # such as a tensor that wants its gradient kept
            raise StepError(
                f"{self.name}: expected an array of actions, got {actions!r}"
            ) from error
        if batch.shape == (1,) and n_outputs == 1:
            batch = batch[np.newaxis]
        if batch.shape != (1, n_outputs):
            raise StepError(
                f"{self.name}: expected actions of shape (1, {n_outputs}) for a batch "
                f"of one observation, got {batch.shape}"
            )
        if not all_finite(batch[0]):
            raise StepError(f"{self.name}: expected finite actions, got {batch[0]}")
        return batch[0]
