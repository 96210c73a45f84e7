"""Rollouts: against a bare loop of env.step, and two jobs against one."""

import harness  # first: it limits the threads

# isort: split
from typing import Any

import gymnasium
import numpy as np

from skimitate import collect_rollouts


class Constant:
    """A policy that always asks for the same."""

    def __init__(self, n_outputs: int) -> None:
        self.action = np.zeros((1, n_outputs))

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return the same action."""
        return self.action


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare steps a second."""
    n_hopper, n_humanoid = (40, 100) if quick else (150, 400)
    policy = Constant(3)
    lengths: dict[str, int] = {}

    def ours() -> None:
        rollouts = collect_rollouts(
            "Hopper-v5", policy, n_episodes=n_hopper, random_state=0
        )
        lengths["ours"] = len(rollouts)

    def bare() -> None:
        env = gymnasium.make("Hopper-v5", disable_env_checker=True)
        action = np.zeros(3, dtype=np.float32)
        n_steps = 0
        for seed in range(n_hopper):
            env.reset(seed=seed)
            ended = False
            while not ended:
                _, _, terminated, truncated, _ = env.step(action)
                ended = terminated or truncated
                n_steps += 1
        env.close()
        lengths["bare"] = n_steps

    def per_step(function: Any, side: str) -> Any:
        def timed() -> float:
            return harness.seconds_of(function) / lengths[side]

        return timed

    ours(), bare()
    rows = [
        harness.contest(
            "`collect_rollouts`, Hopper, one job, a step",
            "a bare loop of `env.step`",
            per_step(ours, "ours"),
            per_step(bare, "bare"),
            at_least=0.93,
            repetitions=5 if quick else 15,
            check=lambda: (
                f"{lengths['bare']} and {lengths['ours']} steps, {n_hopper} episodes",
                abs(lengths["bare"] / lengths["ours"] - 1) < 0.1,
            ),
        )
    ]
    results: dict[int, Any] = {}

    def humanoid(n_jobs: int) -> Any:
        def collect() -> None:
            results[n_jobs] = collect_rollouts(
                "Humanoid-v5",
                Constant(17),
                n_episodes=n_humanoid,
                n_jobs=n_jobs,
                random_state=0,
            )

        return collect

    rows.append(
        harness.contest(
            f"`collect_rollouts`, Humanoid, {n_humanoid} episodes, two jobs",
            "one job",
            humanoid(2),
            humanoid(1),
            at_least=1.8,
            repetitions=3 if quick else 5,
            check=lambda: (
                "the same rollouts",
                np.array_equal(results[1].observations, results[2].observations),
            ),
        )
    )
    return rows


if __name__ == "__main__":
    harness.main("rollouts", run)
