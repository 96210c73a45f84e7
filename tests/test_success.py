"""Whether episodes succeeded: as environments report it, kept along with them."""

from functools import partial
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import parallel_config
from minari.dataset.minari_dataset import EpisodeData
from numpy.testing import assert_array_equal
from toy import LIMIT, GoalEnv, PointEnv, expert

from skimitate import Rollouts, collect_rollouts, evaluate_policy, load_expert


class NearTarget(gymnasium.Wrapper):
    """Reacher with a goal: the fingertip ends within a centimeter of the target."""

    def __init__(self):
        super().__init__(gymnasium.make("Reacher-v5"))

    def step(self, action):
        *answer, info = self.env.step(action)
        return *answer, info | {"is_success": near(answer[0])}


def near(observations):
    return np.linalg.norm(observations[..., 8:10], axis=-1) < 0.01


def slow(observations):
    """Push one way: some come too late, and some go too far."""
    return np.full_like(observations, -LIMIT / 2)


def run(env=GoalEnv, policy=slow, n_episodes=12, **options):
    return collect_rollouts(
        env, policy, n_episodes=n_episodes, random_state=0, **options
    )


def test_the_last_step_of_each_episode_tells():
    rollouts = run()
    at_the_end = [GoalEnv.at_goal(last) for last in rollouts.last_observations]
    assert_array_equal(rollouts.is_success, at_the_end)
    assert rollouts.is_success.dtype == bool
    assert set(at_the_end) == {True, False}
    on_the_way = [
        any(map(GoalEnv.at_goal, episode.observations[1:]))
        for episode in rollouts.episodes
    ]
    # Reached, and lost again.
    assert (np.array(on_the_way) & ~rollouts.is_success).any()


def test_where_the_caller_cuts_counts():
    rollouts = run(max_steps=2)
    at_the_end = [GoalEnv.at_goal(last) for last in rollouts.last_observations]
    assert_array_equal(rollouts.is_success, at_the_end)
    assert (rollouts.is_success != run().is_success).any()


def test_a_real_environment():
    rollouts = run(NearTarget, load_expert("Reacher-v5"))
    assert_array_equal(rollouts.is_success, near(rollouts.last_observations))
    assert rollouts.is_success.any()
    assert not run(NearTarget, lambda x: np.zeros((1, 2))).is_success.all()


def test_jobs_do_not_matter():
    with parallel_config("threading"):
        assert run(n_jobs=2) == run()


@pytest.mark.parametrize("tell", [np.bool_, np.float32, float, int, np.array])
def test_any_type_of_yes_and_no(tell):
    assert run(partial(GoalEnv, tell=tell)) == run()


@pytest.mark.parametrize("told", ["yes", 0.5, np.nan, [True, True], -1, object()])
def test_what_is_neither_yes_nor_no(told):
    env = partial(GoalEnv, tell=lambda at_goal: told)
    with pytest.raises(ValueError, match=r"is_success.*got.*\(episode 0, step 5\)"):
        run(env)


class Talkative(GoalEnv):
    """Reports a success, and says nothing of a failure."""

    def step(self, action):
        *answer, info = super().step(action)
        return *answer, info if info["is_success"] else {}


class NoInfo(PointEnv):
    """Has no dict for an info."""

    def step(self, action):
        return *super().step(action)[:4], None


@pytest.mark.parametrize("env", [PointEnv, Talkative, NoInfo])
def test_what_is_not_reported_of_all_is_none(env):
    rollouts = run(env)
    assert rollouts.is_success is None
    assert "success" not in repr(rollouts)
    with pytest.raises(ValueError, match=r"return_success: .*'is_success'.* of 12"):
        evaluate_policy(env, slow, n_episodes=12, random_state=0, return_success=True)


def test_returns_and_successes_of_the_same_episodes():
    rollouts = run()
    options = {"n_episodes": 12, "random_state": 0}
    returns, is_success = evaluate_policy(GoalEnv, slow, return_success=True, **options)
    assert_array_equal(returns, rollouts.returns)
    assert_array_equal(is_success, rollouts.is_success)
    assert is_success.dtype == bool
    assert_array_equal(evaluate_policy(GoalEnv, slow, **options), returns)


def test_it_is_shown():
    rollouts = run()
    assert f"success={rollouts.is_success.mean():.2f})" in repr(rollouts)


