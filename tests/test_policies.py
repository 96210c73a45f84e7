"""What can act, how it is asked, and what it leaves behind when it acts alone."""

import copy
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import OneActionEnv, PointEnv, QuickRidge, expert

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    as_policy,
    collect_rollouts,
    evaluate_policy,
    per_observation,
)

X = np.random.default_rng(0).normal(size=(60, 2))


def fitted(y=None, **options):
    y = expert(X) if y is None else y
    return BehaviorCloner(max_iter=3, random_state=0, **options).fit(X, y)


def dagger(expert=expert, **options):
    options = {"env": PointEnv, "n_rounds": 1, "random_state": 0} | options
    return DAggerRegressor(BehaviorCloner(max_iter=2), expert=expert, **options)


class Acting:
    def act(self, observations):
        return observations + 1

    def predict(self, observations):
        return observations + 2


def test_act_comes_before_predict_and_before_a_call():
    assert_array_equal(as_policy(Acting()).act(X), X + 1)
    model = LinearRegression().fit(X, expert(X))
    assert_allclose(as_policy(model).act(X), expert(X))
    assert_array_equal(as_policy(np.tanh).act(X[0]), np.tanh(X[0]))
    policy = as_policy(expert)
    assert as_policy(policy) is policy


@pytest.mark.parametrize("thing", [3, "policy", Acting, None, BehaviorCloner])
def test_what_cannot_act(thing):
    with pytest.raises(TypeError, match="actor: expected a callable or an object with"):
        as_policy(thing)
    with pytest.raises(TypeError, match="policy: expected a callable or an object"):
        evaluate_policy(PointEnv, thing)


@pytest.mark.parametrize(
    "estimator", [BehaviorCloner(), dagger(), make_pipeline(StandardScaler(), Ridge())]
)
def test_an_estimator_that_was_not_fitted_is_named(estimator):
    name = type(estimator).__name__
    with pytest.raises(NotFittedError, match=f"actor: .* got {name} unfitted"):
        as_policy(estimator)
    with pytest.raises(NotFittedError, match=f"policy: .* got {name} unfitted"):
        collect_rollouts(PointEnv, estimator)
    with pytest.raises(NotFittedError, match=f"expert: .* got {name} unfitted"):
        dagger(estimator).fit()


class Counting:
    """A recurrent expert, in stable-baselines3's form: it counts its steps."""

    def __init__(self):
        self.starts = []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        assert deterministic
        self.starts.append(episode_start.copy())
        count = np.zeros(len(observation)) if state is None else state
        count = np.where(episode_start, 0.0, count) + 1
        return 0.1 * count[:, np.newaxis], count


class Forgetful(Counting):
    """The same, without being told where an episode starts."""

    def predict(self, observation, state=None, deterministic=False):
        start = np.full(len(observation), state is None)
        return super().predict(observation, state, start, deterministic)


@pytest.mark.parametrize("kind", [Counting, Forgetful])
def test_a_recurrent_expert_keeps_its_state_through_an_episode(kind):
    recurrent = kind()
    rollouts = collect_rollouts(OneActionEnv, recurrent, n_episodes=2, random_state=0)
    expected = np.tile([0.1, 0.2, 0.3, 0.4, 0.5], 2)
    assert_allclose(rollouts.actions.ravel(), expected)
    starts = np.ravel(recurrent.starts)
    assert_array_equal(starts, np.tile([True, False, False, False, False], 2))
    labels = []

    class Keeping(LinearRegression):
        def fit(self, X, y):
            labels.append(y)
            return super().fit(X, y)

    DAggerRegressor(
        Keeping(), env=OneActionEnv, expert=kind(), n_rounds=1, n_eval_episodes=1
    ).fit()
    assert_allclose(labels[-1], expected)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_jobs_do_not_share_the_state_of_a_recurrent_policy(n_jobs):
    with joblib.parallel_config("threading"):
        rollouts = collect_rollouts(
            OneActionEnv, Counting(), n_episodes=6, n_jobs=n_jobs, random_state=0
        )
    assert_allclose(rollouts.actions.ravel(), np.tile(np.arange(1, 6) / 10, 6))


