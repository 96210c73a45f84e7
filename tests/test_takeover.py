"""Experts that take over from the learner, and hand back."""

from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from runs import curved, demonstrations, numbers, same_run
from toy import PointEnv, QuickRidge, Recorder, logged

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    RunningNormalizer,
)

pytestmark = pytest.mark.usefixtures("empty_logs")


class Guard:
    """Drives in some steps of each episode of 10, and keeps what it is shown."""

    def __init__(self, where=(3, 4, 5)):
        self.where = where
        self.shown = []
        self.asked = []

    def should_intervene(self, observation, action):
        self.shown.append((observation.copy(), action.copy()))
        observation[:] = np.nan  # what is kept stays as it is
        action[:] = np.nan
        return (len(self.shown) - 1) % 10 in self.where

    def __call__(self, observations):
        self.asked.append(len(observations))
        return curved(observations)


def dagger(expert, learner=None, **options):
    options = {"n_rounds": 2, "n_eval_episodes": 1, "keep": "last"} | options
    learner = Recorder() if learner is None else learner
    env = partial(PointEnv, 10)
    return DAggerRegressor(learner, env, expert, random_state=0, **options)


def steps():
    """Observations and executed actions."""
    return (np.array(column) for column in zip(*logged("step"), strict=True))


def test_it_drives_from_where_it_wants_until_it_hands_back():
    X, y = demonstrations()
    guard = Guard()
    dagger(guard, query=0, n_rounds=1).fit(X, y)
    observations, actions = (column[:10] for column in steps())
    coef = np.linalg.lstsq(X, y, rcond=None)[0]
    drives = np.isin(np.arange(10), (3, 4, 5))
    expected = np.where(drives[:, None], curved(observations), observations @ coef)
    np.testing.assert_allclose(actions, np.clip(expected, -0.5, 0.5), atol=1e-6)
    # It was shown what the learner saw and was about to do, in each step.
    assert_array_equal([seen for seen, _ in guard.shown], observations)
    np.testing.assert_allclose([a for _, a in guard.shown], observations @ coef)
    # Its steps alone are labelled, each by one question.
    assert guard.asked == [1, 1, 1]
    _, X_seen, y_seen = Recorder.log[-1]
    assert_array_equal(X_seen[12:], observations[3:6])
    assert_array_equal(y_seen[12:], curved(observations[3:6]))


@pytest.mark.parametrize(("query", "n"), [(0, 3), (2, 5), ("all", 10), (1.0, 10)])
def test_its_steps_are_labelled_beside_those_that_query_chooses(query, n):
    guard = Guard()
    model = dagger(guard, query=query).fit(*demonstrations())
    assert numbers(model, "n_samples") == [12, 12 + n, 12 + 2 * n]
    assert numbers(model, "n_expert_queries") == [0, n, 2 * n]
    assert guard.asked == 2 * ([1, 1, 1] + ([n - 3] if n > 3 else []))


def test_a_callable_does_not_ask_about_its_steps_again():
    guard = Guard()

    def query(observations, learner):
        return [2, 3, 4]

    model = dagger(guard, query=query, n_rounds=1).fit(*demonstrations())
    assert numbers(model, "n_samples") == [12, 12 + 4]
    assert guard.asked == [1, 1, 1, 1]


def test_where_it_never_takes_over_nothing_is_labelled():
    guard = Guard(where=())
    model = dagger(guard, query=0).fit(*demonstrations())
    assert numbers(model, "n_samples") == [12, 12, 12]
    assert numbers(model, "n_expert_queries") == [0, 0, 0]
    # With a memory it is asked all the same, so that it knows where it is.
    stateful = StatefulGuard(where=())
    model = dagger(stateful, query=0).fit(*demonstrations())
    assert numbers(model, "n_samples") == [12, 12, 12]
    assert numbers(model, "n_expert_queries") == [0, 10, 20]


class StatefulGuard(Guard):
    """One that counts the steps of an episode."""

    def reset(self):
        self.t = 0

    def __call__(self, observations):
        self.t += 1
        return super().__call__(observations) - 0.01 * self.t


