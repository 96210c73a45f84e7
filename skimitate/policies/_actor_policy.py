"""A policy of anything that can act: callables, and objects with act or predict."""

import warnings
from collections.abc import Callable
from functools import partial
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier

from skimitate.policies._actions import ShapeError, StepError, as_batch, as_classes
from skimitate.policies._declared_space import (
    declared_space,
    in_the_form_of,
    width_of,
)
from skimitate.policies._per_observation import PerObservation
from skimitate.policies._recurrent import Recurrent, is_recurrent
from skimitate.policies._torch_module import TorchModule, is_torch_module

Ask = Callable[[NDArray], Any]


class ActorPolicy:
    """What acts of a callable, or of an object with act or predict.

    Parameters
    ----------
    actor : callable or object with act or predict
        From a batch of observations to a batch of actions; see
        :func:`skimitate.as_policy`.
    mean_return : float or None, default=None
        What an episode of it earns on average, if that was measured.

    Attributes
    ----------
    n_features, n_outputs : int or None
        Number of observation and of action dimensions, where the actor tells.

    Raises
    ------
    TypeError
        If the object is none of these.
    """

    def __init__(self, actor: Any, mean_return: float | None = None) -> None:
        self.actor = actor
        self.mean_return = mean_return
        self.n_features = _width(actor, ("n_features", "n_features_in_"), "observation")
        self.n_outputs = _width(actor, ("n_outputs", "n_outputs_"), "action")
        self._ask = _how_to_ask(actor)
        self._read = as_classes if _gives_classes(actor) else as_batch

    def act(self, observation: ArrayLike) -> NDArray:
        """Return the action for an observation, or those for a batch.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            In the units of the environment. The actor is shown a copy, as a batch.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)
            Of a classifier its classes, else numbers.

        Raises
        ------
        ValueError
            If the actor raises, or gives something else than actions.
        """
        observations = np.asarray(observation)
        batch = np.atleast_2d(observations)
        if not len(batch) and hasattr(self.actor, "__sklearn_tags__"):
            # scikit-learn's estimators refuse to predict nothing: of one row, none.
            row = np.zeros((1, batch.shape[1]))
            return self.answer(row, partial(self._read, n=1))[:0]
        actions = self.answer(batch, partial(self._read, n=len(batch)))
        return actions[0] if observations.ndim == 1 else actions

    __call__ = act

    def answer(self, batch: NDArray, read: Callable[[Any], NDArray]) -> NDArray:
        """Return what the actor says to a batch, whatever that may be.

        Parameters
        ----------
        batch : ndarray of shape (n, n_features)
            Observations. The actor is shown a copy.
        read : callable
            From its answer to an array.

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError
            If the actor raises, or ``read`` does.
        """
        try:
            # A copy: an actor that works in place must not change what is kept.
            return read(self._ask(np.array(batch)))
        except ShapeError as error:
            raise StepError(f"{error}{self.hint(batch)}") from error.__cause__
        except StepError as error:
            # Of the right shape: it knows what a batch is.
            raise StepError(
                f"{error}{self._shown(batch)}", error.row
            ) from error.__cause__
        except Exception as error:
            raise StepError(f"raised {error!r}{self.hint(batch)}") from error

    @property
    def source(self) -> Any:
        """The actor itself, without what shows it one observation at a time."""
        wrapped = isinstance(self.actor, PerObservation)
        return self.actor.fn if wrapped else self.actor

    @property
    def is_stateful(self) -> bool:
        """Whether it may remember what it saw earlier in an episode."""
        if callable(getattr(self.source, "reset", None)):
            return True
        return isinstance(self._ask, Recurrent) and is_recurrent(self.actor)

    @property
    def can_restart(self) -> bool:
        """Whether it takes :meth:`restart`, as one with a ``reset()`` alone cannot."""
        return isinstance(self._ask, Recurrent) and self._ask.takes_start

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """Begin some episodes of those that it acts in side by side.

        Parameters
        ----------
        rows : ndarray of shape (n,), bool
            Which rows of the batches that follow begin with the next one.
        """
        assert isinstance(self._ask, Recurrent)
        self._ask.restart(rows)

    def reset(self) -> None:
        """Begin an episode: forget what was remembered of the last one."""
        if isinstance(self._ask, Recurrent):
            self._ask.forget()
        reset = getattr(self.actor, "reset", None)
        if callable(reset):
            reset()

    def hint(self, batch: NDArray) -> str:
        """Return what to add to an error that may come of having seen a batch."""
        shown = self._shown(batch)
        if isinstance(self.actor, PerObservation):
            return shown
        if hasattr(self.actor, "act") or hasattr(self.actor, "predict"):
            return shown
        return (
            f"{shown} (for a function of one observation, give "
            "skimitate.per_observation(fn))"
        )

    def _shown(self, batch: NDArray) -> str:
        if isinstance(self.actor, PerObservation):
            return f" when shown an observation of shape {batch.shape[1:]}"
        return f" when shown a batch of shape {batch.shape}"

    def __reduce__(self) -> tuple[Any, ...]:
        # How to ask is found out anew; a state within an episode is not kept.
        return ActorPolicy, (self.actor, self.mean_return)

    def __repr__(self) -> str:
        return f"as_policy({self.actor!r})"


