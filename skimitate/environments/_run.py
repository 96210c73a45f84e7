"""Many episodes, by as many workers as there are."""

import copy
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend

from skimitate._callers import levels_to_the_user
from skimitate._errors import WorkerError
from skimitate._threads import one_thread
from skimitate.environments._drivers import Driver
from skimitate.environments._episode import Episode
from skimitate.environments._interrupts import children_spared_interrupts
from skimitate.environments._job import Job, Journal, Part, run_part
from skimitate.environments._make import EnvLike, open_env, refuse_live, warn_unclosed
from skimitate.environments._mujoco import say_once, speaker
from skimitate.environments._outcome import whole
from skimitate.environments._vector_runner import Numbered
from skimitate.environments._workers import (
    cost_of_workers,
    note_workers,
    trouble_of_workers,
)

# How often a worker reports.
_PARTS = 5


def run_episodes(
    env: EnvLike,
    driver: Driver,
    seeds: Sequence[np.random.SeedSequence],
    *,
    max_steps: int | None = None,
    n_jobs: int | None = None,
    where: str = "",
    round: int | None = None,
    verbose: bool = False,
    report: Callable[[int, int], None] | None = None,
    keep: Callable[[Episode], Any] = whole,
    journal: Journal | None = None,
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
        Number of workers, in joblib's terms; the result does not depend on it. Those
        that have to be started are started only when the time that episodes take says
        that it pays: until then episodes are run here.
    where : str, default=""
        What goes before the episode and the step in errors, such as ``"round 3, "``.
    round : int or None, default=None
        The round of DAgger, for errors.
    verbose : bool, default=False
        Whether to print a line for each episode.
    report : callable or None, default=None
        Called, as episodes are done, with their number and that of all.
    keep : callable, default=whole
        From an episode to what is kept of it: that alone travels from a worker. Must
        be picklable.
    journal : Journal or None, default=None
        Has what is kept of some of the episodes, which are not run again, and is given
        that of the others one by one. Must be picklable.

    Returns
    -------
    list
        What is kept of each episode, by default the :class:`Episode`.

    Raises
    ------
    EpisodeError
        If the driver or the environment fails, or gives what cannot be used; it names
        the episode and the step.
    WorkerError
        If a worker dies, or what it needs cannot be pickled.

    Warns
    -----
    UserWarning
        If the environment's ``reset`` does not do what its seed says, or its
        ``close`` raises.
    """
    numbered = list(enumerate(seeds))
    known = {}
    if journal is not None:
        known = {number: journal.find(number) for number, _ in numbered}
        known = {number: kept for number, kept in known.items() if kept is not None}
        numbered = [(number, seed) for number, seed in numbered if number not in known]
    n_workers = min(effective_n_jobs(n_jobs), len(numbered))
    refuse_live(env, n_workers)
    job = Job(
        env,
        driver,
        max_steps,
        where,
        round,
        verbose,
        keep,
        journal,
        speaker(),
        n_workers > 1,
    )
    done = _Done(known, len(seeds), report)
    if numbered:
        # The episodes that tell what an episode takes are run here.
        numbered = _run_here(job, numbered, n_workers, done)
    if numbered:
        _run_in_parts(job, numbered, min(n_workers, len(numbered)), done)
    if done.ignores_seed:
        warnings.warn(
            "env: two resets with one seed gave different observations, so that "
            "random_state does not determine the episodes",
            UserWarning,
            stacklevel=levels_to_the_user(),
        )
    if done.unclosed is not None:
        warn_unclosed(done.unclosed)
    return [done.kept[number] for number in range(len(seeds))]


class _Done:
    """What was done so far: what is kept of each episode, by its number."""

    def __init__(
        self,
        known: dict[int, Any],
        total: int,
        report: Callable[[int, int], None] | None,
    ) -> None:
        self.kept = known
        self.ignores_seed = False
        self.unclosed: str | None = None
        self.report = report
        self._total = total

    def note_unclosed(self, trouble: str) -> None:
        """Note that an environment could not be closed; one warning is enough."""
        self.unclosed = self.unclosed or trouble

    def add(self, part: Part) -> None:
        """Take in the next episodes."""
        self.kept |= part.kept
        self.ignores_seed |= part.ignores_seed
        for trouble in part.unclosed:
            self.note_unclosed(trouble)
        say_once(part.warnings)
        if self.report is not None:
            self.report(len(self.kept), self._total)


def _run_here(
    job: Job, numbered: list[Numbered], n_workers: int, done: _Done
) -> list[Numbered]:
    """Run episodes here for as long as workers would not save their own start.

    Returns the episodes that are left for them.
    """
    cost = math.inf if n_workers == 1 else cost_of_workers(n_workers)
    if cost == 0.0:
        return numbered
    spent = 0.0
    with one_thread(), open_env(job.env, done.note_unclosed) as opened:
        runner = job.runner(opened)
        n = len(numbered) if n_workers == 1 else runner.n_at_once
        for i in range(0, len(numbered), n):
            left = len(numbered) - i
            saved = 1 - 1 / min(n_workers, math.ceil(left / n))
            if i > 0 and spent / i * left * saved > cost:
                return numbered[i:]
            began = time.perf_counter()
            for number, kept in job.run(runner, numbered[i : i + n]):
                done.add(Part({number: kept}, runner.ignores_seed))
            spent += time.perf_counter() - began
    return []


def _run_in_parts(
    job: Job, numbered: list[Numbered], n_workers: int, done: _Done
) -> None:
    """Share the episodes out to the workers, and take in what they send back."""
    # Each part makes an environment: no more of them than there is to report.
    n_parts = n_workers
    if done.report is not None:
        n_parts = min(_PARTS * n_workers, len(numbered))
    rows = np.array_split(np.arange(len(numbered)), n_parts)
    parts = [[numbered[i] for i in part] for part in rows]
    for part in _come_back(job, parts, n_workers):
        done.add(part)
    note_workers(n_workers)


def _come_back(
    job: Job, parts: Sequence[Sequence[Numbered]], n_workers: int
) -> Iterator[Part]:
    """Yield what workers send back, in order."""
    tasks = (
        delayed(run_part)(job._replace(driver=own), part)
        for part, own in zip(parts, _own_drivers(job.driver), strict=False)
    )
    backend, _ = get_active_backend()
    hands_over = backend.supports_return_generator
    run = Parallel(n_workers, return_as="generator" if hands_over else "list")
    # Handing over the parts starts processes, and waits for none.
    spared = hands_over and not getattr(backend, "supports_sharedmem", False)
    n_back = 0
    try:
        with children_spared_interrupts() if spared else nullcontext():
            coming = run(tasks)
        for part in coming:
            n_back += 1
            yield part
    except Exception as error:
        sent = {"env": job.env, "what acts": job.driver}
        trouble = trouble_of_workers(error, sent)
        if trouble is None:
            raise
        left = [number for part in parts[n_back:] for number, _ in part]
        where = f"{job.where}{_named(left)} had not come back"
        raise WorkerError(
            f"{trouble} ({where})", round=job.round, episodes=left
        ) from error


def _named(episodes: Sequence[int]) -> str:
    first, last = episodes[0], episodes[-1]
    return f"episode {first}" if first == last else f"episodes {first} to {last}"


def _own_drivers(driver: Driver) -> Iterator[Driver]:
    """Yield a driver for each part.

    Threads would share one that has a state; processes get copies by being sent one.
    """
    yield driver
    while True:
        yield copy.deepcopy(driver)
