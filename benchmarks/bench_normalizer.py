"""RunningNormalizer against scikit-learn and stable-baselines3."""

import harness  # first: it limits the threads

# isort: split
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler
from stable_baselines3.common.running_mean_std import RunningMeanStd

from skimitate import RunningNormalizer
from skimitate.kernels.running_stats import update


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare one row, many rows, and the transformation."""
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, size=(20_000 if quick else 100_000, 348)).astype(np.float32)
    repetitions = 5 if quick else 15
    one = X[:1].copy()
    ours, theirs = RunningNormalizer().fit(X[:9]), StandardScaler().fit(X[:9])
    calls = 300
    rows = [
        harness.contest(
            "`partial_fit` 1 x 348",
            "`StandardScaler`",
            harness.repeated(lambda: ours.partial_fit(one), calls),
            harness.repeated(lambda: theirs.partial_fit(one), calls),
            at_least=3.5,
            repetitions=repetitions,
            per=calls,
            check=lambda: same(ours, theirs),
        )
    ]
    state, running = np.zeros((4, 348)), RunningMeanStd(epsilon=0, shape=(348,))
    rows.append(
        harness.contest(
            "kernel update 1 x 348",
            "stable-baselines3 `RunningMeanStd.update`",
            harness.repeated(lambda: update(one, None, state), calls),
            harness.repeated(lambda: running.update(one), calls),
            at_least=10,
            repetitions=repetitions,
            per=calls,
            check=lambda: agreement(
                np.r_[state[1], state[3] / state[0]], np.r_[running.mean, running.var]
            ),
        )
    )
    ours, theirs = RunningNormalizer(copy=False), StandardScaler(copy=False)
    rows.append(
        harness.contest(
            f"`partial_fit` {len(X):,} x 348 float32",
            "`StandardScaler`",
            lambda: ours.fit(X) and None,
            lambda: theirs.fit(X) and None,
            at_least=10,
            repetitions=repetitions,
            check=lambda: same(ours, theirs),
        )
    )
    X_ours, X_theirs = X.copy(), X.copy()

    def transform_ours() -> None:
        ours.transform(X_ours)

    def transform_theirs() -> None:
        theirs.transform(X_theirs)

    rows.append(
        harness.contest(
            f"`transform` {len(X):,} x 348 float32, `copy=False`",
            "`StandardScaler`",
            transform_ours,
            transform_theirs,
            at_least=1.8,
            repetitions=repetitions,
            check=lambda: agreement(X_ours[:1000], X_theirs[:1000], 1e-4),
        )
    )
    stream(1_000_000 if quick else 100_000_000)
    return rows


def same(ours: RunningNormalizer, theirs: StandardScaler) -> tuple[str, bool]:
    """Compare the statistics."""
    return agreement(
        np.r_[ours.mean_, ours.var_], np.r_[theirs.mean_, theirs.var_], 1e-6
    )


def agreement(a: np.ndarray, b: np.ndarray, tol: float = 1e-9) -> tuple[str, bool]:
    """Compare two arrays."""
    return "the same numbers", np.allclose(a, b, rtol=tol, atol=tol)


def stream(n_rows: int) -> None:
    """Show that a long stream takes constant memory and linear time."""
    with tempfile.TemporaryDirectory() as folder:
        shape, chunk = (n_rows, 4), 1_000_000
        data = np.memmap(Path(folder) / "X", np.float32, "w+", shape=shape)
        rng = np.random.default_rng(0)
        for start in range(0, n_rows, chunk):
            data[start : start + chunk] = rng.random((chunk, 4), dtype=np.float32)
        data.flush()
        del data
        data = np.memmap(Path(folder) / "X", np.float32, "r", shape=shape)
        normalizer = RunningNormalizer()
        for tenth in range(10):
            began = time.perf_counter()
            for start in range(tenth * n_rows // 10, (tenth + 1) * n_rows // 10, chunk):
                normalizer.partial_fit(np.asarray(data[start : start + chunk]))
            if tenth in (0, 9):
                seconds = time.perf_counter() - began
                usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                print(
                    f"  stream of {n_rows:,} x 4: tenth {tenth + 1} of 10 in "
                    f"{seconds:.2f} s, mean {normalizer.mean_.round(4)}, peak "
                    f"{usage} MiB (pages of the mapped file included)",
                    flush=True,
                )


if __name__ == "__main__":
    harness.main("normalizer", run)