def _how_to_ask(actor: Any) -> Ask:
    """Return the function from a batch of observations to what the actor answers."""
    if isinstance(actor, type):
        raise TypeError(f"{_UNFIT.format(actor)}: give an instance of it")
    space = declared_space(actor)
    for name in ("act", "predict"):
        method = getattr(actor, name, None)
        if callable(method):
            ask = _how_to_call(method, space)
            named = getattr(actor, "feature_names_in_", None) is not None
            return _unnamed(ask) if named and name == "predict" else ask
    if is_torch_module(actor):
        return TorchModule(actor)
    if not callable(actor):
        raise TypeError(_UNFIT.format(actor))
    return _how_to_call(actor, space)


_UNFIT = "expected a callable or an object with act or predict, got {!r}"


def _gives_classes(actor: Any) -> bool:
    """Tell whether it is a fitted classifier, whose answers may be names."""
    is_estimator = hasattr(actor, "__sklearn_tags__") and not hasattr(actor, "act")
    return is_estimator and is_classifier(actor)


def _how_to_call(method: Callable, space: Any | None) -> Ask:
    try:
        # The first one is the observation, whatever it is called.
        parameters = list(signature(method).parameters.values())[1:]
    except (TypeError, ValueError):  # some compiled functions have no signature
        parameters = []
    if space is not None:
        method = in_the_form_of(space, method)
    defaults = {parameter.name: parameter.default for parameter in parameters}
    options = {}
    if "deterministic" in defaults:
        # Otherwise that of a stable-baselines3 model draws, from a generator that no
        # seed of an episode reaches; and an expert's label is its action, not a draw.
        options["deterministic"] = True
    if defaults.get("state", 0) in (None, Parameter.empty):
        return Recurrent(method, options, "episode_start" in defaults)
    return (lambda batch: method(batch, **options)) if options else method


def _unnamed(ask: Ask) -> Ask:
    """Return a function that asks who was fitted to a DataFrame.

    An environment has no names for what it shows: there is nothing to warn of.
    """

    def ask_quietly(batch: NDArray) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "X does not have valid feature names")
            return ask(batch)

    return ask_quietly


def _width(actor: Any, names: tuple[str, ...], space: str) -> int | None:
    """Return a number of dimensions, if the actor knows it."""
    for name in names:
        width = getattr(actor, name, None)
        if isinstance(width, (int, np.integer)):
            return int(width)
    declared = declared_space(actor) if space == "observation" else None
    if declared is not None:
        return width_of(declared)
    shape = getattr(getattr(actor, f"{space}_space", None), "shape", None)
    return shape[0] if isinstance(shape, tuple) and len(shape) == 1 else None
