"""DAggerClassifier: what it refuses, and that it says who takes it."""

from functools import partial

import numpy as np
import pytest
from runs import states
from runs import steps_dagger as dagger
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from toy import STEPS, PointEnv, StepsEnv, StepsExpert, expert, logged

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerClassifier,
    DAggerRegressor,
)


@pytest.mark.usefixtures("empty_logs")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: dagger(Ridge()),
            "estimator: expected a classifier, got the regressor Ridge: DAgg",
        ),
        (
            lambda: dagger(make_pipeline(StandardScaler(), BehaviorCloner())),
            "estimator: expected a classifier, got the regressor BehaviorCloner: DAgg",
        ),
        (
            lambda: DAggerRegressor(LogisticRegression(), PointEnv, expert),
            "estimator: expected a regressor, got the classifier Log.*: DAggerClass",
        ),
        (
            lambda: DAggerRegressor(
                GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}), PointEnv, expert
            ),
            "estimator: expected a regressor, got the classifier .*: DAggerClassifier",
        ),
        (
            lambda: DAggerRegressor(None, partial(StepsEnv, STEPS["bits"]), expert),
            r"env: expected a Box action space, .*Binary.*: DAggerClassifier learns",
        ),
        (
            lambda: DAggerClassifier(None, PointEnv, expert),
            r"env: expected a Discrete, .* got Box\(.*: DAggerRegressor learns",
        ),
    ],
)
def test_the_other_class_is_named_before_the_first_episode(make, message):
    for begin in ("fit", "ask"):
        PointEnv.log.clear()
        with pytest.raises(ValueError, match=message):
            getattr(make(), begin)()
        assert not logged("reset")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            lambda n: np.full(n, 4),
            "y: expected one of the classes 5, 6, 7, 8, 9, got 4",
        ),
        (lambda n: np.full(n, 5.5), r"y: .*continuous"),
        (lambda n: np.full(n, "left"), "y: expected one of the classes .*, got 'left'"),
        (lambda n: np.full((n, 2), 5), "y: expected 1 outputs, got 2"),
        (lambda n: np.full(n, np.nan), r"y contains NaN"),
    ],
)
def test_demonstrations_that_the_environment_does_not_take(y, message):
    with pytest.raises(ValueError, match=message):
        dagger().fit(states(6), y(6))


@pytest.mark.parametrize("space", STEPS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda y: y + 20,
            r"expert: expected actions of the space .*, got .*\(round 0",
        ),
        (lambda y: y + 0.5, r"expert: .*whole numbers from .*\.5"),
        (lambda y: y[:, np.newaxis, np.newaxis], "expert: expected actions of shape"),
    ],
)
def test_an_expert_that_gives_no_actions(space, change, message):
    def odd(observations):
        return change(StepsExpert(STEPS[space])(observations))

    with pytest.raises(ValueError, match=message):
        dagger(None, space, expert=odd).fit()


def test_a_learner_that_gives_other_classes():
    class Odd(DecisionTreeClassifier):
        def predict(self, X, check_input=True):
            return super().predict(X) + 50

    with pytest.raises(
        ValueError, match=r"estimator: .*space Discrete.*\(round 1, epis"
    ):
        dagger(Odd()).fit()


@pytest.mark.usefixtures("empty_logs")
@pytest.mark.parametrize("half", ["fit", "ask"])
@pytest.mark.parametrize("prefix", ["", "behaviorcloningclassifier__"])
def test_a_class_to_validate_with_is_held_against_the_space_at_once(prefix, half):
    learner = BehaviorCloningClassifier((4,), max_iter=1, early_stopping=True)
    if prefix:
        learner = make_pipeline(StandardScaler(), learner)
    told = {f"{prefix}X_val": states(), f"{prefix}y_val": [5, 6, 7, 8, 9, 5, 6, 7, 99]}
    message = r"^y_val: expected one of the classes 5, 6, 7, 8, 9, got 99$"
    with pytest.raises(ValueError, match=message):
        getattr(dagger(learner), half)(**told)
    assert logged("reset") == []
