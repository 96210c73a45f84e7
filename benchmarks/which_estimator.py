"""Which estimator when: what a choice earns beside the default, a task for each.

Prints a table: normalized returns (0 is the random policy, 1 the expert), the mean over
seeds of the mean of 20 episodes, and two standard errors over the seeds; and R² on
episodes of the expert that were held out, which tells little of them.

    python benchmarks/which_estimator.py [--seeds 5] [--first-seed 100]
"""

import argparse
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from harness import RESULTS
from make_table import ROOT, write_into
from numpy.typing import NDArray
from scipy.linalg import solve_discrete_are

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    evaluate_policy,
    load_expert,
)
from skimitate.environments._uniform_policy import UniformPolicy
from skimitate.files._json import write_json
from skimitate.studies._machine import describe_machine
from skimitate.studies._markdown import markdown_table

sys.path.append(str(ROOT / "examples"))
from dagger_pendulum import swing_up

N_EPISODES = 20
PAGE = ROOT / "docs" / "which-estimator.md"
DOUBLE_PENDULUM = "InvertedDoublePendulum-v5"
# What the torques of Reacher's two joints are multiplied by to have other units.
UNITS = np.array([1e-3, 100.0])


class LinearQuadratic:
    """Balances InvertedDoublePendulum by the feedback that is best near upright."""

    def __init__(self) -> None:
        env = gymnasium.make(DOUBLE_PENDULUM).unwrapped
        # The derivatives of a step of the environment at the upright position.
        h = 1e-5
        n = env.model.nq + env.model.nv
        columns = [
            _after(env, h * row) - _after(env, -h * row) for row in np.eye(n + 1)
        ]
        derivatives = np.transpose(columns) / (2 * h)
        A, B = derivatives[:, :n], derivatives[:, n:]
        cost = np.diag([1.0, 10.0, 10.0, 0.1, 0.1, 0.1]), np.eye(1)
        P = solve_discrete_are(A, B, *cost)
        self.gain = np.linalg.solve(cost[1] + B.T @ P @ B, B.T @ P @ A)
        env.close()

    def __call__(self, observations: NDArray) -> NDArray:
        """Return the force on the cart for a batch of observations."""
        position, sines, speeds = np.split(
            observations[:, [0, 1, 2, 5, 6, 7]], [1, 3], 1
        )
        state = np.hstack([position, np.arcsin(np.clip(sines, -1, 1)), speeds])
        return -state @ self.gain.T


def _after(env: Any, state_and_force: NDArray) -> NDArray:
    """Return the state after a step from a state, with a force on the cart."""
    position, speed, force = np.split(state_and_force, [3, 6])
    env.set_state(position, speed)
    env.do_simulation(force, env.frame_skip)
    return np.concatenate([env.data.qpos, env.data.qvel])


def uneven_reacher() -> gymnasium.Env:
    """Make Reacher with a unit of its own for each joint."""
    env = gymnasium.make("Reacher-v5")
    return gymnasium.wrappers.RescaleAction(env, -UNITS, UNITS)


class ReachInUnits:
    """The bundled expert for it."""

    def __init__(self) -> None:
        self.expert = load_expert("Reacher-v5")

    def __call__(self, observations: NDArray) -> NDArray:
        """Return the torques, in those units."""
        return self.expert(observations) * UNITS


class Case(NamedTuple):
    """A task, and what does better there than the default."""

    when: str
    env: Any
    n_demonstrations: int
    choice: str
    make: Callable[[int, Any, Any], Any]


def expert_of(env: Any) -> Any:
    """Return the expert of an environment."""
    own = {
        "Pendulum-v1": lambda: swing_up,
        DOUBLE_PENDULUM: LinearQuadratic,
        uneven_reacher: ReachInUnits,
    }
    return own[env]() if env in own else load_expert(env)


def cloner(**options: Any) -> Callable[[int, Any, Any], Any]:
    """Return what makes a cloner with these parameters."""
    return lambda seed, env, expert: BehaviorCloner(random_state=seed, **options)


