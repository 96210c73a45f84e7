"""Data that training does not see, a policy's loss on them, and the expert's level."""

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class HeldOut:
    """Held-out observations and actions.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Observations. A frame stays one: its names are those that were fitted.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The expert's actions for them.

    Raises
    ------
    ValueError
        If one is missing, they do not belong together, or an action is no finite
        number. NaN in X are left to an estimator that takes them.
    """

    def __init__(self, X: ArrayLike | None, y: ArrayLike | None) -> None:
        if X is None or y is None:
            missing, given = ("X_val", "y_val") if X is None else ("y_val", "X_val")
            raise ValueError(
                f"{missing}: expected one because {given} is given, got None"
            )
        self.X: Any = X
        self.y: NDArray[np.float64] = _as_numbers(y)
        shape = np.shape(X)
        if len(shape) != 2 or not len(self.y) or self.y.ndim not in (1, 2):
            raise ValueError(
                "X_val, y_val: expected observations of shape (n_samples, n_features) "
                f"and their actions, got shapes {shape} and {self.y.shape}"
            )
        if shape[0] != len(self.y):
            raise ValueError(
                f"y_val: expected {shape[0]} actions, one for each row of X_val, got "
                f"{len(self.y)}"
            )
        if not np.isfinite(self.y).all():
            bad = self.y[~np.isfinite(self.y)][0]
            raise ValueError(f"y_val: expected finite actions, got {bad}")

    def check_actions(self, estimator: Any) -> None:
        """Raise if an estimator is about to be fitted to other actions."""
        expected = getattr(estimator, "n_outputs_", None)
        found = self.y.shape[1] if self.y.ndim == 2 else 1
        if expected not in (None, found):
            raise ValueError(
                f"y_val: expected {expected} action dimensions as in y, got {found}"
            )

    def check_observations(self, estimator: Any) -> None:
        """Raise if an estimator is about to be fitted to other features."""
        # A pipeline tells, at the beginning, those of the fit before.
        expected = vars(estimator).get("n_features_in_")
        found = np.shape(self.X)[1]
        if expected not in (None, found):
            raise ValueError(
                f"X_val: expected {expected} features as in X, got {found}"
            )

    def loss_of(self, estimators: list[Any]) -> float:
        """Return the mean squared error of a policy.

        Parameters
        ----------
        estimators : list of estimators
            The one that predicts, behind the pipelines that it is the last step of:
            their other steps are fitted.

        Returns
        -------
        float
        """
        from sklearn.pipeline import Pipeline  # slow to import

        X = self.X
        for around in estimators[:-1]:
            if isinstance(around, Pipeline) and len(around) > 1:
                X = around[:-1].transform(X)
        predicted = np.asarray(estimators[-1].predict(X)).reshape(self.y.shape)
        return float(np.mean((predicted - self.y) ** 2))


def _as_numbers(y: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.asarray(y, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"y_val: expected an array of numbers ({error})") from None


def check_level(expert_return: object) -> None:
    """Raise if something other than None is no number to draw a line at.

    Parameters
    ----------
    expert_return : object
        The expert's mean return, if it is told.

    Raises
    ------
    TypeError, ValueError
        If it is no number, or not finite.
    """
    if expert_return is None:
        return
    if not isinstance(expert_return, Real):
        raise TypeError(
            f"expert_return: expected a number or None, got {expert_return!r}"
        )
    if not math.isfinite(expert_return):
        raise ValueError(
            f"expert_return: expected a finite number, got {expert_return}"
        )
