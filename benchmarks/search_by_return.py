"""Choosing by return against choosing by R²: what the chosen clone earns.

For each environment and seed, a grid search over six cloners, from four roll-outs of
the expert, one held out in each fold for R², and ten episodes for each score by return.
The best by either is trained on all four and runs 50 fresh episodes, the same for both.

    python benchmarks/search_by_return.py [--experts FOLDER_OF_CS294_FILES] [--seeds 3]

It writes results/search_by_return.json, and the table beside it.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from harness import RESULTS  # first: it limits the threads
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV, GroupKFold

from skimitate import (
    BehaviorCloner,
    Rollouts,
    collect_rollouts,
    evaluate_policy,
    load_expert,
    make_return_scorer,
)
from skimitate.files._json import write_json
from skimitate.studies._machine import describe_machine
from skimitate.studies._markdown import markdown_table

ENVS = ("Hopper-v5", "Walker2d-v5", "Reacher-v5")
FIRST_SEED = 200
N_ROLL_OUTS = 4
# All else is the default.
GRID = {
    "activation": ["relu", "tanh"],
    "hidden_layer_sizes": [(20, 20), (50, 50), (100, 100)],
}


def expert_of(env: str, folder: Path | None) -> Any:
    """Return the bundled expert, or that of a file in a folder of CS294's."""
    if folder is None:
        return load_expert(env)
    return load_expert(folder / f"{env.removesuffix('-v5')}-v1.pkl")


def search(env: str, demos: Rollouts, seed: int, n_episodes: int) -> GridSearchCV:
    """Score all candidates both ways, in two processes, and show how far it is."""
    by_return = make_return_scorer(
        env, n_episodes=n_episodes, random_state=5_000 + seed
    )
    found = GridSearchCV(
        BehaviorCloner(random_state=seed),
        GRID,
        scoring={"R²": "r2", "return": by_return},
        refit="return",
        cv=GroupKFold(N_ROLL_OUTS),
        n_jobs=2,
        error_score="raise",
    ).set_callbacks(ProgressBar(max_propagation_depth=None))
    return found.fit(demos.observations, demos.actions, groups=demos.episode_ids)


def compare(
    env: str, expert: Any, seed: int, n_fresh: int, n_episodes: int
) -> dict[str, Any]:
    """Search, and let the expert and the best by either score run fresh episodes."""
    demos = collect_rollouts(env, expert, n_episodes=N_ROLL_OUTS, random_state=seed)
    began = time.perf_counter()
    found = search(env, demos, seed, n_episodes)
    seconds = time.perf_counter() - began
    fresh = {"n_episodes": n_fresh, "random_state": 10_000 + seed}
    row: dict[str, Any] = {"env": env, "seed": seed, "seconds": seconds}
    row["expert"] = evaluate_policy(env, expert, **fresh).tolist()
    results = found.cv_results_
    row["candidates"] = [
        {"parameters": parameters}
        | {by: results[f"mean_test_{by}"][i] for by in ("R²", "return")}
        for i, parameters in enumerate(results["params"])
    ]
    for by in ("R²", "return"):
        chosen = max(row["candidates"], key=lambda c, by=by: c[by])["parameters"]
        # A fit for each, also where both are the same: nothing is taken for granted.
        winner = clone(found.estimator).set_params(**chosen)
        winner.fit(demos.observations, demos.actions)
        returns = evaluate_policy(env, winner, **fresh)
        row[f"by {by}"] = {"parameters": chosen, "returns": returns.tolist()}
    return row


def mean_and_error(values: NDArray) -> tuple[float, float]:
    """Return a mean and its standard error over the episodes."""
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


def gain_of(row: dict[str, Any]) -> tuple[float, float]:
    """Return what is won by return, episode by episode, and its standard error."""
    by_r2, by_return = (row[f"by {by}"]["returns"] for by in ("R²", "return"))
    return mean_and_error(np.subtract(by_return, by_r2))


def cell(figures: tuple[float, float]) -> str:
    """Return a mean and its standard error as people read them."""
    mean, error = figures
    digits = 0 if abs(mean) >= 100 or error >= 10 else 2
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def told(parameters: dict[str, Any]) -> str:
    """Say in short which candidate that is."""
    sizes = ", ".join(map(str, parameters["hidden_layer_sizes"]))
    return f"{parameters['activation']} ({sizes})"


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table: what each score chose, and what that earns."""
    head = ["environment", "seed", "expert", "best by R²", "earns"]
    table = [[*head, "best by return", "earns", "difference"]]
    for row in rows:
        cells = [row["env"], str(row["seed"])]
        cells.append(cell(mean_and_error(np.array(row["expert"]))))
        for by in ("R²", "return"):
            side = row[f"by {by}"]
            earned = mean_and_error(np.array(side["returns"]))
            cells += [told(side["parameters"]), cell(earned)]
        table.append([*cells, cell(gain_of(row))])
    return markdown_table(table)


def verdict(rows: list[dict[str, Any]]) -> str:
    """Say of each environment what is won over all seeds, and where it is certain."""
    lines = []
    for env in dict.fromkeys(row["env"] for row in rows):
        own = [row for row in rows if row["env"] == env]
        gains = [gain_of(row) for row in own]
        mean = np.mean([gain for gain, _ in gains])
        error = np.linalg.norm([error for _, error in gains]) / len(own)
        seeds = [row["seed"] for row in own]
        certain = [gain / error if gain else 0.0 for gain, error in gains]
        better = [seed for seed, t in zip(seeds, certain, strict=True) if t > 2]
        worse = [seed for seed, t in zip(seeds, certain, strict=True) if t < -2]
        lines.append(
            f"- {env}, over all seeds: {cell((mean, error))}. Better by two standard "
            f"errors with {_listed(better)}, worse with {_listed(worse)}."
        )
    return "\n".join(lines)


def _listed(seeds: list[int]) -> str:
    return f"seeds {', '.join(map(str, seeds))}" if seeds else "no seed"


def main() -> None:
    """Search, keep the figures, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experts", type=Path, help="folder of the CS294 files")
    parser.add_argument("--envs", nargs="+", default=ENVS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--episodes", type=int, default=50, help="fresh ones")
    parser.add_argument("--score-episodes", type=int, default=10, help="of each score")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder")
    args = parser.parse_args()
    rows = []
    for env in args.envs:
        expert = expert_of(env, args.experts)
        for seed in range(FIRST_SEED, FIRST_SEED + args.seeds):
            rows.append(compare(env, expert, seed, args.episodes, args.score_episodes))
            print(f"{env}, seed {seed}: a search in {rows[-1]['seconds']:.0f} seconds")
    content = {
        "machine": describe_machine(),
        "experts": "bundled" if args.experts is None else "CS294",
        "rows": rows,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    write_json(content, args.out / "search_by_return.json")
    table = f"{as_markdown(rows)}\n\n{verdict(rows)}\n"
    (args.out / "search_by_return.md").write_text(table, encoding="utf-8")
    print(f"\n{table}")


if __name__ == "__main__":
    main()
