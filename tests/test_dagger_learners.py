"""DAgger's learners: which go on from round to round, and which are fitted anew."""

import numpy as np
import pytest
from cases import quick_first
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import IncrementalRecorder, OneActionEnv, PointEnv, expert, lean

from skimitate import BehaviorCloner, DAggerRegressor, RunningNormalizer

ROUNDS = {"n_rounds": 3, "n_epochs_per_round": 4, "n_eval_episodes": 1, "keep": "last"}


def dagger(learner, **options):
    options = ROUNDS | {"env": PointEnv, "expert": expert, "random_state": 0} | options
    return DAggerRegressor(learner, **options)


def cloner(**options):
    return BehaviorCloner(max_iter=2, **options)


def in_other_units(learner):
    return TransformedTargetRegressor(learner, transformer=StandardScaler())


GO_ON = {
    "cloner": cloner(),
    "linear": MultiOutputRegressor(SGDRegressor()),
    "pipeline": make_pipeline(StandardScaler(), cloner()),
    "nested pipeline": make_pipeline(
        RunningNormalizer(), make_pipeline(StandardScaler(), cloner())
    ),
    "only one step": make_pipeline(cloner()),
    "other units": in_other_units(cloner()),
    "pipeline of other units": make_pipeline(
        StandardScaler(), in_other_units(cloner())
    ),
    "other units of a pipeline": in_other_units(
        make_pipeline(StandardScaler(), cloner())
    ),
}
ANEW = {
    "ridge": Ridge(),
    "forest": RandomForestRegressor(n_estimators=3),
    "pipeline": make_pipeline(StandardScaler(), Ridge()),
    "other units": in_other_units(Ridge()),
    "other units in a pipeline": make_pipeline(in_other_units(Ridge())),
}


def how(fitted):
    return [record["training"] for record in fitted.history_]


@pytest.mark.parametrize(
    "name", quick_first(GO_ON, "cloner", "linear", "nested pipeline", "other units")
)
def test_learners_that_go_on(name):
    fitted = dagger(GO_ON[name]).fit()
    assert how(fitted) == ["fitted"] + ["continued"] * 3
    anew = dagger(GO_ON[name], incremental=False).fit()
    assert how(anew) == ["fitted"] * 4


@pytest.mark.parametrize("name", ANEW)
def test_learners_that_are_fitted_anew(name):
    assert how(dagger(ANEW[name]).fit()) == ["fitted"] * 4


def test_a_cloner_goes_on_inside_of_what_is_wrapped_around_it():
    plain = dagger(cloner()).fit().estimator_
    wrapped = dagger(make_pipeline("passthrough", cloner())).fit().estimator_[-1]
    assert wrapped.n_iter_ == plain.n_iter_ == 2 + 3 * 4
    units = dagger(in_other_units(cloner())).fit().estimator_.regressor_
    assert units.n_iter_ == 14


def test_the_transformers_stay_as_the_first_fit_left_them():
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, size=(30, 2))
    y = expert(X)
    learner = make_pipeline(StandardScaler(), in_other_units(cloner()))
    fitted = dagger(learner).fit(X, y).estimator_
    assert_allclose(fitted[0].mean_, X.mean(axis=0))
    assert_allclose(fitted[1].transformer_.mean_, y.mean(axis=0))
    assert fitted[1].regressor_.n_iter_ == 14


def test_the_wrapped_cloner_learns_the_transformed_labels():
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, size=(30, 2))
    learner = make_pipeline(
        StandardScaler(),
        in_other_units(BehaviorCloner((), max_iter=100, learning_rate_init=0.02)),
    )
    fitted = dagger(learner, n_epochs_per_round=50).fit(X, expert(X))
    X = rng.normal(size=(20, 2))
    assert_allclose(fitted.predict(X), expert(X), atol=0.2)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_a_single_action_in_other_units(shape):
    X = np.random.default_rng(0).normal(size=(30, 1))
    learner = in_other_units(cloner())
    fitted = DAggerRegressor(learner).fit(X, (3 * X).reshape(shape))
    assert fitted.predict(X).shape == (3 * X).reshape(shape).shape


