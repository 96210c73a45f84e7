"""What an episode costs the coordinator of a cluster, and how many workers it can feed.

Two Dask workers hand over episodes; the process that asks for them, with its scheduler,
is the coordinator. Its processor time for a number of episodes, and for a number of
tasks, is measured at two numbers each; the slopes are the costs of one. For that,
workers hand over copies of an episode that has been run: the coordinator does the same
with them, and does not spend time on waiting. The model: with W workers, n episodes
take the workers n * t / W seconds and the coordinator n * c + W * k, where t is the
time of an episode on a worker, c the coordinator's for an episode, and k for a task:
each worker gets one. The coordinator is the limit where its time is the longer; for
many episodes that is at t / c workers.

    python benchmarks/distributed_cost.py
"""

import copy
import pickle
import statistics
import time
import warnings

from backends import dask  # the script beside this one
from joblib import Parallel, delayed

from skimitate import Rollouts, load_expert
from skimitate._seeds import spawn_seeds
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._run import run_episodes

WORKERS, EPISODES = 1000, 100_000
REPETITIONS = 5


def slope(work, small: int, large: int) -> float:
    """Return the processor seconds that one more costs: the median of some tries."""

    def seconds(n: int) -> float:
        began = time.process_time()
        work(n)
        return time.process_time() - began

    work(large)
    tries = [seconds(large) - seconds(small) for _ in range(REPETITIONS)]
    return statistics.median(tries) / (large - small)


def copies(episode, n: int) -> list:
    """Hand over an episode, or what is kept of it, a number of times."""
    return [copy.deepcopy(episode) for _ in range(n)]


def rows(env: str) -> list[str]:
    """Measure roll-outs and evaluations in an environment."""
    driver = PolicyDriver(load_expert(env))
    seeds = spawn_seeds(0, 3)
    run_episodes(env, driver, seeds[:1])
    began = time.perf_counter()
    episode = run_episodes(env, driver, seeds)[-1]
    worker = (time.perf_counter() - began) / len(seeds)

    def send(n_tasks: int) -> None:
        run = Parallel(n_jobs=2, batch_size=1)
        run(delayed(PolicyDriver.begin_episode)(driver, i) for i in range(n_tasks))

    def collect(n_episodes: int) -> None:
        halves = Parallel(n_jobs=2)(
            delayed(copies)(episode, n_episodes // 2) for _ in range(2)
        )
        Rollouts.from_trajectories([*halves[0], *halves[1]])

    def evaluate(n_episodes: int) -> None:
        Parallel(n_jobs=2)(delayed(copies)(1.0, n_episodes // 2) for _ in range(2))

    per_task = slope(send, 20, 220)
    measured = [
        ("roll-outs", len(pickle.dumps(episode)), slope(collect, 10, 110)),
        ("evaluation", len(pickle.dumps(1.0)), slope(evaluate, 1000, 101_000)),
    ]
    return [
        f"| {env}, {job} | {worker * 1e3:.0f} | {n_bytes / 1e3:,.2f} | "
        f"{per_episode * 1e3:.4f} | {len(pickle.dumps(driver)) / 1e3:.0f} | "
        f"{per_task * 1e3:.2f} | {worker / per_episode:,.0f} | "
        f"{EPISODES * worker / WORKERS:,.1f} | "
        f"{EPISODES * per_episode + WORKERS * per_task:,.1f} |"
        for job, n_bytes, per_episode in measured
    ]


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print(
        "| work | worker, ms an episode | kB an episode | coordinator, ms an episode "
        "| kB a task | coordinator, ms a task | the limit, workers "
        f"| {EPISODES:,} episodes, {WORKERS:,} workers: these, s | the coordinator, s "
        f"|\n|{' --- |' * 9}"
    )
    with dask():
        for env in ("Reacher-v5", "Hopper-v5", "Humanoid-v5"):
            print("\n".join(rows(env)), flush=True)


if __name__ == "__main__":
    main()
