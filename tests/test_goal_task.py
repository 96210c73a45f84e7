"""The goal-reaching task of the benchmarks."""

import gymnasium
import numpy as np
import pytest
from benches import benchmark_modules

from skimitate import collect_rollouts, evaluate_policy


@pytest.fixture(scope="module")
def task():
    with benchmark_modules("goal_task") as modules:
        yield modules.goal_task


def test_the_expert_reaches_its_goal(task):
    returns, reached = evaluate_policy(
        task.GoalReacher,
        task.expert,
        n_episodes=20,
        random_state=0,
        return_success=True,
    )
    assert reached.mean() >= 0.95
    assert returns.mean() > -22


def test_an_arm_that_hangs_about_does_not(task):
    def idle(observations):
        return np.zeros((len(observations), 2))

    _, reached = evaluate_policy(
        task.GoalReacher, idle, n_episodes=20, random_state=0, return_success=True
    )
    assert reached.mean() < 0.1


def test_what_is_shown_is_what_reacher_shows(task):
    env, plain = task.GoalReacher(), gymnasium.make("Reacher-v5")
    shown, info = env.reset(seed=3)
    row, _ = plain.reset(seed=3)
    for _ in range(50):
        assert env.observation_space.contains(shown)
        np.testing.assert_allclose(
            shown["achieved_goal"], plain.unwrapped.get_body_com("fingertip")[:2]
        )
        np.testing.assert_allclose(shown["desired_goal"], row[4:6])
        action = task.expert(np.concatenate(list(shown.values()))[np.newaxis])[0]
        shown, reward, _, truncated, info = env.step(action)
        row, *_ = plain.step(action)
        assert reward == float(info["is_success"]) - 1
        assert info["is_success"] == (np.linalg.norm(row[8:10]) < task.RADIUS)
    assert truncated
    assert info["is_success"]
    env.close()
    plain.close()


def test_its_columns_have_names(task):
    rollouts = collect_rollouts(task.GoalReacher, task.expert, n_episodes=1)
    assert rollouts.feature_names[5:] == (
        *("observation[5]", "achieved_goal[0]", "achieved_goal[1]"),
        *("desired_goal[0]", "desired_goal[1]"),
    )
