"""A clone as the start of stable-baselines3's algorithms."""

import re
import sys
from itertools import pairwise

import gymnasium
import numpy as np
import pytest
import sb3_contrib
import stable_baselines3 as sb3
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from numpy.testing import assert_array_equal
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize
from toy import PointEnv, SpacesEnv

import skimitate as sk
from skimitate.cloning._units import Units
from skimitate.policies import ClassPolicy, NetworkPolicy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2)) * [1.0, 30.0] + [0.0, 100.0]
LOW, HIGH = np.array([-0.5, 0.0]), np.array([0.5, 4.0])
UNITS = Units([0.0, 100.0], [1.0, 30.0], [0.1, 2.0], [0.3, 1.5])

ALGORITHMS = {
    "PPO": (sb3.PPO, {"n_steps": 8, "batch_size": 8}),
    "A2C": (sb3.A2C, {"n_steps": 8}),
    "TRPO": (sb3_contrib.TRPO, {"n_steps": 8, "batch_size": 8}),
    "SAC": (sb3.SAC, {"buffer_size": 50, "learning_starts": 0}),
}


def network(n_outputs=2, sizes=(4,), n_networks=1, units=UNITS, activation="tanh"):
    """A network as it comes; half of its actions are outside of the space."""
    layers = [2, *sizes, n_outputs]
    n = sum((a + 1) * b for a, b in pairwise(layers))
    vectors = np.random.default_rng(1).normal(size=(n_networks, n))
    return NetworkPolicy(layers, activation, vectors, units)


def two_sided():
    """An environment whose action space is not the same on both sides of zero."""
    shown = Box(-np.inf, np.inf, (2,), dtype=np.float64)
    return SpacesEnv(shown, Box(LOW.astype(np.float32), HIGH.astype(np.float32)))


def choosing(*numbers):
    """An environment of classes."""
    space = Discrete(*numbers) if len(numbers) == 1 else MultiDiscrete(numbers)
    return SpacesEnv(PointEnv.observation_space, space)


def model_of(policy, name="PPO", env=two_sided, **options):
    algorithm, own = ALGORITHMS[name]
    return sk.to_stable_baselines3(
        policy, algorithm, env, **own | {"device": "cpu", "seed": 0} | options
    )


def assert_same(model, policy, low=LOW, high=HIGH):
    """The model does what the clipped policy does, to 1e-5 of what that varies by."""
    actions, _ = model.predict(X, deterministic=True)
    own = policy.act(X) if hasattr(policy, "act") else policy.predict(X)
    expected = own.clip(low, high)
    assert (np.abs(actions - expected) < 1e-5 * own.std(axis=0)).all()


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("sizes", [(), (4,), (5, 3)])
def test_a_model_acts_as_the_clone(name, sizes):
    policy = network(sizes=sizes)
    assert_same(model_of(policy, name), policy)
    assert ((policy.act(X) < LOW) | (policy.act(X) > HIGH)).any(), "some are clipped"


@pytest.mark.parametrize("activation", ["identity", "leaky_relu", "logistic", "relu"])
@pytest.mark.parametrize("name", ["PPO", "SAC"])
def test_every_activation(name, activation):
    policy = network(activation=activation)
    assert_same(model_of(policy, name), policy)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_files_of_models(name, tmp_path):
    policy = network()
    model = model_of(policy, name)
    model.save(tmp_path / "model.zip")
    loaded = ALGORITHMS[name][0].load(tmp_path / "model.zip", device="cpu")
    assert_same(loaded, policy)
    expert = sk.as_policy(sk.load_expert(tmp_path / "model.zip"))
    actions, _ = model.predict(X, deterministic=True)
    assert_array_equal(expert.act(X), actions)
    # The rooms of the package may move: no file names one of them.
    content = (tmp_path / "model.zip").read_bytes()
    assert b"skimitate.reinforcement._" not in content


@pytest.mark.parametrize("name", ALGORITHMS)
def test_training_moves_weights_and_not_the_units(name):
    model = model_of(network(), name)
    before = {k: v.clone() for k, v in model.policy.state_dict().items()}
    model.learn(16)
    after = model.policy.state_dict()
    steps = {k for k in before if "features_extractor" in k}
    assert steps
    assert all(torch.equal(before[k], after[k]) for k in steps)
    moved = {k for k in before if not torch.equal(before[k], after[k])}
    assert {k.split(".")[0] for k in moved} & {"action_net", "actor"}
    assert all(torch.isfinite(values).all() for values in after.values())


