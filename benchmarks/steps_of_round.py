"""How many gradient steps a round of DAgger deserves.

Runs DAgger with different amounts of work in a round, from few and from many
demonstrations, and prints normalized returns (0 is the random policy, 1 the expert):
the mean over seeds of the mean of 20 episodes, and two standard errors over the seeds.
"20 passes" is a fixed number of passes over the labels, whatever their number.

    python benchmarks/steps_of_round.py [--seeds 5] [--first-seed 0]
"""

import argparse
from typing import Any

import numpy as np
from which_estimator import swing_up

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    evaluate_policy,
    load_expert,
)
from skimitate.dagger import _epochs
from skimitate.environments._uniform_policy import UniformPolicy

# Environment, demonstrations, rounds.
TASKS = [
    ("Pendulum-v1", 20, 5),
    ("Reacher-v5", 20, 5),
    ("Reacher-v5", 1, 20),
    ("Hopper-v5", 1, 20),
    ("Hopper-v5", 10, 20),
    ("HalfCheetah-v5", 1, 20),
    ("Walker2d-v5", 2, 20),
]
WORK = (300, 1_000, 3_000, 10_000, "20 passes")
N_EPISODES = 20


def expert_of(env: str) -> Any:
    """Return the expert of an environment."""
    return swing_up if env == "Pendulum-v1" else load_expert(env)


def normalized(
    env: str, n_demonstrations: int, n_rounds: int, seed: int
) -> list[float]:
    """Return what the clone earns, and DAgger for each amount of work."""
    expert = expert_of(env)
    demos = collect_rollouts(
        env, expert, n_episodes=n_demonstrations, random_state=seed
    )
    clone = BehaviorCloner(random_state=seed).fit(demos.observations, demos.actions)
    policies: list[Any] = [UniformPolicy(env), expert, clone]
    for work in WORK:
        fixed = isinstance(work, str)
        if not fixed:
            _epochs.N_STEPS = work
        dagger = DAggerRegressor(
            env=env,
            expert=expert,
            n_rounds=n_rounds,
            n_epochs_per_round=20 if fixed else "auto",
            random_state=seed,
        )
        policies.append(dagger.fit(demos.observations, demos.actions))
    earned = [
        evaluate_policy(env, p, n_episodes=N_EPISODES, random_state=10_000 + seed)
        for p in policies
    ]
    low, high, *others = [returns.mean() for returns in earned]
    return [(other - low) / (high - low) for other in others]


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    args = parser.parse_args()
    heads = [f"{work:,} steps" if isinstance(work, int) else work for work in WORK]
    print(f"| environment, demonstrations, rounds | clone | {' | '.join(heads)} |")
    print("| --- |" + " --- |" * (len(heads) + 1))
    for env, n_demonstrations, n_rounds in TASKS:
        seeds = range(args.first_seed, args.first_seed + args.seeds)
        task = (env, n_demonstrations, n_rounds)
        rows = np.array([normalized(*task, seed) for seed in seeds])
        errors = 2 * rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
        pairs = zip(rows.mean(axis=0), errors, strict=True)
        cells = [", ".join(map(str, task))] + [f"{m:.3f} ± {e:.3f}" for m, e in pairs]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
