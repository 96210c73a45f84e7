"""A policy that is shown the last observations of an episode."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._versions import Versioned
from skimitate.cloning._history_classifier import HistoryClassifier
from skimitate.cloning._history_regressor import HistoryRegressor
from skimitate.cloning._stacking import ActionKind, Stacking
from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._as_policy import Policy, acts_otherwise, as_policy, policy_of

# What a saved state holds, as the constructor takes it.
_KEPT = ("policy", "n_steps", "n_features", "n_outputs", "actions", "mean_return")


class HistoryPolicy(Versioned):
    """Remembers the last observations, and actions, for a policy that does not.

    :func:`skimitate.as_policy` makes one of a fitted
    :class:`skimitate.HistoryRegressor` or :class:`skimitate.HistoryClassifier`.

    Parameters
    ----------
    policy : policy
        What acts on rows of the last observations.
    n_steps : int
        How many observations it is shown.
    n_features, n_outputs : int
        Number of observation and of action dimensions.
    actions : int, list of ndarray or None, default=None
        How actions are shown, if they are; see
        :class:`skimitate.cloning._stacking.Stacking`. They are the policy's own, before
        anything clips them.
    mean_return : float or None, default=None
        What an episode of the policy earns on average, if that was measured.

    Attributes
    ----------
    is_stateful : bool
        True.
    """

    is_stateful = True

    def __init__(
        self,
        policy: Policy,
        n_steps: int,
        n_features: int,
        n_outputs: int,
        actions: ActionKind | None = None,
        *,
        mean_return: float | None = None,
    ) -> None:
        self.policy = policy
        self.n_outputs = n_outputs
        self.mean_return = mean_return
        self._stacking = Stacking(n_steps, n_features, actions)
        self.reset()

    @property
    def n_steps(self) -> int:
        """How many observations are shown to what acts."""
        return self._stacking.n_steps

    @property
    def n_features(self) -> int:
        """Number of observation dimensions."""
        return self._stacking.n_features

    @property
    def actions(self) -> ActionKind | None:
        """How actions are shown, if they are."""
        return self._stacking.actions

    @property
    def action_width(self) -> int:
        """By how many numbers an action is shown: none, if they are not."""
        return self._stacking.action_width

    def reset(self) -> None:
        """Begin an episode, or a batch of them: forget what was seen and done."""
        self._shown: NDArray[np.float64] | None = None
        self._begins: NDArray[np.bool_] | None = None
        self.policy.reset()

    @property
    def can_restart(self) -> bool:
        """Whether it takes :meth:`restart`: what it shows rows to remembers nothing."""
        return not self.policy.is_stateful

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """Begin some episodes of those that it acts in side by side.

        Parameters
        ----------
        rows : ndarray of shape (n,), bool
            Which rows of the batches that follow begin with the next one. All of them
            do after :meth:`reset`.
        """
        self._begins = np.array(rows)

    def act(self, observation: ArrayLike) -> NDArray[np.float64]:
        """Return the action for the next observation of an episode.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Of one episode, or of each of a batch of episodes, which are remembered
            apart.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)

        Raises
        ------
        ValueError
            If there is another number of features, or of episodes than before without
            a :meth:`reset` between.
        """
        seen = self._checked(observation)
        n_episodes = len(seen) if seen.ndim == 2 else 1
        if self._shown is None:
            self._shown = self._stacking.begin(np.atleast_2d(seen))
        elif len(self._shown) != n_episodes:
            raise ValueError(
                f"observation: expected a batch of {len(self._shown)}, one for each "
                f"episode that goes on, got {n_episodes} (reset() begins others)"
            )
        else:
            self._stacking.see(self._shown, seen)
            if self._begins is not None:
                first = np.atleast_2d(seen)[self._begins]
                self._shown[self._begins] = self._stacking.begin(first)
        self._begins = None
        # A row of its own is quicker than a batch of one.
        shown = self._shown[0] if seen.ndim == 1 else self._shown
        actions = self.policy.act(shown)
        self._stacking.note(self._shown, actions)
        return actions

    __call__ = act

    def did(self, action: ArrayLike, rows: NDArray[np.intp] | None = None) -> None:
        """Remember that something else was done at the last step than :meth:`act` said.

        It is for whoever lets another one drive at some steps. Nothing is to be done
        where actions are not shown. An action of a class that the policy has never met
        is shown as none: there is no column for it.

        Parameters
        ----------
        action : array-like of shape (n_outputs,) or (n, n_outputs)
            What was done in place of the policy's own action.
        rows : ndarray of shape (n,) or None, default=None
            In which of the episodes side by side; None for all.

        Raises
        ------
        ValueError
            If no step has been, or the action has another shape.
        """
        if self._shown is None:
            raise ValueError("action: expected a step before it, got the start")
        if rows is None:
            rows = np.arange(len(self._shown))
        shown = self._shown[rows]
        actions = np.reshape(action, (len(rows), self.n_outputs))
        self._stacking.note_instead(shown, actions)
        self._shown[rows] = shown

    def predict(
        self,
        observation: ArrayLike,
        state: NDArray | None = None,
        episode_start: ArrayLike | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return actions and a state to be handed in again, as stable-baselines3 does.

        What :meth:`act` remembers is neither looked at nor changed.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Of one episode, or of each of a batch of episodes.
        state : ndarray of shape (n, n_columns) or None, default=None
            What the last call returned; None at the start.
        episode_start : array-like of bool of shape (n,) or None, default=None
            Which of the episodes begin with this observation.
        deterministic : bool, default=True
            Makes no difference: there is no chance in it.

        Returns
        -------
        actions : ndarray of shape (n_outputs,) or (n, n_outputs)
        state : ndarray of shape (n, n_columns)

        Raises
        ------
        ValueError
            If there is another number of features, or of episodes than in the state.
        """
        seen = self._checked(observation)
        batch = np.atleast_2d(seen)
        if state is None:
            state = self._stacking.begin(batch)
        else:
            state = np.array(state, dtype=np.float64)
            expected = (len(batch), self._stacking.n_columns)
            if state.shape != expected:
                raise ValueError(f"state: expected shape {expected}, got {state.shape}")
            self._stacking.see(state, batch)
            if episode_start is not None:
                begins = np.broadcast_to(np.asarray(episode_start, bool), len(batch))
                state[begins] = self._stacking.begin(batch[begins])
        actions = self.policy.act(state)
        self._stacking.note(state, actions)
        return actions if seen.ndim == 2 else actions[0], state

    def _checked(self, observation: ArrayLike) -> NDArray:
        seen = np.asarray(observation)
        if seen.ndim not in (1, 2) or seen.shape[-1] != self.n_features:
            raise ValueError(
                f"observation: expected shape ({self.n_features},) or "
                f"(n, {self.n_features}), got {seen.shape}"
            )
        return seen

    def _pack(self, state: dict[str, Any]) -> dict[str, Any]:
        # Plain containers: no file names a room that may be moved. What was seen in an
        # episode is not kept.
        return {name: getattr(self, name) for name in _KEPT}

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        *parts, mean_return = (state[name] for name in _KEPT)
        return vars(HistoryPolicy(*parts, mean_return=mean_return))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.policy!r}, n_steps={self.n_steps})"


@policy_of.register
def _of_policy(actor: HistoryPolicy) -> Policy:
    return actor


@policy_of.register
def _of_regressor(actor: HistoryRegressor) -> Policy:
    return _of_history(actor, HistoryRegressor)


@policy_of.register
def _of_classifier(actor: HistoryClassifier) -> Policy:
    return _of_history(actor, HistoryClassifier)


def _of_history(actor: HistoryRegressor | HistoryClassifier, known: type) -> Policy:
    """Leave all but what acts behind, and give it a memory."""
    if acts_otherwise(actor, known):
        return ActorPolicy(actor)
    stacking = actor.stacking_
    return HistoryPolicy(
        as_policy(actor.estimator_),
        stacking.n_steps,
        stacking.n_features,
        actor.n_outputs_,
        stacking.actions,
    )
