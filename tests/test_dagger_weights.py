"""Labels that weigh more than others in DAgger."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.model_selection import cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import PointEnv, Recorder

from skimitate import BehaviorCloner, DAggerRegressor


def expert(observations):
    """Curved, so that a linear learner depends on the weights."""
    return np.sin(3 * observations) - observations


def dagger(learner, **options):
    options = {"n_rounds": 3, "n_epochs_per_round": 2, "n_eval_episodes": 1} | options
    options = {"keep": "last", "random_state": 0} | options
    return DAggerRegressor(learner, PointEnv, expert, **options)


def demonstrations(n=12):
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, expert(X)


def later(i):
    """Return whole numbers, so that rows can be repeated as often."""
    return 1 + 2 * i


class Repeated(RegressorMixin, BaseEstimator):
    """An exact learner that repeats rows instead of weighting them."""

    def __init__(self, first=(), alpha=1.0):
        self.first = first
        self.alpha = alpha

    def fit(self, X, y):
        n_first = len(self.first)
        rounds = 1 + np.arange(len(X) - n_first) // 5  # steps of an episode
        times = np.concatenate([self.first, later(rounds)]).astype(int)
        self.ridge_ = Ridge(self.alpha).fit(X.repeat(times, 0), y.repeat(times, 0))
        return self

    def predict(self, X):
        return self.ridge_.predict(X)


@pytest.mark.parametrize("alpha", [1e-6, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_by_round_are_repetitions(alpha, weighted):
    X, y = demonstrations()
    weight = np.arange(1, 13) if weighted else np.ones(12)
    given = {"sample_weight": weight} if weighted else {}
    fitted = dagger(Ridge(alpha), round_weight=later).fit(X, y, **given)
    reference = dagger(Repeated(weight, alpha)).fit(X, y)
    assert_allclose(fitted.predict(X), reference.predict(X), rtol=1e-6)
    for ours, theirs in zip(fitted.history_, reference.history_, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"])
    uniform = dagger(Ridge(alpha)).fit(X, y)
    assert np.abs(uniform.predict(X) - fitted.predict(X)).max() > 1e-3


def test_a_weight_of_each_round_that_is_one_is_no_weight():
    X, y = demonstrations()
    one = dagger(LinearRegression(), round_weight=lambda i: 1.0).fit(X, y)
    assert_allclose(one.predict(X), dagger(LinearRegression()).fit(X, y).predict(X))


def test_demonstrations_that_are_collected_have_the_weight_of_round_0():
    log = []
    dagger(Noting(log=Shared(log)), round_weight=later).fit()
    assert_array_equal(log[-1][1], np.repeat([1.0, 3.0, 5.0, 7.0], 5))


class Shared:
    """A list that clone and deepcopy leave one."""

    def __init__(self, entries):
        self.entries = entries

    def __deepcopy__(self, memo):
        return self

    def __sklearn_clone__(self):
        return self


class Noting(RegressorMixin, BaseEstimator):
    """Notes the weights of each training."""

    def __init__(self, log=None):
        self.log = log

    def fit(self, X, y, sample_weight=None):
        return self._note("fit", X, y, sample_weight)

    def _note(self, method, X, y, sample_weight):
        assert sample_weight is None or len(sample_weight) == len(X)
        kept = None if sample_weight is None else np.array(sample_weight)
        self.log.entries.append((method, kept))
        self.coef_ = np.linalg.lstsq(X, y, rcond=None)[0]
        return self

    def predict(self, X):
        return X @ self.coef_


class NotingParts(Noting):
    def partial_fit(self, X, y, sample_weight=None):
        return self._note("partial_fit", X, y, sample_weight)


class NotingEpochs(Noting):
    def continue_fit(self, X, y, sample_weight=None, *, n_epochs=1):
        return self._note("continue_fit", X, y, sample_weight)


WRAPPED = {
    "alone": lambda learner: learner,
    "pipeline": lambda learner: make_pipeline(StandardScaler(), learner),
    "nested": lambda learner: make_pipeline(
        "passthrough", make_pipeline(StandardScaler(), learner)
    ),
    "units": lambda learner: TransformedTargetRegressor(
        learner, transformer=StandardScaler()
    ),
    "units of a pipeline": lambda learner: TransformedTargetRegressor(
        make_pipeline(StandardScaler(), learner), transformer=StandardScaler()
    ),
}


@pytest.mark.parametrize("routing", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [Noting, NotingParts, NotingEpochs])
@pytest.mark.parametrize("wrap", WRAPPED)
def test_weights_reach_every_training_of_what_learns(wrap, kind, routing):
    X, y = demonstrations()
    log = []
    with config_context(enable_metadata_routing=routing):
        model = dagger(WRAPPED[wrap](kind(Shared(log))), round_weight=later)
        model.fit(X, y, sample_weight=np.arange(12.0))
    methods = [method for method, _ in log]
    expected = {
        Noting: ["fit"] * 4,
        NotingParts: ["fit"] + ["partial_fit"] * 6,
        NotingEpochs: ["fit"] + ["continue_fit"] * 3,
    }
    assert methods == expected[kind]
    assert_array_equal(log[0][1], np.arange(12.0))
    last = np.concatenate([np.arange(12.0), np.repeat([3.0, 5.0, 7.0], 5)])
    assert_array_equal(log[-1][1], last)


@pytest.mark.parametrize("routing", [False, True])
def test_weights_reach_the_regressor_of_each_output(routing):
    X, y = demonstrations()
    with config_context(enable_metadata_routing=routing):
        learner = make_pipeline(StandardScaler(), MultiOutputRegressor(SGDRegressor()))
        fitted = dagger(learner, round_weight=later).fit(X, y)
        plain = dagger(learner).fit(X, y)
    assert np.abs(fitted.predict(X) - plain.predict(X)).max() > 1e-6


def test_weights_reach_a_cloner_that_goes_on():
    X, y = demonstrations()
    learner = BehaviorCloner((), max_iter=2)
    options = {"round_weight": lambda i: 10.0**-i}
    weighted = dagger(clone(learner), **options).fit(X, y)
    uniform = dagger(clone(learner)).fit(X, y)
    assert weighted.history_[0]["loss"] == uniform.history_[0]["loss"]
    assert weighted.history_[1]["loss"] != uniform.history_[1]["loss"]


def test_without_weights_a_learner_is_given_none():
    X, y = demonstrations()
    Recorder.log.clear()
    dagger(Recorder()).fit(X, y)  # its fit knows no weights
    assert len(Recorder.log) == 4


@config_context(enable_metadata_routing=True)
def test_cross_validate_routes_weights_to_dagger():
    X, y = demonstrations()
    log = []
    model = DAggerRegressor(Noting(Shared(log))).set_fit_request(sample_weight=True)
    model.set_score_request(sample_weight=False)
    params = {"sample_weight": np.arange(1.0, 13)}
    cross_validate(model, X, y, cv=3, params=params, error_score="raise")
    assert_array_equal(log[0][1], np.arange(5.0, 13))


@pytest.mark.parametrize(
    ("weight", "shown"),
    [
        (0.0, "0.0"),
        (-1, "-1"),
        (np.nan, "nan"),
        (np.inf, "inf"),
        pytest.param(10**400, "10+", id="no float"),
        ("x", "'x'"),
        ("2", "'2'"),
        (True, "True"),
        (np.True_, "np.True_"),
    ],
)
def test_a_weight_that_is_not_positive_is_an_error_before_any_work(weight, shown):
    PointEnv.log.clear()
    model = dagger(Ridge(), round_weight=lambda i: weight if i == 2 else 1.0)
    with pytest.raises(ValueError, match=f"round_weight: .* got {shown} for round 2"):
        model.fit()
    assert not any(entry[0] == "reset" for entry in PointEnv.log)
    assert not hasattr(model, "history_")


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_products_of_weights_that_no_float_holds_are_an_error(size):
    X, y = demonstrations()
    PointEnv.log.clear()
    model = dagger(Ridge(), round_weight=lambda i: size)
    with pytest.raises(
        ValueError, match=r"^sample_weight, round_weight: .* for round 0"
    ):
        model.fit(X, y, sample_weight=np.full(12, size))
    assert not any(entry[0] == "reset" for entry in PointEnv.log)


@pytest.mark.parametrize("weight", [2, np.float32(2), np.int64(2), Fraction(2)])
def test_a_weight_may_be_a_number_of_any_type(weight):
    X, y = demonstrations()
    log = []
    model = DAggerRegressor(Noting(Shared(log)), round_weight=lambda i: weight)
    model.fit(X, y)
    assert_array_equal(log[0][1], np.full(12, 2.0))


class HalfWeighted(Recorder):
    """Whose fit takes weights, and whose partial_fit does not."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)

    def partial_fit(self, X, y):
        return self


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (
            KNeighborsRegressor(),
            "estimator: .* KNeighborsRegressor, whose fit does not",
        ),
        (make_pipeline(StandardScaler(), KNeighborsRegressor()), "KNeighborsRegressor"),
        (HalfWeighted(), "estimator: .* HalfWeighted, whose partial_fit does not"),
    ],
)
def test_weights_that_the_learner_does_not_take_are_an_error(learner, message):
    X, y = demonstrations()
    PointEnv.log.clear()
    with pytest.raises(ValueError, match=message):
        dagger(learner, round_weight=later).fit()
    with pytest.raises(ValueError, match=message):
        dagger(learner).fit(X, y, sample_weight=np.ones(12))
    assert not any(entry[0] == "reset" for entry in PointEnv.log)


def test_a_fit_from_scratch_needs_no_weights_in_partial_fit():
    X, y = demonstrations()
    dagger(HalfWeighted(), incremental=False).fit(X, y, sample_weight=np.ones(12))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(11), "sample_weight"),
        (np.zeros(12), "sample_weight"),
        (-np.ones(12), "sample_weight"),
        (np.full(12, np.nan), "sample_weight"),
    ],
)
def test_bad_weights_of_demonstrations(weight, message):
    X, y = demonstrations()
    with pytest.raises(ValueError, match=message):
        dagger(Ridge()).fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match=r"X: .* belong to sample_weight, got None"):
        dagger(Ridge()).fit(sample_weight=weight)
