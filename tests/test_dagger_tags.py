"""DAgger takes what its learner takes."""

import numpy as np
import pytest
from checks import assert_passes_checks, kind
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from toy import OneActionEnv, PointEnv, expert, lean

from skimitate import BehaviorCloner, DAggerClassifier, DAggerRegressor


def boosting():
    return HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2)


TAKE_NAN = {
    "boosting": boosting(),
    "forest": RandomForestRegressor(3),
    "imputer": make_pipeline(SimpleImputer(), Ridge()),
    "pipeline": make_pipeline("passthrough", StandardScaler(), boosting()),
    "units": TransformedTargetRegressor(boosting()),
    "units of an ensemble": TransformedTargetRegressor(RandomForestRegressor(2)),
    "outputs": MultiOutputRegressor(boosting()),
}
TAKE_NONE = {
    "default": None,
    "cloner": BehaviorCloner(),
    "ridge": Ridge(),
    "pipeline": make_pipeline(BehaviorCloner()),
    "units": TransformedTargetRegressor(),
    "outputs": MultiOutputRegressor(Ridge()),
}


def gappy(n=60):
    X = np.random.default_rng(0).normal(size=(n, 2))
    y = expert(X)
    X[::7, 0] = np.nan
    return X, y


@pytest.mark.parametrize("name", TAKE_NAN)
def test_nan_reaches_a_learner_that_takes_it(name):
    X, y = gappy()
    y = y if name in ("outputs", "imputer", "forest") else y[:, 1]
    model = DAggerRegressor(TAKE_NAN[name])
    # Whether NaN are left once a step has worked is not to be known: no promise.
    assert get_tags(model).input_tags.allow_nan == (name != "imputer")
    predicted = model.fit(X, y).predict(X)
    assert predicted.shape == y.shape
    assert np.isfinite(predicted).all()
    with pytest.raises(ValueError, match="X contains infinity"):
        model.fit(np.where(np.isnan(X), np.inf, X), y)
    with pytest.raises(ValueError, match="y contains NaN"):
        model.fit(X, np.where(y > 1, np.nan, y))


def test_a_run_from_demonstrations_with_gaps():
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = lean(X)
    X[::7, 0] = np.nan
    model = DAggerRegressor(
        boosting(), OneActionEnv, lean, n_rounds=2, n_eval_episodes=1, random_state=0
    ).fit(X, y)
    assert model.history_[-1]["n_samples"] == 70
    assert np.isfinite([record["loss"] for record in model.history_]).all()
    assert model.n_outputs_ == 1


def test_the_page_of_an_ensemble_in_other_units():
    model = DAggerRegressor(TransformedTargetRegressor(RandomForestRegressor(2)))
    assert "RandomForestRegressor" in model._repr_html_()


@pytest.mark.parametrize("name", TAKE_NONE)
def test_nan_does_not_get_to_others(name):
    X, y = gappy()
    model = DAggerRegressor(TAKE_NONE[name])
    assert not get_tags(model).input_tags.allow_nan
    with pytest.raises(ValueError, match="X contains NaN"):
        model.fit(X, y)
    model = DAggerRegressor(Ridge()).fit(np.nan_to_num(X), y)
    with pytest.raises(ValueError, match="X contains NaN"):
        model.predict(X)


@pytest.mark.parametrize(
    ("learner", "single", "multi"),
    [
        (BehaviorCloner(), True, True),
        (Ridge(), True, True),
        (SVR(), True, False),
        (MultiOutputRegressor(SVR()), False, True),
        (make_pipeline(StandardScaler(), SVR()), True, False),
    ],
)
def test_outputs_are_those_that_the_learner_can_have(learner, single, multi):
    tags = get_tags(DAggerRegressor(learner))
    assert tags.target_tags.single_output is single
    assert tags.target_tags.multi_output is multi
    assert not tags.input_tags.sparse
    assert tags.estimator_type == "regressor"


@pytest.mark.parametrize(
    ("learner", "multi", "labels"),
    [
        (None, True, True),
        (LogisticRegression(), False, False),
        (RandomForestClassifier(), True, True),
        (make_pipeline(StandardScaler(), SVC()), False, False),
        (HistGradientBoostingClassifier(), False, False),
    ],
)
def test_classes_are_those_that_the_learner_can_have(learner, multi, labels):
    tags = get_tags(DAggerClassifier(learner))
    assert tags.estimator_type == "classifier"
    assert tags.target_tags.single_output
    assert tags.target_tags.multi_output is multi
    assert tags.classifier_tags.multi_label is labels
    assert not tags.input_tags.sparse
    allows_nan = isinstance(
        learner, (HistGradientBoostingClassifier, RandomForestClassifier)
    )
    assert tags.input_tags.allow_nan == allows_nan


def test_gaps_are_left_to_a_classifier_that_takes_them():
    X, y = gappy()
    model = DAggerClassifier(RandomForestClassifier(3, random_state=0))
    labels = np.sign(np.round(y[:, 1])).astype(int)
    assert model.fit(X, labels).score(X, labels) > 0.8
    with pytest.raises(ValueError, match="X contains NaN"):
        DAggerClassifier(LogisticRegression()).fit(X, labels)


def test_one_action_for_a_learner_that_wants_a_column():
    learner = MultiOutputRegressor(boosting())
    model = DAggerRegressor(
        learner, OneActionEnv, lean, n_rounds=1, n_eval_episodes=1, random_state=0
    ).fit()
    assert model.predict(np.zeros((3, 2))).shape == (3, 1)


def test_y_is_required_where_there_is_nobody_to_ask():
    assert get_tags(DAggerRegressor()).target_tags.required
    asking = DAggerRegressor(Ridge(), PointEnv, expert, n_rounds=1, n_eval_episodes=1)
    assert not get_tags(asking).target_tags.required
    assert asking.fit().n_outputs_ == 2
    assert asking.n_features_in_ == 2


def test_learners_without_tags():
    class Plain:
        def get_params(self, deep=True):
            return {}

        def set_params(self):
            return self

        def fit(self, X, y):
            self.mean = y.mean(axis=0)
            return self

        def predict(self, X):
            return np.tile(self.mean, (len(X), 1))

    X, y = gappy()
    model = DAggerRegressor(Plain()).fit(np.nan_to_num(X), y)
    assert model.predict(np.nan_to_num(X)).shape == y.shape
    assert model.n_outputs_ == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [
        DAggerRegressor(HistGradientBoostingRegressor(max_iter=5)),
        DAggerRegressor(Ridge()),
        DAggerRegressor(MultiOutputRegressor(Ridge())),
        DAggerClassifier(HistGradientBoostingClassifier(max_iter=5)),
        DAggerClassifier(LogisticRegression()),
        DAggerClassifier(DecisionTreeClassifier()),
    ],
    ids=lambda one: f"{kind(one)} of {kind(one.estimator)}",
)
def test_all_checks_pass_with_other_learners(estimator):
    reason = "a column is the action of an environment with one"
    several = get_tags(estimator).target_tags.multi_output
    assert_passes_checks(
        estimator, {} if several else {"check_supervised_y_2d": reason}
    )
