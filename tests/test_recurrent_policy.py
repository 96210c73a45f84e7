"""What acts of a recurrent cloner: step by step what predict gives for episodes."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from recall import recall
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from toy import PointEnv

from skimitate import (
    BehaviorCloningClassifier,
    RecurrentBehaviorCloner,
    RecurrentBehaviorCloningClassifier,
    as_policy,
    collect_rollouts,
)
from skimitate.policies import RecurrentPolicy

CELLS = ["gru", "lstm"]


def fitted(cell, estimator=RecurrentBehaviorCloner, **options):
    X, y, groups = recall(n_episodes=8)
    cloner = estimator(6, cell=cell, max_iter=3, random_state=0, **options)
    return cloner.fit(5 * X + 2, y, groups=groups)


@pytest.fixture(scope="module", params=CELLS)
def cloner(request):
    return fitted(request.param)


def acted(policy, X, groups):
    """The actions of one episode after the other."""
    actions = []
    for row, begins in enumerate(np.append(True, np.diff(groups) > 0)):
        if begins:
            policy.reset()
        actions.append(policy.act(X[row]))
    return np.array(actions)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 99))
def test_it_acts_as_predict_says(lengths, seed):
    X = np.random.default_rng(seed).normal(size=(sum(lengths), 2))
    groups = np.repeat(np.arange(len(lengths)), lengths)
    for one in CLONERS:
        actions = acted(as_policy(one), X, groups)[:, 0]
        predicted = one.predict(X, groups=groups)
        if isinstance(one, RecurrentBehaviorCloner):
            assert_allclose(actions, predicted, rtol=1e-7, atol=1e-12)
        else:
            assert_array_equal(actions, predicted)


CLONERS = [
    fitted(cell, estimator)
    for cell in CELLS
    for estimator in (RecurrentBehaviorCloner, RecurrentBehaviorCloningClassifier)
] + [
    fitted("gru", normalize=False),
    fitted("gru", hidden_layer_sizes=()),
    fitted("lstm", hidden_layer_sizes=(5, 4), activation="leaky_relu"),
]


def test_each_of_a_batch_has_its_own_state(cloner):
    X = np.random.default_rng(0).normal(size=(7, 3, 2))  # 7 steps of 3 episodes
    policy = as_policy(cloner)
    actions = np.array([policy.act(step) for step in X])
    assert actions.shape == (7, 3, 1)
    for episode in range(3):
        alone = acted(policy, X[:, episode], np.zeros(7))
        assert_allclose(actions[:, episode], alone, rtol=1e-7)


def test_another_number_of_episodes_without_a_reset_is_an_error(cloner):
    policy = as_policy(cloner)
    policy.act(np.zeros((3, 2)))
    message = r"expected a batch of 3, as before, got {}; reset\(\) begins others"
    with pytest.raises(ValueError, match=message.format("a batch of 2")):
        policy.act(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=message.format("one observation")):
        policy.act(np.zeros(2))
    policy.reset()
    first = policy.act(np.zeros(2))
    for wrong in (np.zeros(3), np.zeros((1, 2))):
        with pytest.raises(ValueError, match=r"^observation: expected"):
            policy.act(wrong)
    second = policy.act(np.ones(2))  # an error is no step
    assert_array_equal(
        acted(policy, np.array([[0, 0], [1, 1]]), [0, 0]), [first, second]
    )


@pytest.mark.parametrize("cell", CELLS)
def test_the_form_of_stable_baselines3_for_classes(cell):
    policy = as_policy(fitted(cell, RecurrentBehaviorCloningClassifier))
    X, _, groups = recall(n_episodes=3)
    state, actions = None, []
    for row, begins in zip(X, np.diff(groups, prepend=-1) > 0, strict=True):
        action, state = policy.predict(row, state, begins, deterministic=True)
        actions.append(action)
    assert_array_equal(actions, acted(policy, X, groups))
    policy.reset()
    first = policy.act(X[0])
    policy.predict(X[:4])  # which is no step of its own episode
    assert_array_equal([first, policy.act(X[1])], acted(policy, X[:2], [0, 0]))


def test_policies_without_a_state_have_no_such_form():
    X, y, _ = recall(n_episodes=3)
    model = BehaviorCloningClassifier((4,), max_iter=1).fit(X, y)
    assert not hasattr(as_policy(model), "predict")


def test_the_form_of_stable_baselines3(cloner):
    X = np.random.default_rng(0).normal(size=(6, 2, 2))
    policy = as_policy(cloner)
    begins = np.zeros((6, 2), dtype=bool)
    begins[0] = begins[2, 1] = True
    state, actions = None, []
    for step, start in zip(X, begins, strict=True):
        before = None if state is None else state.copy()
        action, after = policy.predict(step, state, start, deterministic=True)
        assert before is None or (before == state).all()
        state = after
        actions.append(action)
    actions = np.array(actions)
    assert_allclose(actions[:, 0], acted(policy, X[:, 0], np.zeros(6)), rtol=1e-7)
    groups = np.array([0, 0, 1, 1, 1, 1])
    assert_allclose(actions[:, 1], acted(policy, X[:, 1], groups), rtol=1e-7)


def test_a_wrapped_predict_acts_alike(cloner):
    """Anybody's predict(observation, state, episode_start) is a stateful actor."""

    class Model:
        predict = staticmethod(as_policy(cloner).predict)

    X = np.random.default_rng(0).normal(size=(5, 2))
    outer = as_policy(Model())
    assert_allclose(
        acted(outer, X, np.zeros(5)), acted(as_policy(cloner), X, np.zeros(5))
    )


