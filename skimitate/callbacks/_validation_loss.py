"""Loss on data that training does not see, epoch by epoch."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._sklearn import ScoringMonitor
from skimitate.callbacks._loss import loss_on


class ValidationLoss:
    """Records the loss on held-out data while an estimator is fitted.

    It is what :func:`loss_on` returns.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Held-out observations.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The expert's actions for them.

    Attributes
    ----------
    callback : sklearn.callback.ScoringMonitor
        To be given to the estimator's ``set_callbacks``.
    """

    def __init__(self, X: ArrayLike, y: ArrayLike) -> None:
        self.callback = ScoringMonitor(scoring=_HeldOut(X, y))

    def history(self) -> list[dict[str, float]]:
        """Return the records of the last fit.

        Returns
        -------
        list of dict
            ``epoch``, the number of epochs trained (of rounds, where the learner does
            not count epochs through all of them), and ``loss``, one record for each
            epoch of a cloner, or for each round of DAgger.
        """
        rows = self.callback.get_logs().data
        return by_epoch([row for row in rows if row["task_name"] in ("epoch", "round")])


def by_epoch(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Return losses with the numbers of epochs that they are drawn by.

    Parameters
    ----------
    rows : sequence of mapping
        With ``loss`` and ``epoch``, which may be None.

    Returns
    -------
    list of dict
    """
    epochs = [row["epoch"] for row in rows]
    # What does not count its epochs, or anew in each round, is drawn by round.
    if None in epochs or any(b <= a for a, b in pairwise(epochs)):
        epochs = list(range(1, len(rows) + 1))
    return [
        {"epoch": epoch, "loss": row["loss"]}
        for epoch, row in zip(epochs, rows, strict=True)
    ]


class _HeldOut:
    """A scorer that leaves the training data that it is given alone."""

    def __init__(self, X: ArrayLike, y: ArrayLike) -> None:
        self.X = X  # a frame stays one: its names are those that were fitted
        self.y = np.asarray(y)

    def __call__(
        self, estimator: Any, X: NDArray, y: NDArray, **metadata: Any
    ) -> dict[str, float | None]:
        learner = getattr(estimator, "estimator_", estimator)
        return {
            "epoch": getattr(learner, "n_iter_", None),
            "loss": loss_on(estimator, self.X, self.y),
        }
