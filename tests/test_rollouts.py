"""Rollouts: what is run, kept and saved, and what is refused."""

import threading
from dataclasses import fields
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Text
from joblib import parallel_config, register_parallel_backend
from joblib._parallel_backends import ThreadingBackend
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from toy import LIMIT, PointEnv, SpacesEnv, StatefulExpert, expert, logged

from skimitate import (
    BehaviorCloner,
    Rollouts,
    collect_rollouts,
    evaluate_policy,
    load_expert,
)
from skimitate._seeds import spawn_seeds
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._run import run_episodes
from skimitate.environments._uniform_policy import UniformPolicy

ROLLOUTS = [field.name for field in fields(Rollouts)]


@pytest.fixture(autouse=True)
def _empty_log():
    PointEnv.log.clear()
    yield
    assert len(logged("made")) == len(logged("closed"))


def test_every_step_is_kept():
    rollouts = collect_rollouts(PointEnv, expert, n_episodes=3, random_state=0)
    steps = logged("step")
    positions = np.array([position for position, _ in steps])
    executed = np.array([action for _, action in steps])
    assert_array_equal(rollouts.observations, positions)
    assert_array_equal(rollouts.actions, expert(positions))
    assert np.abs(rollouts.actions).max() > LIMIT
    assert executed.dtype == np.float32
    assert_array_equal(executed, rollouts.actions.clip(-LIMIT, LIMIT).astype("f4"))
    assert_array_equal(rollouts.episode_ids, np.repeat([0, 1, 2], 5))
    rewards = -np.abs(positions + executed).sum(axis=1)
    assert_allclose(rollouts.rewards, rewards)
    assert_allclose(rollouts.returns, rewards.reshape(3, 5).sum(axis=1))
    assert_array_equal(rollouts.lengths, [5, 5, 5])
    assert (len(rollouts), rollouts.n_episodes) == (15, 3)


@pytest.mark.parametrize(
    "policy",
    [
        load_expert("Hopper-v5"),
        pytest.param(UniformPolicy("Hopper-v5"), marks=pytest.mark.slow),
    ],
)
def test_the_result_does_not_depend_on_n_jobs(policy):
    results = [
        collect_rollouts(
            "Hopper-v5", policy, n_episodes=5, max_steps=60, n_jobs=j, random_state=7
        )
        for j in (1, 2, -1)
    ]
    other = collect_rollouts("Hopper-v5", policy, n_episodes=5, max_steps=60)
    for result in results:
        for name in ROLLOUTS:
            assert_array_equal(getattr(result, name), getattr(results[0], name))
    assert not np.array_equal(other.observations[0], results[0].observations[0])
    starts = results[0].observations[np.cumsum([0, *results[0].lengths[:-1]])]
    assert len(np.unique(starts, axis=0)) == 5


class HandsOverAllAtOnce(ThreadingBackend):
    """A backend that cannot return a generator, as multiprocessing's and Ray's."""

    supports_return_generator = False


@pytest.mark.parametrize(
    "backend",
    [
        "threading",
        pytest.param("multiprocessing", marks=pytest.mark.slow),
        "all at once",
    ],
)
def test_the_result_does_not_depend_on_the_backend(backend):
    register_parallel_backend("all at once", HandsOverAllAtOnce)
    options = {"n_episodes": 3, "max_steps": 20, "random_state": 7}
    policy = load_expert("Hopper-v5")
    expected = collect_rollouts("Hopper-v5", policy, **options)
    reports = []
    for n_jobs in (1, 2):
        with parallel_config(backend):
            result = collect_rollouts("Hopper-v5", policy, **options, n_jobs=n_jobs)
            run_episodes(
                "Hopper-v5",
                PolicyDriver(policy),
                spawn_seeds(0, 3),
                max_steps=5,
                n_jobs=n_jobs,
                report=lambda done, total: reports.append((done, total)),
            )
        for name in ROLLOUTS:
            assert_array_equal(getattr(result, name), getattr(expected, name))
        assert reports.pop() == (3, 3)


def test_evaluation_is_the_returns_of_the_same_episodes():
    options = {"n_episodes": 4, "random_state": 3}
    returns = evaluate_policy(PointEnv, expert, **options)
    assert_array_equal(returns, collect_rollouts(PointEnv, expert, **options).returns)
    assert_array_equal(returns, evaluate_policy(PointEnv, expert, **options, n_jobs=2))


