"""How a fitted learner goes on, whatever is wrapped around it."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from inspect import signature
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

# In this order: many passes by partial_fit would count the oldest samples over and
# over where statistics are running.
METHODS = ("continue_fit", "partial_fit")


class GoOn(Protocol):
    """Trains on, for a number of passes."""

    def __call__(self, X: NDArray, y: NDArray, n_epochs: int, **told: Any) -> None:
        """Pass over the samples.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Observations.
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Actions.
        n_epochs : int
            Number of passes.
        **told : dict
            What else is known: ``sample_weight``, which must reach the learner, and
            what its method is told if it takes that: ``groups``, for one.
        """


class Continuation(NamedTuple):
    """What goes on, and how.

    Parameters
    ----------
    estimator : object
        The estimator that learns, inside of what is wrapped around it.
    go_on : callable
        See :class:`GoOn`.
    """

    estimator: Any
    go_on: GoOn


def continuation(
    estimator: Any, methods: Iterable[str] = METHODS
) -> Continuation | None:
    """Return what lets a fitted estimator go on, or None if nothing does.

    An estimator goes on by its ``continue_fit(X, y, n_epochs=...)``, or else by its
    ``partial_fit``. One that is wrapped goes on by itself, and the transformers around
    it stay as the first fit left them: new statistics would change the function that
    was learnt.

    Parameters
    ----------
    estimator : object
        Fitted.
    methods : iterable of str, default=("continue_fit", "partial_fit")
        By which it may, the first that it has.

    Returns
    -------
    Continuation or None
    """
    for wrapper, unwrap in _wrappers().items():
        if isinstance(estimator, wrapper):
            return unwrap(estimator, methods)
    for name in methods:
        if hasattr(estimator, name):
            return Continuation(_within(estimator), _BY[name](estimator))
    return None


def _within(estimator: Any) -> Any:
    """Return what trains in an estimator that shows a learner its episodes."""
    if not getattr(estimator, "learns_sequences", False):
        return estimator
    found = continuation(getattr(estimator, "estimator_", None))
    return estimator if found is None else found.estimator


@cache
def _wrappers() -> dict[type, Callable[[Any, Iterable[str]], Continuation | None]]:
    """Return how estimators around another one let that go on, by their class."""
    # Not needed before the first round, and slow to import.
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import Pipeline

    return {Pipeline: _in_pipeline, TransformedTargetRegressor: _in_other_units}


def _by_continue_fit(estimator: Any) -> GoOn:
    def go_on(X: NDArray, y: NDArray, n_epochs: int, **told: Any) -> None:
        known = _known_to(estimator.continue_fit, told)
        estimator.continue_fit(X, y, n_epochs=n_epochs, **known)

    return go_on


def _by_partial_fit(estimator: Any) -> GoOn:
    def go_on(X: NDArray, y: NDArray, n_epochs: int, **told: Any) -> None:
        known = _known_to(estimator.partial_fit, told)
        for _ in range(n_epochs):
            estimator.partial_fit(X, y, **known)

    return go_on


_BY: dict[str, Callable[[Any], GoOn]] = {
    "continue_fit": _by_continue_fit,
    "partial_fit": _by_partial_fit,
}


def _known_to(method: Callable, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a method takes; weights must reach it, if there are any."""
    taken = {"sample_weight", *signature(method).parameters}
    return {name: value for name, value in told.items() if name in taken}


def _in_pipeline(pipeline: Any, methods: Iterable[str]) -> Continuation | None:
    """Let the last step of a pipeline go on."""
    inner = continuation(pipeline[-1], methods)
    if inner is None or len(pipeline) == 1:
        return inner

    def go_on(X: NDArray, y: NDArray, n_epochs: int, **told: Any) -> None:
        inner.go_on(pipeline[:-1].transform(X), y, n_epochs, **told)

    return inner._replace(go_on=go_on)


def _in_other_units(estimator: Any, methods: Iterable[str]) -> Continuation | None:
    """Let the regressor go on whose targets are transformed."""
    inner = continuation(estimator.regressor_, methods)
    if inner is None:
        return None

    def go_on(X: NDArray, y: NDArray, n_epochs: int, **told: Any) -> None:
        columns = y.reshape(len(y), -1)
        transformed = np.asarray(estimator.transformer_.transform(columns))
        if y.ndim == 1 and transformed.shape[1:] == (1,):
            transformed = transformed.ravel()
        inner.go_on(X, transformed, n_epochs, **told)

    return inner._replace(go_on=go_on)