def test_a_policy_with_a_state_acts_for_a_batch_of_episodes():
    policy = as_policy(Counting())
    assert_allclose(policy.act(X[:3, :1]), [[0.1]] * 3)
    assert_allclose(policy.act(X[:3, :1]), [[0.2]] * 3)
    again = copy.deepcopy(policy)
    policy.reset()
    assert_allclose(policy.act(X[0, :1]), [0.1])
    again.reset()
    assert_allclose(again.act(X[0, :1]), [0.1])


class NamesItState:
    """Agents call the observation a state, and have nothing to carry along."""

    def act(self, state):
        return -state

    def predict(self, state, deterministic=False):
        return -state


@pytest.mark.parametrize(
    "actor",
    [
        NamesItState(),
        NamesItState().act,
        NamesItState().predict,
        lambda state: -state,
        lambda observation, state=1.0: -state * observation,
    ],
)
def test_what_calls_the_observation_a_state_carries_none(actor):
    assert_array_equal(as_policy(actor).act(X), -X)
    assert evaluate_policy(PointEnv, actor, n_episodes=1).shape == (1,)


def test_the_method_of_a_recurrent_expert_is_asked_as_the_expert_is():
    recurrent = Counting()
    rollouts = collect_rollouts(OneActionEnv, recurrent.predict, n_episodes=2)
    assert_allclose(rollouts.actions.ravel(), np.tile(np.arange(1, 6) / 10, 2))


def test_a_module_s_parts_stay_in_their_modes():
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(0.5))
    module[1].eval()
    as_policy(module).act(X)
    assert (module.training, module[0].training, module[1].training) == (
        True,
        True,
        False,
    )


def test_a_torch_module_is_an_expert_as_it_is():
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(2, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2)
    )
    policy = as_policy(module)
    with torch.no_grad():
        expected = module.eval()(torch.as_tensor(X, dtype=torch.float32)).numpy()
    module.train()
    assert_allclose(policy.act(X), expected, rtol=1e-6)
    assert_allclose(policy.act(X[0]), expected[0], rtol=1e-5)
    assert module.training
    rollouts = collect_rollouts(PointEnv, module.double(), n_episodes=1)
    assert rollouts.actions.shape == (5, 2)


def test_tensors_that_want_a_gradient_are_taken():
    weight = torch.full((2, 1), -1.0, requires_grad=True)

    def with_gradient(observations):
        return torch.as_tensor(observations, dtype=torch.float32) @ weight

    assert_allclose(as_policy(with_gradient).act(X), -X.sum(axis=1)[:, None], rtol=1e-5)
    halves = as_policy(lambda observations: with_gradient(observations).bfloat16())
    assert halves.act(X[0]).dtype == np.float64
    assert evaluate_policy(OneActionEnv, with_gradient, n_episodes=1).shape == (1,)


@pytest.mark.parametrize(
    ("env", "answer"),
    [
        (PointEnv, lambda observations: -observations[0]),
        (OneActionEnv, lambda observations: -observations[0, 0]),
        (OneActionEnv, lambda observations: -observations[:, 0]),
        (PointEnv, lambda observations: (-observations, "a state")),
        (PointEnv, lambda observations: [list(-observations[0])]),
    ],
)
def test_shapes_that_can_mean_one_thing_alone_are_taken(env, answer):
    rollouts = collect_rollouts(env, answer, n_episodes=1, random_state=0)
    n_outputs = rollouts.actions.shape[1]
    assert_allclose(rollouts.actions, -rollouts.observations[:, :n_outputs])


def lean_on_the_first(observation):
    """An expert as people write them: for one observation."""
    return [-observation[0], -2 * observation[1]]


def test_an_expert_of_one_observation_is_pointed_to_per_observation():
    message = (
        r"policy: raised IndexError.* when shown a batch of shape \(1, 2\).*"
        r"skimitate.per_observation\(fn\).*episode 0, step 0"
    )
    with pytest.raises(ValueError, match=message):
        evaluate_policy(PointEnv, lean_on_the_first)
    expected = X * [-1, -2]
    assert_allclose(as_policy(per_observation(lean_on_the_first)).act(X), expected)
    assert evaluate_policy(PointEnv, per_observation(lean_on_the_first)).shape == (10,)
    sent = pickle.loads(pickle.dumps(per_observation(lean_on_the_first)))
    assert_allclose(sent(X), expected)


