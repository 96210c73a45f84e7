"""Recurrent cloners and labels that there are not."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from recall import recall

from skimitate import RecurrentBehaviorCloner, RecurrentBehaviorCloningClassifier

X, y, groups = recall(n_episodes=12)
NAMES = np.where(y > 0, "left", "right")
KNOWN = np.arange(len(X)) % 3 > 0
WEIGHT = KNOWN.astype(float)


def regressor():
    return RecurrentBehaviorCloner(4, max_iter=3, random_state=0)


def classifier(**options):
    return RecurrentBehaviorCloningClassifier(4, max_iter=3, random_state=0, **options)


def trained(cloner, labels, method="fit", **told):
    return getattr(cloner, method)(
        X, labels, sample_weight=WEIGHT, groups=groups, **told
    )


@pytest.mark.parametrize("method", ["fit", "partial_fit", "continue_fit"])
@pytest.mark.parametrize("nothing", [np.nan, np.inf, 1e9])
def test_a_number_of_weight_0_may_be_anything(method, nothing):
    labels = np.where(KNOWN, y, nothing)
    found = trained(regressor(), labels, method)
    expected = trained(regressor(), y, method)
    assert_array_equal(found.predict(X, groups), expected.predict(X, groups))


@pytest.mark.parametrize("as_given", [list, np.array, pd.Series])
def test_an_action_of_weight_0_may_be_none(as_given):
    labels = [action if known else None for action, known in zip(y, KNOWN, strict=True)]
    found = trained(regressor(), as_given(labels))
    assert_array_equal(
        found.predict(X, groups), trained(regressor(), y).predict(X, groups)
    )


@pytest.mark.parametrize("nothing", [None, np.nan, "?"])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_a_class_of_weight_0_is_none(nothing, class_weight):
    labels = NAMES.astype(object)
    labels[~KNOWN] = nothing
    found = trained(classifier(class_weight=class_weight), labels)
    assert_array_equal(found.classes_, ["left", "right"])
    expected = trained(classifier(class_weight=class_weight), NAMES)
    assert_array_equal(
        found.predict_proba(X, groups), expected.predict_proba(X, groups)
    )
    trained(found, labels, "continue_fit")


def test_labels_that_count_are_still_checked():
    labels = np.where(KNOWN, y, np.nan)
    labels[1] = np.nan
    with pytest.raises(ValueError, match="Input y contains NaN"):
        trained(regressor(), labels)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples.*119"):
        trained(regressor(), y[:-1])
