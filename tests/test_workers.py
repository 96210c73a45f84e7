"""Workers run episodes where that pays; and environments that ignore their seed."""

import os
import threading
import time
import warnings
from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from joblib._parallel_backends import ThreadingBackend
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import register_parallel_backend
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from toy import OneActionEnv, PointEnv, expert

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    WorkerError,
    collect_rollouts,
    evaluate_policy,
)


class ProcessNumber:
    """A policy whose action tells which process it ran in; slow at home at first."""

    def __init__(self, seconds=0.0):
        self.home = os.getpid()
        self.seconds = seconds

    def __call__(self, observations):
        if os.getpid() == self.home:
            time.sleep(self.seconds)
            self.seconds = 0.0
        return np.full((len(observations), 1), float(os.getpid()))


def processes(**options):
    rollouts = collect_rollouts(OneActionEnv, n_jobs=2, random_state=0, **options)
    return rollouts.actions[:: len(rollouts) // rollouts.n_episodes].ravel()


def test_short_episodes_start_no_worker():
    ran = processes(policy=ProcessNumber(), n_episodes=50)
    assert set(ran) == {os.getpid()}


@pytest.mark.slow
def test_long_episodes_are_shared_out_once_the_first_has_shown_it():
    ran = processes(policy=ProcessNumber(seconds=0.5), n_episodes=30)
    assert ran[0] == os.getpid()
    assert len(set(ran)) == 3
    # Workers that are there are used again.
    again = processes(policy=ProcessNumber(seconds=0.5), n_episodes=30)
    assert set(again) == set(ran)


class Slow:
    """The expert, which takes its time at home."""

    def __init__(self):
        self.home = os.getpid()

    def __call__(self, observations):
        time.sleep(0.02 * (os.getpid() == self.home))
        return expert(observations)


@pytest.mark.slow
def test_what_runs_here_and_there_is_in_its_order():
    options = {"n_episodes": 70, "random_state": 3}
    shared = collect_rollouts(PointEnv, Slow(), n_jobs=2, **options)
    alone = collect_rollouts(PointEnv, expert, **options)
    assert_array_equal(shared.observations, alone.observations)
    assert_array_equal(shared.returns, alone.returns)


class Failing(ThreadingBackend):
    """A backend whose workers come to grief."""

    error = TerminatedWorkerError("A worker was killed.\n\nIts exit code: SIGKILL")

    def submit(self, func, callback=None):
        raise self.error


class Locked(PointEnv):
    """An environment that is given something which cannot be pickled."""

    def __init__(self, lock):
        super().__init__()
        self.lock = lock


@pytest.fixture
def _failing_backend():
    register_parallel_backend("failing", Failing)
    with parallel_config("failing"):
        yield


@pytest.mark.usefixtures("_failing_backend")
def test_a_killed_worker_is_an_error_that_names_the_episodes():
    with pytest.raises(
        WorkerError, match=r"^n_jobs: .*A worker was killed\."
    ) as caught:
        evaluate_policy(PointEnv, expert, n_episodes=3, n_jobs=2)
    error = caught.value
    assert (error.round, error.episodes) == (None, (0, 1, 2))
    assert "(episodes 0 to 2 had not come back)" in str(error)
    assert error.__cause__ is Failing.error


@pytest.mark.usefixtures("_failing_backend")
def test_a_killed_worker_in_dagger_is_an_error_that_names_the_round():
    dagger = DAggerRegressor(
        Ridge(), PointEnv, expert, n_rounds=1, n_jobs=2, n_episodes_per_round=2
    )
    with pytest.raises(WorkerError, match=r"\(round 0, episodes 0 to 1 had") as caught:
        dagger.fit()
    assert caught.value.round == 0


def locked(observations, lock):
    return expert(observations)


@pytest.mark.usefixtures("_failing_backend")
@pytest.mark.parametrize(
    ("env", "policy", "name"),
    [
        (partial(Locked, threading.Lock()), expert, "env"),
        (PointEnv, partial(locked, lock=threading.Lock()), "what acts"),
    ],
)
def test_what_cannot_be_sent_to_workers_is_named(env, policy, name):
    message = rf"^n_jobs: expected 1, since {name} cannot be pickled .*lock"
    with pytest.raises(WorkerError, match=message):
        evaluate_policy(env, policy, n_episodes=3, n_jobs=2)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_what_cannot_be_sent_is_named_on_joblib_s_own_backends(backend):
    env = partial(Locked, threading.Lock())
    with parallel_config(backend), pytest.raises(WorkerError, match="since env cannot"):
        evaluate_policy(env, Slow(), n_episodes=70, n_jobs=2)


class Unseeded(PointEnv):
    """Starts where it likes."""

    rng = np.random.default_rng(0)

    def reset(self, *, seed=None, options=None):
        _, info = super().reset(seed=seed)
        self.position[:] = self.rng.uniform(-2, 2, size=2)
        return self.position, info


@pytest.mark.parametrize("make", [Unseeded, Unseeded()], ids=["class", "live"])
def test_an_environment_that_ignores_its_seed_is_noticed_once(make):
    with pytest.warns(UserWarning, match="random_state does not determine") as caught:
        collect_rollouts(make, expert, n_episodes=3, random_state=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_dagger_notices_once_too():
    learner = BehaviorCloner(max_iter=2)
    options = {"n_rounds": 3, "n_epochs_per_round": 1, "n_eval_episodes": 2}
    dagger = DAggerRegressor(learner, Unseeded, expert, random_state=0, **options)
    with pytest.warns(UserWarning, match="random_state does not determine") as caught:
        dagger.fit()
    assert len(caught) == 1


def test_environments_that_obey_are_left_in_peace():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = PointEnv()
        first = evaluate_policy(env, expert, n_episodes=2, random_state=0)
        assert_array_equal(
            evaluate_policy(env, expert, n_episodes=2, random_state=0), first
        )


def test_the_warning_of_dagger_points_to_the_user():
    dagger = DAggerRegressor(
        BehaviorCloner(max_iter=2),
        env=Unseeded,
        expert=expert,
        n_rounds=1,
        n_epochs_per_round=1,
    )
    with pytest.warns(UserWarning, match="random_state does not") as caught:
        dagger.fit()
    assert caught[0].filename == __file__
