"""Data that training does not see, a policy's loss on them, and the expert's level."""

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_regressor

from skimitate.callbacks._loss import loss_on


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
        If one is missing, they do not belong together, or an action is missing or not
        finite. NaN in X are left to an estimator that takes them.
    """

    def __init__(self, X: ArrayLike | None, y: ArrayLike | None) -> None:
        if X is None or y is None:
            missing, given = ("X_val", "y_val") if X is None else ("y_val", "X_val")
            raise ValueError(
                f"{missing}: expected one because {given} is given, got None"
            )
        self.X: Any = X
        self.y = _as_actions(y)
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
        odd = _are_odd(self.y)
        if odd.any():
            raise ValueError(f"y_val: expected finite actions, got {self.y[odd][0]}")

    def check_actions(self, estimator: Any) -> None:
        """Raise if an estimator is about to be fitted to other actions."""
        if is_regressor(estimator):
            _check_numbers(self.y)
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
        """Return the loss of a policy; see :func:`loss_on`.

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
        return loss_on(estimators[-1], X, self.y)


def _as_actions(y: ArrayLike) -> NDArray:
    """Return an array of numbers or of classes."""
    try:
        return np.asarray(y)
    except ValueError as error:  # rows of several lengths
        raise ValueError(f"y_val: expected an array of actions ({error})") from None


def _are_odd(actions: NDArray) -> NDArray[np.bool_]:
    """Tell which actions are missing or not finite."""
    if actions.dtype.kind == "f":
        return ~np.isfinite(actions)
    if actions.dtype.kind == "O":  # as pandas has texts, and what is missing of them
        odd = [value is None or value != value for value in actions.ravel()]
        return np.array(odd, dtype=bool).reshape(actions.shape)
    return np.zeros(actions.shape, dtype=bool)


def _check_numbers(actions: NDArray) -> None:
    try:
        actions.astype(np.float64)
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
