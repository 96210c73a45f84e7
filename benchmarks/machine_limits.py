"""What the machine can do at most, and what part of it the kernels reach.

Floating-point operations and bytes are counted from the algorithms; the peaks are
measured: sgemm on large matrices for arithmetic, a sum and a copy for memory.
"""

import harness  # first: it limits the threads

# isort: split
import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from skimitate.kernels import mlp as kernel
from skimitate.kernels.running_stats import standardize, update


def median_seconds(function: Callable[[], object], n: int = 9) -> float:
    """Time a call."""
    function()

    def once() -> None:
        function()

    return statistics.median(harness.seconds_of(once) for _ in range(n))


def peak_gflops(m: int, n: int, k: int) -> float:
    """Return what numpy's sgemm reaches at a size."""
    rng = np.random.default_rng(0)
    a = rng.random((m, k), dtype=np.float32)
    b = rng.random((k, n), dtype=np.float32)
    out = np.empty((m, n), np.float32)
    calls = max(1, int(2e8 / (2 * m * n * k)))
    multiply = harness.repeated(lambda: np.matmul(a, b, out=out), calls)
    return 2e-9 * m * n * k * calls / median_seconds(multiply)


def report_training(sizes: tuple[int, ...], batch: int, peak: float) -> None:
    """Count and time the steps of an epoch."""
    n_samples = 200 * batch
    rng = np.random.default_rng(0)
    X = rng.random((n_samples, sizes[0]), dtype=np.float32)
    y = rng.random((n_samples, sizes[-1]), dtype=np.float32)
    n_parameters = sum((a + 1) * b for a, b in pairwise(sizes))
    vectors = [np.zeros((1, n_parameters), np.float32) for _ in range(4)]
    vectors[0][:] = rng.normal(size=n_parameters) / 10
    orders = rng.permutation(n_samples)[np.newaxis]
    widths = np.array(sizes), 2, 0, np.array(sizes[-1:])
    arguments = (X, y, None, orders, *widths, *vectors)

    def epoch() -> None:
        kernel.train_epoch(*arguments, np.zeros(1, np.intp), batch, 1e-3, 0.0, 0.9995)

    seconds = median_seconds(epoch) / 200
    products = sum(a * b for a, b in pairwise(sizes))
    # Forward, gradient by the weights, gradient by the inputs of all but the first.
    flops = 2 * batch * (3 * products - sizes[0] * sizes[1])
    flops += 16 * n_parameters  # Adam and the average
    print(
        f"| step {sizes}, batch {batch} | {flops / 1e6:.2f} MFLOP | "
        f"{seconds * 1e6:.1f} µs | {flops / seconds / 1e9:.0f} GFLOP/s | "
        f"{flops / seconds / 1e9 / peak:.0%} of sgemm's peak |"
    )


def report_memory(peak: float) -> None:
    """Count and time the passes of the normalizer."""
    X = np.random.default_rng(0).random((100_000, 348), dtype=np.float32)
    state, mean, scale = np.zeros((4, 348)), np.zeros(348), np.ones(348)
    passes: tuple[tuple[str, int, Callable[[], object]], ...] = (
        ("statistics of 100,000 x 348", 1, lambda: update(X, None, state)),
        ("`standardize` in place", 2, lambda: standardize(X, mean, scale, np.inf, X)),
    )
    for name, n_passes, function in passes:
        seconds = median_seconds(function)
        rate = n_passes * X.nbytes / seconds / 1e9
        print(
            f"| {name} | {n_passes * X.nbytes / 1e6:.0f} MB | {seconds * 1e3:.1f} ms | "
            f"{rate:.1f} GB/s | {rate / peak:.0%} of the memory's |"
        )


def main() -> None:
    """Print the peaks and the parts."""
    peak = peak_gflops(1024, 1024, 1024)
    X = np.random.default_rng(0).random((100_000, 348), dtype=np.float32)
    Y = np.empty_like(X)
    reading = X.nbytes / median_seconds(X.sum) / 1e9
    copying = 2 * X.nbytes / median_seconds(lambda: np.copyto(Y, X)) / 1e9
    bandwidth = max(reading, copying)
    print(f"sgemm 1024 x 1024 x 1024: {peak:.0f} GFLOP/s")
    for m, n, k in ((32, 50, 50), (32, 50, 348), (256, 256, 256)):
        print(f"sgemm {m} x {n} x {k}: {peak_gflops(m, n, k):.0f} GFLOP/s")
    print(f"memory: reading {reading:.1f} GB/s, copying {copying:.1f} GB/s\n")
    print(
        "| work | counted | measured | rate | part |\n| --- | --- | --- | --- | --- |"
    )
    report_training((11, 50, 50, 3), 32, peak)
    report_training((348, 50, 50, 17), 32, peak)
    report_training((11, 256, 256, 3), 256, peak)
    report_memory(bandwidth)


if __name__ == "__main__":
    main()
