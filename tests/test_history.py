"""A learner is shown the past of an episode."""

import gymnasium
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.utils import get_tags

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    HistoryClassifier,
    HistoryRegressor,
)


class Shown(RegressorMixin, BaseEstimator):
    """Keeps what it is given; its action is the sum of all that it is shown."""

    def fit(self, X, y, sample_weight=None, groups=None):
        self.X_, self.y_ = X, np.asarray(y)
        self.weight_, self.groups_ = sample_weight, groups
        return self

    def predict(self, X):
        self.asked_ = X
        total = np.asarray(X).sum(axis=1) / 8.0
        return total if self.y_.ndim == 1 else np.tile(total, (self.y_.shape[1], 1)).T


class ShownClasses(ClassifierMixin, Shown):
    """The same for classes: the first column says which."""

    def fit(self, X, y):
        super().fit(X, y)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0] > 0).astype(int)]


class Bare(RegressorMixin, BaseEstimator):
    """Takes nothing but X and y."""

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return self

    def predict(self, X):
        return np.zeros(len(X))


def episodes_of(lengths):
    return np.repeat(np.arange(len(lengths)), lengths)


def expected_row(X, actions, groups, n_steps, t):
    """The row of one step, put together one by one."""
    first = int(np.flatnonzero(groups == groups[t])[0])
    seen = [X[max(t - age, first)] for age in range(n_steps - 1, -1, -1)]
    done = []
    if actions is not None:
        for age in range(n_steps, 0, -1):
            none = np.zeros_like(actions[0])
            done.append(actions[t - age] if t - age >= first else none)
    return np.concatenate([np.ravel(part) for part in (*seen, *done)])


def data(lengths, n_features=2, n_outputs=None, seed=0):
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    shape = (n,) if n_outputs is None else (n, n_outputs)
    return (
        rng.normal(size=(n, n_features)),
        rng.normal(size=shape),
        episodes_of(lengths),
    )


LENGTHS = st.lists(st.integers(1, 7), min_size=1, max_size=5)


@given(
    lengths=LENGTHS,
    n_steps=st.integers(1, 9),
    n_features=st.integers(1, 3),
    n_outputs=st.sampled_from([None, 1, 2]),
    actions=st.booleans(),
)
def test_rows_are_the_last_observations_and_actions(
    lengths, n_steps, n_features, n_outputs, actions
):
    X, y, groups = data(lengths, n_features, n_outputs)
    model = HistoryRegressor(Shown(), n_steps, actions=actions)
    model.fit(X, y, groups=[f"episode {g}" for g in groups])
    done = y.reshape(len(y), -1) if actions else None
    rows = [expected_row(X, done, groups, n_steps, t) for t in range(len(X))]
    assert_array_equal(model.estimator_.X_, rows)
    assert_array_equal(model.estimator_.y_, y)
    assert_array_equal(model.estimator_.groups_, groups)
    assert model.estimator_.weight_ is None
    assert model.n_outputs_ == (n_outputs or 1)
    model.predict(X, groups=groups, actions=y)
    assert_array_equal(model.estimator_.asked_, rows)


def test_observations_are_those_of_gymnasiums_frame_stack():
    env = gymnasium.make("Pendulum-v1")
    stacks = gymnasium.wrappers.FrameStackObservation(env, 3, padding_type="reset")
    seen, frames = [], []
    for seed in range(2):
        frame, _ = stacks.reset(seed=seed)
        for _ in range(5):
            frames.append(frame.ravel())
            seen.append(frame[-1])
            frame, *_ = stacks.step(np.ones(1, dtype=np.float32))
    stacks.close()
    X, groups = np.array(seen), episodes_of([5, 5])
    model = HistoryRegressor(Shown(), 3).fit(X, X[:, 0], groups=groups)
    assert_array_equal(model.estimator_.X_, frames)
    assert model.estimator_.X_.dtype == np.float32


@given(lengths=LENGTHS, n_steps=st.integers(1, 4), actions=st.booleans())
def test_on_its_own_it_sees_what_it_would_have_done(lengths, n_steps, actions):
    X, y, groups = data(lengths, n_outputs=2)
    model = HistoryRegressor(Shown(), n_steps, actions=actions).fit(X, y, groups=groups)
    done = np.zeros_like(y)
    for t in range(len(X)):
        row = expected_row(X, done if actions else None, groups, n_steps, t)
        done[t] = model.estimator_.predict(row[np.newaxis])[0]
    assert_allclose(model.predict(X, groups=groups), done, rtol=1e-9, atol=1e-12)


