"""Recurrent models of stable-baselines3-contrib as experts: one state an episode."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression

from skimitate import (
    DAggerClassifier,
    DAggerRegressor,
    as_policy,
    collect_rollouts,
    evaluate_policy,
    load_expert,
)

contrib = pytest.importorskip("sb3_contrib")

pytestmark = pytest.mark.slow  # its models train and act for seconds

ENV = "Pendulum-v1"


def model_for(env):
    """A model that has learnt for a moment."""
    return contrib.RecurrentPPO(
        "MlpLstmPolicy",
        env,
        n_steps=16,
        batch_size=16,
        n_epochs=1,
        policy_kwargs={"lstm_hidden_size": 8, "net_arch": [8]},
        device="cpu",
        seed=0,
    ).learn(64)


@pytest.fixture(scope="module")
def model():
    return model_for(ENV)


def by_hand(model, observations):
    """What stable-baselines3 has the model do in an episode."""
    state, start, actions = None, np.ones(1, dtype=bool), []
    for row in observations:
        action, state = model.predict(row[np.newaxis], state, start, True)
        actions.append(action[0])
        start = np.zeros(1, dtype=bool)
    return np.array(actions)


def test_its_state_is_carried_through_an_episode_and_no_further(model, tmp_path):
    model.save(tmp_path / "model.zip")
    loaded = load_expert(tmp_path / "model.zip")
    options = {"n_episodes": 3, "max_steps": 40, "random_state": 0}
    rollouts = collect_rollouts(ENV, model, **options)
    for episode in rollouts.episodes:
        expected = by_hand(model, episode.observations)
        assert_allclose(episode.actions, expected, atol=1e-5)
        memoryless = model.predict(episode.observations[1:2], deterministic=True)[0]
        assert abs(memoryless - expected[1]).max() > 1e-4
    for expert in (model, loaded):
        assert as_policy(expert).is_stateful
        returns = evaluate_policy(ENV, expert, **options)
        assert_allclose(returns, rollouts.returns)


class Watched:
    """The model, with a log of what it is asked."""

    def __init__(self, model):
        self.policy = model.policy
        self.observation_space, self.action_space = (
            model.observation_space,
            model.action_space,
        )
        self.log = []

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        self.log.append((observation.copy(), bool(episode_start[0]), state is None))
        return self.policy.predict(observation, state, episode_start, deterministic)


def test_dagger_asks_it_once_at_each_step(model):
    expert = Watched(model)
    dagger = DAggerRegressor(
        LinearRegression(),
        ENV,
        expert,
        n_rounds=2,
        keep="last",
        query=5,
        random_state=0,
    ).fit()
    steps = 3 * 200
    assert len(expert.log) == steps
    assert dagger.history_[-1]["n_expert_queries"] == steps
    assert all(observation.shape == (1, 3) for observation, _, _ in expert.log)
    begins = [start for _, start, _ in expert.log]
    assert np.flatnonzero(begins).tolist() == [0, 200, 400]
    assert begins == [is_new for _, _, is_new in expert.log]


def test_its_actions_may_be_classes():
    model = model_for("CartPole-v1")
    rollouts = collect_rollouts("CartPole-v1", model, n_episodes=3, random_state=0)
    assert rollouts.actions.dtype == np.int64
    for episode in rollouts.episodes:
        assert_array_equal(episode.actions, by_hand(model, episode.observations))
    expert = Watched(model)
    dagger = DAggerClassifier(
        LogisticRegression(), "CartPole-v1", expert, n_rounds=1, random_state=0
    )
    dagger.fit(np.zeros((4, 4)), [0, 0, 1, 1])
    queries = dagger.history_[-1]["n_expert_queries"]
    assert len(expert.log) == queries > 0
