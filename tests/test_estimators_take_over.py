"""Experts that are estimators, and take over from the learner."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from runs import curved, demonstrations, numbers
from sklearn.linear_model import Ridge
from toy import PointEnv, Recorder, logged

from skimitate import BehaviorCloner, DAggerRegressor, as_policy


@pytest.fixture(autouse=True)
def _empty_logs():
    PointEnv.log.clear()
    Recorder.log.clear()


def watched_by(expert):
    """Two rounds of one episode, labelled where the expert takes over."""
    return DAggerRegressor(
        Recorder(),
        partial(PointEnv, 10),
        expert,
        query=0,
        n_rounds=2,
        n_eval_episodes=1,
        keep="last",
        random_state=0,
    )


class Watching(BehaviorCloner):
    """A cloner that was watched, and now watches."""

    def should_intervene(self, observation, action):
        return bool(observation[0] > 0.48)


class WatchingDagger(DAggerRegressor):
    should_intervene = Watching.should_intervene


def set_on(cloner):
    cloner.should_intervene = partial(Watching.should_intervene, cloner)
    return cloner


@pytest.mark.parametrize(
    "make",
    [
        lambda: Watching((4,), max_iter=2),
        lambda: WatchingDagger(Ridge(), partial(PointEnv, 10), curved, n_rounds=1),
        lambda: set_on(BehaviorCloner((4,), max_iter=2)),
    ],
)
def test_an_estimator_takes_over_as_anything_else_does(make):
    X, y = demonstrations()
    watching = make().fit(X, y)
    PointEnv.log.clear()
    model = watched_by(watching).fit(X, y)
    states = np.array([seen for seen, _ in logged("step")[:20]])
    wanted = states[:, 0] > 0.48
    assert 0 < wanted.sum() < 20
    _, X_seen, y_seen = Recorder.log[-1]
    assert_array_equal(X_seen[12:], states[wanted])
    np.testing.assert_allclose(
        y_seen[12:], as_policy(watching).act(states[wanted]), atol=1e-6
    )
    assert numbers(model, "n_expert_queries")[-1] == wanted.sum()


def test_the_memory_of_an_estimator_that_takes_over_is_its_own():
    class Counting(BehaviorCloner):
        """Drives in the second half of an episode."""

        def reset(self):
            self.t_ = 0

        def should_intervene(self, observation, action):
            self.t_ += 1
            return self.t_ > 5

    X, y = demonstrations()
    counting = Counting((4,), max_iter=2).fit(X, y)
    model = watched_by(counting).fit(X, y)
    assert numbers(model, "n_samples") == [12, 17, 22]
    # What remembers is asked at each step.
    assert numbers(model, "n_expert_queries") == [0, 10, 20]
