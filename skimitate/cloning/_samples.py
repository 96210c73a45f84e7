"""Samples to train on, or to validate with."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate._sklearn import safe_indexing
from skimitate.cloning._blocks import blocks


@dataclass(frozen=True)
class Samples:
    """Observations, targets and weights, checked, beside what the user gave.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Observations.
    y : ndarray of shape (n_samples, n_outputs)
        What the network is to put out, in the expert's units.
    weight : ndarray of shape (n_samples,) or None
        Weights, at most 1.
    given : tuple of array-like
        X, y and ``sample_weight`` as the user gave them; all of their rows.
    rows : ndarray of shape (n_samples,) or None, default=None
        Which of these rows the samples are; None for all.
    episodes : ndarray of shape (n_samples,) or None, default=None
        The number of each sample's episode, in successive rows; None if nobody told.
    """

    X: NDArray
    y: NDArray
    weight: NDArray[np.float64] | None
    given: tuple[Any, Any, Any]
    rows: NDArray[np.intp] | None = None
    episodes: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: NDArray[np.intp]) -> "Samples":
        """Return some of the samples, of which none has been left out before."""
        weight = None if self.weight is None else _taken(self.weight, rows)
        X, y = _taken(self.X, rows), _taken(self.y, rows)
        episodes = None if self.episodes is None else self.episodes[rows]
        return Samples(X, y, weight, self.given, rows, episodes)

    def for_callbacks(self, *, with_episodes: bool = False) -> dict[str, Any]:
        """Return what scikit-learn's callbacks are shown: data as the user gave them.

        A scorer compares y with what ``predict`` returns, which has the shape of the
        user's y, and a frame has the names that ``predict`` expects. Rows are taken
        when a callback asks for them.

        Parameters
        ----------
        with_episodes : bool, default=False
            Whether ``score`` has to be told of them.

        Returns
        -------
        dict
            X, y and metadata, or functions that return them.
        """

        def metadata() -> dict[str, Any]:
            told = {} if self.given[2] is None else {"sample_weight": self._shown[2]}
            return told | ({"groups": self.episodes} if with_episodes else {})

        tells = with_episodes or self.given[2] is not None
        return {
            "X": lambda: self._shown[0],
            "y": lambda: self._shown[1],
            "metadata": metadata if tells else None,
        }

    @cached_property
    def _shown(self) -> tuple[Any, Any, Any]:
        if self.rows is None:
            return self.given
        X, y, weight = (
            None if data is None else safe_indexing(data, self.rows)
            for data in self.given
        )
        return X, y, weight


def _taken(array: NDArray, rows: NDArray[np.intp]) -> NDArray:
    """Return some rows, in steps between which Python looks at signals."""
    taken = np.empty((len(rows), *array.shape[1:]), dtype=array.dtype)
    for part in blocks(len(rows)):
        taken[part] = array[rows[part]]
    return taken