def test_it_goes_with_the_episodes():
    rollouts = run()
    told = [episode.is_success for episode in rollouts.episodes]
    assert told == rollouts.is_success.tolist()
    good = rollouts.episodes[rollouts.is_success]
    assert good.is_success.all()
    both = good + rollouts
    assert_array_equal(both.is_success, [*good.is_success, *rollouts.is_success])
    assert (rollouts + run(PointEnv)).is_success is None
    assert Rollouts.from_trajectories(rollouts.episodes) == rollouts


def test_rollouts_that_differ_in_it_are_not_equal():
    rollouts = run()
    arrays = vars(rollouts)
    without = Rollouts(**arrays | {"is_success": None})
    turned = Rollouts(**arrays | {"is_success": ~rollouts.is_success})
    assert len({rollouts, without, turned, run()}) == 3


def test_it_is_saved(tmp_path):
    path = tmp_path / "rollouts.npz"
    for rollouts in (run(), run(PointEnv)):
        rollouts.save(path)
        assert Rollouts.load(path) == rollouts
    assert "is_success" not in np.load(path)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (np.ones(12), r"is_success: expected an array of bool, got float64"),
        (np.ones(3, dtype=bool), r"is_success: expected 1 dimensions and 12 episodes"),
        ([True] * 12, r"is_success: expected an array, got list"),
    ],
)
def test_arrays_that_do_not_fit(wrong, match):
    with pytest.raises((ValueError, TypeError), match=match):
        Rollouts(**vars(run()) | {"is_success": wrong})


# Two steps, each with its success, in the forms of several libraries.
STEPS = {"observations": np.eye(3, 2), "actions": np.ones((2, 1))}


def forms(first, last):
    """Yield trajectories of two steps that succeeded or not."""
    each = [first, last]
    yield STEPS | {"is_success": last}
    yield STEPS | {"is_success": each}
    yield STEPS | {"is_success": np.array([[x] for x in each], dtype=np.float32)}
    # Minari has a row for the reset too.
    yield EpisodeData(
        **{"id": 0, "rewards": np.zeros(2), **STEPS},
        terminations=np.zeros(2, bool),
        truncations=np.zeros(2, bool),
        infos={"is_success": np.array([False, *each])},
    )
    # imitation has an array of dicts.
    infos = np.array([{"is_success": np.float32(x)} for x in each], dtype=object)
    yield SimpleNamespace(**STEPS, infos=infos, terminal=True)
    step = {"obs": [0.0, 1.0], "act": [1.0]}
    steps = [step | {"info": {"is_success": x}} for x in each]
    yield steps
    yield [*steps, {"obs": [1.0, 1.0]}]
    yield [step, step | {"is_success": last}]  # told with the last step alone


@given(st.booleans(), st.booleans())
def test_trajectories_of_other_libraries(first, last):
    for trajectory in forms(first, last):
        rollouts = Rollouts.from_trajectories([trajectory, trajectory])
        assert rollouts.is_success.tolist() == [last, last]


@pytest.mark.parametrize(
    "infos", [None, {}, [{}, {}], [], np.array([1.0, 2.0]), "none", [None, None]]
)
def test_infos_without_it_are_passed_over(infos):
    rollouts = Rollouts.from_trajectories([STEPS | {"infos": infos}])
    assert rollouts.is_success is None
    assert rollouts == Rollouts.from_trajectories([STEPS])


@pytest.mark.parametrize(
    ("part", "match"),
    [
        (
            {"is_success": [True]},
            r"is_success: .* the 2 steps, got shape \(1,\)",
        ),
        ({"is_success": 0.5}, r"is_success: expected True and False"),
        ({"infos": {"is_success": "yes"}}, r"infos\['is_success'\]: expected"),
    ],
)
def test_trajectories_that_do_not_tell_yes_or_no(part, match):
    with pytest.raises(ValueError, match=rf"trajectories\[0\]: {match}"):
        Rollouts.from_trajectories([STEPS | part])


def test_a_policy_that_stays_is_one_that_succeeds():
    returns, is_success = evaluate_policy(
        GoalEnv, expert, n_episodes=5, random_state=0, return_success=True
    )
    assert is_success.all()
    assert returns.shape == (5,)