def test_each_row_is_an_episode_of_its_own_without_groups():
    X, y, groups = data([5, 4])
    model = HistoryRegressor(Shown(), 2, actions=True).fit(X, y, groups=groups)
    assert_array_equal(model.predict(X), model.predict(X, groups=np.arange(9)))
    with pytest.warns(UserWarning, match="without groups, .* nothing") as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__
    assert_array_equal(model.estimator_.X_, np.hstack([X, X, np.zeros((9, 2))]))
    assert model.estimator_.groups_ is None
    HistoryRegressor(Shown(), 1).fit(X, y)  # loses nothing


@pytest.mark.filterwarnings("ignore:groups. expected the episode of each sample to")
@pytest.mark.parametrize("how", ["groups", "actions"])
def test_steps_without_a_label_are_history_alone(how):
    X, y, groups = data([6, 5], n_outputs=1)
    weight = np.array([1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1.0])
    labelled = weight > 0
    y[~labelled] = np.nan
    done = np.random.default_rng(1).normal(size=11)
    model = HistoryRegressor(Bare(), 3, actions=how == "actions")
    model.fit(X, y, weight, groups=groups, actions=done)
    shown = done[:, np.newaxis] if how == "actions" else None
    rows = [expected_row(X, shown, groups, 3, t) for t in np.flatnonzero(labelled)]
    assert_array_equal(model.estimator_.X_, rows)
    assert_array_equal(model.estimator_.y_, y[labelled])
    expected = model.score(X[labelled], y[labelled])
    assert model.score(X, y, weight) == expected
    if how == "actions":
        with pytest.raises(ValueError, match=r"y contains NaN.*actions= tells"):
            model.fit(X, y, weight, groups=groups)


def test_weights_reach_the_learner_where_they_say_something():
    X, y, groups = data([6, 5])
    weight = np.arange(11.0)
    model = HistoryRegressor(Shown(), 2).fit(X, y, weight, groups=groups)
    assert_array_equal(model.estimator_.weight_, weight[1:])
    assert_array_equal(model.estimator_.groups_, groups[1:])
    model.fit(X, y, (weight > 3).astype(float), groups=groups)
    assert model.estimator_.weight_ is None
    # 2 is not 1 to a learner with a penalty.
    model.fit(X, y, np.full(11, 2.0), groups=groups)
    assert_array_equal(model.estimator_.weight_, np.full(11, 2.0))
    bare = HistoryRegressor(Bare(), 2).fit(X, y, np.full(11, 2.0), groups=groups)
    with pytest.raises(ValueError, match=r"sample_weight: .* fit of estimator, Bare,"):
        bare.fit(X, y, weight, groups=groups)


def test_in_a_pipeline_the_last_step_is_told():
    X, y, groups = data([6, 5])
    weight = np.arange(11.0) + 1
    learner = make_pipeline(StandardScaler(), Shown())
    fitted = HistoryRegressor(learner, 2).fit(X, y, weight, groups=groups).estimator_
    assert_array_equal(fitted[-1].weight_, weight)
    assert_array_equal(fitted[-1].groups_, groups)
    outer = make_pipeline(StandardScaler(), HistoryRegressor(Shown(), 2))
    outer.fit(X, y, historyregressor__groups=groups)
    scaled = outer[0].transform(X)
    rows = [expected_row(scaled, None, groups, 2, t) for t in range(11)]
    assert_array_equal(outer[-1].estimator_.X_, rows)
    assert_array_equal(
        outer.predict(X, groups=groups), outer[-1].predict(scaled, groups=groups)
    )
    with pytest.warns(UserWarning, match="STEP__groups"):
        outer.fit(X, y)


def test_columns_are_named_where_features_are():
    X, y, groups = data([3, 3], n_outputs=2)
    frame = pd.DataFrame(X, columns=["angle", "goal[0]"])
    model = HistoryRegressor(Shown(), 2, actions=True).fit(frame, y, groups=groups)
    names = ["angle[t-1]", "goal[0][t-1]", "angle[t]", "goal[0][t]", "action0[t-2]"]
    names += ["action1[t-2]", "action0[t-1]", "action1[t-1]"]
    assert list(model.estimator_.X_.columns) == names
    assert list(model.stacking_.names(model.feature_names_in_)) == names
    assert list(model.feature_names_in_) == ["angle", "goal[0]"]
    model.predict(frame, groups=groups)
    assert list(model.estimator_.asked_.columns) == names
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    clash = frame.rename(columns={"angle": "action0"})
    with pytest.raises(ValueError, match=r"two columns named action0\[t-1\]"):
        model.fit(clash, y, groups=groups)


