"""What acts of a history: it remembers, each episode for itself."""

import copy

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.tree import DecisionTreeClassifier

from skimitate import (
    BehaviorCloner,
    HistoryClassifier,
    HistoryRegressor,
    as_policy,
    collect_rollouts,
    evaluate_policy,
)
from skimitate.policies import HistoryPolicy


def episodes_of(lengths):
    return np.repeat(np.arange(len(lengths)), lengths)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = np.tanh(X + np.roll(X, 1, axis=0))
LABELS = np.stack([X[:, 0] + X[:, 1] > 0, X[:, 1] > 1.0], axis=1).astype(int)
GROUPS = episodes_of([20] * 3)


def cloner():
    return BehaviorCloner((6,), max_iter=2, random_state=0)


def fitted(kind, n_steps, actions):
    """A history of each kind of learner and of actions."""
    learner, y = {
        "cloner": (cloner(), Y),
        "one action": (LinearRegression(), Y[:, 0]),
        "one class": (DecisionTreeClassifier(random_state=0), LABELS[:, 0] - 3),
        "classes": (DecisionTreeClassifier(random_state=0), LABELS),
    }[kind]
    wrap = HistoryClassifier if "class" in kind else HistoryRegressor
    return wrap(learner, n_steps, actions=actions).fit(X, y, groups=GROUPS)


KINDS = ["cloner", "one action", "one class", "classes"]


def as_columns(actions, n):
    return np.asarray(actions, dtype=float).reshape(n, -1)


@settings(max_examples=20)
@given(
    kind=st.sampled_from(KINDS),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    n_steps=st.integers(1, 4),
    actions=st.booleans(),
    seed=st.integers(0, 3),
)
def test_it_acts_as_it_predicts(kind, lengths, n_steps, actions, seed):
    model = fitted(kind, n_steps, actions)
    groups = episodes_of(lengths)
    n = len(groups)
    observations = np.random.default_rng(seed).normal(size=(n, 2))
    expected = as_columns(model.predict(observations, groups=groups), n)
    policy = as_policy(model)
    acted, handed = np.empty_like(expected), np.empty_like(expected)
    state = None
    for t in range(n):
        begins = t == 0 or groups[t] != groups[t - 1]
        if begins:
            policy.reset()
        acted[t] = policy.act(observations[t])
        handed[t], state = policy.predict(observations[t], state, [begins])
    assert_allclose(acted, expected, rtol=1e-7, atol=1e-9)
    assert_allclose(handed, expected, rtol=1e-7, atol=1e-9)


@given(kind=st.sampled_from(KINDS), n_steps=st.integers(1, 3), actions=st.booleans())
def test_a_batch_of_episodes_is_remembered_apart(kind, n_steps, actions):
    model = fitted(kind, n_steps, actions)
    observations = np.random.default_rng(1).normal(size=(3, 5, 2))
    expected = model.predict(observations.reshape(15, 2), groups=episodes_of([5] * 3))
    expected = as_columns(expected, 15).reshape(3, 5, -1)
    policy = as_policy(model)
    policy.reset()
    acted = np.stack([policy.act(observations[:, t]) for t in range(5)], axis=1)
    assert_allclose(acted, expected, rtol=1e-7, atol=1e-9)
    # The second one begins anew, and the others go on.
    state = None
    for t in range(4):
        at_once, state = policy.predict(
            observations[:, t], state, [False, t == 2, False]
        )
    alone = model.predict(observations[1, 2:4], groups=[0, 0])
    assert_allclose(as_columns(alone, 2)[-1], at_once[1], rtol=1e-7, atol=1e-9)
    assert_allclose(at_once[[0, 2]], expected[[0, 2], 3], rtol=1e-7, atol=1e-9)


def test_what_it_is():
    policy = as_policy(fitted("cloner", 3, True))
    assert isinstance(policy, HistoryPolicy)
    assert (policy.n_features, policy.n_outputs, policy.n_steps) == (2, 2, 3)
    assert policy.is_stateful
    assert as_policy(policy) is policy
    assert "n_steps=3" in repr(policy)
    assert policy.act(X[0]).shape == (2,)
    assert_array_equal(policy(X[1]), as_policy_after(X[:1], policy)(X[1]))


def as_policy_after(observations, policy):
    """The same policy, that has seen some observations."""
    again = copy.deepcopy(policy)
    for observation in observations:
        again.act(observation)
    return again


@pytest.mark.parametrize("kind", KINDS)
def test_it_comes_back_from_a_pickle_at_the_start_of_an_episode(kind):
    model = fitted(kind, 2, True)
    policy = as_policy(model)
    first = policy.act(X[0])
    policy.act(X[1])
    again = assert_public_names(policy)
    assert_array_equal(again.act(X[0]), first)
    assert not hasattr(again, "estimator_")
    restored = assert_public_names(model)
    assert_array_equal(restored.predict(X, GROUPS), model.predict(X, GROUPS))


