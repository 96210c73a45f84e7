"""Normalize a stream that is never in memory at once, and merge what two machines saw.

A normalizer takes observations as they come: one at a time in a control loop, or in
blocks from a file. Its mean and variance do not depend on how the stream was cut, so
that two of them, each with its part of the data, merge into the one that saw it all.

What it shows: that this holds to rounding where the usual running sums of values and
of their squares fail: a clock in seconds since 1970 that ticks in milliseconds.
"""

import numpy as np

from skimitate import RunningNormalizer


def read_blocks(seed, n_blocks=200, n_rows=500):
    """Stand in for a file: clock, temperature, and a sensor that fails at times."""
    rng = np.random.default_rng(seed)
    for i in range(n_blocks):
        clock = 1.7e9 + 1e-3 * (n_rows * i + np.arange(n_rows))
        temperature = rng.normal(293.0, 4.0, size=n_rows)
        sensor = np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(size=n_rows))
        yield np.column_stack([clock, temperature, sensor])


def main():
    """Compare statistics of the stream, merged ones, naive sums and the truth."""
    here, there = RunningNormalizer(), RunningNormalizer()
    for block in read_blocks(seed=0):
        here.partial_fit(block)
    for block in read_blocks(seed=1):
        there.partial_fit(block)
    here.merge(there)

    data = np.concatenate([*read_blocks(seed=0), *read_blocks(seed=1)])
    true = np.nanstd(data, axis=0)
    seen = here.n_samples_seen_
    with np.errstate(invalid="ignore"):
        sums = np.nansum(data, axis=0), np.nansum(data**2, axis=0)
        naive = np.sqrt(sums[1] / seen - (sums[0] / seen) ** 2)

    print("deviation of           in one piece   streamed, merged   by sums of squares")
    for i, name in enumerate(["clock", "temperature", "sensor"]):
        print(f"{name:20s} {true[i]:15.6f} {here.scale_[i]:18.6f} {naive[i]:20.6f}")
    print(f"values seen of each: {seen.astype(int)}")

    # A control loop that goes on learning the statistics while it acts.
    observation = data[:1]
    print(f"one observation: {here.partial_fit(observation).transform(observation)}")


if __name__ == "__main__":
    main()
