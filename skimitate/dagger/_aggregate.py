"""The growing data set of DAgger."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Labels(NamedTuple):
    """What a learner is trained on.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Observations.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The expert's actions.
    weight : ndarray of shape (n_samples,) or None, default=None
        Weights, if there are any.
    groups : ndarray of shape (n_samples,) or None, default=None
        The episode of each sample, if there are several.
    actions : ndarray of shape (n_samples, n_outputs) or None, default=None
        What was done at each, for a learner that is told.
    is_labelled : ndarray of shape (n_samples,), bool, or None, default=None
        Which of them have a label; None for all.
    """

    X: NDArray
    y: NDArray
    weight: NDArray | None = None
    groups: NDArray | None = None
    actions: NDArray | None = None
    is_labelled: NDArray | None = None


class Aggregate:
    """Whole episodes that grow in place, and which of their steps have a label.

    Rows are appended to arrays with room to spare, doubled when it is used up: adding
    n rows in any number of parts takes time proportional to n. Steps without a label
    are kept as well: to a learner of sequences they are what lies between labels.
    Observations and actions stay float32 if the first ones are, and are float64 else.

    Parameters
    ----------
    X : ndarray of shape (n_steps, n_features)
        First observations.
    y : ndarray of shape (n_steps, n_outputs)
        First actions; a row of NaN is no label.
    weight : ndarray of shape (n_steps,) or float, default=1.0
        The weights of their labels; a step without one weighs nothing.
    episodes : ndarray of shape (n_steps,) or int, default=0
        The number of the episode of each, from 0 on.
    actions : ndarray of shape (n_steps, n_outputs) or None, default=None
        What was done at each step; None where it was ``y``.
    """

    def __init__(
        self,
        X: NDArray,
        y: NDArray,
        weight: NDArray | float = 1.0,
        episodes: NDArray | int = 0,
        actions: NDArray | None = None,
    ) -> None:
        # Room to spare costs no memory until it is written to.
        n = 2 * len(X)
        self._columns = {
            "X": np.empty((n, *X.shape[1:]), _precision_of(X)),
            "y": np.empty((n, *y.shape[1:]), _precision_of(y)),
            "weight": np.empty(n),
            "episodes": np.empty(n, dtype=np.intp),
            "is_labelled": np.empty(n, dtype=bool),
            # Of the steps after the first ``_n_as_labelled``, where they are y.
            "actions": np.empty((0, *y.shape[1:]), _precision_of(y)),
        }
        self._n_steps = self._n_as_labelled = 0
        self.append(X, y, weight, episodes, actions)

    def __len__(self) -> int:
        return self._n_steps

    @property
    def X(self) -> NDArray[np.float64]:
        """Observations so far, shape (n_steps, n_features); a read-only view."""
        return self._column("X")

    @property
    def y(self) -> NDArray[np.float64]:
        """Actions so far, shape (n_steps, n_outputs); a read-only view."""
        return self._column("y")

    @property
    def weight(self) -> NDArray[np.float64]:
        """Weights so far, shape (n_steps,); a read-only view."""
        return self._column("weight")

    @property
    def episodes(self) -> NDArray[np.intp]:
        """Numbers of the episodes so far, shape (n_steps,); a read-only view."""
        return self._column("episodes")

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Which steps have a label, shape (n_steps,); a read-only view."""
        return self._column("is_labelled")

    @property
    def n_episodes(self) -> int:
        """How many episodes there are."""
        return int(self.episodes[-1]) + 1 if len(self) else 0

    def append(
        self,
        X: NDArray,
        y: NDArray,
        weight: NDArray | float = 1.0,
        episodes: NDArray | int = 0,
        actions: NDArray | None = None,
    ) -> None:
        """Add rows.

        Parameters
        ----------
        X : ndarray of shape (n_new, n_features)
            Observations.
        y : ndarray of shape (n_new, n_outputs)
            Actions; a row of NaN is no label.
        weight : ndarray of shape (n_new,) or float, default=1.0
            Of each label.
        episodes : ndarray of shape (n_new,) or int, default=0
            Numbers of the episodes, from 0 on: they are counted on from here.
        actions : ndarray of shape (n_new, n_outputs) or None, default=None
            What was done at each step; None where it was ``y``.
        """
        begin, end = self._n_steps, self._n_steps + len(X)
        is_labelled = ~np.isnan(y).any(axis=1)
        first_episode = self.n_episodes
        self._write("X", X, begin, end)
        self._write("y", y, begin, end)
        self._write("weight", weight, begin, end)[~is_labelled] = 0.0
        self._write("episodes", episodes, begin, end)[:] += first_episode
        self._write("is_labelled", is_labelled, begin, end)
        if actions is None and begin == self._n_as_labelled:
            self._n_as_labelled = end
        else:
            done = y if actions is None else actions
            rows = begin - self._n_as_labelled, end - self._n_as_labelled
            self._write("actions", done, *rows)
        self._n_steps = end

    def _write(self, name: str, rows: Any, begin: int, end: int) -> NDArray:
        """Put rows into a column, which may have to grow; return them."""
        column = self._columns[name]
        if end > len(column):
            # One column after the other: there are two of one of them at a time.
            column = self._columns[name] = _with_room(column, begin, 2 * end)
        column[begin:end] = rows
        return column[begin:end]

    def forget_after(self, n_steps: int) -> None:
        """Drop the rows that were added last, for which something failed.

        Parameters
        ----------
        n_steps : int
            How many to keep.
        """
        self._n_steps = n_steps
        self._n_as_labelled = min(self._n_as_labelled, n_steps)

    def labels(self) -> Labels:
        """Return the steps that have a label, with their weights and episodes.

        Returns
        -------
        Labels
            Read-only: a learner that works in place cannot change what is kept.
            Without what was done: it is for learners of sequences.
        """
        names = ("X", "y", "weight", "episodes")
        if self.is_labelled.all():
            return Labels(*map(self._column, names))
        parts = [self._column(name)[self.is_labelled] for name in names]
        for part in parts:
            part.flags.writeable = False
        return Labels(*parts)

    def steps(self) -> Labels:
        """Return all steps, as a learner of sequences wants them.

        Returns
        -------
        Labels
            Read-only. Those without a label weigh nothing, and what was done stands in
            its place.
        """
        actions = self._actions()
        y = np.where(self.is_labelled[:, np.newaxis], self.y, actions)
        y.flags.writeable = False
        return Labels(self.X, y, self.weight, self.episodes, actions, self.is_labelled)

    def _actions(self) -> NDArray:
        """Return what was done at each step; read-only."""
        done = self._columns["actions"][: self._n_steps - self._n_as_labelled]
        actions = np.concatenate([self.y[: self._n_as_labelled], done])
        actions.flags.writeable = False
        return actions

    def _column(self, name: str) -> NDArray:
        view = self._columns[name][: self._n_steps]
        view.flags.writeable = False
        return view

    def __getstate__(self) -> dict[str, Any]:
        # Room to spare is for here, not for a file.
        columns = {name: np.array(self._column(name)) for name in self._columns}
        n_done = self._n_steps - self._n_as_labelled
        columns["actions"] = columns["actions"][:n_done]
        return vars(self) | {"_columns": columns}


def _precision_of(array: NDArray) -> type:
    """Return what to keep an array in."""
    return np.float32 if array.dtype == np.float32 else np.float64


def _with_room(array: NDArray, n_used: int, n_rows: int) -> NDArray:
    grown = np.empty((n_rows, *array.shape[1:]), dtype=array.dtype)
    grown[:n_used] = array[:n_used]
    return grown
