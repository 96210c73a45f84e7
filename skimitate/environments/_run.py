"""Many episodes, by as many workers as there are."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend
from numpy.typing import NDArray

from skimitate._threads import one_thread
from skimitate.environments._drivers import Driver
from skimitate.environments._episode import Episode, EpisodeRunner
from skimitate.environments._make import EnvLike, open_env, refuse_live

# How often a worker reports.
_PARTS = 5


def whole(episode: Episode) -> Episode:
    """Keep all of an episode."""
    return episode


def return_of(episode: Episode) -> float:
    """Keep the sum of the rewards alone, of an episode that was run and so has them."""
    return float(cast(NDArray, episode.rewards).sum())


def run_episodes(
    env: EnvLike,
    driver: Driver,
    seeds: Sequence[np.random.SeedSequence],
    *,
    max_steps: int | None = None,
    n_jobs: int | None = None,
    where: str = "",
    verbose: bool = False,
    report: Callable[[int, int], None] | None = None,
    keep: Callable[[Episode], Any] = whole,
) -> list[Any]:
    """Run one episode for each seed.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        See :func:`open_env`. A live environment only where it need not be copied.
    driver : Driver
        Decides; copied for each job.
    seeds : sequence of numpy.random.SeedSequence
        Determine the episodes.
    max_steps : int or None, default=None
        Where to cut an episode that the environment has not ended.
    n_jobs : int or None, default=None
        Number of processes, in joblib's terms; the result does not depend on it.
    where : str, default=""
        What goes before the episode and the step in errors, such as ``"round 3, "``.
    verbose : bool, default=False
        Whether to print a line for each episode.
    report : callable or None, default=None
        Called, as episodes are done, with their number and that of all.
    keep : callable, default=whole
        From an episode to what is kept of it: that alone travels from a worker. Must
        be picklable.

    Returns
    -------
    list
        What is kept of each episode, by default the :class:`Episode`.

    Raises
    ------
    ValueError
        If the driver or the environment fails, or gives what cannot be used; it names
        the episode and the step.
    """
    n_workers = min(effective_n_jobs(n_jobs), len(seeds))
    refuse_live(env, n_workers)
    # Each part makes an environment: no more of them than there is to report.
    n_parts = n_workers if report is None else min(_PARTS * n_workers, len(seeds))
    parts = np.array_split(np.arange(len(seeds)), n_parts)
    run = Parallel(n_workers, **_parallel_options(n_workers))
    results = run(
        delayed(_run_part)(
            env, own, [(i, seeds[i]) for i in part], max_steps, where, verbose, keep
        )
        for part, own in zip(parts, _own_drivers(driver, n_workers), strict=False)
    )
    kept: list[Any] = []
    for part in results:
        kept += part
        if report is not None:
            report(len(kept), len(seeds))
    return kept


def _parallel_options(n_workers: int) -> dict[str, str]:
    """Have parts handed over as they are done, where the backend can do that."""
    if n_workers == 1:
        return {"backend": "sequential", "return_as": "generator"}
    backend, _ = get_active_backend()
    return {"return_as": "generator" if backend.supports_return_generator else "list"}


def _own_drivers(driver: Driver, n_workers: int) -> Iterator[Driver]:
    """Yield a driver for each part.

    Threads would share one that has a state. One worker shares nothing, and takes a
    driver that cannot be copied; processes get copies by being sent one.
    """
    yield driver
    while True:
        yield driver if n_workers == 1 else copy.deepcopy(driver)


def _run_part(
    env: EnvLike,
    driver: Driver,
    numbered_seeds: list[tuple[int, np.random.SeedSequence]],
    max_steps: int | None,
    where: str,
    verbose: bool,
    keep: Callable[[Episode], Any],
) -> list[Any]:
    """Run some of the episodes, in one environment."""
    kept = []
    with one_thread(), open_env(env) as opened:
        runner = EpisodeRunner(opened, driver)
        limit = math.inf if max_steps is None else max_steps
        for number, seed in numbered_seeds:
            episode = runner.run(seed, limit, f"{where}episode {number}")
            kept.append(keep(episode))
            if verbose:
                print(
                    f"{where}episode {number}: return {return_of(episode):.1f}, "
                    f"{len(episode.actions)} steps",
                    flush=True,
                )
    return kept
