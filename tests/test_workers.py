"""Workers run episodes where that pays; and environments that ignore their seed."""

import os
import time
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from toy import OneActionEnv, PointEnv, expert

from skimitate import BehaviorCloner, DAggerRegressor, collect_rollouts, evaluate_policy


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


@pytest.mark.slow
def test_what_runs_here_and_there_is_in_its_order():
    class Slow:
        def __init__(self):
            self.home = os.getpid()

        def __call__(self, observations):
            time.sleep(0.02 * (os.getpid() == self.home))
            return expert(observations)

    options = {"n_episodes": 70, "random_state": 3}
    shared = collect_rollouts(PointEnv, Slow(), n_jobs=2, **options)
    alone = collect_rollouts(PointEnv, expert, **options)
    assert_array_equal(shared.observations, alone.observations)
    assert_array_equal(shared.returns, alone.returns)


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
