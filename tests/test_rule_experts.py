"""Bundled experts that are rules: what they earn, and that they are as all others."""

import gymnasium
import numpy as np
import pytest
from benches import benchmark_modules
from numpy.testing import assert_array_equal
from pickles import assert_public_names

from skimitate import as_policy, load_expert
from skimitate.cli._main import main
from skimitate.environments._make import spaces_of
from skimitate.experts._bundled import bundled_experts
from skimitate.experts._identity import identify_expert

RULES = ("Acrobot-v1", "CartPole-v1", "MountainCar-v0", "Pendulum-v1")


def returns_of(env_id, n_episodes):
    """Run the expert by hand, on the seeds from 0."""
    expert, returns = load_expert(env_id), []
    env = gymnasium.make(env_id)
    is_class = isinstance(env.action_space, gymnasium.spaces.Discrete)
    for seed in range(n_episodes):
        observation, _ = env.reset(seed=seed)
        earned, over = 0.0, False
        while not over:
            action = expert(observation[np.newaxis])[0]
            observation, reward, terminated, truncated, _ = env.step(
                int(action[0]) if is_class else action
            )
            earned, over = earned + reward, terminated or truncated
        returns.append(earned)
    env.close()
    return np.array(returns)


@pytest.mark.parametrize(
    ("env_id", "mean", "lowest"),
    [
        pytest.param("Acrobot-v1", -82, -250, marks=pytest.mark.slow),
        ("CartPole-v1", 500, 500),
        ("MountainCar-v0", -109, -120),
        pytest.param("Pendulum-v1", -190, -400, marks=pytest.mark.slow),
    ],
)
def test_what_rules_earn(env_id, mean, lowest):
    returns = returns_of(env_id, 10 if env_id == "CartPole-v1" else 20)
    assert returns.mean() >= mean
    assert returns.min() >= lowest


@pytest.mark.slow
def test_the_pole_never_falls():
    assert (returns_of("CartPole-v1", 200) == 500).all()


@pytest.mark.slow
def test_the_acrobot_gets_up_in_time():
    returns = returns_of("Acrobot-v1", 200)
    assert returns.mean() > -79
    assert returns.min() > -250


@pytest.mark.parametrize("env_id", RULES)
def test_a_rule_is_an_expert_as_every_other(env_id):
    expert = load_expert(env_id)
    assert repr(expert) == f"RuleExpert('{env_id}')"
    space = gymnasium.make(env_id).observation_space
    space.seed(0)
    X = np.array([space.sample() for _ in range(50)])
    actions = expert(X)
    is_class = env_id != "Pendulum-v1"
    assert actions.shape == (50, 1)
    assert actions.dtype == (np.int64 if is_class else np.float64)
    n_classes = {"Acrobot-v1": 3, "CartPole-v1": 2, "MountainCar-v0": 3}.get(env_id)
    if is_class:
        assert set(actions.ravel()) <= set(range(n_classes))
    assert_array_equal(np.concatenate([expert(row[np.newaxis]) for row in X]), actions)
    assert_array_equal(assert_public_names(expert)(X), actions)
    policy = as_policy(expert)
    assert (policy.n_features, policy.n_outputs) == (X.shape[1], 1)
    assert not policy.is_stateful
    assert_array_equal(policy.act(X[0]), actions[0])
    with pytest.raises(ValueError, match=rf"expected shape \(n, {X.shape[1]}\) for"):
        expert(X[:, 1:])


def test_the_acrobot_does_the_mirrored_in_a_mirror():
    expert = load_expert("Acrobot-v1")
    X = np.random.default_rng(0).normal(size=(200, 6))
    assert_array_equal(expert(X * [1, -1, 1, -1, -1, -1]), 2 - expert(X))


def test_ten_experts_are_bundled():
    names = ("Ant", "HalfCheetah", "Hopper", "Humanoid", "Reacher", "Walker2d")
    assert set(bundled_experts()) == {*(f"{name}-v5" for name in names), *RULES}
    with pytest.raises(
        ValueError, match=r"\(Acrobot-v1, Ant-v5, CartPole-v1, Half.*\)"
    ):
        load_expert("nobody")


def test_they_are_told_apart():
    identities = {identify_expert(name) for name in bundled_experts()}
    assert len(identities) == 10
    assert identify_expert("CartPole-v1").startswith("bundled CartPole-v1 (sha256 ")


def test_the_command_line_knows_them(capsys):
    for env_id, told in (("Pendulum-v1", "-"), ("CartPole-v1", "500.0")):
        assert main(["evaluate", env_id, "--episodes", "2", "--jobs", "1"]) == 0
        assert f"episode 1: {told}" in capsys.readouterr().out
    assert spaces_of("Pendulum-v1").n_features == 3
    assert main(["evaluate", "MountainCarContinuous-v0", "--episodes", "1"]) == 2
    assert "only for Acrobot-v1, Ant-v5, CartPole-v1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("env_id", "weights"),
    [
        ("Acrobot-v1", [0.24, -0.23, -1.0, -0.64, 0.69, -0.28, -0.36]),
        ("MountainCar-v0", [-0.104, -0.224, 1.0]),
    ],
)
def test_rules_are_searched_in_what_gymnasium_does(env_id, weights):
    """The weights of the package, in the simulation that they were searched in."""
    with benchmark_modules("search_rules") as modules:
        task = modules.search_rules.TASKS[env_id]
        env = gymnasium.make(env_id)
        starts = []
        for seed in range(5):
            env.reset(seed=seed)
            starts.append(env.unwrapped.state)
        env.close()
        starts = np.array(starts, dtype=np.float64).T
        earned = modules.search_rules.returns_of(task, np.array([weights]), starts)
    assert_array_equal(earned[0], returns_of(env_id, 5))
