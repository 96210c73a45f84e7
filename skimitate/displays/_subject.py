"""Whose curves are drawn: the estimator inside of what is wrapped around it."""

from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted


def drawn_estimator(estimator: Any) -> Any:
    """Return the estimator that learnt, inside a search, a pipeline or another unit.

    Parameters
    ----------
    estimator : object
        Fitted or not.

    Returns
    -------
    object
        The estimator itself if nothing known is around it.
    """
    # Slow to import, and there already where there is such an estimator.
    from sklearn.pipeline import Pipeline

    if isinstance(estimator, Pipeline):
        return drawn_estimator(estimator.steps[-1][1])
    # Of a search, and of a TransformedTargetRegressor.
    for attribute in ("best_estimator_", "regressor_"):
        if hasattr(estimator, attribute):
            return drawn_estimator(getattr(estimator, attribute))
    return estimator


def is_unfitted(estimator: Any) -> bool:
    """Say whether something is an estimator that has not been fitted."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return True
    except TypeError:  # no estimator at all
        return False
    return False


def said_of(thing: Any) -> str:
    """Return what something is, for an error that says what came."""
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    return f"{type(thing).__name__}{' unfitted' if is_unfitted(thing) else ''}"
