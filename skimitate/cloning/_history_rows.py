"""What a learner is shown of whole episodes: checked, and put side by side."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skimitate._callers import levels_to_the_user
from skimitate._features import in_container, library_of
from skimitate._sklearn import safe_indexing
from skimitate._validation import (
    check_weights,
    naming,
    validate_observations,
)
from skimitate.cloning._groups import validate_groups, warn_of_no_groups_to_score
from skimitate.cloning._stacking import ActionKind, Stacking, starts_of
from skimitate.learners._tags import may_take_nan


class Rows(NamedTuple):
    """What a learner is given: the steps that have a label.

    Parameters
    ----------
    X : ndarray or data frame of shape (n_labels, n_columns)
        Each step with what came before it.
    y : ndarray of shape (n_labels,) or (n_labels, n_outputs)
        Labels.
    weight : ndarray of shape (n_labels,) or None
        Their weights, if there are any.
    groups : ndarray of shape (n_labels,) or None
        Their episodes, if they are known.
    """

    X: Any
    y: NDArray
    weight: NDArray[np.float64] | None
    groups: NDArray[np.intp] | None


class HistoryRows(BaseEstimator):
    """Learns how wide observations and actions are, and stacks them.

    A class that derives from it checks what actions are (``_check_labels``), and says
    how they are shown (``_kind_of``).
    """

    estimator: Any
    n_steps: int
    actions: bool
    n_outputs_: int
    _check_labels: Callable[..., NDArray]
    _kind_of: Callable[..., ActionKind]

    def _rows(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        actions: ArrayLike | None,
        *,
        reset: bool,
        classes: Any = None,
    ) -> Rows:
        """Check the steps of episodes, and return those that have a label.

        ``reset`` adopts the widths; ``classes`` are all that actions may be of.
        """
        observations = self._see(X, reset=reset, learner=self.estimator)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None"
            )
        with naming("X and y"):
            check_consistent_length(observations, y)
        weight = check_weights(sample_weight, observations)
        episodes = self._episodes_of(groups, len(observations))
        if groups is None and (self.n_steps > 1 or self.actions):
            _warn_of_no_groups()
        rows = None if weight is None or weight.all() else np.flatnonzero(weight)
        labels = self._check_labels(y if rows is None else safe_indexing(y, rows))
        n_outputs = self._count_outputs(labels, reset=reset)
        remembers = self.actions if reset else self._action_kind is not None
        done = None
        if remembers:
            done = self._done(actions, y, len(observations), n_outputs, rows is None)
        if reset:
            kind = self._kind_of(labels, done, classes) if remembers else None
            self._learn_columns(X, kind)
        stacked = self.stacking_.stacked(observations, starts_of(episodes), done, rows)
        return Rows(
            self._contained(stacked),
            labels,
            weight if weight is None or rows is None else weight[rows],
            None if groups is None else episodes if rows is None else episodes[rows],
        )

    def _count_outputs(self, labels: NDArray, *, reset: bool) -> int:
        """Return how many outputs there are; ``reset`` adopts that."""
        n_outputs = int(np.prod(labels.shape[1:]))
        if reset:
            self.n_outputs_ = n_outputs
        elif n_outputs != self.n_outputs_:
            raise ValueError(
                f"y: expected {self.n_outputs_} outputs as before, got {n_outputs}"
            )
        return n_outputs

    def _validation_rows(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None,
        actions: ArrayLike | None,
    ) -> tuple[Any, NDArray]:
        """Return observations to validate with as the learner is shown them."""
        observations = self._see(X, reset=False, learner=self.estimator)
        labels = self._check_labels(y)
        with naming("X and y"):
            check_consistent_length(observations, labels)
        with naming("groups_val", instead_of="groups"):
            starts = starts_of(self._episodes_of(groups, len(observations)))
        done = None
        if self._action_kind is not None:
            with naming(
                "y" if actions is None else "actions_val", instead_of="actions"
            ):
                done = self._done(actions, y, len(observations), self.n_outputs_)
        return self._contained(
            self.stacking_.stacked(observations, starts, done)
        ), labels

    def _see(self, X: ArrayLike, *, reset: bool, learner: Any) -> NDArray:
        """Check observations; what is NaN in them is the learner's own business."""
        nan = "allow-nan" if may_take_nan(learner) else True
        return validate_observations(self, X, reset=reset, ensure_all_finite=nan)

    @staticmethod
    def _episodes_of(groups: ArrayLike | None, n_samples: int) -> NDArray[np.intp]:
        if groups is None:
            return np.arange(n_samples)
        return validate_groups(groups, n_samples)

    def _done(
        self,
        actions: ArrayLike | None,
        y: ArrayLike,
        n_samples: int,
        n_outputs: int,
        all_labelled: bool = True,
    ) -> NDArray:
        """Return what was done at each step, of shape (n_samples, n_outputs)."""
        name = "y" if actions is None else "actions"
        try:
            done = self._check_labels(y if actions is None else actions, name)
        except (ValueError, TypeError) as error:
            if actions is not None or all_labelled:
                raise
            raise type(error)(
                f"{error} (where there is no label, actions= tells what was done)"
            ) from None
        done = done.reshape(len(done), -1)
        if done.shape != (n_samples, n_outputs):
            raise ValueError(
                f"{name}: expected {n_outputs} outputs for each of {n_samples} steps, "
                f"got shape {done.shape}"
            )
        return done

    def _learn_columns(self, X: ArrayLike, kind: ActionKind | None) -> None:
        """Adopt what is shown, and by which names."""
        self._shown_steps = int(self.n_steps)
        self._action_kind = kind
        names = getattr(self, "feature_names_in_", None)
        self._library = library_of(X)
        self._columns = None if names is None else self.stacking_.names(names)

    @property
    def stacking_(self) -> Stacking:
        """What is shown at a step, and how it is put side by side."""
        # Made anew from plain numbers: no file names a room that may be moved.
        return Stacking(self._shown_steps, self.n_features_in_, self._action_kind)

    def _contained(self, stacked: NDArray) -> Any:
        """Return stacked rows as the learner knows them: named, if it was fitted so."""
        return in_container(self._library, stacked, self._columns)

    def _answer(
        self,
        method: str,
        X: ArrayLike,
        groups: ArrayLike | None,
        actions: ArrayLike | None,
    ) -> Any:
        """Return what a method of the learner says to the steps of whole episodes."""
        check_is_fitted(self)
        observations = self._see(X, reset=False, learner=self.estimator_)
        starts = starts_of(self._episodes_of(groups, len(observations)))
        if self._action_kind is None:
            stacked = self.stacking_.stacked(observations, starts)
        elif actions is None:
            stacked = self._on_its_own(observations, starts)
        else:
            done = self._done(actions, actions, len(observations), self.n_outputs_)
            stacked = self.stacking_.stacked(observations, starts, done)
        return getattr(self.estimator_, method)(self._contained(stacked))

    def _on_its_own(
        self, observations: NDArray, starts: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Stack episodes in which the learner's own actions are what was done.

        They go on side by side: as many calls as the longest has steps.
        """
        stacking = self.stacking_
        firsts, lengths = np.unique(starts, return_counts=True)
        order = np.argsort(-lengths, kind="stable")
        firsts, lengths = firsts[order], lengths[order]
        out = np.empty((len(observations), stacking.n_columns))
        shown = stacking.begin(observations[firsts])
        for step in range(lengths[0]):
            going = int(np.searchsorted(-lengths, -step))
            rows = firsts[:going] + step
            if step > 0:
                stacking.see(shown[:going], observations[rows])
            out[rows] = shown[:going]
            still = int(np.searchsorted(-lengths, -(step + 1)))
            if still:
                answer = self.estimator_.predict(self._contained(shown[:still]))
                done = np.asarray(answer).reshape(still, self.n_outputs_)
                stacking.note(shown[:still], done)
        return out

    def _to_score(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        actions: ArrayLike | None,
    ) -> tuple[NDArray, NDArray, NDArray[np.float64] | None]:
        """Return labels, predictions and weights of the steps that have a label."""
        predicted = np.asarray(self._answer("predict", X, groups, actions))
        if groups is None and (self._shown_steps > 1 or self._action_kind is not None):
            warn_of_no_groups_to_score(len(predicted))
        with naming("X and y"):
            check_consistent_length(predicted, y)
        weight = check_weights(sample_weight, predicted)
        if weight is None:
            return self._check_labels(y), predicted, None
        rows = np.flatnonzero(weight)
        labels = self._check_labels(safe_indexing(y, rows))
        return labels, predicted[rows], weight[rows]


def _warn_of_no_groups() -> None:
    warnings.warn(
        "without groups, the episode of each sample, each is an episode of its own, "
        "and the learner is shown nothing of what came before it (in a pipeline, give "
        "them as STEP__groups, or with metadata routing)",
        UserWarning,
        stacklevel=levels_to_the_user(),
    )
