"""scikit-learn's own checks of the recurrent estimators, without groups."""

import pytest
from checks import WEIGHTS, assert_passes_checks, kind

from skimitate import RecurrentBehaviorCloner, RecurrentBehaviorCloningClassifier

FAILED = {
    WEIGHTS: (
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


@pytest.mark.filterwarnings("ignore:groups. expected the episode of each:UserWarning")
@pytest.mark.parametrize(
    "estimator",
    [
        RecurrentBehaviorCloner(**FAST),
        pytest.param(
            RecurrentBehaviorCloningClassifier(**FAST), marks=pytest.mark.slow
        ),
    ],
    ids=kind,
)
def test_all_checks_pass(estimator):
    assert_passes_checks(estimator, FAILED)
