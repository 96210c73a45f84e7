"""What clones earn with the default parameters, and with the blog post's.

For each task five seeds that nothing was tuned to: of each, the mean return of 50
episodes as a part of the expert's in the same episodes (for Reacher, whose returns are
negative, the return itself).

    python benchmarks/default_clone.py [--experts FOLDER_OF_CS294_FILES] [--jobs 2]

It writes results/default_clone.json, and the table into docs/results.md. With --try it
only prints what a clone earns beside the default with other parameters, such as
``--try alpha=0.0 activation='"relu"'``.
"""

import argparse
import ast
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from harness import RESULTS  # first: it limits the threads
from joblib import Parallel, delayed
from make_table import ROOT, write_into
from search_by_return import expert_of
from which_estimator import DOUBLE_PENDULUM, LinearQuadratic

from skimitate import BehaviorCloner, collect_rollouts, evaluate_policy
from skimitate.files._json import write_json
from skimitate.studies._machine import describe_machine
from skimitate.studies._markdown import markdown_table
from skimitate.studies._network import NETWORKS

PAGE = ROOT / "docs" / "results.md"


class Task(NamedTuple):
    """An environment, and the roll-outs of its expert that a clone gets."""

    env: str
    n_roll_outs: int


TASKS = [
    Task("Hopper-v5", 1),
    Task("Hopper-v5", 2),
    Task("Hopper-v5", 10),
    Task("HalfCheetah-v5", 2),
    Task("HalfCheetah-v5", 10),
    Task("Walker2d-v5", 2),
    Task("Walker2d-v5", 10),
    Task("Reacher-v5", 2),
    Task("Reacher-v5", 10),
    Task("Ant-v5", 2),
    Task("Ant-v5", 10),
    Task("Humanoid-v5", 10),
    Task(DOUBLE_PENDULUM, 2),
    Task(DOUBLE_PENDULUM, 10),
]


def measure(
    task: Task,
    seed: int,
    experts: Path | None,
    n_episodes: int,
    kinds: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Return what the expert and a clone of each kind earn, and how long fits take."""
    linear = task.env == DOUBLE_PENDULUM
    expert = LinearQuadratic() if linear else expert_of(task.env, experts)
    demos = collect_rollouts(
        task.env, expert, n_episodes=task.n_roll_outs, random_state=seed
    )
    fresh = {"n_episodes": n_episodes, "random_state": 10_000 + seed}
    row: dict[str, Any] = task._asdict() | {"seed": seed, "n_samples": len(demos)}
    row["expert"] = evaluate_policy(task.env, expert, **fresh).tolist()
    for name, parameters in kinds.items():
        began = time.process_time()
        cloner = BehaviorCloner(**parameters, random_state=seed)
        cloner.fit(demos.observations, demos.actions)
        row[name] = {
            "seconds": time.process_time() - began,
            "returns": evaluate_policy(task.env, cloner, **fresh).tolist(),
        }
    return row


def figures_of(row: dict[str, Any], name: str) -> float:
    """Return the mean return, as a part of the expert's where that is positive."""
    earned, best = np.mean(row[name]["returns"]), np.mean(row["expert"])
    return float(earned / best if best > 0 else earned)


def as_markdown(rows: list[dict[str, Any]], kinds: Iterable[str]) -> str:
    """Return the table: over the seeds mean, two standard errors, each, and seconds."""
    head = ["environment", "roll-outs", "expert"]
    for kind in kinds:
        head += [f"{kind}: mean", "by seed", "fit, s"]
    table = [head]
    for task in dict.fromkeys((row["env"], row["n_roll_outs"]) for row in rows):
        own = [row for row in rows if (row["env"], row["n_roll_outs"]) == task]
        best = np.mean([row["expert"] for row in own])
        cells = [task[0], str(task[1]), f"{best:.{0 if best > 100 else 2}f}"]
        for kind in kinds:
            parts = np.array([figures_of(row, kind) for row in own])
            error = 2 * parts.std(ddof=1) / np.sqrt(len(parts))
            digits = 3 if best > 0 else 2
            cells.append(f"{parts.mean():.{digits}f} ± {error:.{digits}f}")
            cells.append(", ".join(f"{part:.{digits}f}" for part in sorted(parts)))
            cells.append(f"{np.median([row[kind]['seconds'] for row in own]):.2f}")
        table.append(cells)
    return markdown_table(table)


def parameter(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE, the value as Python writes it."""
    name, _, value = text.partition("=")
    return name, ast.literal_eval(value)


def main() -> None:
    """Measure, keep the figures, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experts", type=Path, help="folder of the CS294 files")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=300)
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--envs", nargs="+", help="only these environments")
    parser.add_argument(
        "--try", dest="tried", nargs="+", type=parameter, metavar="NAME=VALUE"
    )
    args = parser.parse_args()
    kinds = {name: NETWORKS[name].parameters for name in NETWORKS}
    if args.tried:
        kinds = {"default": {}, "tried": dict(args.tried)}
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    tasks = [task for task in TASKS if args.envs is None or task.env in args.envs]
    rows = Parallel(args.jobs, verbose=5)(
        delayed(measure)(task, seed, args.experts, args.episodes, kinds)
        for task in tasks
        for seed in seeds
    )
    table = as_markdown(rows, kinds)
    print(f"\n{table}")
    if args.tried:
        return
    experts = "bundled" if args.experts is None else "CS294"
    content = {"machine": describe_machine(), "experts": experts, "rows": rows}
    write_json(content, RESULTS / "default_clone.json")
    write_into(PAGE, "default-clone", table)


if __name__ == "__main__":
    main()
