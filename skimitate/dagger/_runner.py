"""Episodes of a run of DAgger, as tasks that callbacks see."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from skimitate._seeds import child
from skimitate._sklearn import CallbackContext, is_watched
from skimitate.dagger._leaders import Candidate
from skimitate.environments._drivers import Driver, PolicyDriver
from skimitate.environments._episode import Episode
from skimitate.environments._job import Journal
from skimitate.environments._make import EnvLike
from skimitate.environments._outcome import return_of
from skimitate.environments._run import run_episodes


class Runner:
    """Runs episodes where a run of DAgger happens.

    Parameters
    ----------
    dagger : estimator
        Whose callbacks see the episodes; with ``n_jobs``.
    env : str, EnvSpec, callable or gymnasium.Env or None
        Where episodes are run, if any are.
    """

    def __init__(self, dagger: Any, env: EnvLike | None) -> None:
        self.dagger = dagger
        self.env = env

    def run(
        self,
        driver: Driver,
        seeds: Sequence[np.random.SeedSequence],
        context: CallbackContext,
        *,
        name: str,
        round: int,
        where: str = "",
        keep: Callable[[Episode], Any],
        journal: Journal | None = None,
    ) -> list[Any]:
        """Run one episode for each seed.

        Parameters
        ----------
        driver : Driver
            Decides.
        seeds : sequence of numpy.random.SeedSequence
            Determine the episodes.
        context : CallbackContext
            Of the task that these are a part of.
        name : str
            What their task is called.
        round : int
            The round that they belong to.
        where : str, default=""
            What goes before the round, the episode and the step in errors.
        keep : callable
            From an episode to what is kept of it.
        journal : Journal or None, default=None
            See :func:`run_episodes`.

        Returns
        -------
        list
        """
        assert self.env is not None
        with self._task(context, name, len(seeds)) as report:
            return run_episodes(
                self.env,
                driver,
                seeds,
                max_steps=self.dagger.max_steps,
                n_jobs=self.dagger.n_jobs,
                where=f"{where}round {round}, ",
                round=round,
                keep=keep,
                journal=journal,
                report=report,
            )

    def returns_of(
        self,
        candidate: Candidate,
        seed: np.random.SeedSequence,
        context: CallbackContext,
        name: str,
    ) -> list[float]:
        """Return what a policy earns in the episodes that are kept for evaluation.

        Parameters
        ----------
        candidate : Candidate
            The policy of a round.
        seed : numpy.random.SeedSequence
            Determines the episodes.
        context, name
            See :meth:`run`.

        Returns
        -------
        list of float
        """
        seeds = [child(seed, i) for i in range(self.dagger.n_eval_episodes)]
        driver = PolicyDriver(candidate.learner, "estimator")
        return self.run(
            driver,
            seeds,
            context,
            name=name,
            round=candidate.round,
            where="evaluation of ",
            keep=return_of,
        )

    @contextmanager
    def _task(
        self, context: CallbackContext, name: str, n_episodes: int
    ) -> Iterator[Callable[[int, int], None] | None]:
        """Make a task of some episodes; yields what is told how many are done."""
        task = context.subcontext(task_name=name, max_subtasks=n_episodes)
        task.call_on_fit_task_begin(estimator=self.dagger)
        # Where episodes are reported, workers take them in more and smaller parts.
        yield self._reporter(task) if is_watched(self.dagger) else None
        task.call_on_fit_task_end(estimator=self.dagger)

    def _reporter(self, task: CallbackContext) -> Callable[[int, int], None]:
        n_reported = 0

        def report(done: int, total: int) -> None:
            nonlocal n_reported
            for _ in range(n_reported, done):
                episode = task.subcontext(task_name="episode")
                episode.call_on_fit_task_begin(estimator=self.dagger)
                episode.call_on_fit_task_end(estimator=self.dagger)
            n_reported = done

        return report
