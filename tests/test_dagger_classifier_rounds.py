"""DAggerClassifier from round to round: who drives, who answers, in which halves."""

import pickle
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from cases import quick_first
from numpy.testing import assert_array_equal
from runs import numbers, same_run, states
from runs import steps_cloner as cloner
from runs import steps_dagger as dagger
from sklearn.neighbors import KNeighborsClassifier
from toy import STEPS, PointEnv, StepsEnv, StepsExpert, logged


@pytest.mark.parametrize("space", quick_first(STEPS, "discrete"))
def test_the_number_of_jobs_does_not_matter(space):
    options = {"n_episodes_per_round": 2, "n_rounds": 1}
    one = dagger(cloner(), space, **options).fit()
    same_run(one, dagger(cloner(), space, n_jobs=2, **options).fit())


@pytest.mark.parametrize("space", quick_first(STEPS, "several"))
def test_ask_and_tell_is_fit_in_two_halves(space):
    whole = dagger(None, space, query=4).fit()
    parts = dagger(None, space, query=4)
    asked = parts.ask()
    while True:
        parts = pickle.loads(pickle.dumps(parts))
        parts.tell(asked.ids, StepsExpert(STEPS[space])(asked.observations))
        if not parts.is_open:
            break
        asked = parts.ask()
    # The expert drives the demonstrations, and is not asked about them again.
    same_run(parts, whole)


def test_nobody_drives_the_first_episodes_at_random():
    model = dagger(expert=None, n_episodes_per_round=3, n_rounds=2)
    PointEnv.log.clear()
    asked = model.ask()
    assert len(asked.ids) == 24
    steps = [tuple(np.sign(entry[1])) for entry in logged("step")]
    assert len(set(steps)) == 5  # all five actions
    answers = StepsExpert(STEPS["discrete"])(asked.observations)
    model.tell(asked.ids, answers.astype(float))
    assert model.classes_.tolist() == [5, 6, 7, 8, 9]
    assert_array_equal(model.estimator_.classes_, np.unique(answers))
    asked = model.ask()
    answers = StepsExpert(STEPS["discrete"])(asked.observations)
    known = answers == answers[0]
    told = [int(a) if k else None for a, k in zip(answers, known, strict=True)]
    model.tell(asked.ids, told)
    assert model.finish().history_[-1]["n_samples"] == 24 + known.sum()


class FixedStart(StepsEnv):
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.position[:] = 1.0
        return self.position, {}


@pytest.mark.parametrize("space", quick_first(STEPS, "discrete"))
def test_chance_takes_other_ways_from_the_same_start(space):
    env = partial(FixedStart, STEPS[space])
    options = {"env": env, "expert": None, "n_episodes_per_round": 4}
    asked = dagger(None, space, **options).ask()
    ways = {part.tobytes() for part in np.split(asked.observations, 4)}
    assert len(ways) == 4
    again = dagger(None, space, n_jobs=2, **options).ask()
    assert_array_equal(again.observations, asked.observations)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([4] * 8, r"actions: expected actions of the space Discrete\(5, start=5\).* 4"),
        ([5.5] * 8, r"actions: .*whole numbers from 5 to 9, got 5\.5"),
        (["left"] * 8, r"actions: expected an array of actions, got \['left'"),
        ([[5, 5]] * 8, r"actions: expected actions of shape \(8, 1\).* \(8, 2\)"),
        ([5] * 7, "actions: expected one for each of the 8 ids, got 7"),
        ([np.nan] * 8, "actions: expected finite actions.*None"),
    ],
)
def test_answers_that_are_none(actions, message):
    model = dagger(expert=None)
    asked = model.ask()
    with pytest.raises(ValueError, match=message):
        model.tell(asked.ids, actions)
    answers = StepsExpert(STEPS["discrete"])(asked.observations)
    assert model.tell(asked.ids, answers).history_[0]["n_samples"] == 8


@pytest.mark.parametrize("space", quick_first(STEPS, "several"))
def test_beta_and_query(space):
    model = dagger(None, space, beta=0.5, query=2, n_rounds=4).fit()
    samples = numbers(model, "n_samples")
    assert numbers(model, "beta") == [1.0, 0.5, 0.25, 0.125, 0.0625]
    assert samples[0] == 8
    assert all(2 <= more - n <= 8 for n, more in pairwise(samples))
    driven = dagger(None, space, beta=1.0, n_rounds=1).fit()
    assert numbers(driven, "n_samples") == [8, 16]
    chosen = dagger(None, space, query=lambda X, learner: [0, 3], n_rounds=1).fit()
    assert numbers(chosen, "n_samples") == [8, 10]


class TakesOver(StepsExpert):
    """Drives where the learner is about to do something else, and is sure at times."""

    def should_intervene(self, observation, action):
        (wanted,) = np.reshape(self(observation[np.newaxis]), (1, -1))
        assert action.shape == wanted.shape
        return bool((wanted != action).any())


@pytest.mark.parametrize("space", quick_first(STEPS, "bits"))
def test_an_expert_takes_over(space):
    who = TakesOver(STEPS[space])
    model = dagger(None, space, expert=who, query=0, n_rounds=4, keep="last").fit()
    samples = numbers(model, "n_samples")
    assert samples[0] == 8
    assert 8 < samples[-1] < 8 + 4 * 8
    is_right = who(states(200)) == model.predict(states(200))
    assert is_right.mean() > 0.5


class Silent(StepsExpert):
    """Knows nothing of the left half of the plane."""

    def __call__(self, observations):
        answers = super().__call__(observations)
        if len(observations) == 1:
            return answers
        known = observations[:, 0] > 0
        return [a if k else None for a, k in zip(answers, known, strict=True)]


@pytest.mark.parametrize("space", quick_first(STEPS, "discrete"))
def test_an_expert_need_not_know(space):
    options = {"n_episodes_per_round": 4, "n_rounds": 2}
    model = dagger(None, space, expert=Silent(STEPS[space]), **options).fit()
    samples, asked = numbers(model, "n_samples"), numbers(model, "n_expert_queries")
    assert asked == [32, 64, 96]
    assert 32 < samples[1] < 64


def test_weights_and_groups_reach_the_learner():
    X = states(40)
    y = np.where(X[:, 0] > 0, 6, 7)
    groups = np.repeat(np.arange(4), 10)
    learner = cloner(early_stopping=True, class_weight="balanced")
    model = dagger(learner, n_rounds=1, round_weight=lambda i: 2.0**i)
    model.fit(X, y, groups=groups, sample_weight=np.linspace(1, 2, 40))
    assert model.history_[-1]["n_samples"] == 48
    with pytest.raises(ValueError, match=r"estimator: expected .* sample_weight"):
        dagger(KNeighborsClassifier(1), round_weight=lambda i: 1.0 + i).fit(X, y)
    with pytest.raises(ValueError, match="y_val: expected one of the classes 5"):
        dagger(learner).fit(X, y, X_val=X, y_val=y - 6)
