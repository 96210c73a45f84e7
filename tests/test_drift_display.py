"""Drift: distances are those to the nearest of the data, and what is drawn is they."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pictures import point_rollouts
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import PointEnv, expert

from skimitate import BehaviorCloner, DAggerRegressor, DriftDisplay, collect_rollouts
from skimitate.displays._training_states import TrainingStates

pytestmark = pytest.mark.usefixtures("no_figures")

K = 3


@pytest.fixture(scope="module")
def demos():
    return point_rollouts(0)


@pytest.fixture(scope="module")
def clone(demos):
    return LinearRegression().fit(demos.observations, demos.actions)


def drawn(estimator, X, **options):
    options = {"n_episodes": 4, "n_neighbors": K, "random_state": 0} | options
    return DriftDisplay.from_estimator(estimator, PointEnv, X, **options)


def states(X, groups=None, k=K, max_samples=10_000, seed=0):
    return TrainingStates(
        X,
        groups,
        n_neighbors=k,
        max_samples=max_samples,
        generator=np.random.default_rng(seed),
    )


def mean_of_nearest(queries, data, k=K):
    """Return the mean distances to the k nearest, one query and one row at a time."""
    differences = queries[:, None, :] - data[None, :, :]
    return np.sort(np.linalg.norm(differences, axis=2), axis=1)[:, :k].mean(axis=1)


def test_distances_are_those_to_the_nearest_of_the_data(demos, clone):
    display = drawn(clone, demos)
    options = {"n_episodes": 4, "random_state": 0}
    visited = collect_rollouts(PointEnv, clone, **options).observations
    scaler = StandardScaler().fit(demos.observations)
    expected = mean_of_nearest(
        scaler.transform(visited), scaler.transform(demos.observations)
    )
    assert_allclose(np.concatenate(display.distances), expected, atol=1e-9)
    by_step = np.array(display.distances)
    assert_allclose(display.line_.get_ydata(), np.median(by_step, axis=0))
    assert_allclose(display.line_.get_xdata(), np.arange(1, by_step.shape[1] + 1))


def test_the_data_s_own_distances_are_to_other_episodes(demos):
    X, episodes = demos.observations, demos.episode_ids
    standardized = StandardScaler().fit_transform(X)
    expected = [
        mean_of_nearest(standardized[[i]], standardized[episodes != episodes[i]])[0]
        for i in range(len(X))
    ]
    assert_allclose(states(X, episodes).own_distances(), expected, atol=1e-9)


def test_of_one_episode_neighbours_in_time_do_not_count():
    X = np.random.default_rng(0).normal(size=(400, 3))
    standardized = StandardScaler().fit_transform(X)
    steps = np.arange(len(X))
    expected = [
        mean_of_nearest(standardized[[i]], standardized[np.abs(steps - i) > 50])[0]
        for i in steps
    ]
    for groups in (None, np.zeros(len(X))):
        assert_allclose(states(X, groups).own_distances(), expected, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    scales=st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=2),
    shifts=st.lists(st.floats(-10, 10), min_size=2, max_size=2),
    seed=st.integers(0, 1000),
)
def test_units_and_constant_features_do_not_matter(scales, shifts, seed):
    rng = np.random.default_rng(seed)
    X, queries = rng.normal(size=(60, 2)), rng.normal(size=(20, 2))
    expected = states(X).distances(queries)
    other = [
        np.column_stack([data * scales + shifts, np.full(len(data), constant)])
        for data, constant in ((X, 4.0), (queries, 9.0))
    ]
    assert_allclose(states(other[0]).distances(other[1]), expected, rtol=1e-6)


def test_rows_of_the_data_are_as_near_as_can_be(demos):
    X = demos.observations
    assert_allclose(states(X, k=1).distances(X), 0.0, atol=1e-6)


def test_more_rows_than_are_searched(demos):
    X = np.random.default_rng(0).normal(size=(300, 2))
    few = states(X, max_samples=50)
    assert (few.distances(X) >= states(X).distances(X) - 1e-9).all()
    assert (few.distances(X) > 0.01).any()
    assert_allclose(states(X, max_samples=50).distances(X), few.distances(X))


class FallingEnv(PointEnv):
    """It is over once the point is far out, where no expert ever takes it."""

    def reset(self, *, seed=None, options=None):
        position, info = super().reset(seed=seed)
        return np.sign(position) * 0.5, info

    def step(self, action):
        position, reward, _, truncated, info = super().step(action)
        return position, reward, bool(np.abs(position).max() > 4.0), truncated, info


def test_who_leaves_the_data_is_seen_to(demos):
    def away(observations):
        return np.sign(observations)

    def make():
        return FallingEnv(n_steps=30)

    options = {"n_episodes": 6, "random_state": 0, "n_neighbors": K}
    leaving = DriftDisplay.from_estimator(away, make, demos, name="away", **options)
    staying = DriftDisplay.from_estimator(
        expert, make, demos, name="expert", ax=leaving.ax_, **options
    )
    assert leaving.terminated.all()
    assert not staying.terminated.any()
    assert max(map(len, leaving.distances)) < 30
    last = [one[-1] for one in leaving.distances]
    assert min(last) > 2 * max(one.max() for one in staying.distances)
    labels = [text.get_text() for text in staying.ax_.get_legend().get_texts()]
    assert labels.count("the data from each other") == 1
    assert {"away", "expert", "away: 6 of 6 episodes end early"} <= set(labels)
    crosses = next(line for line in leaving.ax_.lines if line.get_marker() == "x")
    assert_allclose(crosses.get_ydata(), last)
    assert_allclose(crosses.get_xdata(), [len(one) for one in leaving.distances])


def test_episodes_of_different_lengths():
    display = DriftDisplay([[1.0, 2.0, 3.0], [3.0]], data_distances=[1.0, 1.0]).plot()
    assert display.n_left.tolist() == [2, 1, 1]
    assert_allclose(display.line_.get_ydata(), [2.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"^distances: .* shapes \[\(1,\), \(0,\)\]$"):
        DriftDisplay([[1.0], []])
    with pytest.raises(ValueError, match=r"^distances: .* shapes \[\(\), \(\)\]$"):
        DriftDisplay([1.0, 2.0])
    with pytest.raises(ValueError, match=r"^terminated: .* 1 episodes, got shape"):
        DriftDisplay([[1.0]], terminated=[True, False])


@pytest.mark.parametrize("kind", ["cloner", "pipeline", "dagger"])
def test_estimators_of_every_kind_act(kind, demos):
    X, y = demos.observations, demos.actions
    cloner = BehaviorCloner(max_iter=2, random_state=0)
    estimators = {
        "cloner": cloner,
        "pipeline": make_pipeline(StandardScaler(), LinearRegression()),
        "dagger": DAggerRegressor(
            cloner, env=PointEnv, expert=expert, n_rounds=1, n_eval_episodes=1
        ),
    }
    fitted = estimators[kind].fit(X, y)
    display = drawn(fitted, X, groups=demos.episode_ids)
    assert display.name == type(fitted).__name__
    again = drawn(fitted, demos, ax=display.ax_)
    for one, other in zip(display.distances, again.distances, strict=True):
        assert_allclose(one, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.ones((9, 3))}, r"^X: expected the 2 features that env shows, got 3"),
        ({"X": np.empty((0, 2))}, r"^X: .*0 sample"),
        ({"X": np.full((9, 2), np.nan)}, r"^X: .*NaN"),
        ({"X": np.ones((9, 2))}, r"^X: expected observations that differ"),
        ({"groups": [1, 2]}, r"^groups: expected shape \(\d+,\), one episode for each"),
        ({"n_neighbors": 0}, r"^n_neighbors: "),
        ({"n_neighbors": 1000}, r"^n_neighbors: expected at most the \d+ samples"),
        ({"n_episodes": 0}, r"^n_episodes: "),
        ({"max_samples": 2}, r"^n_neighbors: expected at most the 2 samples"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_an_episode_is_run(
    changes, message, demos, clone
):
    PointEnv.log.clear()
    given = {"X": demos.observations} | changes
    with pytest.raises(ValueError, match=message):
        drawn(clone, **given)
    assert not [entry for entry in PointEnv.log if entry[0] == "step"]


def test_an_estimator_that_cannot_act_is_named(demos):
    with pytest.raises(NotFittedError):
        drawn(BehaviorCloner(), demos)
    wide = LinearRegression().fit(np.ones((5, 3)), np.ones((5, 2)))
    with pytest.raises(ValueError, match=r"^estimator: "):
        drawn(wide, demos)
    with pytest.raises(ValueError, match=r"^groups: expected None beside Rollouts"):
        drawn(LinearRegression(), demos, groups=demos.episode_ids)
