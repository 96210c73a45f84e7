"""Rollouts as things: their episodes, joined, compared, printed, without rewards."""

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from toy import GoalEnv, expert

from skimitate import Rollouts, collect_rollouts
from skimitate.environments._episode import Episode

OPTIONAL = ["rewards", "terminated", "truncated", "last_observations", "is_success"]


def collect(n_episodes, random_state=0):
    """Episodes of unequal lengths."""
    parts = [
        collect_rollouts(GoalEnv, expert, max_steps=n, random_state=random_state + n)
        for n in range(1, 6)
    ]
    return Rollouts.from_trajectories(
        parts[i % 5].episodes[i] for i in range(n_episodes)
    )


def test_many_rollouts_have_a_sum():
    first, second, third = (collect(3, seed) for seed in (0, 10, 20))
    assert sum([first, second, third]) == first + second + third
    assert sum([first]) == first
    for other in (1, None, 0.5):
        with pytest.raises(TypeError, match="unsupported operand"):
            print(other + first)


def test_an_episode_is_what_it_was():
    demos = collect(5)
    third = demos.episodes[2]
    assert isinstance(third, Episode)
    rows = demos.episode_ids == 2
    assert_array_equal(third.observations, demos.observations[rows])
    assert_array_equal(third.actions, demos.actions[rows])
    assert_array_equal(third.rewards, demos.rewards[rows])
    assert_array_equal(third.last_observation, demos.last_observations[2])
    assert (third.terminated, third.truncated) == (False, True)
    assert_array_equal(demos.episodes[-3].observations, third.observations)
    assert_array_equal(demos.episodes[np.int64(2)].actions, third.actions)


def test_episodes_can_be_counted_and_gone_through():
    demos = collect(7)
    assert len(demos.episodes) == demos.n_episodes == 7
    assert [len(episode.actions) for episode in demos.episodes] == [*demos.lengths]
    assert sum(e.rewards.sum() for e in demos.episodes) == pytest.approx(
        demos.returns.sum()
    )
    assert len(demos) == demos.lengths.sum()
    assert repr(demos.episodes) == "<7 episodes>"


@pytest.mark.parametrize(
    ("index", "numbers"),
    [
        (slice(2, 5), [2, 3, 4]),
        (slice(-2, None), [4, 5]),
        (slice(None, None, -2), [5, 3, 1]),
        ([0, -1, 0], [0, 5, 0]),
        (np.array([3, 1]), [3, 1]),
        ([False, True, False, False, False, True], [1, 5]),
    ],
)
def test_some_of_the_episodes_are_rollouts(index, numbers):
    demos = collect(6)
    some = demos.episodes[index]
    assert isinstance(some, Rollouts)
    assert_array_equal(some.returns, demos.returns[numbers])
    assert_array_equal(some.lengths, demos.lengths[numbers])
    assert_array_equal(some.last_observations, demos.last_observations[numbers])
    for one, number in zip(some.episodes, numbers, strict=True):
        assert_array_equal(one.observations, demos.episodes[number].observations)


def test_the_best_episodes():
    demos = collect(6)
    middle = np.median(demos.returns)
    best = demos.episodes[demos.returns > middle]
    assert best.n_episodes == 3
    assert best.returns.min() > middle


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (3, IndexError, "expected a number from -3 to 2, got 3"),
        (-4, IndexError, "expected a number from -3 to 2, got -4"),
        ([0, 7], IndexError, "expected a number from -3 to 2, got 7"),
        ("first", TypeError, "expected a number, a slice, .* got 'first'"),
        (0.0, TypeError, r"expected a number, a slice, .* got 0\.0"),
        ([0.5], TypeError, r"expected a number, a slice, .* got \[0\.5\]"),
        ([True, False], TypeError, ".* or one of 3 bools, got"),
        ([], ValueError, "expected at least one of the 3 to be chosen, got none"),
        (slice(3, None), ValueError, "expected at least one of the 3 to be chosen"),
        ([False] * 3, ValueError, "expected at least one of the 3 to be chosen"),
    ],
)
def test_episodes_that_are_not_there(index, error, message):
    with pytest.raises(error, match=f"episodes: {message}"):
        collect(3).episodes[index]


