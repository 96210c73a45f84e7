"""The growing data set of DAgger."""

import numpy as np
from numpy.typing import NDArray


class Aggregate:
    """Observations and actions that grow in place.

    Rows are appended to arrays with room to spare, doubled when it is used up: adding
    n rows in any number of parts takes time proportional to n.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        First observations.
    y : ndarray of shape (n_samples, n_outputs)
        First actions.
    """

    def __init__(self, X: NDArray, y: NDArray) -> None:
        self._X = np.array(X, dtype=np.float64, order="C")
        self._y = np.array(y, dtype=np.float64, order="C")
        self._n_samples = len(X)

    def __len__(self) -> int:
        return self._n_samples

    @property
    def X(self) -> NDArray[np.float64]:
        """Observations so far, shape (n_samples, n_features); a read-only view."""
        return _read_only(self._X[: self._n_samples])

    @property
    def y(self) -> NDArray[np.float64]:
        """Actions so far, shape (n_samples, n_outputs); a read-only view."""
        return _read_only(self._y[: self._n_samples])

    def append(self, X: NDArray, y: NDArray) -> None:
        """Add rows.

        Parameters
        ----------
        X : ndarray of shape (n_new, n_features)
            Observations.
        y : ndarray of shape (n_new, n_outputs)
            Actions.
        """
        end = self._n_samples + len(X)
        if end > len(self._X):
            self._X = _with_room(self._X, self._n_samples, 2 * end)
            self._y = _with_room(self._y, self._n_samples, 2 * end)
        self._X[self._n_samples : end] = X
        self._y[self._n_samples : end] = y
        self._n_samples = end


def _read_only(view: NDArray) -> NDArray:
    """Keep a learner that works in place from changing what is kept."""
    view.flags.writeable = False
    return view


def _with_room(array: NDArray, n_used: int, n_rows: int) -> NDArray:
    grown = np.empty((n_rows, array.shape[1]))
    grown[:n_used] = array[:n_used]
    return grown
