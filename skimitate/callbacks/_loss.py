"""The loss of a policy on data that it is not trained on."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier

from skimitate.cloning._accuracy import exact_accuracy

# As scikit-learn's log_loss has it: a class that was never met costs 36.
_LEAST = float(np.finfo(np.float64).eps)


def loss_on(estimator: Any, X: ArrayLike, y: NDArray) -> float:
    """Return how wrong an estimator is.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Observations, as it takes them.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The expert's actions for them.

    Returns
    -------
    float
        The mean squared error of numbers. Of classes the mean cross-entropy, of all
        outputs together, or the part of the rows that are wrong if the estimator knows
        no probabilities.
    """
    if not is_classifier(estimator):
        numbers = y.astype(np.float64)
        predicted = np.asarray(estimator.predict(X)).reshape(y.shape)
        return float(np.mean((predicted - numbers) ** 2))
    if hasattr(estimator, "predict_proba"):
        return _cross_entropy(estimator, X, y)
    return 1.0 - exact_accuracy(y, np.asarray(estimator.predict(X)).reshape(y.shape))


def _cross_entropy(estimator: Any, X: ArrayLike, y: NDArray) -> float:
    answer, classes = estimator.predict_proba(X), estimator.classes_
    of_outputs = answer if isinstance(answer, list) else [answer]
    known = classes if isinstance(classes, list) else [classes]
    columns = y.reshape(len(y), -1).T
    total = 0.0
    for column, those, given in zip(columns, known, of_outputs, strict=True):
        at = np.minimum(np.searchsorted(those, column), len(those) - 1)
        was_met = those[at] == column
        probability = np.where(was_met, given[np.arange(len(y)), at], 0.0)
        total -= float(np.mean(np.log(np.maximum(probability, _LEAST))))
    return total
