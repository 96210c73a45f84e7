"""scikit-learn's own checks of estimators that show a learner its past."""

import pytest
from checks import WEIGHTS, assert_passes_checks, kind
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.tree import DecisionTreeClassifier

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    HistoryClassifier,
    HistoryRegressor,
)

OPTIONS = {"max_iter": 40, "learning_rate_init": 5e-3, "random_state": 0}

# The checks know no episodes: each row is one of its own, as the warning says.
pytestmark = [
    pytest.mark.filterwarnings("ignore:without groups"),
    pytest.mark.filterwarnings("ignore:groups. expected the episode of each"),
]


@pytest.mark.parametrize(
    "estimator",
    [
        HistoryRegressor(LinearRegression(), 2),
        HistoryClassifier(LogisticRegression(), 2),
        *(
            pytest.param(history, marks=pytest.mark.slow)
            for history in (
                HistoryRegressor(make_pipeline(MinMaxScaler(), LinearRegression()), 1),
                HistoryRegressor(LinearRegression(), 2, actions=True),
                HistoryClassifier(
                    DecisionTreeClassifier(random_state=0), 2, actions=True
                ),
            )
        ),
    ],
    ids=kind,
)
def test_all_checks_pass(estimator):
    assert_passes_checks(estimator)


@pytest.mark.slow
@pytest.mark.parametrize(
    "history",
    [
        HistoryRegressor(BehaviorCloner((8,), **OPTIONS), 3),
        HistoryClassifier(BehaviorCloningClassifier((8,), **OPTIONS), 2),
    ],
    ids=kind,
)
def test_all_checks_of_what_learns_by_minibatches_pass(history):
    assert_passes_checks(history, {WEIGHTS: "of minibatches"})
