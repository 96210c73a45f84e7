"""One loader for all that can act: every kind of file, and the statistics beside it."""

import pickle
import re
import sys
import warnings

import gymnasium
import joblib
import numpy as np
import pytest
import stable_baselines3 as sb3
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from sklearn.linear_model import LinearRegression
from stable_baselines3.common.callbacks import CheckpointCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from skimitate import (
    BehaviorCloner,
    as_policy,
    evaluate_policy,
    load_expert,
    save_policy,
)
from skimitate.cli._main import main
from skimitate.experts._identity import identify_expert

ENV = "Pendulum-v1"
X = np.random.default_rng(0).normal(size=(40, 3)) * [1, 1, 5]


def model_of(algorithm, env, **options):
    """A small model that nobody has trained."""
    if algorithm is sb3.PPO:
        options = {"n_steps": 8, "batch_size": 8} | options
    elif algorithm is not sb3.A2C:
        options = {"buffer_size": 50, "learning_starts": 4} | options
    kwargs = {"net_arch": [4]} | options.pop("policy_kwargs", {})
    return algorithm(
        options.pop("policy", "MlpPolicy"),
        env,
        policy_kwargs=kwargs,
        device="cpu",
        seed=0,
        **options,
    )


def normalized_env():
    return VecNormalize(DummyVecEnv([lambda: gymnasium.make(ENV)]), clip_obs=1.5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that has learnt for a moment on normalized observations."""
    env = normalized_env()
    model = model_of(sb3.PPO, env, n_epochs=1).learn(8)
    folder = tmp_path_factory.mktemp("trained")
    model.save(folder / "model.zip")
    env.save(folder / "statistics.pkl")
    return model, env, folder


def acting(loaded, observations=X):
    return as_policy(loaded).act(observations)


@pytest.mark.parametrize("algorithm", ["PPO", "A2C", "SAC", "TD3", "DDPG"])
def test_a_model_acts_as_stable_baselines3_has_it_act(tmp_path, algorithm):
    model = model_of(getattr(sb3, algorithm), ENV)
    model.save(tmp_path / "model.zip")
    loaded = load_expert(tmp_path / "model.zip")
    X32 = X.astype(np.float32)
    assert_array_equal(acting(loaded, X32), model.predict(X32, deterministic=True)[0])
    assert (as_policy(loaded).n_features, as_policy(loaded).n_outputs) == (3, 1)
    again = assert_public_names(loaded)
    assert_array_equal(acting(again, X32), acting(loaded, X32))
    assert loaded.statistics_path is None


class OwnPolicy(ActorCriticPolicy):
    """As people derive one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


@pytest.mark.parametrize(
    "options",
    [
        {"policy": OwnPolicy},
        {"use_sde": True},
        {"policy_kwargs": {"net_arch": {"pi": [3], "vf": [5]}}},
    ],
)
def test_models_of_other_makes(tmp_path, options):
    model = model_of(sb3.PPO, ENV, **options)
    model.save(tmp_path / "model.zip")
    expected = model.predict(X, deterministic=True)[0]
    assert_array_equal(acting(load_expert(tmp_path / "model.zip")), expected)


@pytest.mark.parametrize(
    ("model_name", "statistics_name"),
    [
        ("model.zip", "model_vecnormalize.pkl"),
        ("model.zip", "vecnormalize.pkl"),
        ("model.zip", "vec_normalize.pkl"),
        ("a_800_steps.zip", "a_vecnormalize_800_steps.pkl"),
        ("Pendulum-v1.zip", "Pendulum-v1/vecnormalize.pkl"),
        ("Pendulum-v1_3/best_model.zip", "Pendulum-v1_3/Pendulum-v1/vecnormalize.pkl"),
    ],
)
def test_statistics_are_found_beside_a_model(
    trained, tmp_path, model_name, statistics_name
):
    model, env, folder = trained
    for name, source in (
        (model_name, "model.zip"),
        (statistics_name, "statistics.pkl"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes((folder / source).read_bytes())
    loaded = load_expert(tmp_path / model_name)
    assert loaded.statistics_path == tmp_path / statistics_name
    shown = env.normalize_obs(X)
    assert np.abs(shown).max() == 1.5, "some are clipped"
    expected = model.predict(shown, deterministic=True)[0]
    assert_allclose(acting(loaded), expected, rtol=1e-6)
    assert not np.allclose(expected, model.predict(X, deterministic=True)[0])
    assert_array_equal(acting(assert_public_names(loaded)), acting(loaded))


def test_the_nearest_statistics_count_and_tell_experts_apart(trained, tmp_path):
    _, env, folder = trained
    path = tmp_path / "a.zip"
    path.write_bytes((folder / "model.zip").read_bytes())
    env.save(tmp_path / "vecnormalize.pkl")
    one = identify_expert(str(path))
    own = normalized_env()
    own.reset()
    own.save(tmp_path / "a_vecnormalize.pkl")
    assert load_expert(path).statistics_path == tmp_path / "a_vecnormalize.pkl"
    assert identify_expert(str(path)) != one


def test_checkpoints_as_stable_baselines3_writes_them(tmp_path):
    callback = CheckpointCallback(
        4, str(tmp_path), name_prefix="robot", save_vecnormalize=True
    )
    model_of(sb3.SAC, normalized_env()).learn(8, callback)
    loaded = load_expert(tmp_path / "robot_4_steps.zip")
    assert loaded.statistics_path == tmp_path / "robot_vecnormalize_4_steps.pkl"


def test_a_model_without_its_statistics_warns(trained):
    _, _, folder = trained
    with pytest.warns(UserWarning, match="trained with VecNormalize, and no file"):
        loaded = load_expert(folder / "model.zip")
    assert loaded.statistics_path is None


def test_a_model_that_learns_from_a_buffer_is_not_suspected(tmp_path):
    # It keeps the observation that others keep where it was normalized.
    model = model_of(sb3.SAC, ENV).learn(5)
    model.save(tmp_path / "model.zip")
    loaded = load_expert(tmp_path / "model.zip")  # warnings are errors
    assert_array_equal(acting(loaded), model.predict(X, deterministic=True)[0])


def test_the_command_line_warns_in_one_line(trained, capsys):
    _, _, folder = trained
    command = ["evaluate", ENV, "--expert", str(folder / "model.zip")]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main([*command, "--episodes", "1", "--max-steps", "2"]) == 0
    lines = capsys.readouterr().err.splitlines()
    start = f"skimitate: warning: {folder / 'model.zip'}: this model was"
    assert [line.startswith(start) for line in lines] == [False, True]
    assert "can run code" in lines[0]


def test_a_model_that_learnt_without_statistics_gets_none(tmp_path, trained):
    _, env, _ = trained
    env.save(tmp_path / "vecnormalize.pkl")
    model = model_of(sb3.A2C, ENV).learn(8)
    model.save(tmp_path / "model.zip")
    loaded = load_expert(tmp_path / "model.zip")
    assert loaded.statistics_path is None
    assert_array_equal(acting(loaded), model.predict(X, deterministic=True)[0])


def test_statistics_of_rewards_alone_change_nothing(tmp_path):
    env = VecNormalize(DummyVecEnv([lambda: gymnasium.make(ENV)]), norm_obs=False)
    model = model_of(sb3.A2C, env)
    model.save(tmp_path / "model.zip")
    env.save(tmp_path / "vecnormalize.pkl")
    loaded = load_expert(tmp_path / "model.zip")
    assert_array_equal(acting(loaded), model.predict(X, deterministic=True)[0])


def test_statistics_of_something_else_are_refused(tmp_path):
    model_of(sb3.A2C, ENV).save(tmp_path / "model.zip")
    other = DummyVecEnv([lambda: gymnasium.make("MountainCarContinuous-v0")])
    VecNormalize(other).save(tmp_path / "vecnormalize.pkl")
    with pytest.raises(ValueError, match=r"statistics of .* \(3,\), .* got \(2,\)"):
        load_expert(tmp_path / "model.zip")
    (tmp_path / "vecnormalize.pkl").write_bytes(pickle.dumps({"mean": 0}))
    with pytest.raises(ValueError, match="expected the statistics of a VecNormalize"):
        load_expert(tmp_path / "model.zip")


def test_a_zip_file_that_is_no_model(tmp_path, monkeypatch):
    path = tmp_path / "model.zip"
    path.write_bytes(b"whatever")
    with pytest.raises(ValueError, match=r"name_or_path: .*model.zip: expected a stab"):
        load_expert(path)
    monkeypatch.setitem(sys.modules, "stable_baselines3.common.save_util", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'skimitate[rl]'")):
        load_expert(path)


def test_policies_of_our_own_in_files(tmp_path):
    y = X[:, :1] - X[:, 1:2]
    cloner = BehaviorCloner(max_iter=2, random_state=0).fit(X, y)
    joblib.dump(cloner, tmp_path / "clone.joblib")
    save_policy(cloner, tmp_path / "clone.safetensors")
    joblib.dump(LinearRegression().fit(X, y), tmp_path / "line.joblib")
    for name, expected in [
        ("clone.joblib", cloner.predict(X)),
        ("clone.safetensors", cloner.predict(X)),
        ("line.joblib", y),
    ]:
        assert_allclose(acting(load_expert(tmp_path / name)), expected.reshape(40, 1))
    joblib.dump({"weights": 1}, tmp_path / "dict.joblib")
    with pytest.raises(TypeError, match=r"dict.joblib: expected a callable or an obj"):
        load_expert(tmp_path / "dict.joblib")
    joblib.dump(LinearRegression(), tmp_path / "unfitted.joblib")
    with pytest.raises(ValueError, match=r"expected a fitted estimator"):
        load_expert(tmp_path / "unfitted.joblib")
    (tmp_path / "bad.joblib").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="expected a model saved by joblib"):
        load_expert(tmp_path / "bad.joblib")


def test_a_model_of_another_environment_is_refused_before_any_episode(
    trained, tmp_path, capsys
):
    _, _, folder = trained
    cloner = BehaviorCloner(max_iter=1).fit(X, X[:, :1])
    joblib.dump(cloner, tmp_path / "clone.joblib")
    save_policy(cloner, tmp_path / "clone.safetensors")
    joblib.dump(LinearRegression().fit(X, X), tmp_path / "line.joblib")
    for path, theirs in [
        (folder / "model.zip", "3 observation and 1 action"),
        (tmp_path / "clone.joblib", "3 observation and 1 action"),
        (tmp_path / "clone.safetensors", "3 observation and 1 action"),
        (tmp_path / "line.joblib", "3 observation"),
    ]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert main(["evaluate", "Hopper-v5", "--policy", str(path)]) == 2
        shown = capsys.readouterr()
        assert (
            "--policy: Hopper-v5 has 11 observation and 3 action dimensions, and this "
            f"one is for {theirs}"
        ) in shown.err
        assert "episode" not in shown.out


def test_evaluating_a_model_says_what_it_is_shown(trained, tmp_path, capsys):
    _, env, folder = trained
    path = tmp_path / "model.zip"
    path.write_bytes((folder / "model.zip").read_bytes())
    env.save(tmp_path / "vecnormalize.pkl")
    options = ["--episodes", "2", "--max-steps", "20", "--jobs", "1"]
    assert main(["evaluate", ENV, "--expert", str(path), *options]) == 0
    printed = capsys.readouterr().out
    assert f"sees observations normalized by {tmp_path / 'vecnormalize.pkl'}" in printed
    returns = evaluate_policy(
        ENV, load_expert(path), n_episodes=2, max_steps=20, random_state=0
    )
    assert f"episode 1: {returns[1]:.1f}" in printed


def test_a_suffix_in_capitals(trained, tmp_path):
    model, env, folder = trained
    path = tmp_path / "MODEL.ZIP"
    path.write_bytes((folder / "model.zip").read_bytes())
    env.save(tmp_path / "vecnormalize.pkl")
    expected = model.predict(env.normalize_obs(X), deterministic=True)[0]
    assert_allclose(acting(load_expert(path)), expected, rtol=1e-6)
    before = identify_expert(str(path))
    (tmp_path / "vecnormalize.pkl").unlink()
    assert identify_expert(str(path)) != before
