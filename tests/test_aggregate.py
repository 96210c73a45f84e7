"""The growing data set: as plain lists of steps would have it."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skimitate.dagger._aggregate import Aggregate


@st.composite
def parts(draw):
    """Rows of some episodes, as a round has them, with their weights and actions."""
    n = draw(st.integers(0, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    y = rng.normal(size=(n, 2))
    known = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    y[~known] = np.nan
    weight = draw(st.sampled_from([1.0, 0.5, 3.0])) if draw(st.booleans()) else None
    weight = rng.uniform(0, 2, size=n) if weight is None else weight
    cuts = rng.random(max(0, n - 1)) < 0.3
    episodes = np.concatenate([[0], np.cumsum(cuts)])[:n].astype(int)
    is_as_labelled = known.all() and draw(st.booleans())
    actions = None if is_as_labelled else rng.normal(size=(n, 2))
    return rng.normal(size=(n, 3)), y, weight, episodes, actions


class Lists:
    """What an Aggregate is, row by row."""

    def __init__(self):
        self.rows = []

    def append(self, X, y, weight, episodes, actions):
        first = self.rows[-1][3] + 1 if self.rows else 0
        weight = np.broadcast_to(weight, len(X))
        done = y if actions is None else actions
        for row in zip(X, y, weight, episodes, done, strict=True):
            self.rows.append((row[0], row[1], row[2], first + row[3], row[4]))

    def labelled(self):
        return [row for row in self.rows if not np.isnan(row[1]).any()]


def agrees(aggregate, lists):
    assert len(aggregate) == len(lists.rows)
    assert aggregate.n_episodes == len({row[3] for row in lists.rows})
    mask = [not np.isnan(row[1]).any() for row in lists.rows]
    assert aggregate.is_labelled.tolist() == mask
    for i, column in enumerate((aggregate.X, aggregate.y)):
        expected = np.array([row[i] for row in lists.rows])
        assert_array_equal(column, expected.reshape(column.shape))
    assert aggregate.episodes.tolist() == [row[3] for row in lists.rows]
    expected = [
        row[2] if known else 0.0 for row, known in zip(lists.rows, mask, strict=True)
    ]
    assert aggregate.weight.tolist() == expected
    labels, known = aggregate.labels(), lists.labelled()
    assert labels.is_labelled is None
    assert labels.actions is None  # which only those look at that see all steps
    for i, column in enumerate(labels[:4]):
        expected = np.array([row[i] for row in known])
        assert_array_equal(column, expected.reshape(column.shape))
        assert not column.flags.writeable
    agrees_step_by_step(aggregate, lists, mask)


def agrees_step_by_step(aggregate, lists, mask):
    """What a learner of sequences is given: all steps, and what was done at each."""
    steps = aggregate.steps()
    assert steps.is_labelled.tolist() == mask
    for row, known, X, y, weight, episode, done in zip(
        lists.rows, mask, *steps[:5], strict=True
    ):
        assert_array_equal(X, row[0])
        assert_array_equal(y, row[1] if known else row[4])
        assert_array_equal(done, row[4])
        assert (weight, episode) == (row[2] if known else 0.0, row[3])
    assert not any(column.flags.writeable for column in steps)


@settings(max_examples=15)
@given(st.lists(parts(), min_size=1, max_size=8))
def test_it_is_the_rows_that_were_added(rounds):
    aggregate, lists = Aggregate(*rounds[0]), Lists()
    lists.append(*rounds[0])
    agrees(aggregate, lists)
    for part in rounds[1:]:
        aggregate.append(*part)
        lists.append(*part)
    agrees(aggregate, lists)


@settings(max_examples=15)
@given(st.lists(parts(), min_size=2, max_size=5), st.integers(0, 40))
def test_what_failed_is_forgotten_and_can_come_again(rounds, n_kept):
    aggregate, lists = Aggregate(*rounds[0]), Lists()
    lists.append(*rounds[0])
    for part in rounds[1:-1]:
        aggregate.append(*part)
        lists.append(*part)
    before = len(aggregate)
    aggregate.append(*rounds[-1])
    aggregate.forget_after(before)
    agrees(aggregate, lists)
    aggregate.append(*rounds[-1])
    lists.append(*rounds[-1])
    agrees(aggregate, lists)
    n_kept = min(n_kept, len(aggregate))
    aggregate.forget_after(n_kept)
    lists.rows = lists.rows[:n_kept]
    agrees(aggregate, lists)


@settings(max_examples=15)
@given(st.lists(parts(), min_size=2, max_size=5))
def test_a_copy_is_the_same_and_goes_on_alone(rounds):
    aggregate, lists = Aggregate(*rounds[0]), Lists()
    lists.append(*rounds[0])
    for part in rounds[1:-1]:
        aggregate.append(*part)
        lists.append(*part)
    copies = [copy.deepcopy(aggregate), pickle.loads(pickle.dumps(aggregate))]
    for copied in copies:
        agrees(copied, lists)
        copied.append(*rounds[-1])
    agrees(aggregate, lists)
    lists.append(*rounds[-1])
    for copied in copies:
        agrees(copied, lists)


def test_it_grows_in_place():
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 30, size=200)
    rows = [rng.normal(size=(n, 3)) for n in sizes]
    aggregate = Aggregate(rows[0], rows[0][:, :1])
    moves = 0
    for part in rows[1:]:
        before = aggregate.X
        aggregate.append(part, part[:, :1])
        moves += not np.shares_memory(before, aggregate.X)
    assert moves < 15
    assert_array_equal(aggregate.X, np.concatenate(rows))
    assert_array_equal(aggregate.y, np.concatenate(rows)[:, :1])


def test_where_all_is_labelled_nothing_is_copied():
    X = np.arange(12.0).reshape(6, 2)
    aggregate = Aggregate(X, X)
    assert np.shares_memory(aggregate.labels().X, aggregate.X)
    aggregate.append(X[:1], X[:1] * np.nan)
    assert_array_equal(aggregate.labels().X, X)


def test_room_to_spare_is_not_saved():
    X = np.random.default_rng(0).normal(size=(1001, 50))
    aggregate = Aggregate(X[:1000], X[:1000])
    aggregate.append(X[1000:], X[1000:])
    saved = pickle.dumps(aggregate)
    assert len(saved) < 3 * X.nbytes + 50 * 1001
    assert_array_equal(pickle.loads(saved).X, X)


def test_what_a_learner_is_given_cannot_be_changed():
    X = np.arange(12.0).reshape(6, 2)
    y = X.copy()
    aggregate = Aggregate(X, y)
    X[:] = 0  # of the user's, it has copies
    for known in (True, False):
        if not known:
            aggregate.append(y[:1], y[:1] * np.nan)
        for part in (*aggregate.labels()[:4], *aggregate.steps()):
            with pytest.raises(ValueError, match="read-only"):
                part[:] = 0
    assert_array_equal(aggregate.labels().X, y)


def test_what_begins_in_single_precision_stays_so():
    X = np.random.default_rng(0).normal(size=(6, 2))
    aggregate = Aggregate(X.astype(np.float32), X[:, :1])
    aggregate.append(X, X[:, :1], actions=-X[:, :1])
    assert aggregate.X.dtype == np.float32
    assert_array_equal(aggregate.X, np.tile(X.astype(np.float32), (2, 1)))
    assert_array_equal(aggregate.y, np.tile(X[:, :1], (2, 1)))
    assert_array_equal(aggregate.steps().actions[6:], -X[:, :1])


def test_it_may_begin_with_nothing():
    aggregate = Aggregate(np.empty((0, 3)), np.empty((0, 2)))
    assert len(aggregate) == aggregate.n_episodes == 0
    assert len(aggregate.labels().X) == 0
    aggregate.append(np.ones((2, 3)), np.ones((2, 2)), 2.0, np.array([0, 1]))
    assert aggregate.episodes.tolist() == [0, 1]
    assert aggregate.n_episodes == 2
