"""Episodes find their way: through searches, pipelines, and into early stopping."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import BehaviorCloner, HistoryClassifier, HistoryRegressor

RNG = np.random.default_rng(0)
POSITIONS = RNG.normal(size=(12, 20, 1)).cumsum(axis=1)
X = POSITIONS.reshape(-1, 1)
Y = np.diff(POSITIONS, axis=1, prepend=POSITIONS[:, :1]).ravel()
GROUPS = np.repeat(np.arange(12), 20)
GRID = {"n_steps": [1, 2]}


def routing(enabled):
    return config_context(enable_metadata_routing=enabled)


def told_of(cloner):
    """Note which episodes a cloner's fits are told of, and how they validate."""
    told = []
    fit = type(cloner).fit

    class Asking(BehaviorCloner):
        def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
            told.append((groups, X_val, y_val))
            return fit(
                self, X, y, sample_weight, groups=groups, X_val=X_val, y_val=y_val
            )

    return Asking(**cloner.get_params()), told


def stopping(**options):
    return BehaviorCloner(
        (4,), max_iter=1, early_stopping=True, random_state=0, **options
    )


@pytest.mark.parametrize("asks", [False, True])
def test_a_search_tells_fits_and_scores_with_routing(asks):
    with routing(True):
        model = HistoryRegressor(LinearRegression(), 1)
        if asks:
            model.set_fit_request(groups=True).set_score_request(groups=True)
        search = GridSearchCV(model, GRID, cv=GroupKFold(3), error_score="raise")
        search.fit(X, Y, groups=GROUPS)
    assert search.best_params_ == {"n_steps": 2}
    assert search.best_score_ > 0.999
    found = search.best_estimator_.predict(X, groups=GROUPS)
    assert_allclose(found, Y, atol=1e-9)


def test_without_routing_a_search_says_that_nothing_is_remembered():
    model = HistoryRegressor(LinearRegression(), 1)
    search = GridSearchCV(model, GRID, cv=GroupKFold(3), error_score="raise")
    of_scores = pytest.warns(UserWarning, match="each sample to score")
    with of_scores, pytest.warns(UserWarning, match="without groups"):
        search.fit(X, Y, groups=GROUPS)
    assert search.best_score_ < 0.5


def test_a_search_over_a_pipeline_with_routing():
    with routing(True):
        model = HistoryClassifier(LogisticRegression(C=100.0), 1)
        pipeline = make_pipeline(StandardScaler(), model)
        grid = {"historyclassifier__n_steps": [1, 2]}
        search = GridSearchCV(pipeline, grid, cv=GroupKFold(3), error_score="raise")
        search.fit(X, Y > 0, groups=GROUPS)
        assert search.best_params_ == {"historyclassifier__n_steps": 2}
        best = search.best_estimator_
        assert best.score(X, Y > 0, groups=GROUPS) > 0.95
        assert best.predict_proba(X, groups=GROUPS).shape == (240, 2)


def test_cross_validation_with_routing():
    model = HistoryRegressor(LinearRegression(), 2)
    with routing(True):
        told = {"params": {"groups": GROUPS}, "cv": GroupKFold(3)}
        scores = cross_validate(model, X, Y, error_score="raise", **told)
        assert scores["test_score"].min() > 0.999
        predicted = cross_val_predict(model, X, Y, **told)
    assert predicted.shape == Y.shape


@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize("wrap", [False, True])
def test_early_stopping_inside_is_told_of_the_episodes(enabled, wrap):
    cloner, told = told_of(stopping())
    learner = make_pipeline(StandardScaler(), cloner) if wrap else cloner
    weight = np.tile([0.0, 1.0], 120)
    with routing(enabled):
        HistoryRegressor(learner, 3).fit(X, Y, weight, groups=GROUPS)
    ((groups, X_val, _),) = told
    assert_array_equal(groups, GROUPS[1::2])
    assert X_val is None


