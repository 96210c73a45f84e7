"""scikit-learn's own checks of estimators that show a learner its past."""

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

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


def expected_failed_checks(history):
    learner = history.estimator
    if isinstance(learner, (BehaviorCloner, BehaviorCloningClassifier)):
        return {"check_sample_weight_equivalence_on_dense_data": "of minibatches"}
    return {}


CHECKS = {"expected_failed_checks": expected_failed_checks, "xfail_strict": False}


@parametrize_with_checks(
    [
        HistoryRegressor(LinearRegression(), 2),
        HistoryClassifier(LogisticRegression(), 2),
    ],
    **CHECKS,
)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        HistoryRegressor(make_pipeline(MinMaxScaler(), LinearRegression()), 1),
        HistoryRegressor(LinearRegression(), 2, actions=True),
        HistoryClassifier(DecisionTreeClassifier(random_state=0), 2, actions=True),
        HistoryRegressor(BehaviorCloner((8,), **OPTIONS), 3),
        HistoryClassifier(BehaviorCloningClassifier((8,), **OPTIONS), 2),
    ],
    **CHECKS,
)
def test_check_estimator_with_other_learners(estimator, check):
    check(estimator)
