"""Early stopping keeps episodes whole, or at least blocks of rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - its import enables
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    HalvingGridSearchCV,
    KFold,
    ShuffleSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import BehaviorCloner

COLUMNS = ["row", "noise"]


def episodes_of(lengths):
    return np.repeat(np.arange(len(lengths)), lengths)


def numbered(n):
    """Observations that tell which row they are."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"row": np.arange(n) / n, "noise": rng.normal(size=n)})
    return X, X.to_numpy() @ [1.0, 0.5]


class TrainedOn:
    """A callback that notes the rows that a fit trains on."""

    def setup(self, estimator, context):
        self.rows = None

    def on_fit_task_begin(self, estimator, context, *, X=None, **shown):
        if self.rows is None and X is not None:
            self.rows = np.asarray(X.index)

    def on_fit_task_end(self, estimator, context, **shown):
        return False

    def teardown(self, estimator, context):
        return None


def stopping(**options):
    options = {"max_iter": 1, "random_state": 0} | options
    return BehaviorCloner((4,), early_stopping=True, **options)


def held_out_by(cloner, X, y, **told):
    """Whether each row was kept from training."""
    callback = TrainedOn()
    cloner.set_callbacks(callback).fit(X, y, **told)
    return ~np.isin(np.arange(len(X)), callback.rows)


@settings(max_examples=8, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=2, max_size=12),
    fraction=st.floats(0.05, 0.9),
    seed=st.integers(0, 5),
)
def test_episodes_are_held_out_whole_and_there_is_one_on_each_side(
    lengths, fraction, seed
):
    lengths = [length + 1 for length in lengths]  # R² of one row is not defined
    groups = episodes_of(lengths)
    X, y = numbered(len(groups))
    cloner = stopping(validation_fraction=fraction, random_state=seed)
    held_out = held_out_by(cloner, X, y, groups=groups)
    by_episode = [set(held_out[groups == g]) for g in range(len(lengths))]
    assert all(len(sides) == 1 for sides in by_episode)
    assert {True, False} == set().union(*by_episode)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_as_many_episodes_as_scikit_learn_holds_out(fraction):
    groups = episodes_of([7, 3, 8, 4, 9, 2, 6, 5, 4, 3])
    X, y = numbered(len(groups))
    held_out = held_out_by(stopping(validation_fraction=fraction), X, y, groups=groups)
    reference = GroupShuffleSplit(1, test_size=fraction, random_state=0)
    _, expected = next(reference.split(X, y, groups))
    assert len(set(groups[held_out])) == len(set(groups[expected]))


def test_random_state_decides_which_episodes():
    groups = np.array([f"episode {i}" for i in episodes_of([5] * 20)])
    X, y = numbered(100)
    drawn = {
        tuple(held_out_by(stopping(random_state=seed), X, y, groups=groups))
        for seed in (0, 0, 1, 2, 3)
    }
    assert 1 < len(drawn) <= 4


def test_groups_of_a_series_of_strings():
    X, y = numbered(30)
    groups = pd.Series(["b"] * 10 + ["a"] * 10 + ["c"] * 10, index=range(70, 100))
    held_out = held_out_by(stopping(), X, y, groups=groups)
    assert held_out.reshape(3, 10).sum(axis=1).tolist().count(10) == 1
    assert held_out.sum() == 10


@settings(max_examples=8, deadline=None)
@given(
    n=st.integers(11, 200),
    fraction=st.floats(0.2, 0.8),
    seed=st.integers(0, 5),
)
def test_without_groups_blocks_of_rows_are_held_out(n, fraction, seed):
    X, y = numbered(n)
    cloner = stopping(validation_fraction=fraction, random_state=seed)
    held_out = held_out_by(cloner, X, y)
    assert held_out.sum() == int(np.ceil(fraction * n))
    begins = held_out & ~np.append(False, held_out[:-1])
    assert begins.sum() <= 5
    fifths = [part.sum() for part in np.array_split(held_out, 5)]
    assert max(fifths) - min(fifths) <= 1


def test_blocks_are_drawn_by_random_state():
    X, y = numbered(200)
    first, again, other = (
        held_out_by(stopping(random_state=seed), X, y) for seed in (0, 0, 1)
    )
    assert_array_equal(first, again)
    assert (first != other).any()


def test_rows_of_the_same_episode_do_not_flatter_the_score():
    """Each episode has a constant of its own, which only its own rows tell."""
    rng = np.random.default_rng(0)
    groups = episodes_of([40] * 10)
    X = np.repeat(rng.normal(size=(10, 3)), 40, axis=0)
    y = np.repeat(rng.normal(size=10), 40)
    options = {"max_iter": 30, "validation_fraction": 0.3, "random_state": 0}
    cloner = BehaviorCloner(early_stopping=True, n_iter_no_change=30, **options)
    flattered = cloner.fit(X, y).best_validation_score_
    shuffled = rng.permutation(len(X))
    by_rows = cloner.fit(X[shuffled], y[shuffled]).best_validation_score_
    by_episodes = cloner.fit(X, y, groups=groups).best_validation_score_
    assert by_rows > by_episodes + 0.3
    assert flattered > by_episodes