@pytest.mark.parametrize("enabled", [False, True])
def test_validation_data_are_shown_with_their_past(enabled):
    cloner, told = told_of(stopping())
    model = HistoryRegressor(cloner, 2, actions=True)
    with routing(enabled):
        model.fit(
            X[:200],
            Y[:200],
            groups=GROUPS[:200],
            X_val=X[200:],
            y_val=Y[200:],
            groups_val=GROUPS[200:],
        )
    _, X_val, y_val = told[0]
    assert_array_equal(y_val, Y[200:])
    before = np.where(np.arange(40) % 20 == 0, np.arange(40), np.arange(40) - 1)
    assert_array_equal(X_val[:, 0], X[200:, 0][before])
    assert_array_equal(X_val[:, 1], X[200:, 0])
    assert_array_equal(X_val[1:20, 3], Y[200:219])
    assert_array_equal(X_val[[0, 20], 2:], np.zeros((2, 2)))
    assert len(model.estimator_.validation_scores_) == 1
    for bad, message in [
        ({"groups_val": GROUPS[:40] % 2}, None),
        ({"groups_val": np.arange(40) % 2}, "groups_val: .* successive"),
        ({"y_val": Y[:3]}, "X_val and y_val"),
        ({"actions_val": Y[:3]}, "actions_val: expected 1 outputs"),
    ]:
        if message is not None:
            given = {"X_val": X[200:], "y_val": Y[200:], "groups_val": GROUPS[200:]}
            with pytest.raises(ValueError, match=message):
                model.fit(X, Y, groups=GROUPS, **(given | bad))


def test_what_else_the_learner_takes_is_passed_on():
    class Coloured(Ridge):
        def fit(self, X, y, sample_weight=None, colour=None):
            self.colour_ = colour
            return super().fit(X, y, sample_weight)

    model = HistoryRegressor(Coloured(), 2).fit(X, Y, groups=GROUPS, colour="red")
    assert model.estimator_.colour_ == "red"
    with routing(True):
        with pytest.raises(UnsetMetadataPassedError, match="colour"):
            model.fit(X, Y, groups=GROUPS, colour="blue")
        model.estimator.set_fit_request(colour=True)
        model.fit(X, Y, groups=GROUPS, colour="green")
        outer = make_pipeline(StandardScaler(), model)
        outer.fit(X, Y, groups=GROUPS, colour="yellow")
    assert model.estimator_.colour_ == "yellow"


def test_targets_in_other_units_inside_and_around():
    def in_other_units(learner):
        return TransformedTargetRegressor(learner, transformer=StandardScaler())

    inside = HistoryRegressor(in_other_units(Ridge()), 2).fit(X, Y, groups=GROUPS)
    assert inside.score(X, Y, groups=GROUPS) > 0.99
    around = in_other_units(HistoryRegressor(Ridge(), 2)).fit(X, Y, groups=GROUPS)
    predicted = around.predict(X, groups=GROUPS)
    assert np.abs(predicted - inside.predict(X, groups=GROUPS)).max() < 1e-9


def test_callbacks_are_shown_the_learners_epochs():
    class Tasks:
        max_propagation_depth = None

        def setup(self, estimator, context):
            self.names = []

        def on_fit_task_begin(self, estimator, context, **shown):
            self.names.append((type(estimator).__name__, context.task_name))

        def on_fit_task_end(self, estimator, context, **shown):
            return False

        def teardown(self, estimator, context):
            return None

    tasks = Tasks()
    learner = BehaviorCloner((4,), max_iter=2, random_state=0)
    model = HistoryRegressor(learner, 2).set_callbacks(tasks)
    model.fit(X, Y, groups=GROUPS)
    epochs = [("BehaviorCloner", "epoch")] * 2
    assert tasks.names[0] == ("HistoryRegressor", "fit")
    assert [pair for pair in tasks.names if pair[1] == "epoch"] == epochs
    model.continue_fit(X, Y, groups=GROUPS, n_epochs=3)
    assert len([pair for pair in tasks.names if pair[1] == "epoch"]) == 3
    HistoryRegressor(Ridge(), 2).set_callbacks(Tasks()).fit(X, Y, groups=GROUPS)
