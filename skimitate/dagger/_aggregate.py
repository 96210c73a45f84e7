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
    """

    X: NDArray
    y: NDArray
    weight: NDArray | None = None
    groups: NDArray | None = None


class Aggregate:
    """Observations, actions, weights and episodes that grow in place.

    Rows are appended to arrays with room to spare, doubled when it is used up: adding
    n rows in any number of parts takes time proportional to n.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        First observations.
    y : ndarray of shape (n_samples, n_outputs)
        First actions.
    weight : ndarray of shape (n_samples,) or float, default=1.0
        Their weights.
    episodes : ndarray of shape (n_samples,) or int, default=0
        The number of the episode of each, from 0 on.
    """

    def __init__(
        self,
        X: NDArray,
        y: NDArray,
        weight: NDArray | float = 1.0,
        episodes: NDArray | int = 0,
    ) -> None:
        n = len(X)
        self._columns = {
            "X": np.array(X, dtype=np.float64, order="C"),
            "y": np.array(y, dtype=np.float64, order="C"),
            "weight": np.array(np.broadcast_to(weight, n), dtype=np.float64),
            "episodes": np.array(np.broadcast_to(episodes, n), dtype=np.intp),
        }
        self._n_samples = n

    def __len__(self) -> int:
        return self._n_samples

    @property
    def X(self) -> NDArray[np.float64]:
        """Observations so far, shape (n_samples, n_features); a read-only view."""
        return self._column("X")

    @property
    def y(self) -> NDArray[np.float64]:
        """Actions so far, shape (n_samples, n_outputs); a read-only view."""
        return self._column("y")

    @property
    def weight(self) -> NDArray[np.float64]:
        """Weights so far, shape (n_samples,); a read-only view."""
        return self._column("weight")

    @property
    def episodes(self) -> NDArray[np.intp]:
        """Numbers of the episodes so far, shape (n_samples,); a read-only view."""
        return self._column("episodes")

    @property
    def n_episodes(self) -> int:
        """How many episodes there are."""
        return int(self.episodes[-1]) + 1

    def append(
        self,
        X: NDArray,
        y: NDArray,
        weight: float = 1.0,
        episodes: NDArray | int = 0,
    ) -> None:
        """Add rows.

        Parameters
        ----------
        X : ndarray of shape (n_new, n_features)
            Observations.
        y : ndarray of shape (n_new, n_outputs)
            Actions.
        weight : float, default=1.0
            Of each row.
        episodes : ndarray of shape (n_new,) or int, default=0
            Numbers of the episodes, from 0 on: they are counted on from here.
        """
        begin, end = self._n_samples, self._n_samples + len(X)
        numbers = np.asarray(episodes) + (self.n_episodes if begin else 0)
        added: dict[str, Any] = {"X": X, "y": y, "weight": weight, "episodes": numbers}
        if end > len(self._columns["X"]):
            self._columns = {
                name: _with_room(column, begin, 2 * end)
                for name, column in self._columns.items()
            }
        for name, rows in added.items():
            self._columns[name][begin:end] = rows
        self._n_samples = end

    def _column(self, name: str) -> NDArray:
        """Return what there is; a learner that works in place cannot change it."""
        view = self._columns[name][: self._n_samples]
        view.flags.writeable = False
        return view


def _with_room(array: NDArray, n_used: int, n_rows: int) -> NDArray:
    grown = np.empty((n_rows, *array.shape[1:]), dtype=array.dtype)
    grown[:n_used] = array[:n_used]
    return grown