def test_a_pipeline_of_scalers():
    y = network().act(X)
    cloner = sk.BehaviorCloner((4,), max_iter=5, random_state=0)
    pipeline = make_pipeline(MinMaxScaler(clip=True), cloner).fit(X[:30], y[:30])
    for name in ("PPO", "SAC"):
        model = model_of(pipeline, name)
        actions, _ = model.predict(X, deterministic=True)
        expected = pipeline.predict(X).clip(LOW, HIGH)
        assert (np.abs(actions - expected) < 1e-5 * expected.std(axis=0)).all()


def noise_of(model, n=2000):
    """How far draws are from the action, where the clone's is far from the ends."""
    batch = np.tile(X[:1], (n, 1))
    return model.predict(batch, deterministic=False)[0].std(axis=0)


@pytest.mark.parametrize("name", ["PPO", "SAC"])
def test_exploration_counts_in_what_actions_vary_by(name):
    units = Units([0.0, 100.0], [1.0, 30.0], [0.0, 2.0], [0.3, 1.5])
    silent = NetworkPolicy([2, 2], "tanh", np.zeros((1, 6)), units)
    model = model_of(silent, name, exploration=0.05)
    np.testing.assert_allclose(noise_of(model), [0.015, 0.075], rtol=0.1)


@pytest.mark.parametrize("name", ["PPO", "SAC"])
def test_an_action_that_was_constant_is_explored_as_well(name):
    units = Units([0.0, 100.0], [1.0, 30.0], [0.0, 2.0], [1e-9, 1.5])
    silent = NetworkPolicy([2, 2], "tanh", np.zeros((1, 6)), units)
    np.testing.assert_allclose(noise_of(model_of(silent, name))[0], 0.0005, rtol=0.1)


@pytest.mark.parametrize("numbers", [(4,), (2, 3)])
def test_classes(numbers):
    classes = [np.arange(n) for n in numbers]
    n = sum(numbers)
    units = Units([0.0, 100.0], [1.0, 30.0], np.zeros(n), np.ones(n))
    policy = ClassPolicy(network(n, units=units), classes)
    model = model_of(policy, env=lambda: choosing(*numbers))
    actions, _ = model.predict(X, deterministic=True)
    assert_array_equal(actions.reshape(len(X), -1), policy.act(X))
    assert len(np.unique(actions)) > 1


def test_a_class_that_was_never_seen_is_drawn_seldom_and_never_chosen():
    y = (X[:, 0] > 0) * 2
    cloner = sk.BehaviorCloningClassifier((4,), max_iter=50, random_state=0).fit(X, y)
    model = model_of(cloner, env=lambda: choosing(3))
    assert_array_equal(model.predict(X, deterministic=True)[0], cloner.predict(X))
    drawn, _ = model.predict(np.tile(X, (50, 1)), deterministic=False)
    assert 0 < (drawn == 1).mean() < 0.1


def test_environments_are_taken_as_everywhere():
    cloner = sk.load_expert("Pendulum-v1")
    shown = sk.collect_rollouts("Pendulum-v1", cloner, n_episodes=1, random_state=0)
    clone = sk.BehaviorCloner((4,), max_iter=2).fit(shown.observations, shown.actions)
    spec = gymnasium.spec("Pendulum-v1")
    rewards = VecNormalize(make_vec_env("Pendulum-v1", 2), norm_obs=False)
    for env in ("Pendulum-v1", spec, spec.make, spec.make(), rewards):
        model = model_of(clone, env=env)
        assert model.n_envs == (2 if env is rewards else 1)


def test_the_value_function_has_layers_of_its_own():
    options = {"net_arch": {"vf": [7]}, "optimizer_kwargs": {"eps": 1e-5}}
    model = model_of(network(), policy_kwargs=options)
    linears = [m for m in model.policy.mlp_extractor.value_net if hasattr(m, "weight")]
    assert [len(linear.weight) for linear in linears] == [7]
    assert_same(model, network())


def test_sac_s_actor_learns_its_way_back_from_beyond_an_end():
    policy = network()
    model = model_of(policy, "SAC")
    actor = model.policy.actor
    outputs = torch.tensor([[-2.0, 0.5], [2.0, 1.0 - 1e-7]], requires_grad=True)
    actor.mu[1](outputs).sum().backward()
    # A step downhill lowers the output: from above it leads back, from below out.
    assert outputs.grad[0, 0] == 0
    assert outputs.grad[1, 0] > 0
    assert 1.0 < outputs.grad[0, 1] < outputs.grad[1, 1] <= 10.0


