"""A policy whose actions are classes: the highest of what another one puts out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if

from skimitate._versions import Versioned
from skimitate.cloning._classes import Classes


class ClassPolicy(Versioned):
    """Takes the most probable class of each output.

    :func:`skimitate.as_policy` makes one of a fitted
    :class:`skimitate.BehaviorCloningClassifier`, and :func:`skimitate.load_policy` of a
    file.

    Parameters
    ----------
    units : policy
        Puts out a number for each class of each output, as a network
        does; of each output the highest counts.
    classes : sequence of ndarray of shape (n_classes,)
        The classes of each output, in ascending order.
    mean_return : float or None, default=None
        What an episode of the policy earns on average, if that was measured.

    Raises
    ------
    ValueError
        If there is not a number for each class.
    """

    def __init__(
        self,
        units: Any,
        classes: Sequence[NDArray],
        *,
        mean_return: float | None = None,
    ) -> None:
        self.units = units
        self.classes = [np.asarray(one) for one in classes]
        self.mean_return = mean_return
        if sum(map(len, self.classes)) != units.n_outputs:
            raise ValueError(
                f"classes: expected {units.n_outputs} of all outputs together, one for "
                f"each unit, got {[len(one) for one in self.classes]}"
            )
        self._classes = Classes(self.classes)

    @property
    def n_features(self) -> int | None:
        """Number of observation dimensions."""
        return self.units.n_features

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return len(self.classes)

    @property
    def is_stateful(self) -> bool:
        """Whether it may remember what it saw earlier in an episode."""
        return self.units.is_stateful

    def act(self, observation: ArrayLike) -> NDArray:
        """Return the action for an observation, or those for a batch.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Raw observations, in the units of the environment; not checked.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)
            Classes.

        Raises
        ------
        ValueError
            If there is another number of features.
        """
        return self._classes.chosen(self.units.act(observation))

    __call__ = act

    @available_if(lambda policy: hasattr(policy.units, "predict"))
    def predict(
        self,
        observation: ArrayLike,
        state: NDArray | None = None,
        episode_start: ArrayLike | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray, NDArray]:
        """Return actions and a state to be handed in again, as stable-baselines3 does.

        There is such a method only if what puts out the units has one. What :meth:`act`
        remembers is neither looked at nor changed.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Of one episode, or of each of a batch of episodes.
        state : ndarray or None, default=None
            What the last call returned; None at the start.
        episode_start : array-like of bool of shape (n,) or None, default=None
            Which of the episodes begin with this observation.
        deterministic : bool, default=True
            Makes no difference: there is no chance in it.

        Returns
        -------
        actions : ndarray of shape (n_outputs,) or (n, n_outputs)
            Classes.
        state : ndarray

        Raises
        ------
        ValueError
            If there is another number of features, or of episodes than in the state.
        """
        units, state = self.units.predict(
            observation, state, episode_start, deterministic
        )
        return self._classes.chosen(units), state

    def reset(self) -> None:
        """Begin an episode."""
        self.units.reset()

    @property
    def can_restart(self) -> bool:
        """Whether it takes :meth:`restart`."""
        return getattr(self.units, "can_restart", False)

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """Begin some episodes of those that it acts in side by side.

        Parameters
        ----------
        rows : ndarray of shape (n,), bool
            Which rows of the batches that follow begin with the next one.
        """
        self.units.restart(rows)

    def _pack(self, state: dict[str, Any]) -> dict[str, Any]:
        # No file names a room that may be moved.
        return {name: state[name] for name in ("units", "classes", "mean_return")}

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        policy = ClassPolicy(
            state["units"], state["classes"], mean_return=state["mean_return"]
        )
        return vars(policy)

    def __repr__(self) -> str:
        widths = f"n_features={self.n_features}, n_outputs={self.n_outputs}"
        return f"{type(self).__name__}({widths})"
