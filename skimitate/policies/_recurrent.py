"""Policies that are handed their own state, in the form of stable-baselines3."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Recurrent:
    """Carries the state of ``predict(observation, state, episode_start)`` along.

    That is the form that stable-baselines3 gave to recurrent policies.

    Attributes
    ----------
    takes_start : bool
        Whether there is an ``episode_start``, which tells rows of a batch apart.
    """

    def __init__(
        self, method: Callable, options: dict[str, Any], takes_start: bool
    ) -> None:
        self._method = method
        self._options = options
        self.takes_start = takes_start
        self.forget()

    def forget(self) -> None:
        """Start a new episode."""
        self._state: Any = None
        self._begins: bool | NDArray[np.bool_] = True

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """Start new episodes in some rows of the batches that follow.

        Parameters
        ----------
        rows : ndarray of shape (n,), bool
            Which ones. All of them do before the first batch.
        """
        if self._begins is False:
            self._begins = np.array(rows)

    def __call__(self, batch: NDArray) -> Any:
        options = self._options | {"state": self._state}
        if self.takes_start:
            options["episode_start"] = np.full(len(batch), self._begins)
        answer = self._method(batch, **options)
        if isinstance(answer, tuple) and len(answer) == 2:
            answer, self._state = answer
        self._begins = False
        return answer


def is_recurrent(actor: Any) -> bool:
    """Tell whether an actor whose ``predict`` takes a state has any.

    Each model of stable-baselines3 takes one. Those that make use of it are the
    recurrent ones of sb3-contrib, whose policies have an LSTM.

    Parameters
    ----------
    actor : object
        With such a ``predict``.

    Returns
    -------
    bool
        True if it is nobody's that is known.
    """
    policy = getattr(actor, "policy", actor)
    modules = [cls.__module__ for cls in type(policy).__mro__]
    is_known = any(module.startswith("stable_baselines3.") for module in modules)
    return not is_known or hasattr(policy, "lstm_actor")
