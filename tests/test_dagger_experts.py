"""Experts that are estimators: they are shared, not copied, and never unfitted."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.utils.validation import check_is_fitted
from toy import PointEnv, expert

from skimitate import DAggerRegressor, LossCurveDisplay

X = np.random.default_rng(0).normal(size=(30, 2))


@pytest.fixture
def planner():
    return LinearRegression().fit(X, expert(X))


class Connection:
    """An expert that holds what can be neither copied nor pickled."""

    def __init__(self):
        self.n_asked = 0

    def __call__(self, observations):
        self.n_asked += 1
        return expert(observations)

    def __deepcopy__(self, memo):
        raise TypeError("a connection cannot be copied")

    def __reduce__(self):
        raise TypeError("a connection cannot be pickled")


def dagger(expert, learner=None):
    return DAggerRegressor(
        learner or Ridge(),
        env=PointEnv,
        expert=expert,
        n_rounds=1,
        n_eval_episodes=1,
        random_state=0,
    )


def test_a_clone_shares_the_expert(planner):
    original = dagger(planner, Ridge(alpha=2.0))
    copied = clone(clone(original))
    assert copied.expert is planner
    check_is_fitted(planner)
    assert copied.estimator is not original.estimator
    assert copied.get_params()["estimator__alpha"] == 2.0
    assert copied.fit().predict(X).shape == (30, 2)
    connection = Connection()
    assert clone(dagger(connection)).expert is connection


@pytest.mark.parametrize("kind", ["fitted", "frozen", "connection"])
def test_a_search_asks_the_same_expert_in_every_fold(planner, kind):
    asked = {"fitted": planner, "frozen": FrozenEstimator(planner)}.get(kind)
    asked = asked or Connection()
    search = GridSearchCV(dagger(asked), {"estimator__alpha": [0.1, 10.0]}, cv=2)
    search.fit(X, expert(X))
    assert search.best_estimator_.expert is asked
    assert search.best_score_ > 0.9
    check_is_fitted(planner)


def test_a_search_over_experts(planner):
    backwards = LinearRegression().fit(X, -expert(X))
    grid = {"expert": [FrozenEstimator(backwards), FrozenEstimator(planner), expert]}
    search = GridSearchCV(dagger(None), grid, cv=2).fit(X, expert(X))
    assert search.best_params_["expert"] is not grid["expert"][0]
    ranks = search.cv_results_["mean_test_score"]
    assert ranks[0] < ranks[1] == pytest.approx(ranks[2])
    assert_array_equal(backwards.coef_.round(6), -planner.coef_.round(6))


def test_an_expert_that_a_grid_has_unfitted_is_named(planner):
    search = GridSearchCV(
        dagger(None), {"expert": [planner]}, cv=2, error_score="raise"
    )
    with pytest.raises(ValueError, match=r"expert: .* got LinearRegression unfitted"):
        search.fit(X, expert(X))
    with pytest.raises(ValueError, match=r"FrozenEstimator\(expert\)"):
        dagger(LinearRegression()).fit()


def test_a_display_leaves_the_expert_alone(planner):
    LossCurveDisplay.from_estimator(dagger(planner), X, expert(X), X, expert(X))
    check_is_fitted(planner)
