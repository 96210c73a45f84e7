"""Experts that take over, whatever they are wrapped in, and networks that do."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from runs import curved, demonstrations, numbers
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from test_takeover import dagger, steps
from toy import Recorder

from skimitate import BehaviorCloner, DAggerRegressor, as_policy, per_observation

pytestmark = pytest.mark.usefixtures("empty_logs")


def one_by_one():
    """A function of one observation that takes over."""

    def act(observation):
        return curved(observation[np.newaxis])[0]

    act.should_intervene = lambda observation, action: bool(observation[0] > 0.48)
    return act


@pytest.mark.parametrize(
    "wrap", [per_observation, lambda fn: as_policy(per_observation(fn))]
)
def test_a_wrapper_does_not_hide_it(wrap):
    dagger(wrap(one_by_one()), query=0).fit(*demonstrations())
    observations, _ = steps()
    _, X, _ = Recorder.log[-1]
    states = observations[:20]
    assert 0 < (states[:, 0] > 0.48).sum() < 20
    assert_array_equal(X[12:], states[states[:, 0] > 0.48])


class OnTheRight(BehaviorCloner):
    """A network that takes over."""

    def should_intervene(self, observation, action):
        return bool(observation[0] > 0.48)


class OnTheRightOfDagger(DAggerRegressor):
    should_intervene = OnTheRight.should_intervene


class Counting(OnTheRight):
    """One that is told where an episode begins."""

    n_episodes = 0

    def reset(self):
        self.n_episodes += 1


def on_its_instance(cloner):
    model = BehaviorCloner((4,), max_iter=2).fit(*demonstrations())
    model.should_intervene = lambda seen, action: bool(seen[0] > 0.48)
    return model


NETWORKS = {
    "subclass": lambda cloner: cloner.fit(*demonstrations()),
    "instance": on_its_instance,
    "frozen": lambda cloner: FrozenEstimator(cloner.fit(*demonstrations())),
    "search": lambda cloner: GridSearchCV(cloner, {"max_iter": [2]}, cv=2).fit(
        *demonstrations()
    ),
    "learner": lambda cloner: DAggerRegressor(cloner).fit(*demonstrations()),
    "dagger": lambda cloner: OnTheRightOfDagger(Ridge()).fit(*demonstrations()),
    "dagger of a network": lambda cloner: OnTheRightOfDagger(
        BehaviorCloner((4,), max_iter=2)
    ).fit(*demonstrations()),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network_may_take_over(kind):
    expert = NETWORKS[kind](OnTheRight((4,), max_iter=2, random_state=0))
    dagger(expert, query=0).fit(*demonstrations())
    observations, _ = steps()
    _, X, _ = Recorder.log[-1]
    states = observations[:20]
    assert 0 < (states[:, 0] > 0.48).sum() < 20
    assert_array_equal(X[12:], states[states[:, 0] > 0.48])


def test_a_network_is_told_where_an_episode_begins():
    expert = Counting((4,), max_iter=2).fit(*demonstrations())
    assert as_policy(expert).is_stateful
    model = dagger(expert, query=0).fit(*demonstrations())
    assert expert.n_episodes == 2
    # As anybody with a reset, it is asked at each step.
    assert numbers(model, "n_expert_queries") == [0, 10, 20]