def test_episodes_end_by_termination_or_at_max_steps():
    free = collect_rollouts("Hopper-v5", UniformPolicy("Hopper-v5"), random_state=0)
    assert len(set(free.lengths)) > 1
    cut = collect_rollouts(PointEnv, expert, n_episodes=2, max_steps=3)
    assert_array_equal(cut.lengths, [3, 3])


def test_a_stateful_policy_is_reset_each_episode():
    policy = StatefulExpert()
    collect_rollouts(PointEnv, policy, n_episodes=3)
    assert policy.n_resets == 3
    assert len(policy.asked) == 15


def test_many_kinds_of_policies():
    X = np.random.default_rng(0).normal(size=(30, 2))
    linear = LinearRegression().fit(X, expert(X))
    cloner = BehaviorCloner(max_iter=1).fit(X, expert(X))

    class WithState:
        def predict(self, observations):
            return expert(observations), None  # as stable-baselines3 does

    for policy in (expert, linear, cloner, WithState()):
        assert evaluate_policy(PointEnv, policy, n_episodes=1).shape == (1,)


def test_environments_are_given_in_many_ways():
    spec = gymnasium.spec("Hopper-v5")
    policy = UniformPolicy(spec)
    options = {"n_episodes": 1, "random_state": 0}
    makers = ["Hopper-v5", spec, lambda: gymnasium.make("Hopper-v5")]
    returns = [evaluate_policy(env, policy, **options)[0] for env in makers]
    assert len(set(returns)) == 1


def test_a_live_environment_is_left_open():
    env = PointEnv()
    evaluate_policy(env, expert, n_episodes=2)
    assert logged("closed") == []
    with pytest.raises(ValueError, match=r"env: .* 2 jobs, got a live"):
        evaluate_policy(env, expert, n_episodes=2, n_jobs=2)
    env.close()


def test_saving_and_loading(tmp_path):
    rollouts = collect_rollouts(PointEnv, expert, n_episodes=2)
    rollouts.save(tmp_path / "rollouts.npz")
    loaded = Rollouts.load(tmp_path / "rollouts.npz")
    for name in ROLLOUTS:
        assert_array_equal(getattr(loaded, name), getattr(rollouts, name))
    assert loaded.truncated.dtype == loaded.terminated.dtype == bool


def test_files_of_before_lack_how_episodes_ended(tmp_path):
    np.savez(tmp_path / "before.npz", **GOOD)
    loaded = Rollouts.load(tmp_path / "before.npz")
    assert loaded.terminated is loaded.truncated is loaded.last_observations is None
    loaded.save(tmp_path / "again.npz")
    with np.load(tmp_path / "again.npz") as arrays:
        assert set(arrays) == set(GOOD)


class Corridor(PointEnv):
    """The point, until it is near the origin: the end of it all."""

    def step(self, action):
        observation, reward, _, truncated, info = super().step(action)
        arrived = bool(np.abs(observation).max() < 0.1)
        return observation, reward, arrived, truncated and not arrived, info


def test_how_each_episode_ended_is_kept():
    corridor = partial(Corridor, n_steps=3)
    rollouts = collect_rollouts(corridor, np.negative, n_episodes=12, random_state=0)
    near = np.abs(rollouts.last_observations).max(axis=1) < 0.1
    assert 0 < near.sum() < 12
    assert_array_equal(rollouts.terminated, near)
    assert_array_equal(rollouts.truncated, ~near)
    last = np.cumsum(rollouts.lengths) - 1
    executed = rollouts.actions[last].clip(-LIMIT, LIMIT).astype("f4")
    expected = rollouts.observations[last] + executed
    assert_allclose(rollouts.last_observations, expected)


def test_an_episode_that_the_caller_cuts_is_truncated():
    cut = collect_rollouts(PointEnv, expert, n_episodes=2, max_steps=3, random_state=0)
    assert cut.truncated.all()
    assert not cut.terminated.any()
    whole = collect_rollouts(PointEnv, expert, n_episodes=2, random_state=0)
    following = whole.observations.reshape(2, 5, 2)[:, 3]
    assert_array_equal(cut.last_observations, following)


