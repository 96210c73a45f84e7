"""One run of the benchmark of tasks: a clone or DAgger, measured in fresh episodes."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from task_settings import Task, learner_of

from skimitate import (
    DAggerClassifier,
    DAggerRegressor,
    collect_rollouts,
    evaluate_policy,
)
from skimitate.environments._uniform_policy import UniformPolicy


def measure(task: Task, policy: Any, seed: int) -> dict[str, Any]:
    """Return what a policy earns in episodes that serve nothing else."""
    episodes = {"n_episodes": task.n_episodes, "random_state": 10_000 + seed}
    if not task.tells_success:
        returns = evaluate_policy(task.env, policy, **episodes)
        return {"returns": np.round(returns, 3).tolist()}
    returns, reached = evaluate_policy(
        task.env, policy, **episodes, return_success=True
    )
    return {
        "returns": np.round(returns, 3).tolist(),
        "success": float(reached.mean()),
    }


def groups_keyword(learner: Any) -> str | None:
    """Return by which keyword a learner's fit is told episodes, if it is to be."""
    last = learner.steps[-1][1] if hasattr(learner, "steps") else learner
    if not getattr(last, "learns_sequences", False):
        return None
    return f"{learner.steps[-1][0]}__groups" if hasattr(learner, "steps") else "groups"


def run_clone(task: Task, name: str, seed: int, expert: Any) -> dict[str, Any]:
    """Clone some demonstrations."""
    demos = collect_rollouts(
        task.env, expert, n_episodes=task.n_demonstrations, random_state=seed
    )
    learner = learner_of(task, name)
    inner = learner.steps[-1][1] if hasattr(learner, "steps") else learner
    seeded = [p for p in inner.get_params() if p.endswith("random_state")]
    inner.set_params(**dict.fromkeys(seeded, seed))
    keyword = groups_keyword(learner)
    told = {} if keyword is None else {keyword: demos.episode_ids}
    learner.fit(demos.observations, demos.actions, **told)
    return {"n_labels": len(demos)} | measure(task, learner, seed)


def run_dagger(task: Task, name: str, seed: int, expert: Any) -> dict[str, Any]:
    """Let the learner lead."""
    kind = DAggerClassifier if task.is_discrete else DAggerRegressor
    learner = learner_of(task, name)
    demos = collect_rollouts(
        task.env, expert, n_episodes=task.n_start, random_state=seed
    )
    dagger = kind(
        learner,
        env=task.env,
        expert=expert,
        n_rounds=task.n_rounds,
        n_episodes_per_round=task.n_episodes_per_round,
        random_state=seed,
    )
    told = {} if groups_keyword(learner) is None else {"groups": demos.episode_ids}
    dagger.fit(demos.observations, demos.actions, **told)
    n_labels = dagger.history_[-1]["n_samples"]
    return {"n_labels": n_labels} | measure(task, dagger, seed)


def references(task: Task, expert: Any, seeds: Iterable[int]) -> dict[str, Any]:
    """Return what the expert and random actions earn, in the episodes of all seeds."""
    return {
        name: {
            "returns": [
                value
                for seed in seeds
                for value in measure(task, policy, seed)["returns"]
            ]
        }
        for name, policy in (("expert", expert), ("random", UniformPolicy(task.env)))
    }


WAYS = {"clone": run_clone, "DAgger": run_dagger}
