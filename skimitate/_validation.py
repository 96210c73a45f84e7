"""What is expected of arguments and arrays."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

from skimitate._sklearn import check_sample_weight

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def validate_observations(
    estimator: BaseEstimator, X: ArrayLike, *, reset: bool, **options: Any
) -> NDArray:
    """Return X as a finite float32 or float64 array of shape (n_samples, n_features).

    Parameters
    ----------
    estimator : BaseEstimator
        On whose behalf; learns the number and the names of the features when ``reset``,
        and holds X to them when not.
    X : array-like of shape (n_samples, n_features)
        Any real numbers; other types than float32 and float64 are converted to float64.
    reset : bool
        Whether X is the first that the estimator sees.
    **options
        Passed on to :func:`sklearn.utils.validation.validate_data`.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        X itself where nothing had to be converted or copied.

    Raises
    ------
    ValueError, TypeError
        If X is not two-dimensional, is empty, sparse, text or complex, has NaN or
        infinite values, or does not have the features that were fitted.
    """
    if not reset and _is_plain(estimator, X, **options):
        return cast(NDArray, X)
    with naming("X"):
        array = validate_data(estimator, X, reset=reset, dtype="numeric", **options)
        return _as_floats(array)


def _is_plain(
    estimator: BaseEstimator,
    X: object,
    ensure_all_finite: bool | str = True,
    force_writeable: bool = False,
) -> bool:
    """Tell at once of the usual array that nothing has to be done to it.

    scikit-learn's checks take 80 microseconds, as long as a control loop may have for
    an action. What is in doubt here goes through them.
    """
    return (
        type(X) is np.ndarray
        and X.dtype in _FLOATS
        and X.ndim == 2
        and X.shape[0] > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
        and (not force_writeable or X.flags.writeable)
        and (not ensure_all_finite or _sum_is_finite(X))
    )


def _sum_is_finite(X: NDArray) -> bool:
    """Tell quickly of most finite arrays that they are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(X.sum())


def validate_pairs(
    estimator: BaseEstimator, X: ArrayLike, y: ArrayLike, *, reset: bool, **options: Any
) -> tuple[NDArray, NDArray]:
    """Return observations and actions as finite float arrays of equal length.

    They are looked through whatever scikit-learn's ``assume_finite`` says: it is made
    for fast predictions, and one infinity would leave nothing of what is learned.

    Parameters
    ----------
    estimator : BaseEstimator
        On whose behalf; see :func:`validate_observations`.
    X : array-like of shape (n_samples, n_features)
        Observations.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Actions.
    reset : bool
        Whether X is the first that the estimator sees.
    **options
        For X, as those of :func:`validate_observations`.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float32 or float64
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs), float32 or float64

    Raises
    ------
    ValueError, TypeError
        If X or y are not as described, or differ in length.
    """
    with config_context(assume_finite=False):
        observations = _validate_beside_targets(estimator, X, y, reset, options)
        actions = validate_actions(y)
    with naming("X and y"):
        check_consistent_length(observations, actions)
    return observations, actions


def validate_labelled(
    estimator: BaseEstimator, X: ArrayLike, y: ArrayLike, *, reset: bool, **options: Any
) -> tuple[NDArray, NDArray]:
    """Return observations, and actions that are classes: numbers, strings or bools.

    Parameters
    ----------
    estimator, X, reset, **options
        See :func:`validate_pairs`.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Classes.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float32 or float64
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Of any type that can be sorted.

    Raises
    ------
    ValueError, TypeError
        If X or y are not as described, or differ in length.
    """
    with config_context(assume_finite=False):
        observations = _validate_beside_targets(estimator, X, y, reset, options)
        labels = validate_labels(y)
    with naming("X and y"):
        check_consistent_length(observations, labels)
    return observations, labels


