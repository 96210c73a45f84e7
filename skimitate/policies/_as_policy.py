"""What acts of an object, alone."""

from collections.abc import Callable
from functools import singledispatch
from inspect import getattr_static
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skimitate._public import public
from skimitate.cloning._classes import Classes
from skimitate.cloning._classifier import BehaviorCloningClassifier
from skimitate.cloning._recurrent_classifier import (
    RecurrentBehaviorCloningClassifier,
)
from skimitate.cloning._recurrent_regressor import RecurrentBehaviorCloner
from skimitate.cloning._regressor import BehaviorCloner
from skimitate.cloning._units import Units
from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._recurrent_policy import RecurrentPolicy


class Policy(Protocol):
    """What acts: what :func:`as_policy` returns."""

    @property
    def n_features(self) -> int | None:
        """Number of observation dimensions, None where nobody knows."""

    @property
    def n_outputs(self) -> int | None:
        """Number of action dimensions, None where nobody knows."""

    @property
    def is_stateful(self) -> bool:
        """Whether it may remember what it saw earlier in an episode."""

    def act(self, observation: ArrayLike) -> NDArray:
        """Return an action, or the actions for a batch of observations."""

    def reset(self) -> None:
        """Begin an episode."""


_POLICIES = (NetworkPolicy, RecurrentPolicy, ClassPolicy, ActorPolicy)


@public
def as_policy(actor: Any, name: str = "actor") -> Policy:
    """Return what acts of an estimator, an expert or a policy, and nothing else.

    Of a fitted :class:`skimitate.DAggerRegressor` that is the policy it kept, without
    its expert and its environment; of a :class:`skimitate.BehaviorCloner` the network
    and its normalizer, without what training needs; of a fitted search the best
    estimator. It can be pickled where that can, and everything that acts in skimitate
    goes through here.

    Parameters
    ----------
    actor : callable or object with act or predict
        One of

        - a fitted estimator. One that remembers, as a
          :class:`skimitate.HistoryRegressor` does, can be the last step of a
          :class:`~sklearn.pipeline.Pipeline`, and be inside of a search or of DAgger,
          but of no other estimator;
        - a callable from a batch of observations (n, n_features) to a batch of actions
          (n, n_outputs), or an object with such an ``act`` or ``predict``. A
          ``reset()`` of its own is called at the start of each episode. One number for
          each observation is an action of one dimension, and for a batch of one the
          action alone will do;
        - a stable-baselines3 model. It acts deterministically; the state of a
          recurrent one, or of any ``predict(observation, state, episode_start)`` that
          gives an action and a state, is carried from step to step. One that was
          trained on Dict or other spaces is shown batches in their form, made of the
          rows of numbers by :func:`gymnasium.spaces.unflatten`; so is whatever has such
          an ``observation_space``;
        - a :class:`torch.nn.Module`, shown tensors of its own type, in evaluation mode;
        - what this function returned.
    name : str, default="actor"
        What the actor is called in errors.

    Returns
    -------
    policy
        With ``act(observation)``, from an observation (n_features,) or a batch
        (n, n_features) to an action (n_outputs,) or a batch (n, n_outputs), not
        clipped to any action space; ``reset()``; and the widths ``n_features`` and
        ``n_outputs``, None where nobody knows them. A policy with a state acts for
        one episode, or one batch of episodes, at a time.

    Raises
    ------
    TypeError
        If the object cannot act, or keeps an estimator inside of it from remembering.
    NotFittedError
        If it is an estimator that was not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import BehaviorCloner, as_policy
    >>> X = np.linspace(-1.0, 1.0, 100).reshape(50, 2)
    >>> policy = as_policy(BehaviorCloner(max_iter=5).fit(X, X.sum(axis=1)))
    >>> policy.n_features, policy.n_outputs, policy.act(X[0]).shape
    (2, 1, (1,))
    """
    if isinstance(actor, _POLICIES):
        return actor
    check_fitted(actor, name)
    try:
        return policy_of(actor)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def check_fitted(actor: Any, name: str) -> None:
    """Raise NotFittedError if an actor is an estimator that knows nothing."""
    if not (hasattr(actor, "fit") and hasattr(actor, "__sklearn_tags__")):
        return
    if isinstance(actor, type):
        return
    try:
        check_is_fitted(actor)
    except NotFittedError:
        raise NotFittedError(
            f"{name}: expected a fitted estimator, got {type(actor).__name__} unfitted"
        ) from None


@singledispatch
def policy_of(actor: Any) -> Policy:
    """Return what acts of an object; a class with luggage registers how to leave it.

    Parameters
    ----------
    actor : object
        Fitted, if it is an estimator.

    Returns
    -------
    policy

    Raises
    ------
    TypeError
        If it cannot act.
    """
    if not isinstance(actor, type) and hasattr(actor, "best_estimator_"):
        return as_policy(actor.best_estimator_)  # of a search, not all that it tried
    if hasattr(actor, "cv_results_"):
        raise TypeError(f"expected a search with refit=True, got {actor!r}")
    _check_passes_resets(actor)
    return ActorPolicy(actor)


