"""A cluster at work: episodes, DAgger, and the statistics of data too large for one.

The first half runs on any backend of joblib's: episodes go to workers, and what comes
back has the same bits as from one process. The second half never has the whole data set
in one place: each worker normalizes the partitions that it makes, and what travels are
four numbers for each feature, which are merged.

    python examples/on_a_cluster.py --backend dask      # or ray, loky, threading
"""

import argparse
import logging
import os
from contextlib import contextmanager

import numpy as np
from joblib import Parallel, delayed, parallel_config

import skimitate as sk

ENV = "Reacher-v5"
N_PARTITIONS, N_ROWS, N_FEATURES = 8, 20_000, 40


@contextmanager
def dask():
    """Start a scheduler and two workers; a cluster has its own to connect to."""
    from distributed import Client, LocalCluster

    options = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        Client(cluster),
        parallel_config("dask"),
    ):
        yield


@contextmanager
def ray():
    """Start two workers; a cluster has an address for ray.init()."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level=logging.ERROR)
    register_ray()
    with parallel_config("ray"):
        yield
    ray.shutdown()


BACKENDS = {
    "dask": dask,
    "ray": ray,
    "loky": lambda: parallel_config("loky"),
    "threading": lambda: parallel_config("threading"),
}


def run_episodes() -> None:
    """Collect, imitate and evaluate on the cluster."""
    expert = sk.load_expert(ENV)
    options = {"n_episodes": 10, "random_state": 0}
    demos = sk.collect_rollouts(ENV, expert, n_jobs=2, **options)
    alone = sk.collect_rollouts(ENV, expert, n_jobs=1, **options)
    same = np.array_equal(demos.observations, alone.observations)
    print(f"{len(demos)} steps of the expert; the bits of one process: {same}")
    dagger = sk.DAggerRegressor(
        env=ENV,
        expert=expert,
        n_rounds=1,
        n_episodes_per_round=4,
        n_eval_episodes=1,
        keep="last",
        n_jobs=2,
        random_state=0,
    ).fit(demos.observations, demos.actions)
    kept = dagger.history_[dagger.best_round_]
    print(f"DAgger: {kept['n_samples']} labels, return {kept['mean_return']:.1f}")


def partition(number: int) -> np.ndarray:
    """Make a part of the data set; reading it from a file would be here."""
    rng = np.random.default_rng(number)
    return rng.normal(loc=number, size=(N_ROWS, N_FEATURES))


def statistics_of(number: int) -> sk.RunningNormalizer:
    """Normalize a partition where it is."""
    return sk.RunningNormalizer().fit(partition(number))


def merge_statistics() -> None:
    """Merge what the workers know of their partitions."""
    parts = Parallel(n_jobs=2)(delayed(statistics_of)(i) for i in range(N_PARTITIONS))
    whole = sk.RunningNormalizer()
    for part in parts:
        whole.merge(part)
    n_bytes = N_PARTITIONS * N_ROWS * N_FEATURES * 8
    print(f"{whole.n_samples_seen_} rows, {n_bytes / 1e6:.0f} MB, none of them moved")
    mean = np.mean([partition(i).mean(axis=0) for i in range(N_PARTITIONS)], axis=0)
    print(f"largest error of a mean: {np.abs(whole.mean_ - mean).max():.0e}")


def main() -> None:
    """Run both halves on the backend that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", choices=BACKENDS, default="loky")
    with BACKENDS[parser.parse_args().backend]():
        run_episodes()
        merge_statistics()


if __name__ == "__main__":
    main()
