"""From a model of stable-baselines3 back to a policy that leaves Python."""

import sys

import numpy as np
import pytest
import sb3_contrib
import stable_baselines3 as sb3
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete
from numpy.testing import assert_allclose, assert_array_equal
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from toy import PointEnv, SpacesEnv

import skimitate as sk
from skimitate.cli._main import main
from skimitate.cloning._units import Units
from skimitate.policies import ClassPolicy, NetworkPolicy, PipelinePolicy
from skimitate.policies._columns import Columns

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 2)) * [1.0, 30.0] + [0.0, 100.0]
NEAR = RNG.normal(size=(200, 2)).astype(np.float32)
LOW = np.array([-0.5, 0.0], dtype=np.float32)
HIGH = np.array([0.5, 4.0], dtype=np.float32)
BOX = Box(-np.inf, np.inf, (2,), dtype=np.float64)
NUMBERS = Box(LOW, HIGH)
TANH = {"activation_fn": torch.nn.Tanh}

ON_POLICY = {
    "PPO": (sb3.PPO, {"n_steps": 8, "batch_size": 8}),
    "A2C": (sb3.A2C, {"n_steps": 8}),
    "TRPO": (sb3_contrib.TRPO, {"n_steps": 8, "batch_size": 8}),
}
OFF_POLICY = {"buffer_size": 50, "learning_starts": 0}


def env_of(taken=NUMBERS, shown=BOX):
    return SpacesEnv(shown, taken)


def model_of(algorithm=sb3.PPO, env=None, policy="MlpPolicy", **options):
    env = env_of() if env is None else env
    return algorithm(policy, env, device="cpu", seed=0, **options)


def loud(model, factor=300.0):
    """Let a model's actions go beyond their space: a new one gives hardly any."""
    with torch.no_grad():
        model.policy.action_net.weight.mul_(factor)
    return model


