"""Early stopping by validation data of the user's own."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import PointEnv

from skimitate import BehaviorCloner, DAggerRegressor


@pytest.fixture(scope="module")
def data():
    """Training and validation data, far from 0."""
    rng = np.random.default_rng(0)
    X = rng.normal(5, 3, size=(90, 3))
    y = np.column_stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2] / 5])
    y += 0.3 * rng.normal(size=y.shape)
    return X[:60], y[:60], X[60:], y[60:]


def stopping(**options):
    options = {"max_iter": 40, "n_iter_no_change": 5, "random_state": 0} | options
    return BehaviorCloner((16,), early_stopping=True, **options)


def test_all_of_x_is_trained_on_and_the_score_is_that_of_the_validation_data(data):
    X, y, X_val, y_val = data
    cloner = stopping().fit(X, y, X_val=X_val, y_val=y_val)
    assert cloner.normalizer_.n_samples_seen_ == 60
    scored = r2_score(y_val, cloner.predict(X_val))
    assert cloner.best_validation_score_ == pytest.approx(scored)
    assert cloner.best_validation_score_ == max(cloner.validation_scores_)


def test_it_trains_like_one_that_does_not_stop(data):
    """What validates has no part in the training itself."""
    X, y, X_val, y_val = data
    cloner = stopping(max_iter=3).fit(X, y, X_val=X_val, y_val=y_val)
    assert cloner.validation_scores_ == sorted(cloner.validation_scores_)
    plain = BehaviorCloner((16,), max_iter=3, random_state=0).fit(X, y)
    assert_allclose(cloner.predict(X), plain.predict(X))


@pytest.mark.parametrize("shapes", [((-1,), (-1, 1)), ((-1, 1), (-1,))])
def test_actions_keep_the_shape_of_y(data, shapes):
    X, y, X_val, y_val = data
    y, y_val = y[:, 0].reshape(shapes[0]), y_val[:, 0].reshape(shapes[1])
    cloner = stopping(max_iter=2).fit(X, y, X_val=X_val, y_val=y_val)
    assert cloner.predict(X).shape == y.shape


def test_groups_have_nothing_to_keep_whole_beside_validation_data(data):
    X, y, X_val, y_val = data
    expected = stopping(max_iter=3).fit(X, y, X_val=X_val, y_val=y_val).predict(X)
    told = {"groups": np.repeat([0, 1], 30), "X_val": X_val, "y_val": y_val}
    assert_array_equal(stopping(max_iter=3).fit(X, y, **told).predict(X), expected)


def test_a_warm_start_keeps_the_best_on_the_same_data(data):
    X, y, X_val, y_val = data
    told = {"X_val": X_val, "y_val": y_val}
    cloner = stopping(warm_start=True).fit(X, y, **told)
    best = cloner.best_validation_score_
    cloner.set_params(learning_rate_init=0.5).fit(X, y, **told)
    assert cloner.best_validation_score_ >= best - 1e-9


BAD = {
    "no y_val": ({"y_val": None}, "y_val: expected it together with X_val"),
    "no X_val": ({"X_val": None}, "X_val: expected it together with y_val"),
    "width": ({"X_val": np.zeros((30, 2))}, "X_val has 2 features, .* expecting 3"),
    "outputs": ({"y_val": np.zeros((30, 1))}, "y_val: expected 2 outputs as in y"),
    "lengths": ({"y_val": np.zeros((29, 2))}, r"X_val and y_val: .*\[30, 29\]"),
    "nan": ({"X_val": np.full((30, 3), np.nan)}, "X_val contains NaN"),
    "infinite": ({"y_val": np.full((30, 2), np.inf)}, "y_val contains infinity"),
    "one row": ({"X_val": np.zeros((1, 3)), "y_val": np.zeros((1, 2))}, "X_val: .* 1$"),
    "dimensions": ({"X_val": np.zeros(30)}, "X_val"),
    "text": ({"X_val": np.full((30, 3), "left")}, "X_val"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_validation_data_change_nothing(data, name):
    changes, message = BAD[name]
    X, y, X_val, y_val = data
    told = {"X_val": X_val, "y_val": y_val} | changes
    cloner = stopping(max_iter=2).fit(X, y, X_val=X_val, y_val=y_val)
    before, n_iter = cloner.predict(X), cloner.n_iter_
    with pytest.raises((ValueError, TypeError), match=message):
        cloner.fit(2 * X, y, **told)
    assert_array_equal(cloner.predict(X), before)
    assert cloner.n_iter_ == n_iter


def test_names_of_features_have_to_be_those_of_x(data):
    X, y, X_val, y_val = data
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    same = pd.DataFrame(X_val, columns=["a", "b", "c"])
    stopping(max_iter=2).fit(frame, y, X_val=same, y_val=y_val)
    other = same.rename(columns={"c": "d"})
    with pytest.raises(ValueError, match=r"(?s)X_val: The feature names .* d"):
        stopping(max_iter=2).fit(frame, y, X_val=other, y_val=y_val)


def test_without_early_stopping_validation_data_are_an_error(data):
    X, y, X_val, y_val = data
    with pytest.raises(ValueError, match="X_val, y_val: expected None with early_stop"):
        BehaviorCloner(max_iter=2).fit(X, y, X_val=X_val, y_val=y_val)


def in_a_pipeline(**options):
    cloner = stopping(normalize=False, learning_rate_init=0.01)
    if options:
        cloner.set_fit_request(X_val=True, y_val=True)
    return make_pipeline(StandardScaler(), cloner, **options)


def test_a_pipeline_transforms_validation_data_if_it_is_asked_to(data):
    X, y, X_val, y_val = data
    scaler = StandardScaler().fit(X)
    by_hand = stopping(normalize=False, learning_rate_init=0.01)
    by_hand.fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    with config_context(enable_metadata_routing=True):
        pipeline = in_a_pipeline(transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    assert pipeline[-1].best_validation_score_ == by_hand.best_validation_score_
    named = {"behaviorcloner__X_val": X_val, "behaviorcloner__y_val": y_val}
    raw = in_a_pipeline().fit(X, y, **named)
    assert raw[-1].best_validation_score_ < by_hand.best_validation_score_ - 0.1


def test_dagger_hands_validation_data_to_a_learner_that_is_fitted(data):
    X, y, X_val, y_val = data
    told = {"X_val": X_val, "y_val": y_val}
    plain = stopping().fit(X, y, **told)
    dagger = DAggerRegressor(stopping()).fit(X, y, **told)
    assert_allclose(dagger.predict(X), plain.predict(X))
    with config_context(enable_metadata_routing=True):
        pipeline = in_a_pipeline(transform_input=["X_val"])
        dagger = DAggerRegressor(pipeline).fit(X, y, **told)
        expected = in_a_pipeline(transform_input=["X_val"]).fit(X, y, **told)
    assert_allclose(dagger.predict(X), expected.predict(X))
    with pytest.raises(ValueError, match="X_val: expected it together with y_val"):
        DAggerRegressor(stopping()).fit(X, y, y_val=y_val)


class Untouched:
    """An expert that is never to be asked."""

    def predict(self, observations):
        raise AssertionError("asked")


def untouched(learner):
    return DAggerRegressor(learner, PointEnv, Untouched(), n_rounds=1)


X_2, Y_2 = np.zeros((9, 2)), np.ones((9, 2))
PIPELINE = make_pipeline(StandardScaler(), stopping())
UNITS = TransformedTargetRegressor(stopping())
BAD_FOR_DAGGER = {
    "no y_val": (stopping(), {"X_val": X_2}, "^y_val: expected it together with X_val"),
    "no X_val": (stopping(), {"y_val": Y_2}, "^X_val: expected it together with y_val"),
    "features": (
        stopping(),
        {"X_val": np.zeros((9, 3)), "y_val": Y_2},
        "^X_val has 3 features, .* expecting 2",
    ),
    "outputs": (
        stopping(),
        {"X_val": X_2, "y_val": np.ones(9)},
        "^y_val: expected 2 outputs, .* got 1",
    ),
    "lengths": (stopping(), {"X_val": X_2, "y_val": Y_2[1:]}, "^X_val and y_val: "),
    "nan": (stopping(), {"X_val": X_2 * np.nan, "y_val": Y_2}, "X_val contains NaN"),
    "one row": (stopping(), {"X_val": X_2[:1], "y_val": Y_2[:1]}, "^X_val: .* got 1$"),
    "not stopping": (
        None,
        {"X_val": X_2, "y_val": Y_2},
        "^X_val, y_val: expected None, .* BehaviorCloner, has early_stopping=False",
    ),
    "in a pipeline": (
        PIPELINE,
        {"behaviorcloner__X_val": X_2},
        "^behaviorcloner__y_val: expected it together with behaviorcloner__X_val",
    ),
    "lengths in a pipeline": (
        PIPELINE,
        {"behaviorcloner__X_val": X_2, "behaviorcloner__y_val": Y_2[1:]},
        "^behaviorcloner__X_val and behaviorcloner__y_val: ",
    ),
    "in other units": (
        UNITS,
        {"X_val": np.zeros((9, 3)), "y_val": Y_2},
        "^X_val has 3 features, .* expecting 2",
    ),
    "keyword": (
        stopping(),
        {"foo": 1},
        "^estimator: the fit of BehaviorCloner cannot .* 'foo' .*it takes X_val, y_val",
    ),
    "keyword in a pipeline": (
        PIPELINE,
        {"behaviorcloner__foo": 1},
        "^estimator: the fit of BehaviorCloner cannot .* 'foo'",
    ),
    "no step": (PIPELINE, {"ridge__foo": 1}, "^ridge__foo: .* named after a step"),
    "no name of a step": (PIPELINE, {"foo": 1}, "^foo: .* behaviorcloner__foo for one"),
    "keyword in other units": (
        TransformedTargetRegressor(),
        {"foo": 1},
        "^estimator: the fit of LinearRegression cannot .* 'foo'",
    ),
}


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("name", BAD_FOR_DAGGER)
def test_what_the_learner_cannot_be_given_is_an_error_before_the_expert_is_asked(
    name, given
):
    learner, told, message = BAD_FOR_DAGGER[name]
    demonstrations = {"X": X_2, "y": Y_2} if given else {}
    model = untouched(learner)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(**demonstrations, **told)
    assert not hasattr(model, "n_features_in_")


@config_context(enable_metadata_routing=True)
def test_with_routing_as_well_validation_data_are_looked_at_first():
    pipeline = in_a_pipeline(transform_input=["X_val"])
    with pytest.raises(ValueError, match=r"^y_val: expected it together with X_val"):
        untouched(pipeline).fit(X_val=X_2)
    learner = stopping().set_fit_request(X_val=True, y_val=True)
    with pytest.raises(ValueError, match=r"^X_val has 3 features"):
        untouched(learner).fit(X_val=np.zeros((9, 3)), y_val=Y_2)


def test_validation_data_for_what_a_pipeline_makes_of_x_are_left_to_it(data):
    X, y, X_val, y_val = data
    learner = make_pipeline(SelectKBest(f_regression, k=2), stopping(max_iter=2))
    narrow = learner[0].fit(X, y[:, 0]).transform(X_val)
    named = {"behaviorcloner__X_val": narrow, "behaviorcloner__y_val": y_val[:, 0]}
    dagger = DAggerRegressor(learner).fit(X, y[:, 0], **named)
    assert len(dagger.estimator_[-1].validation_scores_) == 2


class Free(RegressorMixin, BaseEstimator):
    """Takes whatever it is given."""

    def fit(self, X, y, **given):
        self.given_ = given
        return self

    def predict(self, X):
        return np.zeros((len(X), 2))


class Demanding(Free):
    def fit(self, X, y, step):
        return self


def test_what_the_learner_cannot_do_without_is_missed_before_the_expert_is_asked():
    with pytest.raises(TypeError, match=r"^estimator: .* Demanding .* 'step'"):
        untouched(Demanding()).fit()
    assert DAggerRegressor(Demanding()).fit(X_2, Y_2, step=1).n_outputs_ == 2


def test_a_learner_that_says_nothing_of_its_keywords_is_given_them():
    assert DAggerRegressor(Free()).fit(X_2, Y_2, foo=1).estimator_.given_ == {"foo": 1}


class Lengths(RegressorMixin, BaseEstimator):
    """Notes how long the validation data are that it is given."""

    given: list = []

    def fit(self, X, y, X_val=None):
        self.given.append((len(X), len(X_val)))
        self.mean_ = np.mean(y, axis=0)
        return self

    def predict(self, X):
        return np.broadcast_to(self.mean_, (len(X), *np.shape(self.mean_)))


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize(("n", "seen"), [(60, [40, 40, 40, 60]), (61, [61] * 4)])
def test_a_search_cuts_validation_data_as_long_as_x_with_the_folds(
    data, routing, n, seen
):
    X, y, *_ = data
    Lengths.given.clear()
    with config_context(enable_metadata_routing=routing):
        learner = Lengths().set_fit_request(X_val=True) if routing else Lengths()
        GridSearchCV(learner, {}, cv=3).fit(X, y, X_val=np.zeros((n, 3)))
    assert [length for _, length in Lengths.given] == seen
    assert [length for length, _ in Lengths.given] == [40, 40, 40, 60]
