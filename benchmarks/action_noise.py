"""What clones earn if the expert was disturbed in half of its episodes.

Roll-outs of the expert, in half of which noise was added to what it did; the labels are
what it asked for. Mean over the seeds of the mean return of 20 episodes, with two
standard errors over the seeds, for the default clone and for the blog post's.

    python benchmarks/action_noise.py [--experts FOLDER_OF_CS294_FILES] [--seeds 5]

It writes results/action_noise.json, and the table into
docs/experts-and-demonstrations.md.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from harness import RESULTS  # first: it limits the threads
from make_table import ROOT, write_into
from search_by_return import expert_of

from skimitate import collect_rollouts, evaluate_policy
from skimitate.files._json import write_json
from skimitate.studies._machine import describe_machine
from skimitate.studies._markdown import markdown_table
from skimitate.studies._network import NETWORKS

PAGE = ROOT / "docs" / "experts-and-demonstrations.md"
ENVS = ("Hopper-v5", "Walker2d-v5", "Reacher-v5")
NOISES = (0.0, 0.1, 0.3)
FIRST_SEED = 400
N_EPISODES = 20


def measure(env: str, expert: Any, n_roll_outs: int, seed: int) -> dict[str, Any]:
    """Return what each network earns, by the noise in half of the roll-outs."""
    half = n_roll_outs // 2
    calm = collect_rollouts(env, expert, n_episodes=half, random_state=seed)
    row: dict[str, Any] = {"env": env, "n_roll_outs": n_roll_outs, "seed": seed}
    for noise in NOISES:
        disturbed = collect_rollouts(
            env,
            expert,
            n_episodes=n_roll_outs - half,
            action_noise=noise,
            random_state=1_000 + seed,
        )
        demos = calm + disturbed
        for name, network in NETWORKS.items():
            clone = network.cloner(seed).fit(demos.observations, demos.actions)
            returns = evaluate_policy(
                env, clone, n_episodes=N_EPISODES, random_state=10_000 + seed
            )
            row[f"{name}, {noise}"] = float(returns.mean())
    return row


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table: a line for each environment and network."""
    head = ["environment", "roll-outs", "network", "without noise"]
    table = [[*head, *(f"{noise} in half of them" for noise in NOISES[1:])]]
    for env, n in dict.fromkeys((row["env"], row["n_roll_outs"]) for row in rows):
        own = [row for row in rows if (row["env"], row["n_roll_outs"]) == (env, n)]
        for name in NETWORKS:
            cells = [env, str(n), name]
            for noise in NOISES:
                earned = np.array([row[f"{name}, {noise}"] for row in own])
                error = 2 * earned.std(ddof=1) / np.sqrt(len(earned))
                digits = 0 if abs(earned.mean()) > 100 else 1
                cells.append(f"{earned.mean():.{digits}f} ± {error:.{digits}f}")
            table.append(cells)
    return markdown_table(table)


def main() -> None:
    """Measure, keep the figures, and write the table into its page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experts", type=Path, help="folder of the CS294 files")
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    rows = []
    for env in ENVS:
        expert = expert_of(env, args.experts)
        for n_roll_outs in (2, 10):
            for seed in range(FIRST_SEED, FIRST_SEED + args.seeds):
                rows.append(measure(env, expert, n_roll_outs, seed))
            print(f"{env}, {n_roll_outs} roll-outs: done", flush=True)
    experts = "bundled" if args.experts is None else "CS294"
    content = {"machine": describe_machine(), "experts": experts, "rows": rows}
    write_json(content, RESULTS / "action_noise.json")
    table = as_markdown(rows)
    write_into(PAGE, "action-noise", table)
    print(f"\n{table}")


if __name__ == "__main__":
    main()