def test_files_that_hold_no_rollouts(tmp_path):
    (tmp_path / "text.npz").write_text("nothing")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.save(tmp_path / "array.npz", np.zeros(3))
    np.savez(tmp_path / "other.npz", observations=np.zeros((3, 2)))
    np.savez(tmp_path / "pickled.npz", observations=np.array([{}], dtype=object))
    for path in tmp_path.glob("*.npz*"):
        with pytest.raises(ValueError, match="expected saved rollouts"):
            Rollouts.load(path)
    with pytest.raises(FileNotFoundError):
        Rollouts.load(tmp_path / "missing.npz")


GOOD = {
    "observations": np.zeros((4, 2)),
    "actions": np.zeros((4, 1)),
    "rewards": np.zeros(4),
    "episode_ids": np.array([0, 0, 1, 1]),
}


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("observations", np.zeros(4)),
        ("observations", np.array(0.0)),
        ("actions", np.zeros((3, 1))),
        ("actions", np.zeros((4, 0))),
        ("actions", np.array([["left"]] * 4)),
        ("rewards", np.zeros((4, 1))),
        ("rewards", np.array([0, 0, np.nan, 0])),
        ("episode_ids", np.array([0, 1, 0, 1])),
        ("episode_ids", np.array([1, 1, 2, 2])),
        ("episode_ids", np.array([0.0, 0.0, 1.0, 1.0])),
        ("terminated", np.zeros(4, dtype=bool)),
        ("truncated", np.zeros(2)),
        ("last_observations", np.zeros((2, 3))),
        ("last_observations", np.full((2, 2), np.nan)),
    ],
)
def test_rollouts_check_themselves(name, array):
    Rollouts(**GOOD)
    with pytest.raises(ValueError, match=f"{name}: expected"):
        Rollouts(**GOOD | {name: array})


def test_what_is_wrong_with_rollouts_is_located():
    rewards = np.array([0, 0, 0, np.inf])
    message = "rewards: expected finite values, got inf in row 3, of episode 1"
    with pytest.raises(ValueError, match=message):
        Rollouts(**GOOD | {"rewards": rewards})
    for wrong, kind in ([[0.0]] * 4, "list"), (None, "NoneType"):
        with pytest.raises(TypeError, match=f"actions: expected an array, got {kind}"):
            Rollouts(**GOOD | {"actions": wrong})


def fails_at(step, answer):
    policy = StatefulExpert()

    def act(observations):
        action = policy(observations)
        return answer() if policy.t == step + 1 else action

    act.reset = policy.reset
    return act


def crash():
    raise KeyError("left")


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (crash, r"policy: raised KeyError\('left'\)"),
        (
            lambda: np.full((1, 2), np.inf),
            r"policy: expected finite actions, got",
        ),
        (lambda: np.zeros((2, 2)), r"policy: expected actions of .* got \(2, 2\)"),
    ],
)
def test_a_failing_policy_is_named_with_episode_and_step(answer, message, n_jobs):
    # With two jobs, either of the two episodes may be the first to fail.
    episode = "0" if n_jobs == 1 else "[01]"
    where = rf".*\(episode {episode}, step 3\)"
    with pytest.raises(ValueError, match=message + where):
        collect_rollouts(
            PointEnv, fails_at(3, answer), n_episodes=2, n_jobs=n_jobs, random_state=0
        )


class MalformedEnv(PointEnv):
    """Answers in a form that is not Gymnasium's."""

    def __init__(self, step=None, reset=None):
        super().__init__()
        self.answers = step, reset

    def reset(self, **options):
        return self.answers[1] or super().reset(**options)

    def step(self, action):
        return self.answers[0] or super().step(action)


ZERO = np.zeros(2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": (ZERO, 0.0, False, {})}, "env: expected a tuple of 5 from step"),
        ({"reset": (ZERO,)}, "env: expected a tuple of 2 from reset"),
        ({"step": (ZERO, None, False, False, {})}, "env: expected a number as reward"),
        (
            {"step": ("left", 0.0, False, False, {})},
            "env: expected an array of numbers",
        ),
        ({"reset": ({"x": 1}, {})}, "env: expected an array of numbers to observe"),
    ],
)
def test_a_malformed_environment_is_named_with_episode_and_step(options, message):
    with pytest.raises(ValueError, match=message + r".*\(episode 0, step 0\)"):
        collect_rollouts(partial(MalformedEnv, **options), expert, n_episodes=1)


def crashing_factory():
    raise OSError("no such robot")


