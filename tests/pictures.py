"""What there is to draw: little that has learnt a little."""

from toy import PointEnv, expert

from skimitate import BehaviorCloner, DAggerRegressor, collect_rollouts


def point_rollouts(random_state):
    """A hundred steps of the toy expert."""
    return collect_rollouts(PointEnv, expert, n_episodes=20, random_state=random_state)


def dagger(estimator=None, **options):
    return DAggerRegressor(
        estimator or BehaviorCloner(max_iter=2),
        env=PointEnv,
        expert=expert,
        n_rounds=3,
        n_epochs_per_round=4,
        n_eval_episodes=1,
        random_state=0,
        **options,
    )