def _check_passes_resets(actor: Any) -> None:
    """Raise if an estimator keeps one inside of it from remembering an episode."""
    if isinstance(actor, type) or not hasattr(actor, "__sklearn_tags__"):
        return
    parts = actor.get_params(deep=True).values() if hasattr(actor, "get_params") else ()
    for part in parts:
        if getattr(part, "learns_sequences", False) and not isinstance(part, type):
            outer, inner = type(actor).__name__, type(part).__name__
            swap = ""
            if hasattr(part, "estimator"):
                swap = f"put the {outer} inside of the {inner} instead, or "
            raise TypeError(
                f"expected an estimator that tells where episodes begin, got {outer} "
                f"around {inner}, which would remember nothing in it; {swap}use a "
                "Pipeline"
            )


def check_can_remember(learner: Any, name: str) -> None:
    """Raise if what a learner will be once it is fitted could not remember an episode.

    Parameters
    ----------
    learner : estimator
        Not fitted: the check is the one that :func:`as_policy` makes of a fitted one.
    name : str
        What the learner is called in errors.

    Raises
    ------
    TypeError
        If an estimator that does not tell of episodes is around one with a memory.
    """
    steps = getattr(learner, "steps", None)
    if steps:
        check_can_remember(steps[-1][1], name)
    elif hasattr(learner, "refit") or getattr(learner, "learns_sequences", False):
        # Of a search the best one acts, and with a memory what is inside of it.
        check_can_remember(getattr(learner, "estimator", None), name)
    elif policy_of.dispatch(type(learner)) is policy_of.dispatch(object):
        try:
            _check_passes_resets(learner)
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from None


def acts_otherwise(actor: Any, known: Any) -> bool:
    """Tell whether a subclass has an ``act``, ``predict`` or ``reset`` of its own."""
    if callable(getattr(actor, "reset", None)):
        return True
    # As they are written: what depends on a learner is another object at each look.
    found, expected = (
        [getattr_static(cls, name, None) for name in ("act", "predict")]
        for cls in (type(actor), known)
    )
    return any(own is not theirs for own, theirs in zip(found, expected, strict=True))


@policy_of.register
def _of_cloner(actor: BehaviorCloner) -> Policy:
    if acts_otherwise(actor, BehaviorCloner):
        return ActorPolicy(actor)
    return _network_policy(actor, _units(actor))


@policy_of.register
def _of_recurrent_cloner(actor: RecurrentBehaviorCloner) -> Policy:
    if acts_otherwise(actor, RecurrentBehaviorCloner):
        return ActorPolicy(actor)
    return _recurrent_policy(actor, _units(actor))


@policy_of.register
def _of_classifier(actor: BehaviorCloningClassifier) -> Policy:
    if acts_otherwise(actor, BehaviorCloningClassifier):
        return ActorPolicy(actor)
    return _class_policy(actor, _network_policy)


@policy_of.register
def _of_recurrent_classifier(actor: RecurrentBehaviorCloningClassifier) -> Policy:
    if acts_otherwise(actor, RecurrentBehaviorCloningClassifier):
        return ActorPolicy(actor)
    return _class_policy(actor, _recurrent_policy)


def _class_policy(cloner: Any, policy: Callable[[Any, Units], Policy]) -> Policy:
    classes = Classes.fitted(cloner.classes_)
    n_units = sum(classes.widths)
    units = _units(cloner, np.zeros(n_units), np.ones(n_units))
    return ClassPolicy(policy(cloner, units), classes.of_outputs)


def _network_policy(cloner: Any, units: Units) -> Policy:
    network = cloner.network_
    vectors = network.vectors.cpu().float().numpy()
    return NetworkPolicy(network.layer_sizes, network.activation, vectors, units)


def _recurrent_policy(cloner: Any, units: Units) -> Policy:
    network = cloner.network_
    vectors = network.vectors.cpu().float().numpy()
    return RecurrentPolicy(network.architecture, vectors, units)


def _units(
    cloner: Any, mean: NDArray | None = None, scale: NDArray | None = None
) -> Units:
    """Return the units of a cloner's network; those of its outputs may be given."""
    n_features, normalizer = cloner.n_features_in_, cloner.normalizer_
    shift, factor = np.zeros(n_features), np.ones(n_features)
    if normalizer is not None:
        shift, factor = normalizer.mean_, normalizer.scale_
    if mean is None or scale is None:
        mean, scale = cloner.action_mean_, cloner.action_scale_
    return Units(shift, factor, mean, scale)