def test_an_expert_that_answers_in_another_shape_is_told_what_it_saw():
    message = r"policy: .* got \(1, 3\) when shown a batch of shape \(1, 2\)"
    with pytest.raises(ValueError, match=message):
        evaluate_policy(PointEnv, lambda observations: np.zeros((1, 3)))
    message = r"expected actions of shape \(60, n_outputs\) .* got \(7,\)"
    with pytest.raises(ValueError, match=message):
        as_policy(lambda observations: np.zeros(7)).act(X)


@pytest.mark.parametrize(
    ("answer", "message", "is_hinted"),
    [
        (lambda seen: seen * np.nan, "expected finite actions", False),
        (lambda seen: None, "expected an array of actions, got None", False),
        (lambda seen: {"x": 1}, "expected an array of actions, got {'x'", False),
        (lambda seen: [seen[0], 1.0], "expected an array of actions, got [a", True),
        (lambda seen: np.zeros((1, 3)), "expected actions of shape (1, 2)", True),
        (lambda seen: seen[0, 0, 0], "raised IndexError", True),
    ],
)
def test_per_observation_is_hinted_at_where_a_batch_can_be_the_reason(
    answer, message, is_hinted
):
    with pytest.raises(ValueError, match=rf"^policy: {re.escape(message)}") as caught:
        evaluate_policy(PointEnv, answer, n_episodes=1)
    assert ("skimitate.per_observation(fn)" in str(caught.value)) == is_hinted


@pytest.mark.parametrize(
    ("answer", "is_hinted"),
    [
        (lambda seen: seen * np.nan, False),
        (lambda seen: np.full((len(seen), 2), np.inf), False),
        (lambda seen: seen[:1, :1], True),
    ],
)
def test_so_it_is_of_an_expert_that_is_asked_for_labels(answer, is_hinted):
    dagger = DAggerRegressor(QuickRidge(), PointEnv, answer, n_rounds=1)
    with pytest.raises(ValueError, match=r"^expert: expected .*\(round 1") as caught:
        dagger.fit(X, X)
    assert ("skimitate.per_observation(fn)" in str(caught.value)) == is_hinted


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (3.0, [3.0]),
        ([1, 2], [1, 2]),
        ((1, 2), [1, 2]),
        ((1, 2, 3), [1, 2, 3]),
        ((np.array([1, 2]), "a state"), [1, 2]),
        (torch.ones(2, requires_grad=True), [1, 1]),
        ([torch.ones((), requires_grad=True), torch.zeros(())], [1, 0]),
    ],
)
def test_per_observation_takes_what_people_return(answer, expected):
    actions = per_observation(lambda observation: answer)(X)
    assert_array_equal(actions, [expected] * len(X))


def test_per_observation_shows_a_module_tensors():
    module = torch.nn.Linear(2, 1)
    expected = as_policy(module).act(X)
    assert_allclose(per_observation(module)(X), expected, rtol=1e-6, atol=1e-6)


def test_errors_of_what_is_wrapped_tell_what_it_saw():
    policy = as_policy(per_observation(lambda observation: 1 / 0))
    message = r"Zero.* when shown an observation of shape \(2,\)$"
    with pytest.raises(ValueError, match=message):
        policy.act(X[0])
    policy = as_policy(per_observation(lambda observation: {"torque": 1}))
    with pytest.raises(ValueError, match=r"^expected an array of actions, got \{'tor"):
        policy.act(X[0])
    with pytest.raises(TypeError, match=r"got .*: give its act"):
        per_observation(Acting())


def test_per_observation_resets_what_it_wraps_and_needs_a_function():
    class Counter:
        count = 7

        def reset(self):
            self.count = 0

        def __call__(self, observation):
            self.count += 1
            return self.count

    rollouts = collect_rollouts(OneActionEnv, per_observation(Counter()), n_episodes=2)
    assert_array_equal(rollouts.actions.ravel(), np.tile(np.arange(1, 6), 2))
    with pytest.raises(TypeError, match="fn: expected a function of one observation"):
        per_observation(3)


def test_an_environment_has_no_names_of_features():
    X = np.random.default_rng(0).normal(size=(50, 3))
    frame = pd.DataFrame(X, columns=list("abc"))
    learner = make_pipeline(StandardScaler(), LinearRegression())
    learner.fit(frame, X.sum(axis=1))
    actions = as_policy(learner).act(X)  # warnings are errors
    np.testing.assert_allclose(actions.ravel(), X.sum(axis=1))
