"""scikit-learn's own checks of every exported estimator."""

import pytest
from checks import WEIGHTS, assert_passes_checks, kind
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeClassifier

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerClassifier,
    DAggerRegressor,
    RunningNormalizer,
)

# Whether the permitted check fails depends on rounding in the last digit.
OF_MINIBATCHES = {
    WEIGHTS: (
        "minibatches differ between weights and repetitions; "
        "test_sample_weight_is_repetition_in_expectation checks what holds"
    )
}
FAST = BehaviorCloner(max_iter=40, learning_rate_init=5e-3)
FAST_CLASSIFIER = BehaviorCloningClassifier(max_iter=20, learning_rate_init=0.01)


@pytest.mark.parametrize(
    "estimator",
    [
        RunningNormalizer(),
        DAggerRegressor(Ridge()),
        DAggerClassifier(DecisionTreeClassifier(random_state=0)),
    ],
    ids=kind,
)
def test_all_checks_pass(estimator):
    assert_passes_checks(estimator)


@pytest.mark.parametrize("estimator", [FAST, FAST_CLASSIFIER], ids=kind)
def test_all_checks_of_what_learns_by_minibatches_pass(estimator):
    assert_passes_checks(estimator, OF_MINIBATCHES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [
        BehaviorCloner(),
        BehaviorCloner(n_networks=2, max_iter=100),
        BehaviorCloningClassifier(),
        DAggerRegressor(FAST),
        DAggerClassifier(FAST_CLASSIFIER),
        DAggerRegressor(),
        DAggerClassifier(),
    ],
    ids=kind,
)
def test_all_checks_of_an_estimator_as_it_comes_pass(estimator):
    assert_passes_checks(estimator, OF_MINIBATCHES)
