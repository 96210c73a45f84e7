"""Between what the actions of an exported policy are clipped."""

import numpy as np
import pytest
from gymnasium.spaces import Box
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from toy import LIMIT, STEPS, PointEnv, SpacesEnv

from skimitate import BehaviorCloner, DAggerClassifier, DAggerRegressor
from skimitate.formats._bounds import bounds_of

ENDS = np.array([[[-1], [-np.inf]], [[1], [5]]], dtype=np.float32)
X = np.random.default_rng(0).normal(size=(20, 2))


@pytest.mark.parametrize(
    ("space", "low", "high"),
    [
        (Box(-1, 2, (2,)), [-1, -1], [2, 2]),
        (Box(*ENDS), [-1, -np.inf], [1, 5]),
        ((-1, 2.5), [-1, -1], [2.5, 2.5]),
        (([-1, 0], 2), [-1, 0], [2, 2]),
    ],
)
def test_spaces_and_pairs(space, low, high):
    bounds = bounds_of(None, space, 2)
    assert_array_equal(bounds[0], low)
    assert_array_equal(bounds[1], high)
    assert {bounds[0].dtype, bounds[1].dtype} == {np.dtype(float)}


def test_nothing_to_clip():
    assert bounds_of(BehaviorCloner(), None, 2) is None
    assert bounds_of(None, (-np.inf, np.inf), 2) is None
    assert bounds_of(None, Box(-np.inf, np.inf, (2,)), 2) is None


def test_dagger_knows_its_environment():
    dagger = DAggerRegressor(BehaviorCloner((4,), max_iter=1), PointEnv)
    assert_array_equal(bounds_of(dagger, None, 2), [[-LIMIT] * 2, [LIMIT] * 2])
    assert_array_equal(bounds_of(dagger, (-9, 9), 2), [[-9] * 2, [9] * 2])
    assert bounds_of(DAggerRegressor(), None, 2) is None
    with_classes = DAggerClassifier(
        env=lambda: SpacesEnv(Box(-1, 1, (2,)), STEPS["bits"])
    )
    assert bounds_of(with_classes, None, 4) is None


@pytest.mark.slow
def test_a_search_of_dagger_knows_it_too():
    dagger = DAggerRegressor(
        BehaviorCloner((2,), max_iter=1), PointEnv, n_rounds=1, n_eval_episodes=1
    )
    dagger.set_params(expert=lambda observations: -observations)
    search = GridSearchCV(dagger, {"estimator__alpha": [0.0]}, cv=2).fit(X, -X)
    assert_array_equal(bounds_of(search, None, 2), [[-LIMIT] * 2, [LIMIT] * 2])


@pytest.mark.parametrize(
    ("space", "error", "message"),
    [
        (Box(-1, 1, (3,)), ValueError, "expected a Box of 2 actions"),
        ((1, -1), ValueError, "expected low <= high"),
        ((np.inf, np.inf), ValueError, "expected low <= high"),
        ((-np.inf, -np.inf), ValueError, "expected low <= high"),
        ((np.nan, 1), ValueError, "expected low <= high"),
        (([0, 0, 0], 1), ValueError, "expected a Box of 2 actions"),
        (3, TypeError, "or its low and high, got 3"),
        ((1, 2, 3), TypeError, "or its low and high"),
        (("a", "b"), TypeError, "or its low and high"),
        (STEPS["discrete"], TypeError, "got Discrete"),
    ],
)
def test_what_is_no_space(space, error, message):
    with pytest.raises(error, match=f"action_space: .*{message}"):
        bounds_of(None, space, 2)
