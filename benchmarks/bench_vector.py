"""Vector environments: Humanoid's episodes side by side against one at a time."""

import harness  # first: it limits the threads

# isort: split
from collections.abc import Callable
from functools import partial
from typing import Any

import envpool
import gymnasium

from skimitate import collect_rollouts, evaluate_policy, load_expert

ENV = "Humanoid-v5"
N_THREADS = 2


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare what a step of the expert takes, its actions included."""
    n_envs, n_episodes, max_steps = (8, 8, 100) if quick else (16, 16, 300)
    options: dict[str, Any] = {
        "n_episodes": n_episodes,
        "max_steps": max_steps,
        "random_state": 0,
    }
    expert = load_expert(ENV)
    made_by: dict[str, Any] = {
        "alone": ENV,
        "sync": partial(
            gymnasium.make_vec, ENV, num_envs=n_envs, vectorization_mode="sync"
        ),
        "pool": partial(
            envpool.make_gymnasium,
            ENV,
            num_envs=n_envs,
            num_threads=N_THREADS,
            seed=0,
        ),
    }
    # The episodes of a random_state are the same each time, and so are their lengths.
    rollouts = {
        name: collect_rollouts(env, expert, **options) for name, env in made_by.items()
    }
    n_steps = {name: len(one) for name, one in rollouts.items()}

    def a_step(name: str, n_jobs: int = 1) -> Callable[[], float]:
        def evaluate() -> None:
            evaluate_policy(made_by[name], expert, n_jobs=n_jobs, **options)

        return lambda: harness.seconds_of(evaluate) / n_steps[name]

    def check(name: str) -> Callable[[], tuple[str, bool]]:
        alone, other = (rollouts[n].returns.mean() for n in ("alone", name))
        counts = f"{n_steps['alone']} and {n_steps[name]} steps"
        means = f"mean returns {alone:.0f} and {other:.0f}"
        return lambda: (f"{counts}, {means}", abs(other / alone - 1) < 0.1)

    repetitions = 3 if quick else 5
    pooled = f"EnvPool, {n_envs} side by side, {N_THREADS} threads"
    contests = (
        (pooled, "pool", "one at a time, one job", 1, 1.0),
        (pooled, "pool", "one at a time, two jobs", 2, 1.0),
        (f"`make_vec`, sync, {n_envs}", "sync", "one at a time, one job", 1, 0.9),
    )
    return [
        harness.contest(
            f"`evaluate_policy`, Humanoid, a step: {work}",
            against,
            a_step(name),
            a_step("alone", n_jobs),
            at_least=at_least,
            repetitions=repetitions,
            check=check(name),
        )
        for work, name, against, n_jobs, at_least in contests
    ]


if __name__ == "__main__":
    harness.main("vector", run)
