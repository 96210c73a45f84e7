"""Searches, cross-validation and monitors by return: what scikit-learn makes of it."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.dummy import DummyRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - its import enables
from sklearn.linear_model import Ridge
from sklearn.metrics import check_scoring, get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
)
from toy import PointEnv, expert

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    load_demonstrations,
    make_return_scorer,
)

ENV = "Reacher-v5"
ALPHAS = {"alpha": [1e-3, 1e3, 1e5]}
BOTH = {"r2": "r2", "return": make_return_scorer(PointEnv, random_state=0)}


@pytest.fixture(scope="module")
def point():
    """Demonstrations of the point's expert, with the numbers of their episodes."""
    demos = collect_rollouts(PointEnv, expert, n_episodes=12, random_state=0)
    return demos.observations, demos.actions, demos.episode_ids


@pytest.fixture(scope="module")
def reacher():
    X, y = load_demonstrations(ENV, return_X_y=True)
    return X[:500], y[:500]


def test_copies_run_the_same_episodes():
    scorer = make_return_scorer(PointEnv, n_episodes=3, discount=0.5)
    search = clone(GridSearchCV(Ridge(), ALPHAS, scoring=scorer))
    for other in (
        pickle.loads(pickle.dumps(scorer)),
        copy.deepcopy(scorer),
        clone(scorer, safe=False),
        search.scoring,
        clone(search).scoring,
    ):
        assert other is not scorer
        assert other(expert) == scorer(expert)


def test_it_is_a_scorer_to_scikit_learn(point):
    X, y, _ = point
    scorer = BOTH["return"]
    model = Ridge().fit(X, y)
    assert get_scorer(scorer) is check_scoring(Ridge(), scorer) is scorer
    both = check_scoring(model, scoring=BOTH)(model, X, y)
    assert both == {"r2": model.score(X, y), "return": scorer(model)}


