"""The states of training data, and how far others lie from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_chunked
from sklearn.utils.validation import check_array

from skimitate._validation import naming
from skimitate.cloning._groups import validate_groups
from skimitate.environments._rollouts import Rollouts
from skimitate.preprocessing._normalizer import RunningNormalizer

# Rows that the data's own distances are measured at: quantiles need no more.
_N_MEASURED = 2_000

# Rows before and after one, in the same episode, that are no neighbours but its own
# past and future: more than a stride of a walking robot.
_N_NEAR_IN_TIME = 50


class TrainingStates:
    """States that a learner was trained on, in standard deviations of theirs.

    Features that are constant in the data have no unit to be measured in, and are left
    out.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Observations, in the order of the steps where ``groups`` is None.
    groups : array-like of shape (n_samples,) or None
        Which episode each is of; None if that is not known.
    n_neighbors : int
        How many of the nearest states the distance is the mean of.
    max_samples : int
        Rows to draw if there are more.
    generator : numpy.random.Generator
        Draws.

    Raises
    ------
    ValueError
        If all features are constant, or there are fewer rows than neighbours.
    """

    def __init__(
        self,
        X: NDArray,
        groups: Any,
        *,
        n_neighbors: int,
        max_samples: int,
        generator: np.random.Generator,
    ) -> None:
        # Slow to import, and of use to this picture alone.
        from sklearn.neighbors import NearestNeighbors

        n_searched = min(len(X), max_samples)
        if n_searched < n_neighbors:
            raise ValueError(
                f"n_neighbors: expected at most the {n_searched} samples of X that are "
                f"searched, got {n_neighbors}"
            )
        self.n_neighbors = n_neighbors
        self._normalizer = RunningNormalizer().fit(X)
        spread = np.sqrt(self._normalizer.var_)
        # Where the normalizer does not divide by the spread, there is none.
        self._varies = spread == self._normalizer.scale_
        if not self._varies.any():
            raise ValueError(
                "X: expected observations that differ, got the same in all "
                f"{len(X)} samples"
            )
        self._generator = generator
        self._rows = _drawn(len(X), max_samples, generator)
        self._states = self._normalized(X[self._rows])
        self._episodes = (
            None
            if groups is None
            else np.unique(np.asarray(groups)[self._rows], return_inverse=True)[1]
        )
        self._search = NearestNeighbors(n_neighbors=n_neighbors).fit(self._states)

    def _normalized(self, X: NDArray) -> NDArray[np.float64]:
        # In float64 whatever came: distances are small differences of large numbers.
        floats = X.astype(np.float64, copy=False)
        return self._normalizer.transform(floats)[:, self._varies]

    def distances(self, states: NDArray) -> NDArray[np.float64]:
        """Return how far states lie from the data.

        Parameters
        ----------
        states : ndarray of shape (n, n_features)
            Observations.

        Returns
        -------
        ndarray of shape (n,)
            Mean of the Euclidean distances to the nearest of the data, in standard
            deviations.
        """
        nearest, _ = self._search.kneighbors(self._normalized(states))
        return nearest.mean(axis=1)

    def own_distances(self) -> NDArray[np.float64]:
        """Return how far rows of the data lie from the rest of the data.

        A row's nearest neighbours are the steps before and after it, which says nothing
        of how densely the data lie. They are looked for in other episodes; if there is
        one episode, or none is known, then not among the 50 rows before and after.

        Returns
        -------
        ndarray of shape (n,)
            For some of the rows, those that have enough of other rows.
        """
        measured = _drawn(len(self._states), _N_MEASURED, self._generator)

        def mean_of_nearest(block: NDArray, start: int) -> NDArray:
            block[self._is_near(measured[start : start + len(block)])] = np.inf
            last = self.n_neighbors - 1
            nearest = np.partition(block, last, axis=1)[:, : self.n_neighbors]
            return nearest.mean(axis=1)

        blocks = pairwise_distances_chunked(
            self._states[measured], self._states, reduce_func=mean_of_nearest
        )
        distances = np.concatenate(list(blocks))
        return distances[np.isfinite(distances)]

    def _is_near(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell which of the states are not to count as neighbours of some of them."""
        if self._episodes is not None and self._episodes.max() > 0:
            return self._episodes[rows, np.newaxis] == self._episodes
        # A part of a short episode, so that something of it is left.
        width = min(_N_NEAR_IN_TIME, (self._rows[-1] + 1) // 4)
        return np.abs(self._rows[rows, np.newaxis] - self._rows) <= width


def read_training_data(X: Any, groups: Any) -> tuple[NDArray, Any]:
    """Return training data as an array, and which episode each row is of.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or Rollouts
        As a user gave it.
    groups : array-like of shape (n_samples,) or None
        As a user gave it.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
    groups : ndarray of shape (n_samples,) or None
        None if nobody knows.

    Raises
    ------
    ValueError, TypeError
        If X is no array of finite numbers, or groups are not one for each row, or if
        episodes interleave.
    """
    if isinstance(X, Rollouts):
        if groups is not None:
            raise ValueError(
                "groups: expected None beside Rollouts, which know their episodes, got "
                f"{type(groups).__name__}"
            )
        return X.observations, X.episode_ids
    with naming("X"):
        X = check_array(X, dtype=(np.float64, np.float32))
    return X, None if groups is None else validate_groups(groups, len(X))


def _drawn(n: int, most: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Return the numbers of rows in order: all of them, or as many as there may be."""
    if n <= most:
        return np.arange(n)
    return np.sort(generator.choice(n, most, replace=False))