def _validate_beside_targets(
    estimator: BaseEstimator, X: ArrayLike, y: ArrayLike, reset: bool, options: Any
) -> NDArray:
    """Check that there are targets, and the observations."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None"
        )
    return validate_observations(estimator, X, reset=reset, **options)


def validate_actions(y: ArrayLike, name: str = "y") -> NDArray:
    """Return actions that are numbers as a finite float array.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Actions.
    name : str, default="y"
        What errors call them.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_outputs), float32 or float64

    Raises
    ------
    ValueError, TypeError
        If they are not as described.
    """
    with config_context(assume_finite=False), naming(name):
        actions = check_array(
            y, ensure_2d=False, allow_nd=True, dtype="numeric", input_name=name
        )
        actions = _as_floats(actions)
    _check_outputs(actions, name)
    return actions


def validate_labels(y: ArrayLike, name: str = "y") -> NDArray:
    """Return actions that are classes: numbers, strings or bools.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Classes.
    name : str, default="y"
        What errors call them.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Of any type that can be sorted.

    Raises
    ------
    ValueError, TypeError
        If they are not as described.
    """
    with config_context(assume_finite=False), naming(name):
        labels = check_array(
            y, ensure_2d=False, allow_nd=True, dtype=None, input_name=name
        )
        if labels.dtype == object:
            _check_one_kind(labels, name)
        if labels.ndim <= 2:
            check_classification_targets(labels)
    _check_outputs(labels, name)
    return labels


def _check_one_kind(labels: NDArray, name: str) -> None:
    """Raise if some labels are missing, or strings are among others."""
    flat = labels.ravel()
    missing = [label is None for label in flat]
    if any(missing):
        row = int(np.unravel_index(missing.index(True), labels.shape)[0])
        raise ValueError(f"{name}: expected a class in each row, got None in row {row}")
    are_text = [isinstance(label, str) for label in flat]
    if any(are_text) and not all(are_text):
        text, other = flat[are_text.index(True)], flat[are_text.index(False)]
        raise ValueError(
            f"{name}: expected classes of one kind, all strings or all numbers, got "
            f"{text!r} and {other!r}"
        )


def _check_outputs(targets: NDArray, name: str) -> None:
    if targets.ndim not in (1, 2) or 0 in targets.shape:
        raise ValueError(
            f"{name}: expected shape (n_samples,) or (n_samples, n_outputs) with at "
            f"least one output, got {targets.shape}"
        )


def check_weights(
    sample_weight: ArrayLike | None, X: NDArray
) -> NDArray[np.float64] | None:
    """Return the weights as a float64 array of shape (n_samples,), or None for None.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
        Non-negative weights, not all zero; a number stands for that weight each.
    X : ndarray of shape (n_samples, n_features)
        The weighted samples.

    Returns
    -------
    ndarray of shape (n_samples,) or None

    Raises
    ------
    ValueError
        If the weights are negative, all zero, not finite (whatever scikit-learn's
        ``assume_finite`` says), or not one a sample.
    """
    if sample_weight is None:
        return None
    with naming("sample_weight"), config_context(assume_finite=False):
        weights = check_sample_weight(
            sample_weight,
            X,
            dtype=np.float64,
            ensure_non_negative=True,
            allow_all_zero_weights=False,
        )
    return np.ascontiguousarray(weights)


def _as_floats(array: NDArray) -> NDArray:
    """Convert an array of any other type than float32 and float64 to float64."""
    if array.dtype in _FLOATS:
        return array
    if array.dtype.kind not in "fiub":
        raise ValueError(f"expected an array of numbers, got dtype {array.dtype}")
    return array.astype(np.float64)


@contextmanager
def naming(name: str, *, instead_of: str | None = None) -> Iterator[None]:
    """Put the name of an argument into those messages that leave it out.

    Parameters
    ----------
    name : str
        Put before a message in which it does not occur.
    instead_of : str or None, default=None
        What the message calls the argument.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        message = str(error)
        if instead_of is not None:
            message = re.sub(rf"\b{instead_of}\b", name, message)
        if not re.search(rf"\b{name}\b", message):
            message = f"{name}: {message}"
        if message == str(error):
            raise
        raise type(error)(message) from None


def all_finite(vector: NDArray) -> bool:
    """Tell whether a vector is finite; its square is cheaper to look at than itself."""
    return math.isfinite(vector.dot(vector)) or bool(np.isfinite(vector).all())


def check_count(name: str, value: Any, *, optional: bool = False) -> None:
    """Raise if a parameter is no positive integer (or None, where that is optional)."""
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: expected a positive integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name}: expected a positive integer, got {value}")