@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(Ridge(), ALPHAS, cv=GroupKFold(3)),
        pytest.param(
            RandomizedSearchCV(Ridge(), ALPHAS, n_iter=3, cv=GroupKFold(3)),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            HalvingGridSearchCV(Ridge(), ALPHAS, cv=GroupKFold(3), min_resources=12),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_searches_choose_by_it(point, search):
    X, y, groups = point
    search = clone(search).set_params(scoring=BOTH["return"], error_score="raise")
    search.fit(X, y, groups=groups)
    assert search.best_params_ == {"alpha": 1e-3}
    # The same episodes for each candidate and fold, and for the one that is refitted.
    assert search.score(X, y) == BOTH["return"](search.best_estimator_)
    for fold, (train, _) in enumerate(search.cv.split(X, y, groups)):
        if type(search) is GridSearchCV:
            scores = search.cv_results_[f"split{fold}_test_score"]
            models = [Ridge(alpha=a).fit(X[train], y[train]) for a in ALPHAS["alpha"]]
            assert_allclose(scores, [*map(BOTH["return"], models)], rtol=1e-6)


def test_a_search_over_dagger(point):
    X, y, _ = point
    dagger = DAggerRegressor(
        Ridge(), PointEnv, expert, n_rounds=1, n_eval_episodes=1, random_state=0
    )
    grid = {"estimator__alpha": [1e5, 1e-3]}
    search = GridSearchCV(
        dagger, grid, scoring=BOTH["return"], cv=2, error_score="raise"
    ).fit(X, y)
    assert search.best_params_ == {"estimator__alpha": 1e-3}
    assert search.score(X, y) == BOTH["return"](search.best_estimator_)


def test_a_search_beside_r2(point):
    X, y, groups = point
    options = {"scoring": BOTH, "cv": GroupKFold(3), "error_score": "raise"}
    by_return = GridSearchCV(Ridge(), ALPHAS, refit="return", **options)
    by_return.fit(X, y, groups=groups)
    by_r2 = GridSearchCV(Ridge(), ALPHAS, refit="r2", **options)
    by_r2.fit(X, y, groups=groups)
    results = by_return.cv_results_
    assert by_return.best_score_ == results["mean_test_return"].max()
    for name in ("mean_test_return", "mean_test_r2"):
        assert_array_equal(results[name], by_r2.cv_results_[name])
    alone = cross_val_score(Ridge(1e-3), X, y, groups=groups, cv=GroupKFold(3))
    assert_allclose(results["mean_test_r2"][0], alone.mean())


def test_candidates_that_differ_in_what_they_earn_alone():
    # A policy that goes nowhere has the better R² on the labels of one that leans.
    X = np.random.default_rng(0).uniform(-2, 2, (60, 2))
    y = expert(X) + 30.0
    constants = {"constant": [np.array([30.0, 30.0]), np.zeros(2)]}
    dummy = DummyRegressor(strategy="constant", constant=np.zeros(2))
    search = GridSearchCV(dummy, constants, scoring=BOTH, refit="r2", cv=3).fit(X, y)
    assert search.best_index_ == 0
    search.set_params(refit="return").fit(X, y)
    assert search.best_index_ == 1


def test_cross_validation(point):
    X, y, groups = point
    options = {"cv": GroupKFold(3), "groups": groups, "error_score": "raise"}
    alone = cross_validate(
        Ridge(), X, y, scoring=BOTH["return"], return_train_score=True, **options
    )
    assert_array_equal(alone["train_score"], alone["test_score"])
    both = cross_validate(Ridge(), X, y, scoring=BOTH, **options)
    assert_array_equal(both["test_return"], alone["test_score"])


def test_threads_of_a_search_do_not_matter(point):
    X, y, _ = point
    search = GridSearchCV(Ridge(), ALPHAS, scoring=BOTH, refit="return", cv=3)
    alone = search.fit(X, y).cv_results_
    with parallel_config("threading", n_jobs=2):
        together = clone(search).fit(X, y).cv_results_
    assert_array_equal(alone["mean_test_return"], together["mean_test_return"])


@pytest.fixture
def own_workers():
    """Workers that no other test reuses: they know this one's modules alone."""
    get_reusable_executor().shutdown()
    with parallel_config("loky", n_jobs=2):
        yield
    get_reusable_executor().shutdown()


@pytest.mark.slow
@pytest.mark.usefixtures("own_workers")
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_processes_of_a_search_and_jobs_within_do_not_matter(reacher, n_jobs):
    def make(n_jobs):
        scorer = make_return_scorer(ENV, n_episodes=4, n_jobs=n_jobs, random_state=0)
        return GridSearchCV(
            BehaviorCloner(max_iter=2, random_state=0),
            {"activation": ["relu", "tanh"]},
            scoring={"r2": "r2", "return": scorer},
            refit="return",
            cv=2,
            error_score="raise",
        )

    with parallel_config("sequential"):
        alone = make(None).fit(*reacher)
    together = make(n_jobs).fit(*reacher)
    for name in ("mean_test_return", "mean_test_r2"):
        assert_array_equal(together.cv_results_[name], alone.cv_results_[name])
    restored = pickle.loads(pickle.dumps(together))
    assert restored.score(*reacher) == together.score(*reacher)


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("scoring", [BOTH["return"], BOTH])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_monitor_of_each_epoch(point, routing, scoring, weighted):
    X, y, _ = point
    options = {"sample_weight": np.arange(len(X)) + 1.0} if weighted else {}
    if routing and isinstance(scoring, dict):
        r2 = get_scorer("r2")
        scoring = scoring | {"r2": r2}
        with config_context(enable_metadata_routing=True):
            r2.set_score_request(sample_weight=True)
    monitor = ScoringMonitor(scoring=scoring)
    cloner = BehaviorCloner(max_iter=3, random_state=0).set_callbacks(monitor)
    with config_context(enable_metadata_routing=routing):
        cloner.fit(X, y, **options)
    name = "return" if isinstance(scoring, dict) else "score"
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 3
    assert rows[-1][name] == BOTH["return"](cloner)
    assert rows[0][name] != rows[-1][name]


def test_a_monitor_of_each_round():
    monitor = ScoringMonitor(scoring=BOTH["return"])
    learner = BehaviorCloner(max_iter=1)
    dagger = DAggerRegressor(
        learner, PointEnv, expert, n_epochs_per_round=1, keep="last", random_state=0
    )
    for n_rounds in (4, 2):  # and once more: what the first fit left must not matter
        dagger.set_params(n_rounds=n_rounds).set_callbacks(monitor).fit()
        rows = [row for row in monitor.get_logs().data if row["task_name"] == "round"]
        assert len(rows) == n_rounds
        assert rows[-1]["score"] == BOTH["return"](dagger)


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("scoring", [BOTH["return"], {"return": BOTH["return"]}])
def test_weights_of_a_search_change_no_episode_and_draw_no_warning(
    point, routing, scoring
):
    X, y, _ = point
    weights = np.where(np.arange(len(X)) < 30, 1.0, 1e-6)
    with config_context(enable_metadata_routing=routing):
        cloner = BehaviorCloner(max_iter=2, random_state=0)
        if routing:
            cloner.set_fit_request(sample_weight=True)
        search = GridSearchCV(
            cloner,
            {"alpha": [0.0, 0.1]},
            scoring=scoring,
            refit="return" if isinstance(scoring, dict) else True,
            cv=[(np.arange(60), np.arange(60))],
            error_score="raise",
        ).fit(X, y, sample_weight=weights)
        fitted = clone(cloner).set_params(**search.best_params_)
        fitted.fit(X, y, sample_weight=weights)
    assert search.best_score_ == BOTH["return"](fitted)


def test_what_is_routed_to_the_scorer_is_ignored(point):
    X, y, groups = point
    scorer = make_return_scorer(PointEnv, random_state=0)
    with config_context(enable_metadata_routing=True):
        scorer.set_score_request(groups=True)
        scores = cross_validate(
            Ridge(), X, y, scoring=scorer, cv=3, params={"groups": groups}
        )
        # Groups that nobody wants are still an error of scikit-learn's.
        with pytest.raises(TypeError, match="groups"):
            cross_validate(Ridge(), X, y, scoring=BOTH, cv=3, params={"groups": groups})
    alone = cross_validate(Ridge(), X, y, scoring=scorer, cv=3)
    assert_array_equal(scores["test_score"], alone["test_score"])


def test_a_search_goes_on_after_an_error_unless_told_otherwise(point):
    X, y, _ = point
    options = {"scoring": make_return_scorer(ENV), "cv": 2}
    with pytest.raises(ValueError, match="env: expected one that fits the estimator"):
        GridSearchCV(Ridge(), ALPHAS, error_score="raise", **options).fit(X, y)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        search = GridSearchCV(Ridge(), ALPHAS, **options).fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).all()
    assert "env: expected one that fits the estimator" in str(said[0].message)
    assert search.best_index_ == 0


class Diverging(Ridge):
    """Gives no action with a negative alpha."""

    _parameter_constraints = {}

    def fit(self, X, y):
        self.diverged_ = self.alpha < 0
        return Ridge.fit(self, X, y) if self.alpha >= 0 else self

    def predict(self, X):
        return np.full((len(X), 2), np.nan) if self.diverged_ else super().predict(X)


@pytest.mark.filterwarnings("ignore:Scoring failed")
@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_a_candidate_that_diverged_is_not_chosen(point):
    X, y, _ = point
    grid = {"alpha": [-1, 1e5]}
    search = GridSearchCV(Diverging(), grid, scoring=BOTH["return"], cv=2).fit(X, y)
    assert search.best_params_ == {"alpha": 1e5}
