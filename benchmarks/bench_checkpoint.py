"""What it costs to keep DAgger's run in a folder: on Hopper, with and without.

Both sides are the same run, which takes its time for training and episodes; the folder
is on the disk that holds the system's temporary files. The rounds of the default, 3,000
gradient steps each, are the shortest that anybody runs: what a round keeps does not
depend on how long it takes.
"""

import harness  # first: it limits the threads

# isort: split
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from skimitate import BehaviorCloner, DAggerRegressor, load_expert

ENV = "Hopper-v5"


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare the time of whole runs, by which states the expert is asked about."""
    expert = load_expert(ENV)
    rows = []
    for query, name in (("all", "all states"), (20, "20 states of each episode")):
        fitted: dict[str, Any] = {}

        def fit(folder: Path | None, side: str, query=query, kept=fitted) -> None:
            kept[side] = DAggerRegressor(
                BehaviorCloner(max_iter=20),
                env=ENV,
                expert=expert,
                query=query,
                n_rounds=10 if quick else 20,
                n_eval_episodes=3,
                checkpoint_dir=folder,
                random_state=0,
            ).fit()

        def ours(fit=fit) -> None:
            with tempfile.TemporaryDirectory() as folder:
                fit(Path(folder), "ours")

        def theirs(fit=fit) -> None:
            fit(None, "theirs")

        def check(kept=fitted) -> tuple[str, bool]:
            vectors = [kept[s].estimator_.network_.vectors.numpy() for s in kept]
            same = np.array_equal(*vectors)
            return "the same network" if same else "different networks", same

        rows.append(
            harness.contest(
                f"DAgger on Hopper in a folder, {name}",
                "the same in memory",
                ours,
                theirs,
                at_least=round(1 / 1.05, 3),
                repetitions=3 if quick else 7,
                check=check,
            )
        )
    return rows


if __name__ == "__main__":
    harness.main("checkpoint", run)