def test_classes_are_shown_one_hot():
    X, _, groups = data([3, 2])
    y = np.array(["left", "right", "stay", "left", "stay"])
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = HistoryClassifier(ShownClasses(), 1, actions=True)
    model.fit(frame, y, groups=groups)
    hot = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0.0]])
    assert_array_equal(model.estimator_.X_, np.hstack([X, hot]))
    assert list(model.estimator_.X_.columns[2:]) == [
        f"action0={name}[t-1]" for name in ("left", "right", "stay")
    ]
    # What was done may be something that nobody teaches.
    done = np.where(y == "stay", "fly", y)
    model.fit(X, y, groups=groups, actions=done)
    assert model.stacking_.n_columns == 2 + 4
    assert_array_equal(model.classes_, ["left", "right", "stay"])
    with pytest.raises(ValueError, match=r"actions: expected one of .* got 'swim'"):
        model.predict(X, groups=groups, actions=np.full(5, "swim"))


def test_several_outputs_of_classes():
    rng = np.random.default_rng(0)
    X, _, groups = data([40, 40])
    before = np.roll(X, 1, axis=0)
    y = np.stack([X[:, 0] > before[:, 0], X[:, 1] > 0], axis=1).astype(int)
    y[:, 1] += 3
    forest = RandomForestClassifier(10, random_state=0)
    model = HistoryClassifier(forest, 2, actions=True).fit(X, y, groups=groups)
    assert [list(classes) for classes in model.classes_] == [[0, 1], [3, 4]]
    assert model.n_outputs_ == 2
    assert model.stacking_.n_columns == 2 * (2 + 4)
    assert [p.shape for p in model.predict_proba(X, groups=groups)] == [(80, 2)] * 2
    found = model.predict(X, groups=groups)
    weight = rng.uniform(size=80)
    right = (found == y).all(axis=1)
    score = model.score(X, y, weight, groups=groups)
    assert_allclose(score, np.average(right, weights=weight))
    assert 0.9 < score <= 1.0


def test_probabilities_are_the_learners():
    X, y, groups = data([9, 9])
    y = np.where(y > 0, "up", "down")
    model = HistoryClassifier(LogisticRegression(), 2).fit(X, y, groups=groups)
    rows = [expected_row(X, None, groups, 2, t) for t in range(18)]
    assert_allclose(
        model.predict_proba(X, groups=groups), model.estimator_.predict_proba(rows)
    )
    assert not hasattr(HistoryClassifier(ShownClasses(), 2), "predict_proba")


def test_memory_makes_the_difference():
    """The speed is in two positions, not in one."""
    rng = np.random.default_rng(0)
    positions = rng.normal(size=(10, 30, 1)).cumsum(axis=1)
    X = positions.reshape(-1, 1)
    y = np.diff(positions, axis=1, prepend=positions[:, :1]).ravel()
    groups = episodes_of([30] * 10)
    learner = BehaviorCloner((), max_iter=100, learning_rate_init=0.02, random_state=0)
    plain, stacked = (
        HistoryRegressor(learner, n_steps).fit(X, y, groups=groups)
        for n_steps in (1, 2)
    )
    assert plain.score(X, y, groups=groups) < 0.2
    assert stacked.score(X, y, groups=groups) > 0.99


def test_tags_are_the_learners():
    boosting = HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=2)
    assert get_tags(HistoryRegressor(boosting, 2)).input_tags.allow_nan
    assert not get_tags(HistoryRegressor(Ridge(), 2)).input_tags.allow_nan
    assert not get_tags(HistoryRegressor(SVR(), 2)).target_tags.multi_output
    assert get_tags(HistoryRegressor(Ridge(), 2)).target_tags.multi_output
    assert get_tags(
        HistoryClassifier(KNeighborsClassifier(), 2)
    ).classifier_tags.multi_label
    X, y, groups = data([20, 20])
    X[3] = np.nan
    model = HistoryRegressor(boosting, 2).fit(X, y, groups=groups)
    assert np.isfinite(model.predict(X, groups=groups)).all()
    with pytest.raises(ValueError, match="X contains NaN"):
        HistoryRegressor(Ridge(), 2).fit(X, y, groups=groups)


