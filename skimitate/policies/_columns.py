"""A transformer that takes columns one by one: chosen, shifted, scaled and clipped."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._versions import Versioned


class Columns(Versioned):
    """Columns of an observation, each minus a mean, divided by a scale, and clipped.

    That is all that the scalers and selectors of scikit-learn and
    :class:`skimitate.RunningNormalizer` do, and what every language can do.

    Parameters
    ----------
    n_features : int
        Number of observation dimensions.
    indices : array-like of int of shape (n_columns,)
        Which of them are taken, in order.
    mean, scale : array-like of shape (n_columns,)
        What is subtracted from each, and what it is then divided by.
    low, high : array-like of shape (n_columns,)
        Between which each is clipped after that; infinite where it is not.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, mean or scale is not finite, a scale is
        not positive, or no number lies between a low and its high.
    """

    def __init__(
        self,
        n_features: int,
        indices: ArrayLike,
        mean: ArrayLike,
        scale: ArrayLike,
        low: ArrayLike,
        high: ArrayLike,
    ) -> None:
        self.n_features_in_ = int(n_features)
        self.indices = np.array(indices, dtype=np.intp)
        parts = (mean, scale, low, high)
        parts = tuple(np.array(part, dtype=np.float64) for part in parts)
        self.mean, self.scale, self.low, self.high = parts
        self._check()

    @classmethod
    def all_of(cls, n_features: int) -> "Columns":
        """Return those that leave an observation as it is."""
        zeros, ends = np.zeros(n_features), np.full(n_features, np.inf)
        return cls(n_features, range(n_features), zeros, zeros + 1.0, -ends, ends)

    def _check(self) -> None:
        n = self.indices.size
        parts = (self.mean, self.scale, self.low, self.high)
        shapes = [part.shape for part in (self.indices, *parts)]
        if n < 1 or set(shapes) != {(n,)}:
            raise ValueError(
                f"columns: expected as many numbers of each kind, got shapes {shapes}"
            )
        if self.indices.min() < 0 or self.indices.max() >= self.n_features_in_:
            raise ValueError(
                f"indices: expected numbers from 0 to {self.n_features_in_ - 1}, got "
                f"{self.indices.min()} to {self.indices.max()}"
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.scale).all()):
            raise ValueError("mean and scale: expected finite numbers, got others")
        if not (self.scale > 0).all():
            raise ValueError("scale: expected positive numbers, got others")
        if not (self.low <= self.high).all():  # nor NaN
            raise ValueError("low and high: expected low <= high, got others")
        if (self.low == np.inf).any() or (self.high == -np.inf).any():
            raise ValueError("low and high: expected numbers between, got none")

    @property
    def n_columns(self) -> int:
        """Number of columns of what :meth:`transform` returns."""
        return len(self.indices)

    @property
    def clips(self) -> bool:
        """Whether any column is clipped."""
        return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the columns of some observations.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations; not changed.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)

        Raises
        ------
        ValueError
            If there is another number of features.
        """
        rows = np.asarray(X, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.n_features_in_:
            raise ValueError(
                f"observation: expected {self.n_features_in_} features, got shape "
                f"{rows.shape}"
            )
        return np.clip(self.standardized(rows), self.low, self.high)

    def standardized(self, rows: NDArray) -> NDArray[np.float64]:
        """Return the columns before they are clipped."""
        return (rows[:, self.indices] - self.mean) / self.scale

    def then(self, later: "Columns") -> "Columns":
        """Return what does the same as this one and another after it.

        Parameters
        ----------
        later : Columns
            Of as many features as there are columns here.

        Returns
        -------
        Columns
        """
        chosen = later.indices
        scale = self.scale[chosen]
        # The bounds as the later one counts, and within its own.
        low, high = (
            np.clip((end[chosen] - later.mean) / later.scale, later.low, later.high)
            for end in (self.low, self.high)
        )
        return Columns(
            self.n_features_in_,
            self.indices[chosen],
            self.mean[chosen] + later.mean * scale,
            scale * later.scale,
            low,
            high,
        )

    def _pack(self, state: dict[str, Any]) -> dict[str, Any]:
        return state

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        # By the constructor's checks: a file may say anything.
        names = ("n_features_in_", "indices", "mean", "scale", "low", "high")
        return vars(Columns(*(state[name] for name in names)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_features_in_} -> {self.n_columns})"
