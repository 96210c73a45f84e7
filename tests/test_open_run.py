"""A run of DAgger that waits for labels: what may be done with it, and what not."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from toy import PointEnv, expert

from skimitate import DAggerRegressor, as_policy

X = np.random.default_rng(0).normal(size=(30, 2))


def point_dagger(**options):
    defaults = {"n_rounds": 2, "n_eval_episodes": 1, "random_state": 0}
    return DAggerRegressor(Ridge(), env=PointEnv, **{**defaults, **options})


class Leaving:
    """An expert that answers a number of batches of several states, and no more."""

    def __init__(self, n_answers):
        self.n_answers = n_answers

    def __call__(self, observations):
        if len(observations) > 1:
            if self.n_answers == 0:
                raise ConnectionError("gone home")
            self.n_answers -= 1
        return expert(observations)


def test_somebody_else_answers_where_the_expert_failed():
    """The very first fit failed: but for the run, the object knows nothing yet."""
    dagger = point_dagger(expert=Leaving(1))
    with pytest.raises(ValueError, match="gone home"):
        dagger.fit()
    questions = dagger.ask()
    dagger.tell(questions.ids, expert(questions.observations))
    undisturbed = point_dagger(expert=expert).fit()
    assert_array_equal(dagger.predict(X), undisturbed.predict(X))


@pytest.mark.parametrize("act", [lambda d: d.predict(X), as_policy])
def test_nothing_acts_before_the_first_labels(act):
    dagger = point_dagger()
    questions = dagger.ask()
    with pytest.raises(NotFittedError):
        act(dagger)
    dagger.tell(questions.ids, expert(questions.observations))
    act(dagger)


def test_a_rule_is_not_asked_about_what_the_expert_drove():
    learners = []

    def middle(observations, learner):
        learners.append(learner.coef_.shape)  # there is one
        return [len(observations) // 2]

    dagger = point_dagger(expert=expert, query=middle).fit()
    assert learners == [(2, 2)] * 2
    assert [record["n_samples"] for record in dagger.history_] == [5, 6, 7]


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([[np.nan, 0.0]], "actions: expected finite actions, got"),
        ([[0.0, 0.0, 0.0]], r"actions: expected actions of shape \(1, 2\)"),
        ([["left", "up"]], "actions: expected an array of actions, got"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said_by_its_name(actions, message):
    dagger = point_dagger()
    questions = dagger.ask()
    with pytest.raises(ValueError, match=f"^{message}"):
        dagger.tell(questions.ids[:1], actions)
    assert_array_equal(dagger.ask().ids, questions.ids)
