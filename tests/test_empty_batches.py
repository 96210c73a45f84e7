"""Whoever acts on no observation at all gives no action, as wide as the others are."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerClassifier,
    DAggerRegressor,
    HistoryClassifier,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    RecurrentBehaviorCloningClassifier,
    as_policy,
    load_expert,
    per_observation,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = RNG.normal(size=(20, 2))
CLASSES = np.where(X[:, 0] > 0, "left", "right")
GROUPS = np.repeat([0, 1], 10)

REGRESSORS = [
    BehaviorCloner((4,), max_iter=1),
    RecurrentBehaviorCloner(4, max_iter=1),
    DAggerRegressor(BehaviorCloner((4,), max_iter=1)),
    DAggerRegressor(Ridge()),
    HistoryRegressor(BehaviorCloner((4,), max_iter=1), n_steps=2),
    HistoryRegressor(Ridge(), n_steps=2),
    make_pipeline(StandardScaler(), HistoryRegressor(Ridge(), n_steps=2)),
    make_pipeline(StandardScaler(), BehaviorCloner((4,), max_iter=1)),
    Ridge(),
]
CLASSIFIERS = [
    BehaviorCloningClassifier((4,), max_iter=1),
    RecurrentBehaviorCloningClassifier(4, max_iter=1),
    DAggerClassifier(BehaviorCloningClassifier((4,), max_iter=1)),
    DAggerClassifier(LogisticRegression()),
    HistoryClassifier(LogisticRegression(), n_steps=2),
    LogisticRegression(),
]


def name_of(estimator):
    return "".join(c for c in str(estimator) if c.isalpha())[:40]


def fit(estimator, y):
    """Fit, and tell episodes to whoever learns sequences."""
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not getattr(last, "learns_sequences", False):
        return estimator.fit(X, y)
    is_last = last is estimator
    name = "groups" if is_last else f"{type(last).__name__.lower()}__groups"
    return estimator.fit(X, y, **{name: GROUPS})


def no_action_of(acting, n_features=3):
    nothing = acting(np.empty((0, n_features)))
    if hasattr(acting.__self__, "reset"):
        acting.__self__.reset()
    one = acting(np.zeros((1, n_features)))
    assert_array_equal(nothing, one[:0])
    assert nothing.shape == (0, *one.shape[1:])
    assert nothing.dtype == one.dtype


@pytest.mark.parametrize("estimator", REGRESSORS, ids=name_of)
@pytest.mark.parametrize("y", [Y, Y[:, 0]], ids=["two", "one"])
def test_numbers(estimator, y):
    no_action_of(as_policy(fit(estimator, y)).act)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_of)
def test_classes(estimator):
    no_action_of(as_policy(fit(estimator, CLASSES)).act)


@pytest.mark.parametrize("learner", [Ridge(), BehaviorCloner((4,), max_iter=1)])
def test_the_act_of_dagger_itself(learner):
    for y in (Y, Y[:, 0]):
        no_action_of(DAggerRegressor(learner).fit(X, y).act)


def test_experts():
    no_action_of(as_policy(load_expert("Hopper-v5")).act, 11)
    no_action_of(as_policy(lambda observations: observations[:, :2]).act)
    no_action_of(as_policy(lambda observations: observations[:, 0]).act)


def test_a_function_of_one_observation_has_nothing_to_go_by():
    expert = per_observation(lambda observation: observation[:2])
    message = "^expected at least one observation, .*, got none"
    with pytest.raises(ValueError, match=message):
        as_policy(expert).act(np.empty((0, 3)))
