"""DAgger tells its learner which labels are of one episode."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import PointEnv, expert

from skimitate import BehaviorCloner, DAggerRegressor


class Told(RegressorMixin, BaseEstimator):
    """Notes the groups of each fit."""

    log: list = []

    def fit(self, X, y, groups=None):
        assert groups is None or len(groups) == len(X)
        self.log.append(None if groups is None else np.array(groups))
        self.coef_ = np.linalg.lstsq(X, y, rcond=None)[0]
        return self

    def predict(self, X):
        return X @ self.coef_


@pytest.fixture(autouse=True)
def _empty_log():
    Told.log.clear()


def dagger(learner, **options):
    options = {"n_rounds": 2, "n_eval_episodes": 1, "random_state": 0} | options
    return DAggerRegressor(learner, PointEnv, expert, **options)


def wrapped(learner):
    target = TransformedTargetRegressor(learner, transformer=StandardScaler())
    return make_pipeline(StandardScaler(), make_pipeline("passthrough", target))


def demonstrations(n=40):
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, expert(X)


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("wrap", [lambda learner: learner, wrapped])
def test_it_knows_the_episodes_of_its_rounds(routing, wrap):
    with config_context(enable_metadata_routing=routing):
        dagger(wrap(Told()), n_episodes_per_round=2).fit()
    lengths = [np.bincount(groups).tolist() for groups in Told.log]
    assert lengths == [[5] * 2, [5] * 4, [5] * 6]


def test_one_episode_alone_is_not_told():
    dagger(Told()).fit()
    first, *others = Told.log
    assert first is None
    assert [len(np.unique(groups)) for groups in others] == [2, 3]


def test_demonstrations_count_as_blocks_or_as_the_episodes_they_are():
    X, y = demonstrations()
    dagger(Told()).fit(X, y)
    assert_array_equal(Told.log[0], np.repeat(np.arange(20), 2))
    assert_array_equal(Told.log[1][-6:], [19] + [20] * 5)
    Told.log.clear()
    names = np.repeat(["left", "right", "middle"], [10, 10, 20])
    dagger(Told()).fit(X, y, groups=names)
    assert [np.bincount(groups).tolist() for groups in Told.log] == [
        [10, 10, 20],
        [10, 10, 20, 5],
        [10, 10, 20, 5, 5],
    ]


@pytest.mark.parametrize("routing", [False, True])
def test_a_cloner_in_a_pipeline_stops_early_by_episodes_without_being_told(routing):
    """As when it is told by hand."""
    X, y = demonstrations()
    groups = np.repeat(np.arange(4), 10)
    cloner = BehaviorCloner((8,), max_iter=5, early_stopping=True, random_state=0)
    by_hand = cloner.fit(StandardScaler().fit_transform(X), y, groups=groups)
    expected = by_hand.validation_scores_
    with config_context(enable_metadata_routing=routing):
        learner = make_pipeline(StandardScaler(), cloner)
        fitted = DAggerRegressor(learner).fit(X, y, groups=groups)
    assert fitted.estimator_[-1].validation_scores_ == expected
    other = cloner.fit(StandardScaler().fit_transform(X), y).validation_scores_
    assert other != expected


def test_early_stopping_in_every_round_and_without_demonstrations():
    learner = BehaviorCloner((8,), max_iter=3, early_stopping=True)
    learner.set_params(validation_fraction=0.4)
    fitted = dagger(learner, incremental=False).fit()
    assert [r["training"] for r in fitted.history_] == ["fitted"] * 3
    kept, record = fitted.estimator_, fitted.history_[fitted.best_round_]
    assert len(kept.validation_scores_) == kept.n_iter_
    assert 0 < kept.normalizer_.n_samples_seen_ < record["n_samples"]


@config_context(enable_metadata_routing=True)
def test_requests_of_the_user_stand():
    X, y = demonstrations()
    refusing = make_pipeline(StandardScaler(), Told().set_fit_request(groups=False))
    DAggerRegressor(refusing).fit(X, y)
    renaming = make_pipeline(StandardScaler(), Told().set_fit_request(groups="runs"))
    DAggerRegressor(renaming).fit(X, y)
    assert Told.log[0] is None
    assert len(np.unique(Told.log[1])) == 20
    with pytest.raises(ValueError, match=r"groups: expected None, .* Told"):
        DAggerRegressor(refusing).fit(X, y, groups=np.repeat([0, 1], 20))


@config_context(enable_metadata_routing=True)
def test_a_search_routes_groups_to_dagger():
    X, y = demonstrations()
    model = DAggerRegressor(Told()).set_fit_request(groups=True)
    groups = np.repeat(np.arange(4), 10)
    search = GridSearchCV(model, {"n_rounds": [1]}, cv=GroupKFold(2), refit=False)
    search.fit(X, y, groups=groups)
    assert [np.bincount(told).tolist() for told in Told.log] == [[10, 10]] * 2


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0, 1, 0, 0], "groups: .* episode 0 again in row 2"),
        ([0, 1, 1], r"groups: expected shape \(4,\)"),
        ([0.0, np.nan, 1.0, 1.0], "groups.* NaN"),
    ],
)
def test_bad_groups_are_an_error_before_any_work(groups, message):
    X, y = demonstrations(4)
    PointEnv.log.clear()
    model = dagger(Told())
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, groups=groups)
    assert not Told.log
    assert not any(entry[0] == "reset" for entry in PointEnv.log)
    assert not hasattr(model, "n_features_in_")


def test_groups_that_nobody_takes_are_an_error():
    X, y = demonstrations(4)
    with pytest.raises(ValueError, match=r"groups: expected None, .* Ridge, takes no"):
        dagger(Ridge()).fit(X, y, groups=[0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"X: .* belong to groups, got None"):
        dagger(Told()).fit(groups=[0, 0, 1, 1])
    with pytest.raises(ValueError, match="told__groups: expected as groups"):
        dagger(make_pipeline(Told())).fit(X, y, told__groups=[0, 0, 1, 1])


@pytest.mark.parametrize("wrap", [lambda learner: learner, wrapped])
def test_one_episode_cannot_be_split_by_a_learner_that_stops_early(wrap):
    X, y = demonstrations()
    PointEnv.log.clear()
    learner = wrap(BehaviorCloner((), max_iter=1, early_stopping=True))
    message = "^groups: early stopping needs 2 episodes, .* got 1"
    with pytest.raises(ValueError, match=message):
        dagger(learner).fit(X, y, groups=np.zeros(40))
    assert not any(entry[0] == "reset" for entry in PointEnv.log)


def test_one_episode_is_no_error_where_nothing_is_split_off():
    X, y = demonstrations()
    one = np.zeros(40)
    DAggerRegressor(BehaviorCloner((), max_iter=1)).fit(X, y, groups=one)
    learner = BehaviorCloner((), max_iter=1, early_stopping=True)
    fitted = DAggerRegressor(learner).fit(X, y, groups=one, X_val=X, y_val=y)
    assert len(fitted.estimator_.validation_scores_) == 1


def test_a_search_as_the_learner_is_told_to_be_outside():
    X, y = demonstrations()
    way = r"GridSearchCV\(DAggerRegressor\(...\), ...\) .* estimator__"
    learner = make_pipeline(GridSearchCV(Told(), {}))
    with pytest.raises(ValueError, match=f"groups: .*{way}"):
        dagger(learner).fit(X, y, groups=np.repeat([0, 1], 20))
    with pytest.raises(ValueError, match=f"estimator: .*{way}"):
        dagger(learner).fit(X, y, sample_weight=np.ones(40))
    outside = GridSearchCV(DAggerRegressor(Ridge()), {"estimator__alpha": [1.0]}, cv=2)
    outside.fit(X, y, sample_weight=np.ones(40))
    assert outside.best_params_ == {"estimator__alpha": 1.0}