X, Y, GROUPS = data([5, 5])
BAD = {
    "interleaved": ({"groups": [0] * 4 + [1] * 5 + [0]}, "groups: .* successive"),
    "none": ({"groups": np.array([None] * 10)}, "groups: .* got None"),
    "length": ({"groups": [0, 0]}, r"groups: expected shape \(10,\)"),
    "y": ({"y": None}, "requires y to be passed"),
    "short y": ({"y": Y[:4]}, "X and y: .*inconsistent"),
    "nan y": ({"y": np.full(10, np.nan)}, "y contains NaN"),
    "actions": ({"actions": Y[:4]}, r"actions: expected 1 outputs .* \(4, 1\)"),
    "nan actions": ({"actions": Y * np.nan}, "actions contains NaN"),
    "wide actions": ({"actions": np.c_[Y, Y]}, r"actions: .* \(10, 2\)"),
    "weights": ({"sample_weight": np.zeros(10)}, "sample_weight: .*zero"),
    "X_val": ({"X_val": X}, "y_val: expected it together with X_val"),
    "groups_val": ({"groups_val": GROUPS}, "X_val: expected it together"),
    "no groups_val": ({"X_val": X, "y_val": Y}, "groups_val: .* got None"),
    "validation": (
        {"X_val": X, "y_val": Y, "groups_val": GROUPS},
        "X_val, y_val, groups_val: expected None, .* Shown, takes no validation",
    ),
    "past it": ({"shown__groups": GROUPS}, "shown__groups: expected as groups"),
    "unknown": ({"colour": "red"}, "colour"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_change_nothing(name):
    bad, message = BAD[name]
    model = HistoryRegressor(Shown(), 2, actions=True).fit(X, Y, groups=GROUPS)
    before = dict(vars(model))
    given = {"X": X, "y": Y, "groups": GROUPS} | bad
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(**given)
    assert vars(model) == before
    model.predict(X)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (HistoryRegressor(Shown(), 0), "n_steps"),
        (HistoryRegressor(Shown(), 2.5), "n_steps"),
        (HistoryRegressor(Shown(), 2, actions="yes"), "actions"),
        (HistoryRegressor(None, 2), "estimator"),
        (
            HistoryRegressor(LogisticRegression(), 2),
            "expected a regressor, .*Classifier",
        ),
        (HistoryClassifier(Ridge(), 2), "expected a classifier, .* HistoryRegressor"),
        (
            HistoryRegressor(make_pipeline(HistoryRegressor(Ridge(), 2)), 2),
            "estimator: expected a learner of single rows, got HistoryRegressor",
        ),
    ],
)
def test_bad_parameters(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, groups=GROUPS)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_bad_data_to_predict_with():
    model = HistoryRegressor(Shown(), 2, actions=True).fit(X, Y, groups=GROUPS)
    for bad, message in [
        ({"groups": [0] * 4 + [1] * 5 + [0]}, "groups: .* successive"),
        ({"actions": Y[:3]}, "actions: expected 1 outputs for each of 10"),
        ({"X": X[:, :1]}, "X has 1 features"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.predict(**({"X": X, "groups": GROUPS} | bad))


def test_actions_are_not_looked_at_where_they_are_not_shown():
    model = HistoryRegressor(Ridge(), 2).fit(X, Y, groups=GROUPS, actions="nonsense")
    expected = HistoryRegressor(Ridge(), 2).fit(X, Y, groups=GROUPS)
    assert_array_equal(model.predict(X, GROUPS, actions=3), expected.predict(X, GROUPS))


def test_what_was_fitted_holds_until_the_next_fit():
    model = HistoryRegressor(Ridge(), 2).fit(X, Y, groups=GROUPS)
    expected = model.predict(X, GROUPS)
    model.set_params(n_steps=4, actions=True)
    assert_array_equal(model.predict(X, GROUPS), expected)
    again = clone(model)
    assert again.n_steps == 4
    assert not hasattr(again, "estimator_")
    assert model.fit(X, Y, groups=GROUPS).stacking_.n_columns == 4 * 3


def test_longer_than_any_episode():
    model = HistoryRegressor(KNeighborsRegressor(1), 50, actions=True)
    model.fit(X, Y, groups=GROUPS)
    assert_allclose(model.predict(X, GROUPS, actions=Y), Y)


def test_a_constant_learner_needs_no_features():
    model = HistoryRegressor(DummyRegressor(), 2, actions=True).fit(X, Y, groups=GROUPS)
    assert_allclose(model.predict(X, GROUPS), np.full(10, Y.mean()))


@pytest.mark.parametrize("name", ["LinearRegression", "cloner", "classifier"])
def test_a_longer_past_of_nothing_changes_nothing(name):
    """One step of history is the learner itself."""
    learner, y = {
        "LinearRegression": (LinearRegression(), Y),
        "cloner": (BehaviorCloner((4,), max_iter=3, random_state=0), Y),
        "classifier": (
            BehaviorCloningClassifier((4,), max_iter=3, random_state=0),
            Y > 0,
        ),
    }[name]
    kind = HistoryClassifier if name == "classifier" else HistoryRegressor
    alone = clone(learner).fit(X, y)
    assert_array_equal(kind(learner, 1).fit(X, y).predict(X), alone.predict(X))
