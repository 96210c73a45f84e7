"""Noise in what the expert does: labels stay clean, and it is known who was noisy."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from toy import LIMIT, PointEnv, StatefulExpert, expert, logged

from skimitate import Rollouts, collect_rollouts, load_expert
from skimitate.cli._main import main

LONG = {"n_episodes": 4, "random_state": 0}


@pytest.fixture(autouse=True)
def _empty_log():
    PointEnv.log.clear()
    yield
    assert len(logged("made")) == len(logged("closed"))


def gentle(observations):
    """Go to the origin so slowly that no action is clipped."""
    return -0.01 * observations


def long_point():
    return PointEnv(n_steps=500)


def executed():
    return np.array([action for _, action in logged("step")], dtype=np.float64)


def test_the_noise_is_in_what_is_done_and_not_in_the_label():
    std = np.array([0.02, 0.05])
    rollouts = collect_rollouts(long_point, gentle, action_noise=std, **LONG)
    assert_array_equal(rollouts.actions, gentle(rollouts.observations))
    noise = executed() - rollouts.actions
    # 2,000 draws: a standard deviation is known to 1.6 %, a mean to 0.022 of it.
    assert_allclose(noise.std(axis=0), std, rtol=0.1)
    assert (np.abs(noise.mean(axis=0)) < 0.15 * std).all()
    correlation = np.corrcoef(noise[:-1, 0], noise[1:, 0])[0, 1]
    assert abs(correlation) < 0.15
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.15
    assert_array_equal(rollouts.action_noise, np.tile(std, (4, 1)))


def test_what_is_done_is_clipped_and_the_label_is_not():
    rollouts = collect_rollouts(PointEnv, expert, action_noise=0.3, **LONG)
    assert_array_equal(rollouts.actions, expert(rollouts.observations))
    assert np.abs(rollouts.actions).max() > LIMIT
    assert np.abs(executed()).max() == LIMIT


def test_episodes_start_where_they_would_without_noise():
    options = {"n_episodes": 3, "max_steps": 30, "random_state": 5}
    policy = load_expert("Hopper-v5")
    clean = collect_rollouts("Hopper-v5", policy, **options)
    none = collect_rollouts("Hopper-v5", policy, action_noise=0.0, **options)
    assert none == clean
    assert_array_equal(clean.action_noise, np.zeros((3, 3)))
    noisy = collect_rollouts("Hopper-v5", policy, action_noise=0.1, **options)
    starts = [rollouts.observations[::30] for rollouts in (clean, noisy)]
    assert_array_equal(*starts)
    assert not np.array_equal(clean.observations, noisy.observations)
    # Each episode has noise of its own.
    first, second = (noisy.observations[[i, i + 1]] for i in (0, 30))
    assert not np.allclose(np.diff(first, axis=0), np.diff(second, axis=0))


def test_the_noise_does_not_depend_on_n_jobs():
    options = {"n_episodes": 5, "max_steps": 20, "random_state": 7}
    policy = load_expert("Hopper-v5")
    one, two = (
        collect_rollouts(
            "Hopper-v5", policy, action_noise=[0.1, 0.2, 0.3], n_jobs=n_jobs, **options
        )
        for n_jobs in (1, 2)
    )
    assert one == two


def test_a_stateful_expert_is_reset_and_asked_once_a_step():
    stateful = StatefulExpert()
    rollouts = collect_rollouts(PointEnv, stateful, action_noise=0.1, **LONG)
    assert stateful.n_resets == rollouts.n_episodes
    assert_array_equal(np.concatenate(stateful.asked), rollouts.observations)


def half_noisy():
    clean = collect_rollouts(PointEnv, expert, n_episodes=2, random_state=0)
    noisy = collect_rollouts(
        PointEnv, expert, n_episodes=3, action_noise=[0.1, 0.2], random_state=1
    )
    return clean + noisy


def test_half_of_the_episodes_are_noisy(tmp_path):
    demos = half_noisy()
    levels = np.repeat([[0, 0], [0.1, 0.2]], (2, 3), axis=0)
    assert_array_equal(demos.action_noise, levels)
    noisy = demos.episodes[demos.action_noise.any(axis=1)]
    assert noisy.n_episodes == 3
    assert_array_equal(noisy.action_noise, levels[2:])
    assert_array_equal(demos.episodes[-1].action_noise, [0.1, 0.2])
    demos.save(tmp_path / "demos.npz")
    assert Rollouts.load(tmp_path / "demos.npz") == demos
    assert demos != dataclasses.replace(demos, action_noise=levels * 2)
    assert Rollouts.from_trajectories(demos.episodes) == demos
    nobody_knows = [episode._replace(rewards=None) for episode in demos.episodes]
    assert_array_equal(Rollouts.from_trajectories(nobody_knows).action_noise, levels)


def test_noise_that_is_not_known_of_all_is_not_known():
    demos = half_noisy()
    unknown = dataclasses.replace(demos, action_noise=None)
    assert (demos + unknown).action_noise is None
    assert unknown.episodes[0].action_noise is None


@settings(max_examples=15)
@given(
    std=hnp.arrays(float, (2,), elements=st.floats(0, 1e3)),
    as_given=st.sampled_from([np.array, list, tuple]),
)
def test_a_trajectory_tells_its_noise(std, as_given):
    trajectory = {"obs": np.zeros((3, 2)), "acts": np.ones((3, 2))}
    told = Rollouts.from_trajectories([trajectory | {"action_noise": as_given(std)}])
    assert_array_equal(told.action_noise, [std])
    one = Rollouts.from_trajectories([trajectory | {"action_noise": std[0]}])
    assert_array_equal(one.action_noise, [[std[0], std[0]]])


@pytest.mark.parametrize("noise", [-0.1, [0.1, -0.1], np.full((3, 2), 0.1), [], "much"])
def test_a_trajectory_with_noise_that_is_none(noise):
    trajectory = {"obs": np.zeros((3, 2)), "acts": np.ones((3, 2))}
    with pytest.raises(
        ValueError, match=r"^trajectories\[0\]: action_noise: expected "
    ):
        Rollouts.from_trajectories([trajectory | {"action_noise": noise}])


@pytest.mark.parametrize(
    "noise",
    [np.full((2, 2), -0.1), np.full((2, 2), np.nan), np.zeros(2), np.ones((1, 2))],
)
def test_rollouts_with_noise_that_is_none(noise):
    demos = collect_rollouts(PointEnv, expert, n_episodes=2, random_state=0)
    with pytest.raises(ValueError, match=r"^action_noise: expected "):
        dataclasses.replace(demos, action_noise=noise)


@pytest.mark.parametrize(
    ("noise", "error", "message"),
    [
        (-0.1, ValueError, "not negative, or one an output, got -0.1"),
        ([0.1, -0.1], ValueError, "not negative"),
        (np.nan, ValueError, "got nan"),
        (np.inf, ValueError, "got inf"),
        ([0.1, 0.1, 0.1], ValueError, "a number, or 2 of them .* got 3"),
        ([0.1], ValueError, "a number, or 2 of them .* got 1"),
        ([], ValueError, "a number, or 2 of them .* got 0"),
        ([[0.1, 0.1]], ValueError, "one an output, got"),
        ([[0.1], [0.1, 0.2]], TypeError, "one an output, got"),
        ("much", TypeError, "got 'much'"),
        (True, TypeError, "got True"),
    ],
)
def test_noise_that_is_none_is_refused_before_any_step(noise, error, message):
    with pytest.raises(error, match=f"^action_noise: expected .*{message}"):
        collect_rollouts(PointEnv, expert, action_noise=noise, **LONG)
    assert not logged("step")


@pytest.mark.parametrize(("text", "std"), [("0.2", 0.2), ("0.1,0.3", [0.1, 0.3])])
def test_the_command_line_collects_with_noise(tmp_path, text, std):
    path = tmp_path / "demos.npz"
    command = ["collect", "Reacher-v5", "--episodes", "2", "--jobs", "1"]
    assert main([*command, "--action-noise", text, "--out", str(path)]) == 0
    expected = collect_rollouts(
        "Reacher-v5",
        load_expert("Reacher-v5"),
        n_episodes=2,
        action_noise=std,
        random_state=0,
    )
    assert Rollouts.load(path) == expected


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "much", "0.1,", "0.1,0.1,0.1"])
def test_the_command_line_refuses_other_noise(tmp_path, capsys, text):
    command = ["collect", "Reacher-v5", "--out", str(tmp_path / "x.npz")]
    try:
        status = main([*command, "--jobs", "1", f"--action-noise={text}"])
    except SystemExit as refused:
        status = refused.code
    assert status == 2
    assert "--action-noise: expected " in capsys.readouterr().err
    assert not (tmp_path / "x.npz").exists()
