"""Many episodes, by as many workers as there are."""

import copy
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend
from numpy.typing import NDArray

from skimitate._callers import levels_to_the_user
from skimitate._errors import WorkerError
from skimitate._threads import one_thread
from skimitate.environments._drivers import Driver
from skimitate.environments._episode import Episode, EpisodeRunner, Place
from skimitate.environments._interrupts import children_spared_interrupts
from skimitate.environments._make import EnvLike, open_env, refuse_live, warn_unclosed
from skimitate.environments._mujoco import Speaker, say_once, speaker, warnings_kept
from skimitate.environments._workers import (
    cost_of_workers,
    note_workers,
    trouble_of_workers,
)

# How often a worker reports.
_PARTS = 5

_Numbered = tuple[int, np.random.SeedSequence]


def whole(episode: Episode) -> Episode:
    """Keep all of an episode."""
    return episode


def return_of(episode: Episode) -> float:
    """Keep the sum of the rewards alone, of an episode that was run and so has them."""
    return float(cast(NDArray, episode.rewards).sum())


class Outcome(NamedTuple):
    """What an episode came to.

    Parameters
    ----------
    value : float
        Its return, which may be discounted.
    is_success : bool or None
        Whether the environment says that it succeeded, None if it does not say.
    """

    value: float
    is_success: bool | None


def outcome_of(episode: Episode, discount: float = 1.0) -> Outcome:
    """Keep the return, discounted from step to step, and the success."""
    if discount == 1.0:
        return Outcome(return_of(episode), episode.is_success)
    rewards = cast(NDArray, episode.rewards)
    value = float((rewards * discount ** np.arange(len(rewards))).sum())
    return Outcome(value, episode.is_success)


class Journal(Protocol):
    """Keeps what is known of episodes that are over, in whichever process they ran."""

    def find(self, number: int) -> Any:
        """Return what was kept of an episode before; None if it is to be run."""

    def done(self, number: int, kept: Any) -> None:
        """Keep an episode, as soon as it is over."""


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
    job = _Job(env, driver, max_steps, where, round, verbose, keep, journal, speaker())
    done = _Done(known, len(seeds), report)
    if n_workers > 1:
        # The episodes that tell what an episode takes are run here.
        numbered = _run_until_workers_pay(job, numbered, n_workers, done)
        n_workers = min(n_workers, max(1, len(numbered)))
    if numbered:
        _run_in_parts(job, numbered, n_workers, done)
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


class _Job(NamedTuple):
    """What is to be done with each episode, whoever does it."""

    env: EnvLike
    driver: Driver
    max_steps: int | None
    where: str
    round: int | None
    verbose: bool
    keep: Callable[[Episode], Any]
    journal: Journal | None
    speaker: Speaker

    def run(self, opened: EpisodeRunner, number: int, seed: Any) -> Any:
        """Run an episode, and return what is kept of it."""
        limit = math.inf if self.max_steps is None else self.max_steps
        place = Place(self.where, self.round, number)
        episode = opened.run(seed, limit, place)
        if self.verbose:
            print(
                f"{place}: return {return_of(episode):.1f}, "
                f"{len(episode.actions)} steps",
                flush=True,
            )
        kept = self.keep(episode)
        if self.journal is not None:
            self.journal.done(number, kept)
        return kept


class _Part(NamedTuple):
    """What a worker sends back: what is kept of each episode, by its number."""

    kept: dict[int, Any]
    ignores_seed: bool
    warnings: Sequence[str] = ()
    unclosed: Sequence[str] = ()


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

    def add(self, part: _Part) -> None:
        """Take in the next episodes."""
        self.kept |= part.kept
        self.ignores_seed |= part.ignores_seed
        for trouble in part.unclosed:
            self.note_unclosed(trouble)
        say_once(part.warnings)
        if self.report is not None:
            self.report(len(self.kept), self._total)


def _run_until_workers_pay(
    job: _Job, numbered: list[_Numbered], n_workers: int, done: _Done
) -> list[_Numbered]:
    """Run episodes here for as long as workers would not save their own start.

    Returns the episodes that are left for them.
    """
    cost = cost_of_workers(n_workers)
    if cost == 0.0:
        return numbered
    spent = 0.0
    with one_thread(), open_env(job.env, done.note_unclosed) as opened:
        runner = EpisodeRunner(opened, job.driver)
        for i, (number, seed) in enumerate(numbered):
            left = len(numbered) - i
            if i > 0 and spent / i * left * (1 - 1 / min(n_workers, left)) > cost:
                return numbered[i:]
            began = time.perf_counter()
            kept = {number: job.run(runner, number, seed)}
            spent += time.perf_counter() - began
            done.add(_Part(kept, runner.ignores_seed))
    return []


def _run_in_parts(
    job: _Job, numbered: list[_Numbered], n_workers: int, done: _Done
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
    job: _Job, parts: Sequence[Sequence[_Numbered]], n_workers: int
) -> Iterator[_Part]:
    """Yield what workers send back, in order."""
    tasks = (
        delayed(_run_part)(job._replace(driver=own), part)
        for part, own in zip(parts, _own_drivers(job.driver, n_workers), strict=False)
    )
    run = Parallel(n_workers, **_parallel_options(n_workers))
    spared = _starts_processes(n_workers)
    n_back = 0
    try:
        with children_spared_interrupts() if spared else nullcontext():
            coming = run(tasks)
        for part in coming:
            n_back += 1
            yield part
    except Exception as error:
        sent = {"env": job.env, "what acts": job.driver}
        trouble = None if n_workers == 1 else trouble_of_workers(error, sent)
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


def _parallel_options(n_workers: int) -> dict[str, str]:
    """Have parts handed over as they are done, where the backend can do that."""
    if n_workers == 1:
        return {"backend": "sequential", "return_as": "generator"}
    backend, _ = get_active_backend()
    return {"return_as": "generator" if backend.supports_return_generator else "list"}


def _starts_processes(n_workers: int) -> bool:
    """Tell whether handing over the parts starts processes, and waits for none."""
    backend, _ = get_active_backend()
    threads = getattr(backend, "supports_sharedmem", False)
    return n_workers > 1 and backend.supports_return_generator and not threads


def _own_drivers(driver: Driver, n_workers: int) -> Iterator[Driver]:
    """Yield a driver for each part.

    Threads would share one that has a state. One worker shares nothing, and takes a
    driver that cannot be copied; processes get copies by being sent one.
    """
    yield driver
    while True:
        yield driver if n_workers == 1 else copy.deepcopy(driver)


def _run_part(job: _Job, numbered: Sequence[_Numbered]) -> _Part:
    """Run some of the episodes, in one environment."""
    unclosed: list[str] = []
    with (
        warnings_kept(job.speaker) as unsaid,
        one_thread(),
        open_env(job.env, unclosed.append) as opened,
    ):
        runner = EpisodeRunner(opened, job.driver)
        kept = {number: job.run(runner, number, seed) for number, seed in numbered}
    return _Part(kept, runner.ignores_seed, unsaid, unclosed)
