"""Every job on every backend of joblib's, compared bit by bit with one job alone.

Prints a table of them. Dask and Ray run on local clusters of two worker processes, and
need ``pip install skimitate[distributed]``.

    python benchmarks/backends.py
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    evaluate_policy,
    load_expert,
)

ENV = "Reacher-v5"
EXPERT = load_expert(ENV)
X = np.random.default_rng(0).normal(size=(40, 10))


class Hesitant:
    """The expert, whose first answer in this process takes a second.

    Processes are started only where the time of an episode says that it pays.
    """

    def __init__(self) -> None:
        self.home = os.getpid()
        self.hesitates = True

    def __call__(self, observations: NDArray) -> NDArray:
        """Ask the expert."""
        if self.hesitates and os.getpid() == self.home:
            time.sleep(1.0)
            self.hesitates = False
        return EXPERT(observations)


def rollouts(n_jobs: int) -> list[NDArray]:
    """Collect some episodes of the expert."""
    collected = collect_rollouts(
        ENV, Hesitant(), n_episodes=8, n_jobs=n_jobs, random_state=0
    )
    return [collected.observations, collected.rewards, collected.last_observations]


def evaluation(n_jobs: int) -> list[NDArray]:
    """Evaluate the expert."""
    options = {"n_episodes": 8, "n_jobs": n_jobs, "random_state": 1}
    return [evaluate_policy(ENV, Hesitant(), **options)]


def dagger(n_jobs: int) -> list[NDArray]:
    """Run DAgger, a round of eight episodes."""
    learner = DAggerRegressor(
        BehaviorCloner(max_iter=3),
        env=ENV,
        expert=Hesitant(),
        n_rounds=1,
        n_episodes_per_round=8,
        n_epochs_per_round=2,
        n_eval_episodes=2,
        keep="last",
        n_jobs=n_jobs,
        random_state=0,
    ).fit()
    return [learner.predict(X), np.array(learner.history_[-1]["mean_return"])]


def grid_search(n_jobs: int) -> list[NDArray]:
    """Search among cloners."""
    search = GridSearchCV(
        BehaviorCloner(max_iter=3, random_state=0),
        {"hidden_layer_sizes": [(5,), (20,)]},
        cv=2,
        n_jobs=n_jobs,
    ).fit(X, EXPERT(X))
    return [search.cv_results_["mean_test_score"], search.predict(X)]


@contextmanager
def _joblib(name: str) -> Iterator[None]:
    with parallel_config(name):
        yield


@contextmanager
def dask() -> Iterator[None]:
    """Start a scheduler and two worker processes on this machine."""
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    )
    with cluster, Client(cluster), parallel_config("dask"):
        yield


@contextmanager
def ray() -> Iterator[None]:
    """Start Ray with two worker processes on this machine."""
    # Ray warns of what a later version will do with accelerators unless it is told.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray
    from joblib.pool import PicklingPool
    from ray.util.joblib import register_ray

    pools = PicklingPool.__bases__
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    register_ray()
    try:
        with parallel_config("ray"):
            yield
    finally:
        ray.shutdown()
        # Ray's backend makes joblib's own pool of processes Ray's, for good.
        PicklingPool.__bases__ = pools


JOBS: dict[str, Callable[[int], list[NDArray]]] = {
    "rollouts": rollouts,
    "evaluation": evaluation,
    "DAgger": dagger,
    "GridSearchCV": grid_search,
}
BACKENDS = {
    "loky": lambda: _joblib("loky"),
    "threading": lambda: _joblib("threading"),
    "multiprocessing": lambda: _joblib("multiprocessing"),
    "dask": dask,
    "ray": ray,
}


def compare(job: Callable[[int], list[NDArray]]) -> str:
    """Run a job in two processes on the backend of the context, and in one without."""
    ours = job(2)
    with parallel_config("sequential"):
        expected = job(1)
    same = all(map(np.array_equal, ours, expected))
    return "same bits" if same else "**other bits**"


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print(f"| backend | {' | '.join(JOBS)} |\n| --- |{' --- |' * len(JOBS)}")
    for name, backend in BACKENDS.items():
        with backend():
            cells = [compare(job) for job in JOBS.values()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
