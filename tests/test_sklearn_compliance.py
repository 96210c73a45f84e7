"""scikit-learn's own checks of every exported estimator."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skimitate import RunningNormalizer


@parametrize_with_checks([RunningNormalizer()])
def test_check_estimator(estimator, check):
    check(estimator)
