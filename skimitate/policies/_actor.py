"""An expert or a policy that is asked step by step, and checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate._validation import all_finite
from skimitate.policies._action_space import ActionSpace
from skimitate.policies._actions import StepError
from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._as_policy import as_policy


class Actor:
    """Asks an expert or a policy for one action at a time and checks what it says.

    Parameters
    ----------
    actor : object
        See :func:`skimitate.as_policy`.
    name : str
        What it is called in errors.

    Raises
    ------
    TypeError, NotFittedError
        If the object cannot act.
    """

    def __init__(self, actor: Any, name: str) -> None:
        self.name = name
        self.policy = as_policy(actor, name)

    def reset(self) -> None:
        """Begin an episode."""
        try:
            self.policy.reset()
        except Exception as error:
            raise StepError(f"{self.name}: reset() raised {error!r}") from error

    def __call__(self, observation: NDArray, space: ActionSpace) -> NDArray[np.float64]:
        """Return the action for one observation.

        Parameters
        ----------
        observation : ndarray of shape (n_features,)
            Raw observation.
        space : ActionSpace
            Where actions belong.

        Returns
        -------
        ndarray of shape (n_outputs,)

        Raises
        ------
        StepError
            If the actor raises, or gives another shape, values that are not finite, or
            what is no action there.
        """
        try:
            answer = self.policy.act(observation)
        except StepError as error:
            raise StepError(f"{self.name}: {error}") from error.__cause__
        except Exception as error:
            raise StepError(f"{self.name}: raised {error!r}") from error
        action = self._numbers(answer)
        if action.shape != (space.n_outputs,):
            raise StepError(
                f"{self.name}: expected actions of shape (1, {space.n_outputs}) for a "
                f"batch of one observation, got {(1, *action.shape)}"
                f"{self._hint(observation)}"
            )
        if not all_finite(action):
            raise StepError(f"{self.name}: expected finite actions, got {action}")
        try:
            space.check(action)
        except StepError as error:
            raise StepError(f"{self.name}: {error}") from None
        return action

    def of_batch(
        self, observations: NDArray, space: ActionSpace
    ) -> NDArray[np.float64]:
        """Return the actions for a batch of observations.

        Parameters
        ----------
        observations : ndarray of shape (n, n_features)
            Raw observations.
        space : ActionSpace
            Where actions belong.

        Returns
        -------
        ndarray of shape (n, n_outputs)

        Raises
        ------
        StepError
            As when it is called; with the ``row``, where one of them is at fault.
        """
        try:
            answer = self.policy.act(observations)
        except StepError as error:
            raise StepError(f"{self.name}: {error}", error.row) from error.__cause__
        except Exception as error:
            raise StepError(f"{self.name}: raised {error!r}") from error
        actions = self._numbers(answer)
        expected = len(observations), space.n_outputs
        if actions.shape != expected:
            hint = ""
            if isinstance(self.policy, ActorPolicy):
                hint = self.policy.hint(observations)
            raise StepError(
                f"{self.name}: expected actions of shape {expected} for a batch of "
                f"{expected[0]} observations, got {actions.shape}{hint}"
            )
        if not all_finite(actions.ravel()):
            row = int(np.argmin(np.isfinite(actions).all(axis=1)))
            raise StepError(
                f"{self.name}: expected finite actions, got {actions[row]}", row
            )
        try:
            space.check(actions)
        except StepError as error:
            row = next(i for i, one in enumerate(actions) if not _fits(one, space))
            raise StepError(f"{self.name}: {error}", row) from None
        return actions

    def _numbers(self, answer: Any) -> NDArray[np.float64]:
        """Return an action as numbers; in an environment classes are."""
        try:
            return np.asarray(answer, dtype=np.float64)
        except (TypeError, ValueError):
            raise StepError(
                f"{self.name}: expected numbers, as actions of an environment are, got "
                f"{np.asarray(answer).tolist()!r}; what learnt names of classes is to "
                "be fitted to their numbers instead"
            ) from None

    def _hint(self, observation: NDArray) -> str:
        if isinstance(self.policy, ActorPolicy):
            return self.policy.hint(observation[np.newaxis])
        return ""


def _fits(action: NDArray, space: ActionSpace) -> bool:
    try:
        space.check(action)
    except StepError:
        return False
    return True
