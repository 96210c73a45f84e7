"""What an episode costs the coordinator of a cluster, and how many workers it can feed.

Two Dask workers run episodes; the process that asks for them, with its scheduler, is
the coordinator. Its processor time for a number of episodes, and for a number of tasks,
is measured at two numbers each; the slopes, less what it uses while it waits as long,
are the costs of one. The model: with W workers, n episodes take the workers n * t / W
seconds and the coordinator n * c + W * k, where t is the time of an episode on a
worker, c the coordinator's for an episode, and k for a task: each worker gets one. The
coordinator is the limit where its time is the longer; for many episodes that is at t /
c workers.

    python benchmarks/distributed_cost.py
"""

import pickle
import statistics
import time
import warnings

from backends import dask  # the script beside this one
from joblib import Parallel, delayed

from skimitate import collect_rollouts, evaluate_policy, load_expert
from skimitate.environments._drivers import PolicyDriver

WORKERS, EPISODES = 1000, 100_000
REPETITIONS = 5


def seconds_of(work, n: int) -> tuple[float, float]:
    """Return the processor time of this process, and the time, for a piece of work."""
    began = time.perf_counter(), time.process_time()
    work(n)
    return time.process_time() - began[1], time.perf_counter() - began[0]


def wait(seconds: int) -> None:
    """Let both workers sleep."""
    Parallel(n_jobs=2)(delayed(time.sleep)(seconds) for _ in range(2))


def slope(work, small: int, large: int, idle: float) -> float:
    """Return the processor seconds that one more costs: the median of some tries."""

    def cost(n: int) -> float:
        processor, passed = seconds_of(work, n)
        return processor - idle * passed

    work(small)
    tries = [cost(large) - cost(small) for _ in range(REPETITIONS)]
    return max(statistics.median(tries) / (large - small), 1e-6)


def rows(env: str, idle: float) -> list[str]:
    """Measure roll-outs and evaluations in an environment."""
    driver = PolicyDriver(load_expert(env))
    expert = load_expert(env)
    collect_rollouts(env, expert, n_episodes=1)
    began = time.perf_counter()
    alone = collect_rollouts(env, expert, n_episodes=3, random_state=0)
    worker = (time.perf_counter() - began) / 3

    def send(n_tasks: int) -> None:
        run = Parallel(n_jobs=2, batch_size=1)
        run(delayed(PolicyDriver.begin_episode)(driver, i) for i in range(n_tasks))

    def collect(n_episodes: int) -> None:
        collect_rollouts(env, expert, n_episodes=n_episodes, n_jobs=2, random_state=0)

    def evaluate(n_episodes: int) -> None:
        evaluate_policy(env, expert, n_episodes=n_episodes, n_jobs=2, random_state=0)

    per_task = slope(send, 20, 220, idle)
    kept = pickle.dumps([alone.observations, alone.actions, alone.rewards])
    measured = [
        ("roll-outs", len(kept) / 3, slope(collect, 4, 44, idle)),
        ("evaluation", 8, slope(evaluate, 4, 44, idle)),
    ]
    return [
        f"| {env}, {job} | {worker * 1e3:.0f} | {n_bytes / 1e3:,.2f} | "
        f"{per_episode * 1e3:.2f} | {len(pickle.dumps(driver)) / 1e3:.0f} | "
        f"{per_task * 1e3:.2f} | {worker / per_episode:,.0f} | "
        f"{EPISODES * worker / WORKERS:,.0f} | "
        f"{EPISODES * per_episode + WORKERS * per_task:,.0f} |"
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
        wait(1)
        processor, passed = seconds_of(wait, 5)
        idle = processor / passed
        for env in ("Reacher-v5", "Hopper-v5", "Humanoid-v5"):
            print("\n".join(rows(env, idle)), flush=True)
    print(f"\nWhile it waits, the coordinator uses {idle:.1%} of a core.")


if __name__ == "__main__":
    main()
