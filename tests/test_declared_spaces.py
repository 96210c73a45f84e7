"""Actors that see Dicts and other spaces, shown rows of numbers in that form again."""

from functools import partial

import gymnasium
import numpy as np
import pytest
import stable_baselines3 as sb3
from gymnasium import spaces
from gymnasium.spaces import Box, Discrete
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from sklearn.linear_model import LinearRegression
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from skimitate import DAggerRegressor, as_policy, collect_rollouts, load_expert
from skimitate.environments._make import env_widths

GOAL = spaces.Dict(
    achieved_goal=Box(-9, 9, (2,)), desired_goal=Box(-9, 9, (2,)), mode=Discrete(3)
)


class SpaceEnv(gymnasium.Env):
    """Shows samples of a space."""

    action_space = Box(-1, 1, (2,), dtype=np.float32)

    def __init__(self, space=GOAL):
        self.observation_space = space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.t = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        self.t += 1
        return self.observation_space.sample(), 1.0, False, self.t == 6, {}


def model_of(env, policy="MultiInputPolicy", **options):
    options = {"n_steps": 8, "batch_size": 8, "policy_kwargs": {"net_arch": [4]}}
    return sb3.PPO(policy, env, device="cpu", seed=0, **options)


SEEN = {
    "dict": (GOAL, "MultiInputPolicy", 7),
    "grid": (Box(-1, 1, (2, 3)), "MlpPolicy", 6),
    "discrete": (Discrete(4), "MlpPolicy", 4),
    "several": (spaces.MultiDiscrete([2, 3]), "MlpPolicy", 5),
    "bits": (spaces.MultiBinary(3), "MlpPolicy", 3),
}


@pytest.mark.parametrize("kind", SEEN)
def test_a_model_acts_on_rows_as_on_what_its_space_holds(kind):
    space, policy, width = SEEN[kind]
    model = model_of(SpaceEnv(space), policy)
    acting = as_policy(model)
    assert (acting.n_features, acting.n_outputs) == (width, 2)
    assert acting.n_features == env_widths(partial(SpaceEnv, space))[0]
    assert not acting.is_stateful
    rollouts = collect_rollouts(partial(SpaceEnv, space), model, n_episodes=2)
    seen = [spaces.unflatten(space, row) for row in rollouts.observations]
    expected = [model.predict(one, deterministic=True)[0] for one in seen]
    assert_allclose(rollouts.actions, expected, atol=1e-5)
    assert_allclose(acting.act(rollouts.observations), expected, atol=1e-5)


def test_a_model_that_sees_dicts_is_an_expert_for_dagger():
    model = model_of(SpaceEnv())
    dagger = DAggerRegressor(
        LinearRegression(), SpaceEnv, model, n_rounds=1, random_state=0
    ).fit()
    assert dagger.n_features_in_ == 7


@pytest.fixture
def kept(tmp_path):
    env = VecNormalize(DummyVecEnv([SpaceEnv]), norm_obs_keys=["achieved_goal"])
    model = model_of(env).learn(8)
    model.save(tmp_path / "model.zip")
    env.save(tmp_path / "model_vecnormalize.pkl")
    return model, env, tmp_path


def test_a_file_of_such_a_model_and_its_statistics(kept):
    model, env, folder = kept
    loaded = load_expert(folder / "model.zip")
    assert loaded.statistics_path == folder / "model_vecnormalize.pkl"
    rows = collect_rollouts(SpaceEnv, loaded, n_episodes=1).observations
    parts = [spaces.unflatten(GOAL, row) for row in rows]
    seen = {key: np.array([part[key] for part in parts]) for key in GOAL}
    shown = env.normalize_obs(seen)
    assert not np.allclose(shown["achieved_goal"], seen["achieved_goal"])
    expected = model.predict(shown, deterministic=True)[0]
    assert_allclose(as_policy(loaded).act(rows), expected, rtol=1e-5, atol=1e-6)
    again = assert_public_names(loaded)
    assert_array_equal(as_policy(again).act(rows), as_policy(loaded).act(rows))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (Box(-1, 1, (2,)), r"of Dict\(.*, as model.zip sees them, got \(2,\)"),
        (spaces.Dict(other=Box(-1, 1, (2,))), "got those of a Dict of other"),
        (
            spaces.Dict(achieved_goal=Box(-1, 1, (3,))),
            r"shape \(2,\), as model.zip \(in achieved_goal\) sees them, got \(3,\)",
        ),
    ],
)
def test_statistics_of_something_else(kept, space, message):
    _, _, folder = kept
    path = folder / "model_vecnormalize.pkl"
    VecNormalize(DummyVecEnv([partial(SpaceEnv, space)])).save(path)
    with pytest.raises(
        ValueError, match=f"model_vecnormalize.pkl: expected .*{message}"
    ):
        load_expert(folder / "model.zip")


class OfDicts:
    """One's own, for batches in the form of the space that it declares."""

    observation_space = GOAL

    def act(self, observation):
        assert observation["mode"].shape == observation["desired_goal"].shape[:1]
        return observation["desired_goal"] - observation["achieved_goal"]


def test_one_s_own_that_declares_a_space():
    policy = as_policy(OfDicts())
    assert policy.n_features == 7
    row = np.array([1.0, 2.0, 4.0, 8.0, 0.0, 1.0, 0.0])
    assert_array_equal(policy.act(row), [3.0, 6.0])
    assert_array_equal(policy.act([row, row]), [[3.0, 6.0], [3.0, 6.0]])


class OfTuples:
    """The same for a Tuple, called as a function."""

    observation_space = spaces.Tuple([Box(-9, 9, (2,)), Discrete(2)])

    def __call__(self, observation):
        place, brakes = observation
        return place * (1 - brakes[:, np.newaxis])


def test_a_callable_that_declares_a_tuple():
    policy = as_policy(OfTuples())
    assert_array_equal(
        policy.act([[1.0, 2.0, 1.0, 0.0], [1.0, 2.0, 0.0, 1.0]]), [[1, 2], [0, 0]]
    )


def test_rows_of_another_width():
    with pytest.raises(ValueError, match="when shown a batch of shape"):
        as_policy(OfDicts()).act(np.zeros(4))


def test_a_model_of_a_task_that_is_all_numbers_of_classes():
    model = model_of("FrozenLake-v1", "MlpPolicy")
    rollouts = collect_rollouts("FrozenLake-v1", model, n_episodes=3, random_state=0)
    cells = rollouts.observations.argmax(axis=1)
    assert rollouts.feature_names[3] == "observation=3"
    assert_array_equal(rollouts.actions, model.predict(cells, deterministic=True)[0])
