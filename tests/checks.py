"""scikit-learn's checks of an estimator, all of them in one test.

A test for each of a thousand checks would cost more than most of the checks themselves.
"""

import traceback

from sklearn.utils.estimator_checks import check_estimator

WEIGHTS = "check_sample_weight_equivalence_on_dense_data"


def kind(estimator):
    """What an estimator is called in a test's id."""
    return type(estimator).__name__


def assert_passes_checks(estimator, expected_failures=()):
    """Run all checks, and tell each that fails and may not.

    Parameters
    ----------
    estimator : estimator
        What is checked.
    expected_failures : dict of str to str
        The checks that may fail, by name, and why they may.
    """
    results = check_estimator(
        estimator,
        on_skip=None,
        on_fail=None,
        expected_failed_checks=dict(expected_failures),
    )
    assert len(results) > 40
    failed = {
        result["check_name"]: "".join(traceback.format_exception(result["exception"]))
        for result in results
        if result["status"] == "failed"
    }
    assert not failed, "\n".join([", ".join(failed), *failed.values()])
