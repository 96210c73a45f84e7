"""DAgger on Hopper: against imitation's SimpleDAggerTrainer."""

import harness  # first: it limits the threads

# isort: split
import time
from typing import Any

from imitation_peer import ImitationPeer

from skimitate import BehaviorCloner, DAggerRegressor, load_expert
from skimitate.dagger._aggregate import Aggregate

N_EPOCHS = 4


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare the same environment steps, expert queries and gradient steps.

    The expert drives on both sides: its episodes last 1000 steps each, and so both
    collect, label and train alike to the last sample.
    """
    growth(200 if quick else 2000)
    if not ImitationPeer.available():
        print("  (imitation left out: its environment is made by `make bench`)")
        return []
    n_rounds = 3 if quick else 20
    expert = load_expert("Hopper-v5")
    fitted: dict[str, DAggerRegressor] = {}

    def ours() -> None:
        # Round 0 is the first of imitation's rounds.
        fitted["ours"] = DAggerRegressor(
            BehaviorCloner(max_iter=N_EPOCHS, **harness.AS_PEERS),
            env="Hopper-v5",
            expert=expert,
            n_rounds=n_rounds - 1,
            n_epochs_per_round=N_EPOCHS,
            beta=1.0,
            keep="last",
            n_eval_episodes=1,
            random_state=0,
        ).fit()

    with ImitationPeer() as peer:

        def check() -> tuple[str, bool]:
            record = fitted["ours"].history_[-1]
            theirs = peer.answer["n_queries"]
            text = (
                f"{theirs:,} and {record['n_expert_queries']:,} queries, "
                f"{N_EPOCHS} epochs a round; ours also evaluates its last policy"
            )
            return text, theirs == record["n_expert_queries"]

        return [
            harness.contest(
                f"DAgger, Hopper, {n_rounds} rounds of 1000 steps",
                "imitation `SimpleDAggerTrainer`",
                ours,
                lambda: peer.run(do="dagger", n_rounds=n_rounds, n_epochs=N_EPOCHS),
                at_least=15,
                repetitions=1 if quick else 2,
                check=check,
            )
        ]


def growth(n_parts: int) -> None:
    """Show that the aggregate grows in time proportional to its size."""
    import numpy as np

    X, y = np.zeros((1000, 11)), np.zeros((1000, 3))
    for n in (n_parts // 10, n_parts):
        began = time.perf_counter()
        aggregate = Aggregate(X, y)
        for _ in range(n):
            aggregate.append(X, y)
        seconds = time.perf_counter() - began
        print(
            f"  aggregate of {len(aggregate):,} samples: "
            f"{seconds / len(aggregate) * 1e9:.1f} ns a sample",
            flush=True,
        )


if __name__ == "__main__":
    harness.main("dagger", run)
