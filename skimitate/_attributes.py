"""What an estimator has learnt, given back if a fit fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.base import BaseEstimator


@contextmanager
def unchanged_on_error(estimator: BaseEstimator) -> Iterator[None]:
    """Give an estimator back the attributes it had if a fit fails."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        put_back(estimator, before)
        raise


def put_back(estimator: BaseEstimator, attributes: dict[str, Any]) -> None:
    """Give an estimator back the attributes it had.

    Attributes are put back, not what is inside of them. What scikit-learn's callbacks
    keep there during a fit is left to them.

    Parameters
    ----------
    estimator : BaseEstimator
        Whose fit failed.
    attributes : dict
        A copy of its ``vars`` from before.
    """
    after = vars(estimator)
    for name in list(after):
        if name not in attributes and not name.startswith(("_skl_", "_callback_")):
            del after[name]
    after.update(attributes)