def test_one_with_a_memory_is_asked_once_in_each_step():
    stateful = StatefulGuard()
    model = dagger(stateful, query=0).fit(*demonstrations())
    assert stateful.asked == [1] * 20
    assert numbers(model, "n_samples") == [12, 15, 18]
    assert numbers(model, "n_expert_queries") == [0, 10, 20]
    _, X, y = Recorder.log[-1]
    t = np.tile([4, 5, 6], 2)[:, np.newaxis]
    assert_array_equal(y[12:], curved(X[12:]) - 0.01 * t)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_an_episode_that_it_took_part_in_measures_nobody(keep):
    X, y = demonstrations()
    options = {"keep": keep, "n_eval_episodes": 3, "query": 2}
    measured = {}
    for where in ((), (9,)):
        guard = Guard(where)
        model = dagger(guard, **options).fit(X, y)
        measured[where] = numbers(model, "n_eval_episodes")
    if keep == "best":
        # Of the leaders all are evaluated in the end.
        assert measured[()] == [3, 3, 3]
        assert measured[(9,)] == [3, 3, 3]
    else:
        assert measured[()] == [1, 1, 3]
        assert measured[(9,)] == [0, 0, 3]


def test_it_is_not_asked_whether_it_wants_to_where_it_drives_anyway():
    guard = Guard(where=())
    options = {"beta": lambda i: 1.0 if i == 1 else 0.0, "query": 1}
    model = dagger(guard, **options).fit(*demonstrations())
    assert len(guard.shown) == 10
    assert numbers(model, "n_samples") == [12, 22, 23]


def test_one_that_wants_to_drive_and_has_no_answer_leaves_it_to_the_learner():
    class Speechless(Guard):
        def __call__(self, observations):
            super().__call__(observations)
            return None if len(observations) == 1 else curved(observations)

    X, y = demonstrations()
    model = dagger(Speechless(), query="all", n_rounds=1).fit(X, y)
    observations, actions = (column[:10] for column in steps())
    coef = np.linalg.lstsq(X, y, rcond=None)[0]
    np.testing.assert_allclose(
        actions, np.clip(observations @ coef, -0.5, 0.5), atol=1e-6
    )
    # What it had no answer to is not asked about a second time.
    assert numbers(model, "n_samples") == [12, 12 + 7]
    assert numbers(model, "n_expert_queries") == [0, 10]


