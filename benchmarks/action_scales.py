"""How well an action is learnt that is smaller than the others, in each unit.

One action of the bundled demonstrations, and of a synthetic task, is scaled down until
the others' standard deviation is so many times its own. ``BehaviorCloner`` learns them
with its default settings; R² of the small action, on episodes that were held out, goes
into docs/results.md. About a minute.

    python benchmarks/action_scales.py [--seeds 3]
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from make_table import write_into
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupShuffleSplit

from skimitate import BehaviorCloner, load_demonstrations

PAGE = Path(__file__).resolve().parent.parent / "docs" / "results.md"
ENVS = ("HalfCheetah-v5", "Hopper-v5", "Reacher-v5")
RATIOS = (1, 3, 10, 30, 100, 1000)
SCALINGS = ("common", "individual")

Task = tuple[np.ndarray, np.ndarray, np.ndarray]


def synthetic() -> Task:
    """Return 20 episodes of 250 steps: observations, three actions, episode numbers."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 8))
    actions = np.tanh(X[:, :3] - X[:, 3:6]), np.sin(X[:, 2:5]), X[:, 1:4] * X[:, 5:8]
    return X, np.column_stack([a.sum(axis=1) for a in actions]), np.arange(5000) // 250


def load_tasks() -> dict[str, Task]:
    """Return all tasks by name."""
    tasks = {"synthetic": synthetic()}
    for env in ENVS:
        demos = load_demonstrations(env)
        tasks[env] = demos.data, demos.target, demos.episode_ids
    return tasks


def score_of_small(task: Task, ratio: float, scaling: str, seed: int) -> float:
    """Return R² of one action, made smaller, on episodes that were not learnt."""
    X, y, episodes = task
    small = seed % y.shape[1]
    spreads = y.std(axis=0)
    # The others are all alike, so that the ratio says all there is to say.
    wanted = np.where(np.arange(y.shape[1]) == small, 1.0 / ratio, 1.0)
    y = y / spreads * wanted
    split = GroupShuffleSplit(1, test_size=0.2, random_state=seed)
    train, test = next(split.split(X, groups=episodes))
    cloner = BehaviorCloner(action_scaling=scaling, random_state=seed)
    predicted = cloner.fit(X[train], y[train]).predict(X[test])
    return float(r2_score(y[test, small], predicted[:, small]))


def table(n_seeds: int) -> str:
    """Run everything, and return the table."""
    head = ["task", "`action_scaling`", *(f"{ratio}" for ratio in RATIOS)]
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for name, task in load_tasks().items():
        for scaling in SCALINGS:
            cells = [name, f'`"{scaling}"`']
            for ratio in RATIOS:
                scores = [
                    score_of_small(task, ratio, scaling, seed)
                    for seed in range(n_seeds)
                ]
                cells.append(f"{np.mean(scores):.3f}")
            lines.append("| " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the table into its page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    warnings.simplefilter("ignore")
    write_into(PAGE, "action-scales", table(parser.parse_args().seeds))


if __name__ == "__main__":
    main()
