"""The expert as DAgger asks it: it may remember, have no answer, or take over."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.dagger._deadline import NoAnswer, within
from skimitate.policies._action_space import ActionSpace
from skimitate.policies._actions import StepError, as_labels
from skimitate.policies._actor import Actor
from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._as_policy import Policy


class Expert:
    """Asks an expert for labels, and checks what it says.

    Parameters
    ----------
    expert : object
        See :func:`skimitate.as_policy`.
    timeout : float or None, default=None
        How many seconds it has for an answer; None for as many as it takes.

    Attributes
    ----------
    is_stateful : bool
        Whether it may remember what it saw earlier in an episode, so that it has to be
        asked at each step.
    intervenes : bool
        Whether it has a ``should_intervene``.

    Raises
    ------
    TypeError, NotFittedError
        If the object cannot act.
    """

    def __init__(self, expert: Any, timeout: float | None = None) -> None:
        self._timeout = timeout
        self._actor = Actor(expert, "expert")
        self.policy = self._actor.policy
        self.is_stateful = self.policy.is_stateful
        said_by = _speakers(expert, self.policy)
        self._allows_missing = any(
            bool(getattr(one, "allow_missing", False)) for one in said_by
        )
        self._should_intervene: Callable[[NDArray, NDArray], Any] | None = next(
            (
                one.should_intervene
                for one in said_by
                if hasattr(one, "should_intervene")
            ),
            None,
        )
        self.intervenes = callable(self._should_intervene)

    def reset(self) -> None:
        """Begin an episode."""
        self._actor.reset()

    def label(self, observations: NDArray, space: ActionSpace) -> NDArray[np.float64]:
        """Return the expert's actions for a batch of observations.

        Parameters
        ----------
        observations : ndarray of shape (n, n_features)
            Raw observations.
        space : ActionSpace
            Where actions belong.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Rows of NaN where it has no answer.

        Raises
        ------
        StepError
            If the expert raises, or gives another shape, values that are not finite, or
            what is no action there; or nothing in time.
        """
        read = partial(
            as_labels,
            n=len(observations),
            space=space,
            allow_missing=self._allows_missing,
        )
        try:
            if isinstance(self.policy, ActorPolicy):
                return self._in_time(self.policy.answer, observations, read)
            return read(self._in_time(self.policy.act, observations))
        except StepError as error:
            raise StepError(f"expert: {error}", error.row) from error.__cause__
        except Exception as error:
            raise StepError(f"expert: raised {error!r}") from error

    def wants_to_drive(self, observation: NDArray, action: NDArray) -> bool:
        """Tell whether the expert takes over from the learner.

        Parameters
        ----------
        observation : ndarray of shape (n_features,)
            Raw observation.
        action : ndarray of shape (n_outputs,)
            What the learner is about to do.

        Returns
        -------
        bool

        Raises
        ------
        StepError
            If its ``should_intervene`` raises, or gives anything but a bool.
        """
        assert self._should_intervene is not None
        try:
            answer = self._in_time(
                self._should_intervene, observation.copy(), action.copy()
            )
        except StepError as error:
            raise StepError(f"expert: should_intervene: {error}") from None
        except Exception as error:
            raise StepError(f"expert: should_intervene raised {error!r}") from error
        if np.ndim(answer) != 0 or not isinstance(answer, (bool, np.bool_)):
            raise StepError(
                f"expert: expected a bool from should_intervene, got {answer!r}"
            )
        return bool(answer)

    def _in_time(self, ask: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return within(self._timeout, ask, *arguments)
        except NoAnswer:
            raise StepError(
                f"expected an answer within {self._timeout} s (query_timeout), got none"
            ) from None


def _speakers(expert: Any, policy: Policy) -> list[Any]:
    """Return who may say how an expert is to be asked, the outermost first."""
    speakers = [expert]
    # A network that acts alone has left them behind.
    for name in ("best_estimator_", "estimator_"):
        if hasattr(speakers[-1], name):
            speakers.append(getattr(speakers[-1], name))
    # What is said of a function, not of what shows it one observation at a time.
    if isinstance(policy, ActorPolicy):
        speakers += [policy.actor, policy.source]
    return speakers