@pytest.mark.parametrize("estimator_of", CLONERS)
def test_it_is_alone_and_can_be_pickled(estimator_of):
    policy = as_policy(estimator_of)
    assert policy.is_stateful
    assert (policy.n_features, policy.n_outputs) == (2, 1)
    assert as_policy(policy) is policy
    policy.act(np.ones(2))
    X = np.random.default_rng(0).normal(size=(4, 2))
    expected = acted(as_policy(estimator_of), X, np.zeros(4))
    copies = [assert_public_names(policy), copy.deepcopy(policy)]
    for other in copies:
        assert_array_equal(acted(other, X, np.zeros(4)), expected)
    assert b"torch" not in pickle.dumps(policy)


def test_rollouts_reset_it(empty_logs):
    X, y, groups = recall(n_episodes=8)
    y = np.stack([y, y], axis=1)
    cloner = RecurrentBehaviorCloner(4, max_iter=2, random_state=0)
    cloner.fit(X, y, groups=groups)
    rollouts = collect_rollouts(PointEnv, cloner, n_episodes=3, random_state=0)
    predicted = cloner.predict(rollouts.observations, groups=rollouts.episode_ids)
    assert len(rollouts) > 6
    assert_allclose(rollouts.actions, predicted, rtol=1e-7)


def test_it_keeps_its_function_when_training_goes_on(cloner):
    X, y, groups = recall(n_episodes=8)
    other = copy.deepcopy(cloner)
    policy = as_policy(other)
    before = acted(policy, X, groups)
    other.continue_fit(X, y, groups=groups, n_epochs=2)
    assert_array_equal(acted(policy, X, groups), before)
    assert not np.allclose(acted(as_policy(other), X, groups), before)


def test_what_was_not_fitted_does_not_act():
    with pytest.raises(NotFittedError, match="actor: expected a fitted estimator"):
        as_policy(RecurrentBehaviorCloner())


def test_a_subclass_with_a_predict_of_its_own_acts_by_it(cloner):
    class Shy(RecurrentBehaviorCloner):
        def predict(self, X, groups=None):
            return np.zeros((len(X), 1))

    X, y, groups = recall(n_episodes=4)
    shy = Shy(**clone(cloner).get_params()).fit(X, y, groups=groups)
    assert as_policy(shy).act(np.ones(2)) == 0.0


def changed(cell="gru", sizes=(2, 6, 3, 1), activation="tanh"):
    return {"architecture": (cell, sizes, activation)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (changed(cell="rnn"), r"cell: expected one of .* got 'rnn'"),
        (changed(activation="sine"), r"activation: expected one of .* got 'sine'"),
        (changed(sizes=(2, 0, 3, 1)), "architecture: expected three positive sizes"),
        (changed(sizes=(2, 1)), "architecture: expected three positive sizes or more"),
        (changed(sizes=(2, 6, 4, 1)), r"vectors: expected shape \(1, "),
        (changed(sizes=(2, 7, 3, 1)), r"vectors: expected shape \(1, "),
        ({"vectors": np.zeros((2, 205))}, r"vectors: expected shape \(1, 205\)"),
        ({"vectors": np.full((1, 205), np.nan)}, "expected finite numbers, got NaN"),
    ],
)
def test_arrays_that_make_no_policy(changes, message):
    policy = as_policy(fitted("gru", hidden_layer_sizes=(3,)))
    arguments = {
        "architecture": tuple(policy.architecture),
        "vectors": policy.vectors,
        "units": policy.units,
    }
    assert policy.vectors.shape == (1, 205)
    with pytest.raises(ValueError, match=message):
        RecurrentPolicy(**arguments | changes)
