"""What was seen and done last, side by side in one row."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._classes import Classes

# What actions are: this many numbers, or for each output one of these classes.
ActionKind = int | Sequence[NDArray]


class Stacking:
    """Rows of the last observations of an episode, and of the last actions before them.

    Columns are the observations from the oldest to the newest, each with all of its
    features, and then the actions from the oldest to the newest. Before the first step
    of an episode lies its first observation over and over, as in Gymnasium's
    ``FrameStackObservation`` with ``padding_type="reset"``, and no action: zeros.

    Parameters
    ----------
    n_steps : int
        How many observations are in a row, and how many actions.
    n_features : int
        Number of observation dimensions.
    actions : int, sequence of ndarray or None, default=None
        None for no actions; the number of action dimensions; or the sorted classes of
        each, of which a column each is 1 where it was taken.

    Attributes
    ----------
    action_width : int
        By how many numbers an action is shown: none, if they are not.
    """

    def __init__(
        self, n_steps: int, n_features: int, actions: ActionKind | None = None
    ) -> None:
        self.n_steps = n_steps
        self.n_features = n_features
        self.actions = actions
        self._columns_of_classes: list[dict[Any, int]] = []
        if actions is None:
            self.action_width = 0
        elif isinstance(actions, int):
            self.action_width = actions
        else:
            columns = iter(range(sum(map(len, actions))))
            self._columns_of_classes = [
                {label: next(columns) for label in classes.tolist()}
                for classes in actions
            ]
            self.action_width = sum(map(len, actions))
        self._n_seen = n_steps * n_features
        # Slices made once: this is all that a step of an episode costs.
        self._older = np.s_[..., : self._n_seen - n_features]
        self._newer = np.s_[..., n_features : self._n_seen]
        self._newest = np.s_[..., self._n_seen - n_features : self._n_seen]

    @property
    def n_columns(self) -> int:
        """Number of columns of a row."""
        return self._n_seen + self.n_steps * self.action_width

    def stacked(
        self,
        X: NDArray,
        starts: NDArray[np.intp],
        actions: NDArray | None = None,
        rows: NDArray[np.intp] | None = None,
    ) -> NDArray:
        """Return what is shown at the steps of whole episodes.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Observations, those of an episode in successive rows.
        starts : ndarray of shape (n_samples,)
            Of each row, the first row of its episode.
        actions : ndarray of shape (n_samples, n_outputs) or None, default=None
            What was done at each; only where actions are shown.
        rows : ndarray of shape (n_rows,) or None, default=None
            The steps that are asked for; None for all.

        Returns
        -------
        ndarray of shape (n_rows, n_columns)

        Raises
        ------
        ValueError
            If there is an action of an unknown class.
        """
        rows = np.arange(len(X)) if rows is None else rows
        then = rows[:, np.newaxis] - np.arange(self.n_steps - 1, -1, -1)
        first = starts[rows][:, np.newaxis]
        seen = X.take(np.maximum(then, first), axis=0).reshape(len(rows), -1)
        if actions is None:
            return seen
        then -= 1
        done = self._columns_of(actions).take(np.maximum(then, 0), axis=0)
        done[then < first] = 0.0
        return np.concatenate([seen, done.reshape(len(rows), -1)], axis=1)

    def begin(self, observations: NDArray) -> NDArray[np.float64]:
        """Return what is shown at the first step of each of some episodes.

        Parameters
        ----------
        observations : ndarray of shape (n, n_features)
            The first ones.

        Returns
        -------
        ndarray of shape (n, n_columns)
            To be carried on in place by :meth:`see` and :meth:`note`.
        """
        shown = np.zeros((len(observations), self.n_columns))
        shown[:, : self._n_seen] = np.tile(observations, self.n_steps)
        return shown

    def see(self, shown: NDArray, observations: NDArray) -> None:
        """Let the newest observations into what is shown, and the oldest out.

        Parameters
        ----------
        shown : ndarray of shape (..., n_columns)
            Changed.
        observations : ndarray of shape (..., n_features)
            Of the step that has come.
        """
        shown[self._older] = shown[self._newer]
        shown[self._newest] = observations

    def note(self, shown: NDArray, actions: NDArray) -> None:
        """Let the newest actions into what is shown, and the oldest out.

        Parameters
        ----------
        shown : ndarray of shape (n, n_columns)
            Changed.
        actions : ndarray of shape (n, n_outputs), or (n_outputs,) for one
            What was done at the step that has been.

        Raises
        ------
        ValueError
            If there is one of an unknown class.
        """
        if self.actions is None:
            return
        width, end = self.action_width, self.n_columns
        newest = self._columns_of(np.atleast_2d(actions))
        shown[:, self._n_seen : end - width] = shown[:, self._n_seen + width :]
        shown[:, end - width :] = newest

    def note_instead(self, shown: NDArray, actions: NDArray) -> None:
        """Let other actions take the place of the newest.

        Parameters
        ----------
        shown, actions
            See :meth:`note`; whoever else acts may know more classes, for which there
            are no columns: zeros stand for them.
        """
        if self.actions is None:
            return
        others = np.atleast_2d(actions)
        newest = shown[:, self.n_columns - self.action_width :]
        if isinstance(self.actions, int):
            newest[:] = others
            return
        newest[:] = 0.0
        for row, labels in zip(newest, others.tolist(), strict=True):
            pairs = zip(self._columns_of_classes, labels, strict=True)
            row[[known[label] for known, label in pairs if label in known]] = 1.0

    def names(self, features: Iterable[str]) -> list[str]:
        """Return the names of the columns: ``x[t-1]``, ``x[t]``, ``action0[t-1]``.

        Parameters
        ----------
        features : iterable of str
            The names of the observation dimensions.

        Returns
        -------
        list of str

        Raises
        ------
        ValueError
            If two columns would have the same name.
        """
        features = list(features)
        ages = range(self.n_steps - 1, -1, -1)
        names = [f"{name}{_at(age)}" for age in ages for name in features]
        for age in range(self.n_steps, 0, -1):
            names += [f"{name}{_at(age)}" for name in self._action_names()]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(
                "X: expected other names of features than those that actions are shown "
                f"by, got two columns named {twice}"
            )
        return names

    def _action_names(self) -> list[str]:
        if self.actions is None:
            return []
        if isinstance(self.actions, int):
            return [f"action{output}" for output in range(self.actions)]
        return [
            f"action{output}={label}"
            for output, classes in enumerate(self.actions)
            for label in classes
        ]

    def _columns_of(self, actions: NDArray) -> NDArray:
        """Return actions as numbers: those of classes as one column for each."""
        if self.actions is None or isinstance(self.actions, int):
            return actions
        if len(actions) == 1:  # what a control loop waits for
            pairs = zip(self._columns_of_classes, actions[0].tolist(), strict=True)
            columns = [known[label] for known, label in pairs if label in known]
            if len(columns) == len(self._columns_of_classes):
                hot = np.zeros((1, self.action_width))
                hot[0, columns] = 1.0
                return hot
        classes = Classes(self.actions)
        return classes.one_hot(classes.codes(actions, "actions"))


def starts_of(episodes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return of each row the first row of its episode.

    Parameters
    ----------
    episodes : ndarray of shape (n_samples,)
        Numbers of episodes, counted from 0 in order of the rows.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    firsts = np.flatnonzero(np.diff(episodes, prepend=-1))
    return firsts[episodes]


def _at(age: int) -> str:
    return f"[t-{age}]" if age else "[t]"
