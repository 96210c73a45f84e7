"""How long DAgger trains in a run, and in the post's table."""

import gymnasium
import numpy as np
import pytest
from toy import PointEnv, expert

from skimitate.studies._experiment import Experiment
from skimitate.studies._schedule import schedule_of_the_post

N_EPISODES = 4


@pytest.fixture(scope="module", autouse=True)
def long_point():
    gymnasium.register("LongPoint-v0", lambda: PointEnv(n_steps=160))
    yield
    del gymnasium.registry["LongPoint-v0"]


def finished(**options):
    experiment = Experiment(
        env="LongPoint-v0",
        expert=expert,
        expert_id="expert",
        n_episodes=N_EPISODES,
        n_rounds=2,
        n_eval_episodes=2,
        n_jobs=1,
        seed=0,
        eval_seed=1,
        out=None,
        **options,
    )
    experiment.run()
    return experiment


def test_dagger_starts_as_well_trained_as_the_clone_beside_it():
    experiment = finished()
    start = experiment.history[0]
    clone = experiment.clone
    X, y = experiment.rollouts.observations, experiment.rollouts.actions
    loss = float(np.mean((clone.predict(X) - y) ** 2))
    assert start["loss"] == pytest.approx(loss, rel=1)
    # 3,000 steps a round, of 25 and 30 a pass.
    n_epochs = [100, 100 + 120, 100 + 120 + 100]
    assert experiment.dagger.n_iter_ == n_epochs[experiment.best_round]


def test_the_post_s_schedule_is_a_pass_a_round():
    experiment = finished(schedule=schedule_of_the_post(N_EPISODES))
    assert experiment.dagger.n_iter_ == 5 * (1 + experiment.best_round)


@pytest.mark.parametrize(("n_episodes", "n_epochs"), [(1, 20), (10, 2), (250, 1)])
def test_more_roll_outs_make_fewer_passes_of_the_post_s(n_episodes, n_epochs):
    assert schedule_of_the_post(n_episodes) == (n_epochs, n_epochs)