def assert_same(model, policy, raw=NEAR, shown=None):
    """The clipped policy does what the model does, to 1e-5 of what that varies by."""
    actions, _ = model.predict(raw if shown is None else shown, deterministic=True)
    own = policy.act(raw)
    space = model.action_space
    assert (own.std(axis=0) > 0).all()
    error = np.abs(own.clip(space.low, space.high) - actions)
    assert (error < 1e-5 * own.std(axis=0)).all()
    assert_allclose(policy.act(raw[0]), own[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ON_POLICY)
@pytest.mark.parametrize("sizes", [[], [4], [5, 3]])
def test_a_policy_acts_as_the_model(name, sizes):
    algorithm, options = ON_POLICY[name]
    model = loud(model_of(algorithm, policy_kwargs={"net_arch": sizes}, **options))
    policy = sk.from_stable_baselines3(model)
    assert isinstance(policy, NetworkPolicy)
    assert_same(model, policy)
    assert (policy.act(NEAR) > HIGH).any(), "some are clipped"


@pytest.mark.parametrize(
    "activation", ["Identity", "LeakyReLU", "ReLU", "Sigmoid", "Tanh"]
)
def test_every_activation(activation):
    kwargs = {"activation_fn": getattr(torch.nn, activation), "net_arch": [6, 5]}
    model = loud(model_of(policy_kwargs=kwargs))
    assert_same(model, sk.from_stable_baselines3(model))


def test_extractors_that_are_not_shared():
    kwargs = {"share_features_extractor": False}
    model = loud(model_of(policy_kwargs=kwargs))
    assert_same(model, sk.from_stable_baselines3(model))


@pytest.mark.parametrize("algorithm", [sb3.SAC, sb3.TD3, sb3.DDPG])
@pytest.mark.parametrize("sizes", [[], [4]])
def test_bounded_actions_of_tanh(algorithm, sizes):
    model = model_of(algorithm, policy_kwargs=TANH | {"net_arch": sizes}, **OFF_POLICY)
    with torch.no_grad():
        for parameter in model.policy.actor.parameters():
            parameter.mul_(3.0)
    assert_same(model, sk.from_stable_baselines3(model))


@pytest.mark.parametrize("space", [Discrete(3), MultiDiscrete([2, 4])])
def test_classes(space):
    model = loud(model_of(env=env_of(space)))
    policy = sk.from_stable_baselines3(model)
    assert isinstance(policy, ClassPolicy)
    actions, _ = model.predict(NEAR, deterministic=True)
    assert len(np.unique(actions)) > 1
    assert_array_equal(policy.act(NEAR), actions.reshape(len(NEAR), -1))


def test_the_classes_of_dqn():
    model = model_of(sb3.DQN, env_of(Discrete(3)), **OFF_POLICY)
    actions, _ = model.predict(NEAR, deterministic=True)
    assert len(np.unique(actions)) > 1
    assert_array_equal(sk.from_stable_baselines3(model).act(NEAR)[:, 0], actions)


def clone(units=None):
    units = units or Units([0.0, 100.0], [1.0, 30.0], [0.1, 2.0], [0.3, 1.5])
    n = 3 * 4 + 5 * 2
    vectors = np.random.default_rng(1).normal(size=(1, n))
    return NetworkPolicy([2, 4, 2], "tanh", vectors, units)


@pytest.mark.parametrize("algorithm", [sb3.PPO, sb3.SAC])
@pytest.mark.parametrize("clips", [False, True])
def test_a_clone_there_and_back(algorithm, clips):
    start = clone()
    if clips:
        columns = [1, 0], [100.0, 0.0], [30.0, 1.0], [-1.0, -0.5], [1.0, np.inf]
        units = Units([0.1, 0.0], [0.5, 2.0], [0.1, 2.0], [0.3, 1.5])
        start = PipelinePolicy(Columns(2, *columns), clone(units))
    options = OFF_POLICY if algorithm is sb3.SAC else {"n_steps": 8, "batch_size": 8}
    made = sk.to_stable_baselines3(
        start, algorithm, env_of(), device="cpu", seed=0, **options
    )
    back = sk.from_stable_baselines3(made)
    assert_same(made, back, X)
    spread = start.act(X).std(axis=0)
    assert (np.abs(back.act(X) - start.act(X)) < 1e-5 * spread).all()
    before = back.act(X)
    made.learn(16)
    assert_array_equal(back.act(X), before)
    assert_same(made, sk.from_stable_baselines3(made), X)
    assert not np.allclose(sk.from_stable_baselines3(made).act(X), before)


def normalized(**options):
    """A model whose observations are normalized, by statistics of raw ones."""
    env = VecNormalize(DummyVecEnv([env_of]), clip_obs=1.5, **options)
    if env.norm_obs:
        env.obs_rms.update(X)
    return loud(model_of(env=env, n_steps=8, batch_size=8)), env


def test_normalized_observations():
    model, env = normalized()
    policy = sk.from_stable_baselines3(model)
    assert isinstance(policy, PipelinePolicy)
    shown = env.normalize_obs(X)
    assert np.abs(shown).max() == 1.5, "some are clipped"
    assert_same(model, policy, X, shown)


def test_rewards_alone_may_be_normalized():
    model, _ = normalized(norm_obs=False)
    assert_same(model, sk.from_stable_baselines3(model))


def test_a_model_that_lost_its_statistics(tmp_path):
    model, _ = normalized()
    model.learn(8)
    model.save(tmp_path / "model.zip")
    alone = sb3.PPO.load(tmp_path / "model.zip", device="cpu")
    with pytest.warns(UserWarning, match="trained with a VecNormalize.*set_env"):
        policy = sk.from_stable_baselines3(alone)
    assert_same(alone, policy)
    alone.set_env(model.get_env())
    assert isinstance(sk.from_stable_baselines3(alone), PipelinePolicy)


def test_statistics_of_something_else():
    model, env = normalized()
    env.obs_rms.mean = np.zeros(3)
    with pytest.raises(ValueError, match=r"model: expected statistics .*\(3,\)"):
        sk.from_stable_baselines3(model)


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A model as a file, its statistics beside it."""
    monkeypatch.chdir(tmp_path)
    model, env = normalized()
    model.save("model.zip")
    env.save("vecnormalize.pkl")
    return model, env


def test_what_load_expert_made_of_a_file(saved):
    policy = sk.from_stable_baselines3(sk.load_expert("model.zip"))
    assert_same(saved[0], policy, X, saved[1].normalize_obs(X))


def test_files_of_it_act_the_same(saved):
    policy = sk.from_stable_baselines3(saved[0])
    sk.save_policy(policy, "policy.safetensors")
    assert_allclose(sk.load_policy("policy.safetensors").act(X), policy.act(X))
    sk.export_c(policy, "policy.h", action_space=saved[0].action_space)
    expected, _ = saved[0].predict(saved[1].normalize_obs(X), deterministic=True)
    assert_allclose(sk.load_expert("policy.h").act(X), expected, atol=1e-5)


@pytest.mark.parametrize("suffix", ["h", "onnx", "safetensors"])
def test_the_command_line_exports_a_file(saved, suffix, capsys):
    file = f"policy.{suffix}"
    assert main(["export", "model.zip", "--to", file]) == 0
    assert "not clipped" not in capsys.readouterr().out
    expected, _ = saved[0].predict(saved[1].normalize_obs(X), deterministic=True)
    actions = sk.load_expert(file).act(X)
    if suffix == "safetensors":  # whoever reads it clips
        assert (actions > HIGH).any()
        actions = actions.clip(LOW, HIGH)
    assert_allclose(actions, expected, atol=1e-5)


def test_the_command_line_exports_classes(tmp_path, capsys):
    model = loud(model_of(env=env_of(Discrete(3))))
    model.save(tmp_path / "model.zip")
    file = str(tmp_path / "policy.h")
    assert main(["export", str(tmp_path / "model.zip"), "--to", file]) == 0
    expected, _ = model.predict(NEAR, deterministic=True)
    assert_array_equal(sk.load_expert(file).act(NEAR)[:, 0], expected)
    assert "not clipped" not in capsys.readouterr().out


def test_exports_say_how_a_model_gets_out(tmp_path):
    with pytest.raises(TypeError, match="from_stable_baselines3 makes one"):
        sk.export_c(model_of(), tmp_path / "policy.h")
    assert not list(tmp_path.iterdir())


class OwnPolicy(ActorCriticPolicy):
    """As people derive one."""


class OwnExtractor(FlattenExtractor):
    """As people derive one."""


class Wider(torch.nn.LeakyReLU):
    """An activation function that no policy has."""

    def __init__(self):
        super().__init__(0.3)


def spoilt():
    model = model_of()
    with torch.no_grad():
        model.policy.action_net.bias[0] = np.nan
    return model


def with_kwargs(**kwargs):
    return lambda: model_of(policy_kwargs=kwargs)


def with_env(*spaces, policy="MlpPolicy"):
    return lambda: model_of(env=env_of(*spaces), policy=policy)


IMAGE = Box(0, 255, (36, 36, 1), np.uint8)


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: "model.zip", TypeError, "of stable-baselines3.*'model.zip'"),
        (lambda: clone(), TypeError, "of stable-baselines3.*NetworkPolicy"),
        (lambda: model_of(policy=OwnPolicy), TypeError, "OwnPolicy"),
        (
            lambda: model_of(sb3_contrib.RecurrentPPO, policy="MlpLstmPolicy"),
            TypeError,
            "MlpPolicy.*RecurrentActorCriticPolicy",
        ),
        (
            with_kwargs(features_extractor_class=OwnExtractor),
            TypeError,
            "FlattenExtractor.*OwnExtractor",
        ),
        (
            with_env(NUMBERS, IMAGE, policy="CnnPolicy"),
            ValueError,
            r"Box of one dimension, got .*36",
        ),
        (
            with_env(NUMBERS, Dict({"a": BOX}), policy="MultiInputPolicy"),
            ValueError,
            "Box of one dimension, got Dict",
        ),
        (with_env(MultiBinary(2)), ValueError, "Discrete, got MultiBinary"),
        (with_env(Box(-1, 1, (2, 2))), ValueError, r"one dimension.*\(2, 2\)"),
        (with_env(Discrete(3, start=1)), ValueError, "from 0, got Discrete"),
        (lambda: model_of(use_sde=True), ValueError, "without gSDE, got use_sde"),
        (
            lambda: model_of(sb3.SAC, use_sde=True, **OFF_POLICY),
            ValueError,
            "without gSDE",
        ),
        (
            lambda: model_of(sb3.SAC, **OFF_POLICY),
            ValueError,
            "one activation function.*'relu', 'tanh'.*nn.Tanh",
        ),
        (with_kwargs(activation_fn=torch.nn.ELU), ValueError, "'tanh'], got ELU"),
        (with_kwargs(activation_fn=Wider), ValueError, "'tanh'], got Wider"),
        (spoilt, ValueError, "finite numbers, got NaN"),
    ],
)
def test_other_models_are_refused_by_name(make, error, told):
    with pytest.raises(error, match=f"^model: expected .*{told}"):
        sk.from_stable_baselines3(make())


def test_without_stable_baselines3(monkeypatch):
    monkeypatch.setitem(sys.modules, "stable_baselines3.common.base_class", None)
    with pytest.raises(ImportError, match=r"skimitate\[rl\]"):
        sk.from_stable_baselines3(PointEnv())
