"""scikit-learn's own checks of the recurrent estimators, without groups."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skimitate import RecurrentBehaviorCloner, RecurrentBehaviorCloningClassifier

FAILED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "minibatches differ between weights and repetitions, and a step of weight 0 is "
        "remembered; test_steps_of_weight_0_are_seen checks what holds"
    )
}
# Steps as large want minibatches that are not as small.
FAST = {
    "hidden_size": 16,
    "max_iter": 20,
    "learning_rate_init": 0.02,
    "batch_size": 8,
}


# The checks know no episodes, as the warning says.
pytestmark = pytest.mark.filterwarnings(
    "ignore:groups. expected the episode of each:UserWarning"
)
CHECKS = {"expected_failed_checks": lambda estimator: FAILED, "xfail_strict": False}


@parametrize_with_checks([RecurrentBehaviorCloner(**FAST)], **CHECKS)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([RecurrentBehaviorCloningClassifier(**FAST)], **CHECKS)
def test_check_estimator_of_classes(estimator, check):
    check(estimator)
