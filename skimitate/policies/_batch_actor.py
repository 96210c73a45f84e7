"""Who is asked about several episodes at once, and keeps them apart."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from skimitate.policies._action_space import ActionSpace
from skimitate.policies._actions import StepError
from skimitate.policies._as_policy import Policy


class BatchActor:
    """Asks a policy once about the episodes that go on side by side.

    Parameters
    ----------
    policy : policy
        Who is asked. One that remembers must be able to begin single episodes anew.
    name : str
        What it is called in errors.
    ask : callable
        From a batch of observations and the space of actions to actions, which
        are checked: asks the policy.
    n_rows : int
        How many episodes there may be.

    Raises
    ------
    ValueError
        If the policy remembers, and cannot tell the episodes of a batch apart.
    """

    def __init__(
        self,
        policy: Policy,
        name: str,
        ask: Callable[[NDArray, ActionSpace], NDArray[np.float64]],
        n_rows: int,
    ) -> None:
        self._is_stateful = policy.is_stateful
        if self._is_stateful and not getattr(policy, "can_restart", False):
            raise ValueError(
                f"{name}: expected one without a memory in a vector environment, or "
                "whose predict(observation, state, episode_start) keeps the episodes "
                f"of a batch apart, got {policy!r} with a reset() for all of them; "
                "give it an environment that is not a vector environment"
            )
        self._policy = policy
        self._ask = ask
        self._name = name
        self._begins = np.ones(n_rows, dtype=bool)
        self._is_reset = False

    def begin(self, row: int) -> None:
        """Begin an episode.

        Parameters
        ----------
        row : int
            Of the batches to come.

        Raises
        ------
        StepError
            If the policy's ``reset`` does.
        """
        if not self._is_reset:
            try:
                self._policy.reset()
            except Exception as error:
                raise StepError(f"{self._name}: reset() raised {error!r}") from error
            self._is_reset = True
        self._begins[row] = True

    def __call__(
        self, observations: NDArray, rows: NDArray[np.intp], space: ActionSpace
    ) -> NDArray[np.float64]:
        """Return the actions in some of the episodes.

        Parameters
        ----------
        observations : ndarray of shape (n_rows, n_features)
            What all the sub-environments show.
        rows : ndarray of shape (n,)
            The episodes that go on, which is all of them for a policy that remembers.
        space : ActionSpace
            Where actions belong.

        Returns
        -------
        ndarray of shape (n, n_outputs)

        Raises
        ------
        StepError
            As ``ask`` does; its ``row`` is that of the sub-environment.
        """
        if not self._is_stateful:
            return self._located(observations[rows], rows, space)
        # A memory has as many rows at each step. What stands still is shown what
        # another one is, which can be looked at.
        asked = np.full(len(observations), rows[0])
        asked[rows] = rows
        self._policy.restart(self._begins)  # type: ignore[attr-defined]  # checked
        self._begins[:] = False
        return self._located(observations[asked], asked, space)[rows]

    def _located(
        self, shown: NDArray, rows: NDArray[np.intp], space: ActionSpace
    ) -> NDArray[np.float64]:
        try:
            return self._ask(shown, space)
        except StepError as error:
            row = None if error.row is None else int(rows[error.row])
            raise StepError(str(error), row) from error.__cause__
