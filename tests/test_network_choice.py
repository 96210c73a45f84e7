"""Whose network imitates in a run and in the table, and how long DAgger trains."""

import gymnasium
import numpy as np
import pytest
from toy import PointEnv, expert

from skimitate import BehaviorCloner
from skimitate.studies._experiment import Experiment
from skimitate.studies._network import DEFAULT, NETWORKS, network_of_the_table

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


@pytest.mark.slow
def test_dagger_starts_as_well_trained_as_the_clone_beside_it():
    experiment = finished(network=NETWORKS["post"])
    start = experiment.history[0]
    clone = experiment.clone
    X, y = experiment.rollouts.observations, experiment.rollouts.actions
    loss = float(np.mean((clone.predict(X) - y) ** 2))
    assert start["loss"] == pytest.approx(loss, rel=1)
    # 3,000 steps a round, of 25 and 30 a pass.
    n_epochs = [100, 100 + 120, 100 + 120 + 100]
    assert experiment.dagger.n_iter_ == n_epochs[experiment.best_round]
    for policy in (clone, experiment.dagger):
        assert policy.activation == "relu"
        assert policy.network_.layer_sizes == (2, 50, 50, 2)
    assert clone.n_iter_ == 100


@pytest.mark.slow
def test_the_post_s_rounds_are_a_pass_each():
    experiment = finished(network=network_of_the_table("post", N_EPISODES))
    assert experiment.dagger.n_iter_ == 5 * (1 + experiment.best_round)
    assert experiment.clone.n_iter_ == 100


@pytest.mark.parametrize(("n_episodes", "n_epochs"), [(1, 20), (10, 2), (250, 1)])
def test_more_roll_outs_make_fewer_passes_of_the_post_s(n_episodes, n_epochs):
    assert network_of_the_table("post", n_episodes)[1:] == (n_epochs, n_epochs)


def test_the_default_is_the_estimators_own():
    assert network_of_the_table("default", 10) is DEFAULT
    for cloner in (DEFAULT.cloner(7), DEFAULT.learner().set_params(random_state=7)):
        assert cloner.get_params() == BehaviorCloner(random_state=7).get_params()
