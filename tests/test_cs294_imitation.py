"""The real experts of CS294, cloned and imitated by DAgger, where they are at hand."""

from pathlib import Path

import numpy as np
import pytest

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    evaluate_policy,
    load_expert,
)

CS294 = Path(__file__).resolve().parents[2] / "shared" / "experts"
EVALUATION = {"n_episodes": 20, "random_state": 1234}

# The files are not the project's to ship: without them, the bundled expert is tested.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CS294.is_dir(), reason="the CS294 expert files are not here"
    ),
]


# A clone of Hopper falls in one episode of twenty, and some seeds' clones in more: the
# mean of a few seeds is a lottery, and is held to its limit with two standard errors.
# What an episode without a fall earns is none.
@pytest.mark.parametrize(
    ("name", "n_seeds", "at_least", "typical"),
    [("Hopper", 6, 3600, 3700), ("HalfCheetah", 3, 4000, 4000)],
)
def test_clones_of_ten_roll_outs(name, n_seeds, at_least, typical):
    env, expert = f"{name}-v5", load_expert(CS294 / f"{name}-v1.pkl")
    returns = []
    for seed in range(n_seeds):
        demos = collect_rollouts(env, expert, random_state=seed)
        cloner = BehaviorCloner(random_state=seed)
        cloner.fit(demos.observations, demos.actions)
        returns.append(evaluate_policy(env, cloner, **EVALUATION))
    means = np.mean(returns, axis=1)
    error = means.std(ddof=1) / n_seeds**0.5
    assert means.mean() + 2 * error >= at_least
    assert np.median(returns) >= typical


@pytest.mark.parametrize(
    ("name", "at_least"), [("Hopper", 3700), ("HalfCheetah", 4000)]
)
def test_dagger_with_ten_roll_outs(name, at_least):
    env, expert = f"{name}-v5", load_expert(CS294 / f"{name}-v1.pkl")
    demos = collect_rollouts(env, expert, random_state=0)
    dagger = DAggerRegressor(
        env=env, expert=expert, n_rounds=5, n_epochs_per_round=2, random_state=0
    ).fit(demos.observations, demos.actions)
    assert evaluate_policy(env, dagger, **EVALUATION).mean() >= at_least
