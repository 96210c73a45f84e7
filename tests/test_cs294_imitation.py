"""The real experts of CS294, cloned and imitated by DAgger, where they are at hand."""

from pathlib import Path

import pytest

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    evaluate_policy,
    load_expert,
)

CS294 = Path(__file__).resolve().parents[2] / "shared" / "experts"


# The files are not the project's to ship: without them, the bundled expert is tested.
@pytest.mark.skipif(not CS294.is_dir(), reason="the CS294 expert files are not here")
@pytest.mark.parametrize(
    ("name", "clone_return", "dagger_return"),
    [("Hopper", 3600, 3700), ("HalfCheetah", 4000, 4000)],
)
def test_ten_roll_outs_suffice(name, clone_return, dagger_return):
    env, expert = f"{name}-v5", load_expert(CS294 / f"{name}-v1.pkl")
    demos = collect_rollouts(env, expert, random_state=0)
    cloner = BehaviorCloner(random_state=0).fit(demos.observations, demos.actions)
    dagger = DAggerRegressor(
        env=env, expert=expert, n_rounds=5, n_epochs_per_round=2, random_state=0
    ).fit(demos.observations, demos.actions)
    evaluation = {"n_episodes": 20, "random_state": 1234}
    assert evaluate_policy(env, cloner, **evaluation).mean() >= clone_return
    assert evaluate_policy(env, dagger, **evaluation).mean() >= dagger_return
