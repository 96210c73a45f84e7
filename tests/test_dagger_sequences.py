"""DAgger with a learner of sequences: whole episodes, and what lies between labels."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from runs import steps_dagger
from sklearn.base import ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from toy import STEPS, PointEnv, SequenceRecorder, StepsExpert, expert, logged

from skimitate import DAggerRegressor
from skimitate.policies._as_policy import policy_of

N_STEPS = 5


class Walker:
    """The policy of the recorder: it notes what it is shown, and told was done."""

    n_features, n_outputs, is_stateful = 2, 2, True
    log: list = []

    def act(self, observation):
        self.log.append(("act", np.array(observation)))
        return np.sign(-np.asarray(observation))

    def reset(self):
        self.log.append(("reset",))

    def did(self, action):
        self.log.append(("did", np.array(action)))


@policy_of.register
def _of_recorder(actor: SequenceRecorder):
    return Walker()


@pytest.fixture(autouse=True)
def _logs(empty_logs):
    SequenceRecorder.log.clear()
    Walker.log.clear()


def dagger(**options):
    options = {"n_rounds": 2, "n_eval_episodes": 1, "keep": "last"} | options
    return DAggerRegressor(
        SequenceRecorder(), PointEnv, expert, random_state=0, **options
    )


def steps_taken():
    """Observations and executed actions of all steps, in order."""
    return (np.array(column) for column in zip(*logged("step"), strict=True))


@pytest.mark.parametrize("query", ["all", 2])
def test_it_is_given_whole_episodes(query):
    dagger(query=query, n_episodes_per_round=2).fit()
    seen, _ = steps_taken()
    for n_rounds, (X, y, weight, groups, actions) in enumerate(SequenceRecorder.log, 1):
        n = 2 * n_rounds * N_STEPS
        assert_array_equal(X, seen[:n])
        assert_array_equal(groups, np.repeat(np.arange(2 * n_rounds), N_STEPS))
        # The expert drove two episodes, and the learner the others.
        done = np.where(np.arange(n)[:, np.newaxis] < 10, expert(X), np.sign(-X))
        assert_array_equal(actions, done)
        has_label = weight > 0
        assert has_label[:10].all()
        n_labels = N_STEPS if query == "all" else query
        per_episode = np.bincount(groups, has_label)
        assert per_episode.tolist() == [5, 5] + [n_labels] * 2 * (n_rounds - 1)
        assert_array_equal(y[has_label], expert(X)[has_label])
        assert_array_equal(y[~has_label], done[~has_label])
        assert set(weight) <= {0.0, 1.0}
    assert len(SequenceRecorder.log) == 3


def test_weights_of_rounds_are_those_of_labels():
    dagger(query=2, round_weight=lambda i: 2.0**i).fit()
    *_, (_, _, weight, groups, _) = SequenceRecorder.log
    for episode, heaviest in enumerate((1.0, 2.0, 4.0)):
        own = weight[groups == episode]
        assert own.max() == heaviest
        assert set(own) <= {0.0, heaviest}


def test_demonstrations_are_episodes_as_well():
    X = np.random.default_rng(0).normal(size=(6, 2))
    groups = np.repeat([7, 3], 3)
    dagger(n_rounds=1).fit(X, expert(X), groups=groups, sample_weight=np.arange(6.0))
    _, _, weight, found, actions = SequenceRecorder.log[0]
    assert found.tolist() == [0, 0, 0, 1, 1, 1]
    assert_array_equal(weight, np.arange(6.0))
    assert_array_equal(actions, expert(X))


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_a_learner_with_a_memory_sees_each_step_and_what_was_done(beta):
    dagger(beta=beta, n_rounds=1, n_episodes_per_round=3).fit()
    _, _, _, _, actions = SequenceRecorder.log[-1]
    seen, _ = steps_taken()
    log = iter(Walker.log)
    n_driven = 0
    for step in range(15, 30):
        if step % N_STEPS == 0:
            assert next(log) == ("reset",)
        kind, shown = next(log)
        assert kind == "act"
        assert_array_equal(shown, seen[step])
        if (actions[step] != np.sign(-seen[step])).any():
            n_driven += 1
            kind, told = next(log)
            assert kind == "did"
            assert_array_equal(told, expert(seen[step]))
    assert (n_driven == 0) == (beta == 0.0)
    assert (n_driven == 15) == (beta == 1.0)


def test_the_expert_takes_over_from_one_with_a_memory():
    class TakesOver:
        def __call__(self, observations):
            return expert(observations)

        def should_intervene(self, observation, action):
            assert_array_equal(action, np.sign(-observation))
            return bool(observation[0] > 0)

    dagger(n_rounds=1, query=0).set_params(expert=TakesOver()).fit()
    X, _, weight, _, actions = SequenceRecorder.log[-1]
    drove = X[5:, 0] > 0
    assert 0 < drove.sum() < 5
    assert_array_equal(weight[5:] > 0, drove)
    assert_array_equal(actions[5:][drove], expert(X[5:])[drove])
    assert_array_equal(actions[5:][~drove], np.sign(-X[5:])[~drove])
    told = [entry[1] for entry in Walker.log if entry[0] == "did"]
    assert_array_equal(told, actions[5:][drove])


def test_answers_that_come_later_are_put_into_their_episodes():
    model = dagger(query=3, n_rounds=1).set_params(expert=None)
    for _ in range(2):
        asked = model.ask()
        model = copy.deepcopy(model)
        model.tell(asked.ids[:2], expert(asked.observations[:2]))
    X, y, weight, groups, actions = SequenceRecorder.log[-1]
    assert_array_equal(np.bincount(groups, weight > 0), [2, 2])
    has_label = weight > 0
    assert_array_equal(y[has_label], expert(X)[has_label])
    assert_array_equal(y[~has_label], actions[~has_label])


def test_classes_are_given_as_such():
    class Recorder(ClassifierMixin, SequenceRecorder):
        def predict(self, X, groups=None):
            return StepsExpert(STEPS["several"])(X)

    @policy_of.register
    def _of(actor: Recorder):
        policy = Walker()
        policy.act = lambda x: StepsExpert(STEPS["several"])(x[np.newaxis])[0]
        return policy

    steps_dagger(Recorder(), "several", query=3, n_rounds=1).fit()
    X, y, weight, _, actions = SequenceRecorder.log[-1]
    assert y.dtype == actions.dtype == np.int64
    assert_array_equal(y, StepsExpert(STEPS["several"])(X))
    assert_array_equal(y, actions)
    assert (weight > 0).sum() == 8 + 3


def test_it_may_be_the_last_of_a_pipeline():
    double = FunctionTransformer(lambda X: 2 * X)
    dagger(query=2).set_params(
        estimator=make_pipeline(double, SequenceRecorder())
    ).fit()
    seen, _ = steps_taken()
    X, _, weight, groups, _ = SequenceRecorder.log[-1]
    assert_array_equal(X, 2 * seen[:15])
    assert (weight > 0).sum() == 5 + 2 * 2
    assert groups[-1] == 2
