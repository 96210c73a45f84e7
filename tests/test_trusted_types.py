"""Files of skops: every estimator comes back by the trusted types, and nothing else."""

import copy

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_array_equal
from saved import ESTIMATORS, MODELS, acting, classes, sample, with_callables
from skops.io.exceptions import UntrustedTypesFoundException

import skimitate as sk
from skimitate import TRUSTED_TYPES

GOES_ON = ["BehaviorCloner", "BehaviorCloningClassifier", "RunningNormalizer"]


def through_skops(model):
    return skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)


@pytest.mark.parametrize("kind", MODELS)
def test_what_was_saved_answers_the_same(kind):
    model = MODELS[kind]()
    found = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    assert set(found) <= set(TRUSTED_TYPES)
    assert_array_equal(acting(through_skops(model)), acting(model))


def test_no_public_estimator_is_forgotten():
    public = {name for name in sk.__all__ if hasattr(getattr(sk, name), "get_params")}
    assert public == set(ESTIMATORS)


@pytest.mark.parametrize("kind", GOES_ON)
def test_training_goes_on_as_it_would_have(kind):
    model = MODELS[kind]()
    data = classes() if kind.endswith("Classifier") else sample()
    again, on = through_skops(model), copy.deepcopy(model)
    again.partial_fit(*data)
    on.partial_fit(*data)
    assert_array_equal(acting(again), acting(on))
    assert not np.array_equal(acting(again), acting(model))


def test_a_run_of_dagger_is_fitted_anew_as_it_would_have_been():
    model = MODELS["DAggerRegressor"]()
    again = through_skops(model)
    assert again.history_ == model.history_
    assert_array_equal(acting(again.fit()), acting(model))


@pytest.mark.parametrize("kind", ["HistoryRegressor", "HistoryClassifier"])
def test_the_policy_of_a_history_remembers(kind):
    policy = sk.as_policy(MODELS[kind]())
    again = through_skops(policy)
    policy.reset()
    for observation in sample()[0][:3]:
        assert_array_equal(again.act(observation), policy.act(observation))


def test_a_pipeline_of_a_learner_with_a_memory_comes_back():
    from sklearn.pipeline import make_pipeline

    memory = MODELS["RecurrentBehaviorCloner"]()
    policy = sk.as_policy(make_pipeline(MODELS["RunningNormalizer"](), memory))
    assert_array_equal(acting(through_skops(policy)), acting(policy))


def test_anything_else_is_refused():
    content = skops.io.dumps(with_callables())
    with pytest.raises(UntrustedTypesFoundException, match="toy"):
        skops.io.loads(content, trusted=TRUSTED_TYPES)
    with pytest.raises(UntrustedTypesFoundException, match="BehaviorCloner"):
        skops.io.loads(skops.io.dumps(MODELS["BehaviorCloner"]()))


def test_what_is_trusted_is_no_function():
    for name in TRUSTED_TYPES:
        module, _, attribute = name.rpartition(".")
        assert isinstance(getattr(__import__(module, fromlist=["_"]), attribute), type)
