"""Windows of episodes: each step is in one of them, and they follow each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skimitate.cloning._windows import Windows, episodes_of

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=12)


@given(LENGTHS, st.integers(1, 15), st.integers(0, 99))
def test_windows_are_the_episodes_in_pieces(lengths, n_steps, seed):
    episodes = np.repeat(np.arange(len(lengths)) * 3, lengths)
    plan = Windows(episodes, n_steps).cut(np.random.default_rng(seed))
    rows = [
        np.arange(start, start + length)
        for start, length in zip(plan.starts, plan.lengths, strict=True)
    ]
    assert_array_equal(np.concatenate(rows), np.arange(len(episodes)))
    assert plan.lengths.max() <= n_steps
    assert all(len(set(episodes[window])) == 1 for window in rows)
    assert_array_equal(np.sort(plan.order), np.arange(len(rows)))


@given(LENGTHS, st.integers(1, 15), st.integers(0, 99))
def test_each_window_but_the_first_of_an_episode_follows_one_that_came_before(
    lengths, n_steps, seed
):
    episodes = np.repeat(np.arange(len(lengths)), lengths)
    plan = Windows(episodes, n_steps).cut(np.random.default_rng(seed))
    known = set(np.flatnonzero(np.isin(plan.starts, episodes_of(episodes)[0])))
    for chain in plan.chains:
        assert known.issuperset(chain)
        assert (np.diff(plan.lengths[chain]) <= 0).all()
        assert_array_equal(
            episodes[plan.starts[chain]], episodes[plan.starts[chain + 1]]
        )
        known.update(chain + 1)
    assert known == set(range(len(plan.starts)))


@given(LENGTHS, st.integers(1, 15), st.integers(1, 5))
def test_in_each_minibatch_the_longest_comes_first(lengths, n_steps, batch_size):
    episodes = np.repeat(np.arange(len(lengths)), lengths)
    plan = Windows(episodes, n_steps).cut(np.random.default_rng(0))
    order = plan.batches(batch_size)
    for start in range(0, len(order), batch_size):
        batch, drawn = (o[start : start + batch_size] for o in (order, plan.order))
        assert set(batch) == set(drawn)
        assert (np.diff(plan.lengths[batch]) <= 0).all()


def test_as_many_windows_as_are_to_be_expected():
    windows = Windows(np.repeat([0, 1, 2], [1000, 100, 101]), 100)
    rng = np.random.default_rng(0)
    counts = [len(windows.cut(rng).starts) for _ in range(500)]
    assert abs(np.mean(counts) - len(windows)) < 0.2


def test_cuts_are_everywhere():
    windows = Windows(np.zeros(30, dtype=int), 10)
    rng = np.random.default_rng(0)
    starts = {int(start) for _ in range(200) for start in windows.cut(rng).starts}
    assert starts == set(range(30))
