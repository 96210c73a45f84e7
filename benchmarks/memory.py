"""How much memory training takes beside the data, and whether it ever grows.

Each figure comes from a process of its own: how far the most that was resident (VmHWM)
lies above what there was before the data, in multiples of what the data take. Then
DAgger's rounds and calls of ``partial_fit`` are repeated, and what is resident is
compared with what was after a part of them.

    python benchmarks/memory.py [--samples 2000000] [--rounds 1000] [--calls 100000]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from harness import AS_PEERS
from sklearn.base import BaseEstimator, RegressorMixin

import skimitate as sk

N_FEATURES, N_OUTPUTS, N_STEPS = 17, 6, 20

# How much of a run warms up: what grows until then is kept for good.
WARM = 0.2


class Nothing(RegressorMixin, BaseEstimator):
    """Learns nothing, and takes no memory for it."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Nothing":
        """Remember how many outputs there are."""
        self.n_outputs_ = y.shape[1]
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return zeros, which are one number in memory."""
        return np.broadcast_to(np.float32(0), (len(X), self.n_outputs_))


class Toy(gymnasium.Env):
    """Shows noise, and takes whatever it is given; some steps make an episode."""

    def __init__(self, n_features: int = N_FEATURES, n_outputs: int = N_OUTPUTS):
        box = gymnasium.spaces.Box
        self.observation_space = box(-np.inf, np.inf, (n_features,), np.float32)
        self.action_space = box(-1.0, 1.0, (n_outputs,), np.float32)

    def _show(self) -> np.ndarray:
        shape = self.observation_space.shape
        return self.np_random.normal(size=shape).astype(np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        """Begin an episode."""
        super().reset(seed=seed)
        self._n_left = N_STEPS
        return self._show(), {}

    def step(self, action: np.ndarray) -> Any:
        """Go on."""
        self._n_left -= 1
        return self._show(), 0.0, False, self._n_left == 0, {}


def expert(observations: np.ndarray) -> np.ndarray:
    """Act by the first few of what is seen."""
    return np.tanh(np.resize(observations.T, (N_OUTPUTS, len(observations))).T)


def small(observations: np.ndarray) -> np.ndarray:
    """Act by the first of what is seen."""
    return np.tanh(observations[:, :1])


def small_env() -> Toy:
    """Return one of two observations and an action."""
    return Toy(2, 1)


def resident(name: str) -> int:
    """Return how many bytes are resident now (VmRSS), or were at most (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {name}")


def data(n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 observations and actions."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, N_FEATURES), np.float32)
    return X, rng.standard_normal((n_samples, N_OUTPUTS), np.float32)


def warm_up() -> None:
    """Load what a fit and a round load."""
    options = {"n_rounds": 1, "n_epochs_per_round": 1, "random_state": 0}
    learner = sk.BehaviorCloner(max_iter=1, batch_size=512)
    X, y = data(2000)
    sk.DAggerRegressor(learner, Toy, expert, **options).fit(X, y)


def fit_a_cloner(X: np.ndarray, y: np.ndarray) -> Any:
    """Train for an epoch."""
    return sk.BehaviorCloner(max_iter=1, batch_size=512, **AS_PEERS).fit(X, y)


def run_dagger(X: np.ndarray, y: np.ndarray) -> Any:
    """Run three rounds with a learner that takes nothing."""
    options = {"n_rounds": 3, "keep": "last", "random_state": 0}
    return sk.DAggerRegressor(Nothing(), Toy, expert, **options).fit(X, y)


def peak(kind: str, n_samples: int) -> dict[str, float]:
    """Return how much was resident at most, and what the data take, in bytes."""
    warm_up()
    before = resident("VmRSS")
    X, y = data(n_samples)
    taken = resident("VmRSS") - before
    work = {"cloner": fit_a_cloner, "dagger": run_dagger}[kind]
    kept = work(X, y)  # resident until it was measured
    above = resident("VmHWM") - before
    del kept
    return {"data": X.nbytes + y.nbytes, "resident data": taken, "peak": above}


def growth(kind: str, n: int) -> dict[str, float]:
    """Return what is resident after a part of the repetitions, and after all."""
    warm_up()
    X, y = data(64)
    seen: list[int] = []
    if kind == "rounds":

        def watching(observations: np.ndarray) -> np.ndarray:
            seen.append(resident("VmRSS"))
            return small(observations)

        options = {"n_rounds": n, "n_epochs_per_round": 1, "random_state": 0}
        learner = sk.BehaviorCloner((4,), max_iter=1, batch_size=512)
        dagger = sk.DAggerRegressor(learner, small_env, watching, **options)
        dagger.fit(X[:, :2], y[:, :1])
    else:
        cloner = sk.BehaviorCloner((4,))
        for call in range(n):
            cloner.partial_fit(X, y)
            if call % max(1, n // 100) == 0:
                seen.append(resident("VmRSS"))
    warm = seen[int(WARM * len(seen))]
    return {"warm": warm, "end": max(seen[int(WARM * len(seen)) :])}


def in_a_process(*arguments: object) -> dict[str, float]:
    """Run this file on one part of the work, and return what it measured."""
    command = [sys.executable, __file__, "--part", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    """Print the tables; return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part is not None:
        kind, n = options.part[0], int(options.part[1])
        part = peak if kind in ("cloner", "dagger") else growth
        print(json.dumps(part(kind, n)))
        return 0
    failed = False
    print(
        f"{options.samples:,} x {N_FEATURES} observations and {N_OUTPUTS} actions, "
        "float32\n"
    )
    print("| work | data, MB | peak above it, MB | of the data | at most | |")
    print("| --- | --- | --- | --- | --- | --- |")
    # The cloner's peak counts the data, DAgger's bookkeeping does not.
    for kind, name, at_most in (
        ("cloner", "`BehaviorCloner.fit`, the data included", 2.2),
        ("dagger", "DAgger beside data and learner", 1.5),
    ):
        found = in_a_process(kind, options.samples)
        above = found["peak"] - (found["resident data"] if kind == "dagger" else 0)
        ratio = above / found["data"]
        failed |= ratio > at_most
        mega = [f"{n / 1e6:,.0f}" for n in (found["data"], above)]
        verdict = "yes" if ratio <= at_most else "**no**"
        print(f"| {name} | {' | '.join(mega)} | {ratio:.2f} | {at_most} | {verdict} |")
    print("\n| work | warm, MB | after, MB | growth | at most | |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind, n, name in (
        ("rounds", options.rounds, "rounds of DAgger"),
        ("calls", options.calls, "calls of `partial_fit`"),
    ):
        found = in_a_process(kind, n)
        grown = found["end"] / found["warm"] - 1
        failed |= grown > 0.01
        mega = [f"{found[name] / 1e6:,.1f}" for name in ("warm", "end")]
        verdict = "yes" if grown <= 0.01 else "**no**"
        print(f"| {n:,} {name} | {' | '.join(mega)} | {grown:.2%} | 1% | {verdict} |")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
