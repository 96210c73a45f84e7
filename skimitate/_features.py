"""Features: how many there are, what they are called, and what carries the names."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skimitate._sklearn import ADAPTERS_MANAGER


def in_container_of(estimator: BaseEstimator, X: Any, array: NDArray) -> Any:
    """Return an array as a data frame, with the fitted names, if X is one.

    Parameters
    ----------
    estimator : BaseEstimator
        Has seen X.
    X : array-like or None
        What the user gave.
    array : ndarray of shape (n_samples, n_features)
        Other samples of the same features.

    Returns
    -------
    ndarray or data frame
    """
    names = getattr(estimator, "feature_names_in_", None)
    return in_container(library_of(X), array, names)


def library_of(X: Any) -> str:
    """Return the name of the library that a container comes from."""
    return type(X).__module__.partition(".")[0]


def in_container(library: str, array: NDArray, names: Any) -> Any:
    """Return an array as a data frame of a library, if that has any.

    Parameters
    ----------
    library : str
        See :func:`library_of`.
    array : ndarray of shape (n_samples, n_features)
        What is in it.
    names : array-like of shape (n_features,) or None
        Of the columns; None for no data frame.

    Returns
    -------
    ndarray or data frame
    """
    adapter = ADAPTERS_MANAGER.adapters.get(library)
    if names is None or adapter is None:
        return array
    return adapter.create_container(array, None, np.asarray(names), inplace=False)


def check_same_features(
    estimator: BaseEstimator, other: BaseEstimator, name: str
) -> None:
    """Check that another fitted estimator knows features of equal number and names.

    Parameters
    ----------
    estimator, other : BaseEstimator
        Both fitted; names are compared where both have them.
    name : str
        The argument as which the other came.

    Raises
    ------
    ValueError
        If the features differ.
    """
    if estimator.n_features_in_ != other.n_features_in_:
        raise ValueError(
            f"{name}: expected {estimator.n_features_in_} features, "
            f"got {other.n_features_in_}"
        )
    names = getattr(estimator, "feature_names_in_", None)
    others = getattr(other, "feature_names_in_", None)
    if names is not None and others is not None and any(names != others):
        raise ValueError(
            f"{name}: expected the features {list(names)}, got {list(others)}"
        )