class OddEnv(PointEnv):
    """Shows or pays what it should not."""

    def __init__(self, observation=None, reward=None):
        super().__init__()
        self.odd = observation, reward

    def step(self, action):
        observation, reward, *rest = super().step(action)
        odd_observation, odd_reward = self.odd
        if self.t == 2:
            observation = observation if odd_observation is None else odd_observation
            reward = reward if odd_reward is None else odd_reward
        return observation, reward, *rest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"observation": np.array([np.nan, 0])}, "env: expected finite observations"),
        ({"observation": np.zeros(3)}, r"env: expected .* shape \(2,\), got \(3,\)"),
        ({"reward": np.nan}, "env: expected a finite reward, got nan"),
    ],
)
def test_a_failing_environment_is_named_with_episode_and_step(options, message):
    with pytest.raises(ValueError, match=message + r".*\(episode 0, step 1\)"):
        collect_rollouts(partial(OddEnv, **options), expert, n_episodes=1)


PLANE = Box(-1, 1, (2,))


@pytest.mark.parametrize(
    ("env", "error", "message"),
    [
        ("Hoper-v5", ValueError, "env: cannot make 'Hoper-v5'.*Did you mean"),
        ("nothing", ValueError, "env: cannot make 'nothing'"),
        (3, TypeError, "env: expected an environment id.* got 3"),
        (
            dict,
            TypeError,
            "env: expected a callable that makes .*, got {}",
        ),
        (crashing_factory, ValueError, r"env: raised OSError\('no such robot'\) when"),
        (
            partial(SpacesEnv, PLANE, Text(3)),
            ValueError,
            r"env: expected a Box, Discrete, .* action space, got Text\(",
        ),
        (partial(SpacesEnv, Text(2), PLANE), ValueError, "an observation space of as"),
    ],
)
def test_environments_that_do_not_do(env, error, message):
    with pytest.raises(error, match=message):
        evaluate_policy(env, expert)


@pytest.mark.parametrize("function", [collect_rollouts, evaluate_policy])
@pytest.mark.parametrize(
    ("n_episodes", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError)]
)
def test_counts(function, n_episodes, error):
    with pytest.raises(error, match="n_episodes: expected a positive integer, got"):
        function(PointEnv, expert, n_episodes=n_episodes)


def test_verbose_prints_each_episode(capsys):
    collect_rollouts(PointEnv, expert, n_episodes=2, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:17] for line in lines] == ["episode 0: return", "episode 1: return"]


class Guarded:
    """An expert that cannot be copied."""

    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, observations):
        with self.lock:
            return expert(observations)


def test_progress_changes_nothing_and_needs_no_copy():
    seeds = np.random.SeedSequence(0).spawn(12)
    reports = []
    episodes = run_episodes(
        PointEnv,
        PolicyDriver(Guarded()),
        seeds,
        n_jobs=1,
        report=lambda done, total: reports.append((done, total)),
    )
    assert reports == [(done, 12) for done in range(1, 13)]
    plain = run_episodes(PointEnv, PolicyDriver(expert), seeds, n_jobs=2)
    for one, two in zip(episodes, plain, strict=True):
        assert_array_equal(one.observations, two.observations)


class Counter(PointEnv):
    """Shows whole numbers."""

    observation_space = Box(-100, 100, (2,), dtype=np.int64)

    def reset(self, **options):
        super().reset(**options)
        return np.array([self.t, 7]), {}

    def step(self, action):
        _, *rest = super().step(action)
        return np.array([self.t, 7]), *rest


def test_whole_numbers_are_shown_as_floats():
    rollouts = collect_rollouts(Counter, expert, n_episodes=1, random_state=0)
    assert rollouts.observations.dtype == np.float64
    assert_array_equal(rollouts.observations[:, 0], range(5))


def test_an_evaluation_is_cut_where_a_collection_is():
    options = {"n_episodes": 3, "max_steps": 2, "random_state": 0}
    rollouts = collect_rollouts(PointEnv, expert, **options)
    assert rollouts.lengths.tolist() == [2, 2, 2]
    returns = evaluate_policy(PointEnv, expert, **options)
    assert_array_equal(returns, rollouts.returns)
    with pytest.raises(ValueError, match="max_steps: expected a positive integer"):
        evaluate_policy(PointEnv, expert, max_steps=0)