LSTM = sk.RecurrentBehaviorCloner(hidden_size=2, max_iter=1, random_state=0).fit(
    X, X[:, :1], groups=np.zeros(len(X))
)


@pytest.mark.parametrize(
    ("policy", "options", "error", "message"),
    [
        (lambda X: X, {}, TypeError, "policy: expected a network of skimitate's"),
        (RandomForestRegressor(2).fit(X, X), {}, TypeError, "RandomForestRegressor"),
        (LSTM, {}, TypeError, "policy: expected a network without a memory"),
        (network(n_networks=3), {}, ValueError, "got the mean of n_networks=3"),
        (network(), {"exploration": 0.0}, ValueError, "exploration: expected a posit"),
        (network(), {"exploration": "much"}, ValueError, "got 'much'"),
        (network(), {"use_sde": True}, ValueError, "use_sde: expected False"),
        (
            network(),
            {"policy_kwargs": {"activation_fn": torch.nn.ReLU}},
            ValueError,
            "expected none that the clone decides, got ['activation_fn']",
        ),
        (
            network(),
            {"policy_kwargs": {"net_arch": [64]}},
            ValueError,
            "since the clone's layers are [4], got [64]",
        ),
        (
            network(),
            {"env": "Pendulum-v1"},
            ValueError,
            "env: expected observations of",
        ),
        (
            network(3, units=Units([0, 0], [1, 1], [0] * 3, [1] * 3)),
            {},
            ValueError,
            "env: expected actions of 3 numbers, as the policy gives them, got Box",
        ),
        (network(), {"env": lambda: choosing(2)}, ValueError, "got Discrete(2)"),
        (network(), {"env": 3}, TypeError, "env: expected an environment id"),
        (
            network(),
            {"env": lambda: gymnasium.make_vec("Pendulum-v1", 2)},
            TypeError,
            "env: expected one environment, or several as a VecEnv",
        ),
        (
            network(),
            {"env": lambda: SpacesEnv(Dict(a=Discrete(2)), PointEnv.action_space)},
            ValueError,
            "env: expected observations of 2 dimensions",
        ),
    ],
)
def test_what_is_refused(policy, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        model_of(policy, **options)


@pytest.mark.parametrize(
    ("classes", "env", "message"),
    [
        ([np.array([0, 1, 5])], lambda: choosing(3), "policy's classes [[0, 1, 5]]"),
        ([np.array(["a", "b", "c"])], lambda: choosing(3), "got Discrete(3)"),
        ([np.arange(3)], lambda: choosing(3, 3), "got MultiDiscrete([3 3])"),
        ([np.arange(3)], two_sided, "got Box"),
        (
            [np.arange(1, 4)],
            lambda: SpacesEnv(PointEnv.observation_space, Discrete(3, start=1)),
            "numbered from 0",
        ),
    ],
)
def test_classes_that_are_no_actions(classes, env, message):
    policy = ClassPolicy(network(3, units=Units.plain(2, 3)), classes)
    with pytest.raises(ValueError, match=re.escape(message)):
        model_of(policy, env=env)


def test_classes_are_not_for_sac():
    policy = ClassPolicy(network(3, units=Units.plain(2, 3)), [np.arange(3)])
    with pytest.raises(ValueError, match="algorithm: expected one for classes, such"):
        model_of(policy, "SAC", env=lambda: choosing(3))


@pytest.mark.parametrize(
    "algorithm", [sb3.DQN, sb3.TD3, sb3_contrib.RecurrentPPO, "PPO", None]
)
def test_other_algorithms(algorithm):
    with pytest.raises(
        TypeError, match="algorithm: expected the class PPO, A2C or SAC"
    ):
        sk.to_stable_baselines3(network(), algorithm, two_sided)


def test_normalized_observations_are_none_that_the_clone_knows():
    env = VecNormalize(make_vec_env(two_sided, 1))
    with pytest.raises(ValueError, match="env: expected raw observations"):
        model_of(network(), env=env)


def test_without_stable_baselines3(monkeypatch):
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'skimitate[rl]'")):
        sk.to_stable_baselines3(network(), None, two_sided)