def test_other_episodes_need_a_reset():
    policy = as_policy(fitted("cloner", 2, False))
    policy.act(X[:3])
    with pytest.raises(ValueError, match=r"expected a batch of 3, .* got 2 \(reset"):
        policy.act(X[:2])
    with pytest.raises(ValueError, match=r"batch of 3, .* got 1"):
        policy.act(X[0])
    policy.reset()
    policy.act(X[:2])
    with pytest.raises(ValueError, match=r"expected shape \(2,\) or \(n, 2\), got \(3"):
        policy.act(np.zeros(3))
    with pytest.raises(ValueError, match=r"state: expected shape \(2, 4\), got \(3, 4"):
        policy.predict(X[:2], np.zeros((3, 4)))


def test_what_another_one_did_is_remembered():
    model = fitted("one class", 1, True)
    done = np.tile([-3, -2, -2], 20)
    expected = model.predict(X, groups=GROUPS, actions=done)
    policy = as_policy(model)
    with pytest.raises(ValueError, match="expected a step before it"):
        policy.did([-3])
    acted = []
    for t, observation in enumerate(X):
        if t % 20 == 0:
            policy.reset()
        acted.append(policy.act(observation)[0])
        policy.did(done[t])
    assert_array_equal(acted, expected)


def test_what_another_one_did_may_be_of_a_class_that_is_new():
    class Shown:
        n_features, n_outputs = None, 2

        def act(self, observation):
            self.row = observation.copy()
            return np.array([1, 0])

        def reset(self):
            pass

    policy = HistoryPolicy(Shown(), 1, 2, 2, [np.array([0, 1]), np.array([0, 1])])
    policy.act(X[0])
    policy.did([0, 7])
    policy.act(X[1])
    assert_array_equal(policy.policy.row, [*X[1], 1, 0, 0, 0])
    policy.act(X[2])
    assert_array_equal(policy.policy.row, [*X[2], 0, 1, 1, 0])


def test_an_observation_that_is_changed_in_place_is_remembered_as_it_was():
    policy = as_policy(fitted("cloner", 3, False))
    expected = [policy.act(x) for x in X[:5]]
    policy.reset()
    shown = np.empty(2)
    for observation, action in zip(X[:5], expected, strict=True):
        shown[:] = observation
        assert_array_equal(policy.act(shown), action)


class Sliding(gymnasium.Env):
    """A point that slides on: only its place is shown, and it is to come to rest."""

    observation_space = Box(-np.inf, np.inf, (1,), dtype=np.float64)
    action_space = Box(-1.0, 1.0, (1,), dtype=np.float64)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        self.place, self.speed = self.np_random.uniform(-1, 1, size=2)
        return np.array([self.place]), {}

    def step(self, action):
        self.speed += 0.3 * float(action[0])
        self.place += 0.3 * self.speed
        self.t += 1
        reward = -abs(self.place) - abs(self.speed)
        return np.array([self.place]), reward, False, self.t >= 40, {}


class Knowing:
    """Knows the speed, from what it saw before."""

    def reset(self):
        self.before = None

    def __call__(self, observations):
        before = observations if self.before is None else self.before
        self.before = observations.copy()
        return -observations - 1.5 * (observations - before) / 0.3


@pytest.fixture(scope="module")
def slides():
    return collect_rollouts(Sliding, Knowing(), n_episodes=10, random_state=0)


@pytest.mark.parametrize("actions", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_in_a_closed_loop(slides, actions):
    y = slides.actions
    groups = slides.episode_ids
    plain, stacked = (
        HistoryRegressor(LinearRegression(), n, actions=actions).fit(
            slides.observations, y, groups=groups
        )
        for n in (1, 2)
    )
    options = {"n_episodes": 10, "random_state": 1}
    expert = evaluate_policy(Sliding, Knowing(), **options)
    returns = evaluate_policy(Sliding, stacked, **options)
    assert_allclose(returns, expert, rtol=0.02)
    if not actions:
        assert evaluate_policy(Sliding, plain, **options).mean() < 2 * expert.mean()
    rollouts = collect_rollouts(Sliding, stacked, **options)
    predicted = stacked.predict(rollouts.observations, groups=rollouts.episode_ids)
    assert_allclose(predicted, rollouts.actions, rtol=1e-6, atol=1e-9)


def test_threads_do_not_share_a_memory(slides):
    model = HistoryRegressor(LinearRegression(), 2).fit(
        slides.observations, slides.actions, groups=slides.episode_ids
    )
    options = {"n_episodes": 6, "random_state": 1}
    alone = evaluate_policy(Sliding, model, **options)
    with parallel_config("threading"):
        together = evaluate_policy(Sliding, model, n_jobs=3, **options)
    assert_array_equal(together, alone)


@pytest.mark.parametrize("wrapper", [TransformedTargetRegressor, MultiOutputRegressor])
def test_who_would_keep_it_from_remembering_is_refused(wrapper):
    model = wrapper(HistoryRegressor(LinearRegression(), 2))
    model.fit(X, Y, groups=GROUPS)
    message = f"actor: .* got {wrapper.__name__} around HistoryRegressor, .* nothing"
    with pytest.raises(TypeError, match=message):
        as_policy(model)


def test_a_subclass_that_acts_otherwise_acts_so():
    class Bold(HistoryRegressor):
        def predict(self, X, groups=None, actions=None):
            return 2.0 * super().predict(X, groups, actions)

    model = Bold(LinearRegression(), 2).fit(X, Y, groups=GROUPS)
    assert_allclose(as_policy(model).act(X[:3]), model.predict(X[:3]))
