"""Early stopping: which weights were the best so far, and when to give up."""

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skimitate.cloning._samples import Samples


def split_for_validation(
    samples: Samples, fraction: float, random_state: Any
) -> tuple[Samples, Samples]:
    """Set a part of the samples aside.

    Parameters
    ----------
    samples : Samples
        All there are.
    fraction : float
        Part of them to validate with.
    random_state : int, RandomState instance or None
        Determines which.

    Returns
    -------
    train, validation : Samples

    Raises
    ------
    ValueError
        If there are too few on one side, or all of one side weigh nothing.
    """
    n_samples = len(samples)
    n_validation = int(np.ceil(fraction * n_samples))
    if n_validation < 2 or n_validation >= n_samples:
        raise ValueError(
            f"validation_fraction: early stopping needs 2 samples to validate and 1 to "
            f"train, got {n_validation} and {n_samples - n_validation} ({fraction} of "
            f"{n_samples} samples)"
        )
    rows = train_test_split(
        np.arange(n_samples),
        test_size=n_validation,
        random_state=check_random_state(random_state),
    )
    train, validation = (samples.take(part) for part in rows)
    for part, use in ((train, "train on"), (validation, "validate with")):
        if part.weight is not None and not part.weight.any():
            raise ValueError(
                "sample_weight: expected positive weights on both sides of the split "
                f"that early stopping makes, got zeros alone for the {len(part)} "
                f"samples to {use} (validation_fraction={fraction} of {n_samples})"
            )
    return train, validation


class EarlyStopping:
    """Remembers the state of training that had the best score.

    Parameters
    ----------
    tol : float
        Improvement of the score that counts as one.
    n_iter_no_change : int
        Number of epochs without improvement after which to stop.

    Attributes
    ----------
    best_score : float
        The highest score.
    best : dict or None
        The state that had it.
    """

    def __init__(self, tol: float, n_iter_no_change: int) -> None:
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.best_score = -np.inf
        self.best: dict[str, Any] | None = None
        self._n_stale = 0

    def note(self, score: float, state: dict[str, Any]) -> bool:
        """Take a score and the state of training that it is of.

        Parameters
        ----------
        score : float
            Greater is better.
        state : dict
            From :meth:`Trainer.state`.

        Returns
        -------
        bool
            Whether to stop.
        """
        improved = score > self.best_score + self.tol
        self._n_stale = 0 if improved else self._n_stale + 1
        if score > self.best_score:
            self.best, self.best_score = state, score
        return self._n_stale >= self.n_iter_no_change
