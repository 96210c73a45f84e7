"""Models of sb3-contrib, and of the zoo: loaded, they act as they did."""

import re

import gymnasium
import numpy as np
import pytest
import sb3_contrib
from numpy.testing import assert_allclose, assert_array_equal
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from skimitate import as_policy, collect_rollouts, evaluate_policy, load_expert
from skimitate.cli._main import main

SMALL = {"net_arch": [4]}
ROLLOUT = {"n_steps": 8, "batch_size": 8}
REPLAY = {"buffer_size": 50, "learning_starts": 4}
LSTM = {"net_arch": [4], "lstm_hidden_size": 3}

# The policy, the environment, what it is made with, and its policy's options.
MODELS = {
    "ARS": ("LinearPolicy", "Pendulum-v1", {"n_delta": 2}, {}),
    "CrossQ": ("MlpPolicy", "Pendulum-v1", REPLAY, SMALL),
    "MaskablePPO": ("MlpPolicy", "CartPole-v1", ROLLOUT, SMALL),
    "QRDQN": ("MlpPolicy", "CartPole-v1", REPLAY, {**SMALL, "n_quantiles": 5}),
    "RecurrentPPO": ("MlpLstmPolicy", "Pendulum-v1", ROLLOUT, LSTM),
    "TQC": ("MlpPolicy", "Pendulum-v1", REPLAY, SMALL),
    "TRPO": ("MlpPolicy", "Pendulum-v1", ROLLOUT, SMALL),
}


def made(name, env=None):
    """A model that nobody has trained."""
    policy, env_id, options, policy_kwargs = MODELS[name]
    return getattr(sb3_contrib, name)(
        policy,
        env_id if env is None else env,
        policy_kwargs=dict(policy_kwargs),  # some keep it, and add to it
        seed=0,
        device="cpu",
        **options,
    )


def driven(model, env_id, n_steps=20):
    """The actions of an episode, as stable-baselines3 says to drive a model."""
    env = gymnasium.make(env_id)
    shown, _ = env.reset(seed=5)
    state, start, actions, seen = None, np.ones(1, bool), [], []
    for _ in range(n_steps):
        action, state = model.predict(
            shown, state=state, episode_start=start, deterministic=True
        )
        start = np.zeros(1, bool)
        seen.append(shown)
        actions.append(action)
        shown, _, over, _, _ = env.step(action)
        if over:
            break
    env.close()
    return np.array(seen), np.array(actions).reshape(len(seen), -1)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_acts_as_it_did(name, tmp_path):
    model = made(name)
    model.save(tmp_path / "model.zip")
    policy = as_policy(load_expert(tmp_path / "model.zip"))
    seen, expected = driven(model, MODELS[name][1])
    policy.reset()
    assert_allclose([policy.act(row) for row in seen], expected, rtol=1e-5, atol=1e-6)
    assert policy.is_stateful == (name == "RecurrentPPO")


@pytest.mark.parametrize("name", MODELS)
def test_the_command_line_evaluates_a_model(name, tmp_path, capsys):
    path = tmp_path / "model.zip"
    made(name).save(path)
    env_id = MODELS[name][1]
    options = ["--episodes", "2", "--max-steps", "10", "--jobs", "1"]
    assert main(["evaluate", env_id, "--policy", str(path), *options]) == 0
    shown = capsys.readouterr()
    returns = evaluate_policy(
        env_id, load_expert(path), n_episodes=2, max_steps=10, random_state=0
    )
    assert re.findall(r"episode \d+: (\S+)", shown.out) == [f"{r:.1f}" for r in returns]
    assert f"reading {path} can run code" in shown.err


@pytest.mark.parametrize("name", ["RecurrentPPO", "TQC"])
@pytest.mark.parametrize("best", [False, True])
def test_a_run_of_the_zoo_with_its_statistics(name, best, tmp_path):
    env = VecNormalize(DummyVecEnv([lambda: gymnasium.make("Pendulum-v1")]))
    model = made(name, env).learn(8)
    run = tmp_path / "logs" / name.lower() / "Pendulum-v1_1"
    (run / "Pendulum-v1").mkdir(parents=True)
    path = run / ("best_model.zip" if best else "Pendulum-v1.zip")
    model.save(path)
    env.save(run / "Pendulum-v1" / "vecnormalize.pkl")
    expert = load_expert(path)
    assert expert.statistics_path == run / "Pendulum-v1" / "vecnormalize.pkl"
    rollouts = collect_rollouts("Pendulum-v1", expert, n_episodes=1, random_state=0)
    shown, state = env.normalize_obs(rollouts.observations), None
    start = np.ones(1, bool)
    for row, action in list(zip(shown, rollouts.actions, strict=True))[:20]:
        expected, state = model.predict(row, state, start, deterministic=True)
        assert_allclose(action, expected, rtol=1e-4, atol=1e-5)
        start = np.zeros(1, bool)


def test_an_expert_of_classes_teaches_a_classifier(tmp_path):
    made("QRDQN").save(tmp_path / "model.zip")
    expert = load_expert(tmp_path / "model.zip")
    demos = collect_rollouts("CartPole-v1", expert, n_episodes=2, random_state=0)
    assert_array_equal(np.unique(demos.actions) % 1, 0)