def test_joining():
    demos, others = collect(3), collect(4, random_state=9)
    joined = demos + others
    assert_array_equal(joined.returns, [*demos.returns, *others.returns])
    assert joined.episodes[:3] == demos
    assert joined.episodes[3:] == others
    # Numbers of episodes that would pass what their type can hold.
    small = replace(demos, episode_ids=demos.episode_ids.astype(np.uint8))
    assert (small + small).n_episodes == 6
    with pytest.raises(ValueError, match=r"episodes\[3\]: observations: expected 2"):
        demos + narrow(others)
    with pytest.raises(TypeError):
        demos + 3


def narrow(rollouts):
    return replace(
        rollouts, observations=rollouts.observations[:, :1], last_observations=None
    )


def test_equal_are_those_with_the_same_contents():
    demos = collect(3)
    again = collect(3)
    assert demos == again
    assert hash(demos) == hash(again)
    assert {demos: "first"}[again] == "first"
    assert demos in [collect(2), again]
    assert demos != collect(2)
    assert demos != "demos"


@pytest.mark.parametrize("name", [field.name for field in fields(Rollouts)])
def test_a_difference_anywhere_is_one(name):
    demos = replace(collect(3), feature_names=("east", "north"))
    array = np.array(getattr(demos, name))
    if array.dtype.kind == "U":
        array = array[::-1]
    elif name == "episode_ids":
        # A step of the second episode goes to the first.
        array[1] = 0
    else:
        array[-1] = ~array[-1] if array.dtype == bool else array[-1] + 1
    other = replace(demos, **{name: array})
    assert demos != other
    assert hash(demos) != hash(other)
    if name in OPTIONAL:
        assert demos != replace(demos, **{name: None})
        assert replace(demos, **{name: None}) == replace(other, **{name: None})


def test_equal_ones_of_other_types_have_the_same_hash():
    demos = Rollouts(np.ones((2, 1)), np.zeros((2, 1)), None, np.zeros(2, dtype=int))
    other = Rollouts(
        np.ones((2, 1), dtype=np.float32),
        -np.zeros((2, 1)),
        None,
        np.zeros(2, dtype=np.int8),
    )
    assert demos == other
    assert hash(demos) == hash(other)


def test_they_are_printed_in_a_line():
    demos = collect(4)
    mean, std = demos.returns.mean(), demos.returns.std()
    assert repr(demos) == (
        "Rollouts(n_episodes=4, n_steps=10, n_features=2, n_outputs=2, "
        f"return={mean:.1f} ({std:.1f}), success={demos.is_success.mean():.2f})"
    )
    assert repr(replace(demos, rewards=None, is_success=None)) == (
        "Rollouts(n_episodes=4, n_steps=10, n_features=2, n_outputs=2)"
    )


@pytest.mark.parametrize("missing", [OPTIONAL, *([name] for name in OPTIONAL)])
def test_what_nobody_knows_stays_unknown(missing, tmp_path):
    demos = replace(collect(3), **dict.fromkeys(missing))
    demos.save(tmp_path / "demos.npz")
    assert Rollouts.load(tmp_path / "demos.npz") == demos
    assert demos.episodes[:2] + demos.episodes[2:] == demos
    assert Rollouts.from_trajectories(demos.episodes) == demos
    for name in missing:
        part = name.replace("observations", "observation")
        assert getattr(demos.episodes[1], part) is None
        assert getattr(demos + collect(3), name) is None
    if "rewards" in missing:
        with pytest.raises(ValueError, match="rewards: expected one for each step"):
            print(demos.returns)


def test_a_file_of_one_s_own_is_told_apart(tmp_path):
    path = tmp_path / "logged.npz"
    np.savez(path, obs=np.zeros((4, 2)), acts=np.ones((4, 1)))
    message = (
        r"expected saved rollouts, but it has the keys obs, acts, .*trajectories\("
    )
    with pytest.raises(ValueError, match=message):
        Rollouts.load(path)
    with np.load(path) as logged:
        assert_array_equal(Rollouts.from_trajectories([logged]).lengths, [4])
