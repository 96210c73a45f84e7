"""Saved objects name public classes alone, so that rooms can still move."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pickles import assert_public_names
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from toy import PointEnv, expert

import skimitate
from skimitate import BehaviorCloner, DAggerRegressor, RunningNormalizer

X = np.random.default_rng(0).normal(size=(60, 2))


def fitted(**options):
    return BehaviorCloner(max_iter=2, random_state=0, **options).fit(X, expert(X))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalize": False},
        {"backend": "torch"},
        {"ema_decay": None},
        {"n_networks": 2},
    ],
)
def test_a_cloner_comes_back_and_goes_on(options):
    cloner = fitted(**options)
    for again in (assert_public_names(cloner), copy.copy(cloner)):
        assert_array_equal(again.predict(X), cloner.predict(X))
        again.partial_fit(X, expert(X))
    on = copy.deepcopy(cloner).partial_fit(X, expert(X))
    assert_array_equal(again.predict(X), on.predict(X))
    assert not np.array_equal(on.predict(X), cloner.predict(X))


def test_what_is_wrapped_around_a_cloner_comes_back():
    inner = TransformedTargetRegressor(fitted(), transformer=RunningNormalizer())
    pipeline = make_pipeline(RunningNormalizer(), inner).fit(X, expert(X))
    assert_array_equal(assert_public_names(pipeline).predict(X), pipeline.predict(X))


def test_dagger_comes_back():
    dagger = DAggerRegressor(
        fitted(), PointEnv, expert, n_rounds=1, n_epochs_per_round=1, random_state=0
    ).fit()
    again = assert_public_names(dagger)
    assert_array_equal(again.predict(X), dagger.predict(X))
    assert again.history_ == dagger.history_


def test_an_unfitted_cloner_is_its_parameters():
    again = assert_public_names(BehaviorCloner((7,), alpha=1.0))
    assert again.get_params() == BehaviorCloner((7,), alpha=1.0).get_params()


NAMES = [name for name in skimitate.__all__ if not name.isupper()]  # no constants


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_pickled_as_such(name):
    public = getattr(skimitate, name)
    assert assert_public_names(public) is public


def test_dagger_keeps_a_bundled_expert():
    dagger = DAggerRegressor(expert=skimitate.load_expert("Reacher-v5"))
    expert = assert_public_names(dagger).expert
    assert_array_equal(expert(np.ones((1, 10))), dagger.expert(np.ones((1, 10))))


def test_a_model_of_another_device_loads_where_there_is_none():
    cloner = fitted()
    state = cloner.__getstate__()
    state["_trainer"]["settings"] |= {"device": "cuda:7", "backend": "torch"}
    again = BehaviorCloner.__new__(BehaviorCloner)
    again.__setstate__(state)
    assert_array_equal(again.predict(X), cloner.predict(X))
    again.partial_fit(X, expert(X))