def dagger(**options: Any) -> Callable[[int, Any, Any], Any]:
    """Return what makes a DAggerRegressor with these parameters."""
    return lambda seed, env, expert: DAggerRegressor(
        env=env, expert=expert, random_state=seed, **options
    )


CASES = [
    Case(
        "the expert is nearly linear, and a small error is amplified",
        DOUBLE_PENDULUM,
        10,
        "`BehaviorCloner(())`",
        cloner(hidden_layer_sizes=()),
    ),
    Case(
        "actions are of very different sizes",
        uneven_reacher,
        10,
        '`BehaviorCloner(action_scaling="individual")`',
        cloner(action_scaling="individual"),
    ),
    Case(
        "the learner leads where the expert did not go",
        "Reacher-v5",
        2,
        "`DAggerRegressor(n_rounds=20)`",
        dagger(n_rounds=20),
    ),
    Case(
        "the expert switches, and its episodes hardly show where",
        "Pendulum-v1",
        2,
        "`DAggerRegressor(n_rounds=20)`",
        dagger(n_rounds=20),
    ),
]


def measure(case: Case, seed: int) -> list[float]:
    """Return normalized return and R² of the default cloner, and of the choice."""
    expert = expert_of(case.env)
    demos = collect_rollouts(
        case.env, expert, n_episodes=case.n_demonstrations, random_state=seed
    )
    held_out = collect_rollouts(
        case.env, expert, n_episodes=5, random_state=5_000 + seed
    )
    episodes = {"n_episodes": N_EPISODES, "random_state": 10_000 + seed}
    low = evaluate_policy(case.env, UniformPolicy(case.env), **episodes).mean()
    high = evaluate_policy(case.env, expert, **episodes).mean()
    figures = []
    for make in (cloner(), case.make):
        model = make(seed, case.env, expert).fit(demos.observations, demos.actions)
        earned = evaluate_policy(case.env, model, **episodes).mean()
        figures.append((earned - low) / (high - low))
        figures.append(model.score(held_out.observations, held_out.actions))
    return figures


def task_of(case: Case) -> str:
    """Say in words what the task of a case is."""
    name = case.env if isinstance(case.env, str) else "Reacher-v5 in other units"
    n = case.n_demonstrations
    return f"{name}, {n} {'roll-out' if n == 1 else 'roll-outs'}"


def as_markdown(cases: list[dict[str, Any]]) -> str:
    """Return the table of cases that were measured."""
    head = ["when", "task", "try", "return: default", "with it"]
    rows = [[*head, "R²: default", "with it"]]
    for case in cases:
        figures = np.array(case["figures"])
        means = figures.mean(axis=0)
        errors = 2 * figures.std(axis=0, ddof=1) / np.sqrt(len(figures))
        pairs = zip(means[::2], errors[::2], strict=True)
        cells = [f"{mean:.2f} ± {error:.2f}" for mean, error in pairs]
        r2 = [f"{mean:.4f}" if mean > -10 else f"{mean:.0e}" for mean in means[1::2]]
        rows.append([case["when"], case["task"], case["try"], *cells, *r2])
    return markdown_table(rows)


def main() -> None:
    """Measure, keep the figures, and write the table into its page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=100)
    args = parser.parse_args()
    # What the case of other units is about, and its wrapper's opinion of them.
    warnings.filterwarnings("ignore", message="y: with one unit for all actions")
    warnings.filterwarnings("ignore", message=".*precision lowered by casting")
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    kept: list[dict[str, Any]] = []
    for case in CASES:
        figures = [measure(case, seed) for seed in seeds]
        about = {"when": case.when, "task": task_of(case), "try": case.choice}
        kept.append(about | {"figures": figures})
        print(f"{about['task']}: {np.mean(figures, axis=0).round(3)}", flush=True)
    content = {"machine": describe_machine(), "seeds": list(seeds), "cases": kept}
    write_json(content, RESULTS / "which_estimator.json")
    table = as_markdown(kept)
    write_into(PAGE, "which-estimator", table)
    print(f"\n{table}")


if __name__ == "__main__":
    main()