class Numb(Guard):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def should_intervene(self, observation, action):
        self.shown.append(1)
        return self.answer if len(self.shown) > 12 else False


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (None, "None"),
        (1, "1"),
        ("yes", "'yes'"),
        (np.array([True]), r"array\(\[ True\]\)"),
        ([], r"\[\]"),
        (0.5, "0.5"),
    ],
)
def test_an_answer_that_is_no_bool_is_an_error_and_nothing_is_lost(answer, got):
    X, y = demonstrations()
    model = dagger(Numb(answer), QuickRidge(), query=2)
    message = (
        f"^expert: expected a bool from should_intervene, got {got} "
        r"\(round 2, episode 0, step 2\)"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    model.set_params(expert=Guard(where=()))
    asked = model.ask()
    model.tell(asked.ids, curved(asked.observations))
    whole = dagger(Guard(where=()), QuickRidge(), query=2).fit(X, y)
    assert_array_equal(model.predict(X), whole.predict(X))


def test_a_bool_may_be_one_of_numpy():
    class Always(Guard):
        def should_intervene(self, observation, action):
            return np.True_

    model = dagger(Always(), query=0, n_rounds=1).fit(*demonstrations())
    assert numbers(model, "n_samples") == [12, 22]


def test_one_that_raises_is_named():
    class Broken(Guard):
        def should_intervene(self, observation, action):
            raise OSError("the joystick is gone")

    message = (
        r"^expert: should_intervene raised OSError\('the joystick is gone'\) "
        r"\(round 1, episode 0, step 0\)"
    )
    with pytest.raises(ValueError, match=message) as caught:
        dagger(Broken(), QuickRidge()).fit(*demonstrations())
    assert isinstance(caught.value.__cause__, OSError)


class Left:
    """Takes over on the left, wherever it runs."""

    def should_intervene(self, observation, action):
        return bool(observation[0] < 0 and np.abs(action).max() < 10)

    def __call__(self, observations):
        return curved(observations)


@pytest.mark.parametrize(
    "backend", ["threading", pytest.param("multiprocessing", marks=pytest.mark.slow)]
)
def test_workers_take_over_as_one_job_does(backend):
    options = {"n_episodes_per_round": 4, "query": 1, "beta": 0.3}
    alone = dagger(Left(), QuickRidge(), **options).fit()
    with parallel_config(backend):
        same_run(dagger(Left(), QuickRidge(), n_jobs=2, **options).fit(), alone)
    samples = np.diff(numbers(alone, "n_samples"))
    assert (samples > 4).all()  # it did take over
    assert (samples < 40).all()


def test_the_halves_take_over_as_fit_does():
    whole = dagger(Left(), QuickRidge(), query=2).fit(*demonstrations())
    halves = dagger(Left(), QuickRidge(), query=2)
    asked = halves.ask(*demonstrations())
    assert len(asked.ids) == 2  # its own steps are not among them
    halves.tell(asked.ids, curved(asked.observations))
    asked = halves.ask()
    halves.tell(asked.ids, curved(asked.observations))
    same_run(halves, whole)


def test_with_a_memory_it_is_kept_up_where_somebody_else_labels():
    stateful = StatefulGuard()
    model = dagger(stateful, Recorder(), query=2, n_rounds=1)
    asked = model.ask(*demonstrations())
    assert stateful.asked == [1] * 10
    assert not set(asked.steps) & {3, 4, 5}
    model.tell(asked.ids, np.full((2, 2), 7.0))
    _, X, y = Recorder.log[-1]
    by_step = np.argsort([*asked.steps, 3, 4, 5])
    own = curved(X[12:]) - 0.01 * (np.sort([*asked.steps, 3, 4, 5]) + 1)[:, np.newaxis]
    expected = np.where((by_step < 2)[:, np.newaxis], 7.0, own)
    assert_array_equal(y[12:], expected)
    # It was asked at each step, so that it knows where it is.
    assert numbers(model, "n_expert_queries") == [0, 10]


@pytest.mark.parametrize(("query", "n_told"), [(2, 2), (2, 1), ("all", 7), (0, 0)])
def test_a_state_counts_once_whoever_is_asked_about_it(query, n_told):
    model = dagger(StatefulGuard(), Recorder(), query=query, n_rounds=1)
    asked = model.ask(*demonstrations())
    model.tell(asked.ids[:n_told], curved(asked.observations[:n_told]))
    assert numbers(model, "n_expert_queries") == [0, 10]
    assert numbers(model, "n_samples") == [12, 12 + 3 + n_told]


@pytest.mark.parametrize("beta", [0.4, 1e-9])
def test_one_with_a_memory_that_may_drive_counts_as_in_fit(beta):
    options = {"beta": beta, "query": 2, "n_rounds": 1}
    fitted = dagger(Remembering(), **options).fit(*demonstrations())
    expert = Remembering()
    model = dagger(expert, **options)
    asked = model.ask(*demonstrations())
    assert expert.n_asked == 10
    # What it says where it does not drive is for somebody else to say.
    assert len(asked.ids) == 2
    if beta == 1e-9:
        with pytest.raises(ValueError, match="at least one action for the 2 states"):
            model.tell([], [])
    model.tell(asked.ids, curved(asked.observations))
    assert numbers(model, "n_expert_queries") == [0, 10]
    assert numbers(fitted, "n_expert_queries") == [0, 10]


class Remembering:
    """An expert without a wish to drive, that has to be asked at each step."""

    n_asked = 0

    def reset(self):
        pass

    def __call__(self, observations):
        self.n_asked += len(observations)
        return curved(observations)


def test_it_sees_raw_observations_and_the_units_of_the_actions():
    X, y = demonstrations()
    guard = Guard()
    learner = BehaviorCloner((4,), max_iter=2)
    options = {"query": 0, "n_rounds": 1, "n_epochs_per_round": 1}
    model = dagger(guard, learner, **options).fit(X, y)
    observations, actions = (column[:10] for column in steps())
    assert_array_equal([seen for seen, _ in guard.shown], observations)
    assert RunningNormalizer().fit(X).mean_[0] != 0.0
    drives = np.isin(np.arange(10), (3, 4, 5))
    shown = np.array([a for _, a in guard.shown])
    np.testing.assert_allclose(
        actions[~drives], np.clip(shown, -0.5, 0.5)[~drives], atol=1e-6
    )
    assert numbers(model, "n_samples") == [12, 15]