BAD = {
    "length": (np.zeros(9), r"groups: expected shape \(10,\), .* got \(9,\)"),
    "shape": (np.zeros((10, 1)), r"groups: expected shape \(10,\), .* got \(10, 1\)"),
    "interleaved": ([0, 0, 1, 1, 0, 0, 2, 2, 2, 2], "episode 0 again in row 4"),
    "one": (np.zeros(10), "groups: early stopping needs 2 episodes, .* got 1"),
    "nan": ([0.0] * 5 + [np.nan] * 5, "groups.* NaN"),
    "none": (np.array([None] * 5 + ["a"] * 5, dtype=object), "groups: .* got None"),
    "number": (3, "groups"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_groups_change_nothing(name):
    groups, message = BAD[name]
    X, y = np.random.default_rng(0).normal(size=(2, 10, 2))
    cloner = stopping(validation_fraction=0.3).fit(X, y)
    before = cloner.predict(X)
    with pytest.raises((ValueError, TypeError), match=message):
        cloner.fit(X[:, :1], y, groups=groups)
    assert_array_equal(cloner.predict(X), before)
    never = stopping()
    with pytest.raises((ValueError, TypeError), match=message):
        never.fit(X, y, groups=groups)
    with pytest.raises(NotFittedError):
        never.predict(X)


def test_episodes_of_one_row_validate_together():
    X, y = numbered(10)
    held_out = held_out_by(stopping(), X, y, groups=np.arange(10))
    assert held_out.sum() == 2


def test_an_episode_of_one_row_cannot_validate_alone():
    X, y = np.random.default_rng(0).normal(size=(2, 2, 2))
    with pytest.raises(ValueError, match="groups: early stopping needs 2 samples"):
        stopping().fit(X, y, groups=[0, 1])


def test_where_nothing_is_split_off_groups_change_nothing():
    X, y = np.random.default_rng(0).normal(size=(2, 30, 2))
    cloner = BehaviorCloner((4,), max_iter=2, random_state=0)
    expected = cloner.fit(X, y).predict(X)
    for groups in (np.zeros(30), episodes_of([10] * 3)):
        assert_array_equal(cloner.fit(X, y, groups=groups).predict(X), expected)
    with pytest.raises(ValueError, match=r"groups: .* again in row 2"):
        cloner.fit(X[:3], y[:3], groups=[0, 1, 0])


class Asking(BehaviorCloner):
    """Notes which episodes its fit was told of."""

    told: list = []

    def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
        self.told.append(None if groups is None else tuple(np.unique(groups)))
        return super().fit(X, y, sample_weight, groups=groups, X_val=X_val, y_val=y_val)


@pytest.fixture
def asking():
    Asking.told.clear()
    return Asking((4,), max_iter=1, early_stopping=True, random_state=0)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    return X, X @ [[1.0, 0.0], [0.5, 1.0]], episodes_of([10] * 8)


def test_without_routing_a_search_tells_its_splitter_alone(asking, data):
    X, y, groups = data
    grid = {"alpha": [0.0, 0.1]}
    GridSearchCV(asking, grid, cv=GroupKFold(2)).fit(X, y, groups=groups)
    assert asking.told == [None] * 5


@config_context(enable_metadata_routing=True)
def test_with_routing_a_search_tells_each_fit_of_its_own_episodes(asking, data):
    X, y, groups = data
    asking.set_fit_request(groups=True)
    grid = {"alpha": [0.0, 0.1]}
    GridSearchCV(asking, grid, cv=GroupKFold(2)).fit(X, y, groups=groups)
    *folds, whole = asking.told
    assert whole == tuple(range(8))
    assert all(len(episodes) == 4 for episodes in folds)


@config_context(enable_metadata_routing=True)
def test_cross_validate_of_a_pipeline_tells_the_last_step(asking, data):
    X, y, groups = data
    pipeline = make_pipeline(StandardScaler(), asking.set_fit_request(groups=True))
    options = {"cv": GroupKFold(4), "params": {"groups": groups}}
    cross_validate(pipeline, X, y, **options)
    assert [len(episodes) for episodes in asking.told] == [6] * 4
    unset = make_pipeline(StandardScaler(), BehaviorCloner(early_stopping=True))
    with pytest.raises(UnsetMetadataPassedError, match="groups"):
        cross_validate(unset, X, y, error_score="raise", **options)


@config_context(enable_metadata_routing=True)
def test_a_halving_search_makes_episodes_interleave(asking, data):
    X, y, groups = data
    asking.set_fit_request(groups=True)
    options = {"cv": GroupKFold(2), "error_score": "raise", "random_state": 0}
    search = HalvingGridSearchCV(asking, {"alpha": [0.0, 0.1]}, **options)
    with pytest.raises(ValueError, match=r"groups: .* successive"):
        search.fit(X, y, groups=groups)


@config_context(enable_metadata_routing=True)
def test_a_splitter_that_shuffles_rows_makes_episodes_interleave(asking, data):
    X, y, groups = data
    asking.set_fit_request(groups=True)
    options = {"params": {"groups": groups}, "error_score": "raise"}
    with pytest.raises(ValueError, match=r"groups: .* successive"):
        cross_validate(asking, X, y, cv=ShuffleSplit(2, random_state=0), **options)
    in_order = KFold(2, shuffle=True, random_state=0)
    cross_validate(asking, X, y, cv=in_order, **options)
    assert len(asking.told) == 3