def test_a_single_action_goes_on_in_other_units():
    learner = in_other_units(BehaviorCloner((), max_iter=50, learning_rate_init=0.02))
    options = {"env": OneActionEnv, "expert": lean, "n_epochs_per_round": 20}
    X = np.random.default_rng(0).normal(size=(100, 2))
    fitted = dagger(learner, **options).fit(X, lean(X))
    assert how(fitted) == ["fitted"] + ["continued"] * 3
    assert_allclose(fitted.predict(X), lean(X), atol=0.2)


def test_continue_fit_is_the_training_of_a_warm_start():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    options = {"max_iter": 3, "random_state": 0}
    warm = BehaviorCloner(warm_start=True, **options).fit(X, X)
    warm.set_params(max_iter=5).fit(X * 2 + 1, X)
    other = BehaviorCloner(**options).fit(X, X)
    other.continue_fit(X * 2 + 1, X, n_epochs=5)
    assert_array_equal(other.predict(X), warm.predict(X))
    assert other.n_iter_ == 8
    assert_allclose(other.normalizer_.mean_, (X * 2 + 1).mean(axis=0))
    for n_epochs, error in ((0, ValueError), (1.5, TypeError)):
        with pytest.raises(error, match="n_epochs: expected a positive integer"):
            other.continue_fit(X, X, n_epochs=n_epochs)


class Counted(IncrementalRecorder):
    """Takes minibatches of a size, and counts its passes."""

    def __init__(self, batch_size=32):
        self.batch_size = batch_size

    def fit(self, X, y):
        self.n_passes_ = []
        return super().fit(X, y)

    def partial_fit(self, X, y):
        self.n_passes_.append(len(X))
        return self


@pytest.mark.parametrize(
    ("batch_size", "steps_of_pass"),
    [
        (1, lambda n: n),
        (4, lambda n: -(-n // 4)),
        (1000, lambda n: 1),
        ("auto", lambda n: 1),
        (None, lambda n: 1),
        (-1, lambda n: 1),
    ],
)
def test_a_round_takes_as_many_passes_as_make_3000_steps(batch_size, steps_of_pass):
    fitted = dagger(Counted(batch_size), n_epochs_per_round="auto").fit()
    passes = fitted.estimator_.n_passes_
    assert sorted(set(passes)) == [10, 15, 20]
    for n in set(passes):
        assert passes.count(n) == -(-3000 // steps_of_pass(n))


def test_many_labels_still_get_a_pass():
    X = np.random.default_rng(0).normal(size=(4000, 2))
    fitted = dagger(Counted(1), n_epochs_per_round="auto").fit(X, expert(X))
    assert fitted.estimator_.n_passes_ == [4005, 4010, 4015]


def test_a_learner_without_a_batch_size_takes_a_step_for_each_label():
    IncrementalRecorder.log.clear()
    dagger(IncrementalRecorder(), n_epochs_per_round="auto", n_rounds=1).fit()
    names = [name for name, *_ in IncrementalRecorder.log]
    assert names.count("partial_fit") == 300


def test_the_default_cloner_has_parameters_that_a_search_can_set():
    options = {"n_rounds": 1, "n_epochs_per_round": 1, "n_eval_episodes": 1}
    model = DAggerRegressor(env=PointEnv, expert=expert, **options)
    X = np.random.default_rng(0).normal(size=(40, 2))
    grid = {"estimator__max_iter": [1, 3], "n_rounds": [1]}
    search = GridSearchCV(model, grid, cv=2).fit(X, expert(X))
    assert search.best_estimator_.estimator.max_iter in (1, 3)
    assert model.estimator is None
    assert model.set_params(n_rounds=2).estimator is None
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        model.set_params(estimator__depth=3)
    assert model.estimator is None
    model.set_params(estimator=Ridge(), estimator__alpha=3.0)
    assert model.estimator.alpha == 3.0
