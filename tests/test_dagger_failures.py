"""Who fails in DAgger is named, with the round, the episode and the step."""

from functools import partial
from inspect import signature

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from toy import PointEnv, expert, logged

from skimitate import DAggerRegressor


@pytest.fixture(autouse=True)
def _empty_log():
    PointEnv.log.clear()
    yield
    assert len(logged("made")) == len(logged("closed"))


def point_dagger(learner=None, **options):
    options = {"n_rounds": 3, "n_eval_episodes": 2, "random_state": 0} | options
    options = {"env": PointEnv, "expert": expert} | options
    return DAggerRegressor(
        LinearRegression() if learner is None else learner, **options
    )


class FailingExpert:
    """Does what a test says after a number of good answers."""

    def __init__(self, n_good, answer):
        self.n_good = n_good
        self.answer = answer

    def __call__(self, observations):
        self.n_good -= 1
        if self.n_good >= 0:
            return expert(observations)
        takes_n = signature(self.answer).parameters
        return self.answer(len(observations)) if takes_n else self.answer()


def crash():
    raise ZeroDivisionError("no such state")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (crash, r"expert: raised ZeroDivisionError\('no such state'\)"),
        (
            lambda n: np.full((n, 2), np.nan),
            r"expert: expected finite actions, got",
        ),
        (
            lambda: np.zeros(3),
            r"expert: expected actions .*got \((1, 3|3,)\).*per_obs",
        ),
        (lambda: np.zeros((2, 1)), r"expert: expected actions .*got \(2, 1\)"),
        (lambda: np.zeros((1, 3)), r"expert: expected actions .* got \(1, 3\)"),
        (lambda: "left", r"expert: expected an array of actions, got 'left'"),
    ],
)
@pytest.mark.parametrize(
    ("n_good", "where"),
    [
        (0, r"\(round 0, episode 0, step 0\)"),
        (7, r"\(round 0, episode 1, step 2\)"),
        (13, r"\(round 2, episode 1\)"),
    ],
)
def test_a_failing_expert_is_named_with_round_episode_and_step(
    answer, message, n_good, where
):
    dagger = point_dagger(expert=FailingExpert(n_good, answer), n_episodes_per_round=2)
    with pytest.raises(ValueError, match=message + r".* " + where):
        dagger.fit()
    assert len(logged("closed")) == len(logged("made")) > 0


def test_a_failing_environment_is_named_with_round_episode_and_step():
    message = r"env: raised RuntimeError\('the robot .*round 0, episode 0, step 3\)"
    with pytest.raises(ValueError, match=message) as caught:
        point_dagger(env=partial(PointEnv, fail_at=3)).fit()
    assert isinstance(caught.value.__cause__, RuntimeError)


class Unwilling(LinearRegression):
    def fit(self, X, y):
        if len(X) > 12:
            raise RuntimeError("too much to learn")
        return super().fit(X, y)


def test_a_learner_that_cannot_learn_is_named_with_the_round():
    message = r"estimator: raised RuntimeError\('too much .*training in round 2\)"
    with pytest.raises(ValueError, match=message):
        point_dagger(Unwilling()).fit()
    with pytest.raises(NotFittedError):
        point_dagger().predict(np.zeros((1, 2)))


class Silly(LinearRegression):
    def predict(self, X):
        return np.full((len(X), 2), np.nan)


def test_a_learner_that_predicts_nan_is_named():
    with pytest.raises(ValueError, match=r"estimator: .*round 1, episode 0, step 0"):
        point_dagger(Silly()).fit()
