"""How long DAgger waits: for an expert that hangs, an environment that never ends."""

import threading
import time

import numpy as np
import pytest
from runs import curved, dagger
from toy import PointEnv

from skimitate import EpisodeError

pytestmark = pytest.mark.usefixtures("empty_logs")


class Hanging:
    """An expert that hangs once it has answered a number of times."""

    def __init__(self, n_good):
        self.n_good = n_good
        self.freed = threading.Event()

    def __call__(self, observations):
        self.n_good -= 1
        if self.n_good < 0:
            self.freed.wait(30)
        return curved(observations)


class HangingInEpisodes(Hanging):
    """One that may remember, so that it is asked during the episodes."""

    def reset(self):
        """Begin an episode."""


class HangingToIntervene:
    """One that does not say whether it takes over."""

    def __init__(self):
        self.freed = threading.Event()

    def __call__(self, observations):
        return curved(observations)

    def should_intervene(self, observation, action):
        self.freed.wait(30)
        return False


NO_ANSWER = r"expected an answer within 0\.3 s \(query_timeout\), got none"


@pytest.mark.parametrize(
    ("expert", "message", "where"),
    [
        (
            Hanging(2),
            rf"^expert: {NO_ANSWER} \(round 0, episode 0, step 2\)",
            (0, 0, 2),
        ),
        (Hanging(6), rf"^expert: {NO_ANSWER} \(round 2, episode 0\)", (2, 0, None)),
        (
            HangingInEpisodes(8),
            rf"^expert: {NO_ANSWER} \(round 1, episode 0, step 3\)",
            (1, 0, 3),
        ),
        (
            HangingToIntervene(),
            rf"^expert: should_intervene: {NO_ANSWER} \(round 1, episode 0, step 0\)",
            (1, 0, 0),
        ),
    ],
)
def test_an_expert_that_hangs_is_an_error(expert, message, where):
    model = dagger(expert=expert, query_timeout=0.3)
    began = time.monotonic()
    with pytest.raises(EpisodeError, match=message) as caught:
        model.fit()
    assert time.monotonic() - began < 20
    assert (caught.value.round, caught.value.episode, caught.value.step) == where
    expert.freed.set()
    if where[0] > 0:
        assert model.finish().best_round_ < where[0]


def test_answers_in_time_are_those_without_a_limit():
    one, other = (dagger(expert=curved, query_timeout=t).fit() for t in (None, 60))
    X = np.random.default_rng(0).normal(size=(5, 2))
    assert np.array_equal(one.predict(X), other.predict(X))


def test_what_an_expert_raises_in_time_is_told_as_without_a_limit():
    def broken(observations):
        raise ZeroDivisionError("no such state")

    with pytest.raises(EpisodeError, match="raised ZeroDivisionError") as caught:
        dagger(expert=broken, query_timeout=60).fit()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


class Endless(PointEnv):
    def __init__(self):
        super().__init__(n_steps=np.inf)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_environment_that_never_ends_is_cut(n_jobs):
    model = dagger(
        env=Endless, expert=curved, max_steps=4, n_jobs=n_jobs, n_episodes_per_round=2
    ).fit()
    assert [record["n_samples"] for record in model.history_] == [8, 16, 24, 32]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 0}, "max_steps"),
        ({"query_timeout": 0}, "query_timeout"),
        ({"query_timeout": "soon"}, "query_timeout"),
    ],
)
def test_limits_are_positive(options, message):
    with pytest.raises(ValueError, match=message):
        dagger(expert=curved, **options).fit()
