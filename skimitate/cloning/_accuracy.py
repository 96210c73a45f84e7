"""How many actions are right."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import accuracy_score

from skimitate._validation import naming


def exact_accuracy(
    y: ArrayLike, predicted: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Return the part of the rows that are right in all outputs.

    Parameters
    ----------
    y, predicted : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Classes, the true ones and others.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        What each row counts for.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the shapes differ.

    See Also
    --------
    sklearn.metrics.accuracy_score : The same for one output; refuses several.
    """
    columns = [np.asarray(array) for array in (y, predicted)]
    true, found = (array.reshape(len(array), -1) for array in columns)
    if true.shape != found.shape:
        raise ValueError(
            f"y: expected shape {columns[1].shape}, got {columns[0].shape}"
        )
    is_right = (true == found).all(axis=1)
    with naming("sample_weight"):
        return float(
            accuracy_score(
                np.ones_like(is_right), is_right, sample_weight=sample_weight
            )
        )
