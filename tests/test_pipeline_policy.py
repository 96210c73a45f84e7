"""A pipeline whose last step remembers."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skimitate import BehaviorCloner, HistoryRegressor, as_policy
from skimitate.policies import ActorPolicy, HistoryPolicy, PipelinePolicy

RNG = np.random.default_rng(0)
X = RNG.normal(3.0, 2.0, size=(40, 2))
Y = np.tanh(X - np.roll(X, 1, axis=0))
GROUPS = np.repeat([0, 1, 2, 3], 10)
TOLD = {"historyregressor__groups": GROUPS}


def history(**options):
    return HistoryRegressor(LinearRegression(), 3, **options)


def acted(policy, X):
    actions = []
    for t, observation in enumerate(X):
        if t % 10 == 0:
            policy.reset()
        actions.append(policy.act(observation))
    return np.array(actions)


@pytest.mark.parametrize("actions", [False, True])
def test_it_acts_as_it_predicts(actions):
    pipeline = make_pipeline(StandardScaler(), history(actions=actions))
    pipeline.fit(X, Y, **TOLD)
    policy = as_policy(pipeline)
    assert isinstance(policy, PipelinePolicy)
    assert (policy.n_features, policy.n_outputs) == (2, 2)
    assert policy.is_stateful
    expected = pipeline.predict(X, groups=GROUPS)
    assert_allclose(acted(policy, X), expected, atol=1e-9)
    policy.reset()
    episodes = X.reshape(4, 10, 2)
    batches = [policy.act(episodes[:, t]) for t in range(10)]
    assert_allclose(np.stack(batches, axis=1).reshape(40, 2), expected, atol=1e-9)
    with pytest.raises(ValueError, match="batch of 4"):
        policy.act(X[0])


def test_the_form_of_stable_baselines3():
    pipeline = make_pipeline(StandardScaler(), history()).fit(X, Y, **TOLD)
    policy = as_policy(pipeline)
    state, actions = None, []
    for t, observation in enumerate(X):
        action, state = policy.predict(observation, state, [t % 10 == 0])
        actions.append(action)
    assert_allclose(actions, pipeline.predict(X, groups=GROUPS), atol=1e-9)
    batch, _ = policy.predict(X[:3])
    assert_allclose(batch, pipeline.predict(X[:3], groups=[0, 1, 2]), atol=1e-9)
    assert not hasattr(PipelinePolicy(StandardScaler(), Forgetful()), "predict")


class Forgetful:
    """A policy that has no such form."""


def test_pipelines_in_pipelines_and_widths_of_the_first_step():
    inner = make_pipeline(StandardScaler(), history())
    outer = make_pipeline(PolynomialFeatures(2), inner)
    outer.fit(X, Y, pipeline__historyregressor__groups=GROUPS)
    policy = as_policy(outer)
    assert (policy.n_features, policy.n_outputs) == (2, 2)
    assert_allclose(acted(policy, X), outer.predict(X, groups=GROUPS), atol=1e-9)


def test_a_learner_that_sees_one_column():
    selection = make_column_transformer(("passthrough", [1]))
    pipeline = make_pipeline(selection, history()).fit(X, Y, **TOLD)
    assert pipeline[-1].n_features_in_ == 1
    expected = pipeline.predict(X, groups=GROUPS)
    assert_allclose(acted(as_policy(pipeline), X), expected, atol=1e-9)


def test_names_of_a_frame_are_not_missed():
    frame = pd.DataFrame(X, columns=["a", "b"])
    pipeline = make_pipeline(StandardScaler(), history()).fit(frame, Y, **TOLD)
    expected = pipeline.predict(frame, groups=GROUPS)
    assert_allclose(acted(as_policy(pipeline), X), expected, atol=1e-9)
    scaler = StandardScaler().set_output(transform="pandas")
    pipeline = make_pipeline(scaler, history()).fit(frame, Y, **TOLD)
    assert list(pipeline[-1].feature_names_in_) == ["a", "b"]
    assert_allclose(acted(as_policy(pipeline), X), expected, atol=1e-9)


def test_alone_in_a_pipeline():
    pipeline = make_pipeline(history()).fit(X, Y, **TOLD)
    assert isinstance(as_policy(pipeline), HistoryPolicy)


def test_it_comes_back_from_a_pickle():
    pipeline = make_pipeline(StandardScaler(), history()).fit(X, Y, **TOLD)
    policy = as_policy(pipeline)
    expected = acted(policy, X)
    policy.act(X[3])
    assert_array_equal(acted(assert_public_names(policy), X), expected)
    assert as_policy(policy) is policy
    assert "StandardScaler" in repr(policy)


def test_pipelines_without_a_memory_act_as_ever():
    learner = BehaviorCloner((4,), max_iter=2)
    pipeline = make_pipeline(StandardScaler(), learner).fit(X, Y)
    policy = as_policy(pipeline)
    assert isinstance(policy, ActorPolicy)
    assert not policy.is_stateful
    assert_array_equal(policy.act(X), pipeline.predict(X))
    with pytest.raises(TypeError, match="act or predict"):
        as_policy(make_pipeline(StandardScaler(), "passthrough").fit(X))


def test_a_pipeline_that_acts_otherwise_acts_so():
    class Bold(Pipeline):
        def predict(self, X, **params):
            return 2.0 * super().predict(X, **params)

    pipeline = Bold([("scale", StandardScaler()), ("last", history())])
    pipeline.fit(X, Y, last__groups=GROUPS)
    assert_allclose(as_policy(pipeline).act(X[:3]), pipeline.predict(X[:3]))
