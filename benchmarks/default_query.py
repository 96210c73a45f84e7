"""What a DAggerRegressor with default parameters earns, by which states it asks about.

For each environment and each of some seeds that nothing was tuned to: DAgger with its
defaults (one episode of the expert, 40 rounds of one episode each, the best is kept),
and the mean return of 50 fresh episodes of the policy that it keeps, as a part of the
expert's in the same episodes (for Reacher, whose returns are negative, the difference).

    python benchmarks/default_query.py [--experts FOLDER_OF_CS294_FILES] [--seeds 3]
        [--envs Hopper-v5 ...]

It goes on where it stopped, several processes may work on different environments, and
it writes results/default_query.json and the tables into docs/labels.md: one for the
bundled experts and one for those of CS294, if there are runs with them.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from harness import RESULTS  # first: it limits the threads
from label_settings import parameters_of
from make_table import ROOT, find_place, write_into
from search_by_return import expert_of
from shared_rows import SharedRows

from skimitate import BehaviorCloner, DAggerRegressor, evaluate_policy
from skimitate.studies._markdown import markdown_table

PAGE = ROOT / "docs" / "labels.md"
KEPT = RESULTS / "default_query.json"
KEY = ("experts", "env", "query", "seed")
ENVS = [
    "Reacher-v5",
    "Hopper-v5",
    "Walker2d-v5",
    "HalfCheetah-v5",
    "Ant-v5",
    "Humanoid-v5",
]
QUERIES: list[Any] = ["all", 0.1, 25]
FIRST_SEED = 400
N_EPISODES = 50


def parameters(query: Any) -> dict[str, Any]:
    """Return the parameters of what is measured."""
    return {
        "dagger": parameters_of(DAggerRegressor(query=query)),
        "learner": parameters_of(BehaviorCloner()),
    }


def measure(env: str, query: Any, seed: int, experts: Path | None) -> dict[str, Any]:
    """Return what the policy that is kept earns beside the expert, and the labels."""
    expert = expert_of(env, experts)
    dagger = DAggerRegressor(env=env, expert=expert, query=query, random_state=seed)
    dagger.fit()
    fresh = {"n_episodes": N_EPISODES, "random_state": 10_000 + seed}
    best = evaluate_policy(env, expert, **fresh).mean()
    earned = evaluate_policy(env, dagger, **fresh).mean()
    return {
        "score": float(earned / best if best > 0 else earned - best),
        "labels": dagger.history_[-1]["n_expert_queries"],
    }


def current(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that were made with the parameters that are default now."""
    return [
        row
        for row in rows
        if row["query"] in QUERIES and row["parameters"] == parameters(row["query"])
    ]


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """Return a table for each kind of experts that there are runs with."""
    parts = []
    for experts in ("bundled", "CS294"):
        own = [row for row in rows if row["experts"] == experts]
        if own:
            parts.append(f"With the {experts} experts:\n\n{_table(own)}")
    return "\n\n".join(parts)


def _table(rows: list[dict[str, Any]]) -> str:
    """Return mean and lowest score over the seeds, and mean labels."""
    table = [["environment", "seeds"]]
    for query in QUERIES:
        table[0] += [f"`query={query!r}`", "worst", "labels"]
    for env in [env for env in ENVS if any(row["env"] == env for row in rows)]:
        own = [row for row in rows if row["env"] == env]
        cells = [env, str(len({row["seed"] for row in own}))]
        for query in QUERIES:
            runs = [row for row in own if row["query"] == query]
            if not runs:
                cells += ["", "", ""]
                continue
            scores = [row["score"] for row in runs]
            labels = np.mean([row["labels"] for row in runs])
            cells += [
                f"{np.mean(scores):.3f}",
                f"{min(scores):.3f}",
                f"{labels:,.0f}",
            ]
        table.append(cells)
    return markdown_table(table)


def main() -> None:
    """Measure what is not measured yet, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experts", type=Path, help="folder of the CS294 files")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--envs", nargs="+", choices=ENVS, default=ENVS)
    args = parser.parse_args()
    find_place(PAGE, "default-query")  # a missing one is known before the work
    kept = SharedRows(KEPT, KEY)
    experts = "bundled" if args.experts is None else "CS294"
    for seed in range(FIRST_SEED, FIRST_SEED + args.seeds):
        for env in args.envs:
            for query in QUERIES:
                what = dict(zip(KEY, (experts, env, query, seed), strict=True))
                what["parameters"] = parameters(query)
                # Read anew: another process may have done it in the meantime.
                if any(row | what == row for row in kept.read()):
                    continue
                found = measure(env, query, seed, args.experts)
                kept.add(what | found)
                print(experts, env, query, seed, found, flush=True)
    table = as_markdown(current(kept.read()))
    print(f"\n{table}")
    write_into(PAGE, "default-query", table)


if __name__ == "__main__":
    main()
