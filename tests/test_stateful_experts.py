"""Experts that remember what they saw earlier in an episode."""

from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from runs import curved, numbers
from toy import PointEnv, Recorder, StatefulExpert, expert, logged

from skimitate import DAggerRegressor

pytestmark = pytest.mark.usefixtures("empty_logs")


def dagger(n_steps=20, **options):
    options = {"n_rounds": 3, "n_eval_episodes": 1, "keep": "last"} | options
    env = partial(PointEnv, n_steps)
    return DAggerRegressor(Recorder(), env, random_state=0, **options)


def visited():
    """What was seen before each step."""
    return np.array([position for position, _ in logged("step")])


def test_a_stateful_expert_is_reset_each_episode_and_asked_once_a_step():
    stateful = StatefulExpert()
    dagger(5, expert=stateful, n_episodes_per_round=2).fit()
    assert stateful.n_resets == 4 * 2
    assert len(stateful.asked) == 4 * 2 * 5
    _, X, y = Recorder.log[-1]
    assert_array_equal(np.concatenate(stateful.asked), X)
    steps = np.tile(np.arange(1, 6), 8)[:, None]
    assert_allclose(y, expert(X) + 0.01 * steps)


def test_threads_do_not_share_a_driver():
    options = {"n_episodes_per_round": 3, "beta": lambda i: 1.0 - 0.5 * i}
    options |= {"n_rounds": 2, "expert": StatefulExpert(), "keep": "last"}
    alone = dagger(5, **options).fit()
    with parallel_config("threading"):
        together = dagger(5, n_jobs=3, **options).fit()
    assert_array_equal(together.estimator_.coef_, alone.estimator_.coef_)


class Tiring(StatefulExpert):
    """The same, that never sees a state twice."""

    def __call__(self, observations):
        return curved(observations) + 0 * super().__call__(observations) - 0.01 * self.t


def test_a_stateful_expert_is_asked_at_each_step_and_all_of_that_counts():
    tiring = Tiring()
    model = dagger(expert=tiring, n_episodes_per_round=2, query=3).fit()
    assert tiring.n_resets == 4 * 2
    states = visited()[: 4 * 40]
    assert_array_equal(np.concatenate(tiring.asked), states)
    assert numbers(model, "n_expert_queries") == [40, 80, 120, 160]
    assert numbers(model, "n_samples") == [40, 46, 52, 58]
    # The labels are those that it gave on the way.
    _, X, y = Recorder.log[-1]
    steps = [int(np.flatnonzero((states == x).all(axis=1))[0]) % 20 for x in X]
    assert_array_equal(y, curved(X) - 0.01 * (np.array(steps)[:, None] + 1))


class Remembering:
    """A predict with a state, in the form of stable-baselines3."""

    def __init__(self):
        self.n_asked = 0

    def predict(self, observation, state=None, episode_start=None):
        self.n_asked += len(observation)
        state = 0 if state is None or episode_start.any() else state
        return expert(observation) + 0.01 * state, state + 1


class Forgetful(Remembering):
    """One of a library whose plain policies take a state and make no use of it."""

    __module__ = "stable_baselines3.ppo.policies"

    def predict(self, observation, state=None, episode_start=None):
        self.n_asked += len(observation)
        return expert(observation), state


@pytest.mark.parametrize(
    ("model", "per_round"), [(Remembering(), 20), (Forgetful(), 3)]
)
def test_who_takes_a_state_is_asked_at_each_step_unless_it_makes_no_use_of_it(
    model, per_round
):
    fitted = dagger(expert=model, query=3).fit()
    queries = numbers(fitted, "n_expert_queries")
    assert np.diff(queries).tolist() == [per_round] * 3
    assert model.n_asked == queries[-1]
