"""What clones and DAgger earn on tasks of other kinds: classes, goals, memory.

    python bench_tasks.py                   # what is missing; hours, kept as they come
    python bench_tasks.py --only T-maze     # one task
    python bench_tasks.py --report          # the table of what is kept, into the docs

A run is a task, a learner, a way (clone or DAgger) and a seed. Seeds 0 to 4 are those
of the table, and nothing was tuned to them.
"""

import harness  # noqa: F401, I001 -- it pins threads before the libraries are loaded

import argparse
import time
from typing import Any

import numpy as np
from task_report import write_table
from task_results import is_kept, keep, kept
from task_run import WAYS, references
from task_settings import LEARNERS, TASKS


SEEDS = range(5)


def missing(args: argparse.Namespace, task: str) -> list[dict[str, Any]]:
    """Return the runs of a task that are asked for and not kept yet."""
    learners = [name for name in args.learner if name in TASKS[task].learners]
    runs = [
        {"task": task, "learner": learner, "way": way, "seed": seed}
        for way in args.way
        for learner in learners
        for seed in args.seeds
    ]
    return [run for run in runs if not is_kept(run)]


def run_task(args: argparse.Namespace, name: str) -> None:
    """Make the runs of a task that are missing."""
    task = TASKS[name]
    expert = task.expert()
    if name not in kept()["references"]:
        found = references(task, expert, SEEDS)
        keep(lambda summary: summary["references"].update({name: found}))
    for run in missing(args, name):
        began = time.perf_counter()
        result = WAYS[run["way"]](task, run["learner"], run["seed"], expert)
        run |= result | {"seconds": round(time.perf_counter() - began, 1)}
        keep(lambda summary, run=run: summary["runs"].append(run))
        told = ", ".join(str(run[key]) for key in ("task", "way", "learner", "seed"))
        print(f"{told}: {np.mean(run['returns']):.2f}", flush=True)


def main() -> None:
    """Run what is missing, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=TASKS, nargs="+", default=list(TASKS))
    parser.add_argument(
        "--learner", choices=LEARNERS, nargs="+", default=list(LEARNERS)
    )
    parser.add_argument("--way", choices=WAYS, nargs="+", default=list(WAYS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--report", action="store_true", help="no run, the table alone")
    args = parser.parse_args()
    if not args.report:
        for name in args.only:
            run_task(args, name)
    print(write_table(kept()))


if __name__ == "__main__":
    main()
