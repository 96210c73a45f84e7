"""Episodes that one worker runs, in one environment."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from gymnasium.vector import VectorEnv

from skimitate._threads import one_thread
from skimitate.environments._drivers import Driver
from skimitate.environments._episode import Episode, EpisodeRunner, Place
from skimitate.environments._make import EnvLike, OpenEnv, open_env
from skimitate.environments._mujoco import Speaker, warnings_kept
from skimitate.environments._outcome import return_of
from skimitate.environments._vector_runner import Numbered, VectorRunner


class Journal(Protocol):
    """Keeps what is known of episodes that are over, in whichever process they ran."""

    def find(self, number: int) -> Any:
        """Return what was kept of an episode before; None if it is to be run."""

    def done(self, number: int, kept: Any) -> None:
        """Keep an episode, as soon as it is over."""


Runner = EpisodeRunner | VectorRunner


class Job(NamedTuple):
    """What is to be done with each episode, whoever does it: see `run_episodes`.

    Beside what that is given it has who says warnings, and whether several workers
    share the episodes.
    """

    env: EnvLike
    driver: Driver
    max_steps: int | None
    where: str
    round: int | None
    verbose: bool
    keep: Callable[[Episode], Any]
    journal: Journal | None
    speaker: Speaker
    is_shared: bool

    def runner(self, opened: OpenEnv) -> Runner:
        """Return what runs episodes in an open environment of either kind.

        Parameters
        ----------
        opened : gymnasium.Env or gymnasium.vector.VectorEnv
            Made by ``env``, or it itself.

        Returns
        -------
        EpisodeRunner or VectorRunner
        """
        if isinstance(opened, VectorEnv):
            return VectorRunner(opened, self.driver)
        return EpisodeRunner(opened, self.driver)

    def run(
        self, runner: Runner, numbered: Sequence[Numbered]
    ) -> Iterator[tuple[int, Any]]:
        """Run episodes, and yield what is kept of each as it ends.

        Parameters
        ----------
        runner : EpisodeRunner or VectorRunner
            Runs them.
        numbered : sequence of (int, numpy.random.SeedSequence)
            Which ones.

        Yields
        ------
        number : int
        kept : object
        """
        limit = math.inf if self.max_steps is None else self.max_steps
        for number, episode in runner.run_all(numbered, limit, self._place_of):
            if self.is_shared and not runner.obeys_seeds:
                raise ValueError(
                    "n_jobs: expected 1 with a vector environment whose episodes do "
                    "not depend on seeds of their own, because each worker would make "
                    "one that goes through the same episodes, got more"
                )
            yield number, self._take_in(number, episode)

    def _place_of(self, number: int) -> Place:
        return Place(self.where, self.round, number)

    def _take_in(self, number: int, episode: Episode) -> Any:
        if self.verbose:
            print(
                f"{self._place_of(number)}: return {return_of(episode):.1f}, "
                f"{len(episode.actions)} steps",
                flush=True,
            )
        kept = self.keep(episode)
        if self.journal is not None:
            self.journal.done(number, kept)
        return kept


class Part(NamedTuple):
    """What a worker sends back: what is kept of each episode, by its number."""

    kept: dict[int, Any]
    ignores_seed: bool
    warnings: Sequence[str] = ()
    unclosed: Sequence[str] = ()


def run_part(job: Job, numbered: Sequence[Numbered]) -> Part:
    """Run some of the episodes, in one environment.

    Parameters
    ----------
    job : Job
        What is to be done.
    numbered : sequence of (int, numpy.random.SeedSequence)
        Which ones.

    Returns
    -------
    Part
    """
    unclosed: list[str] = []
    with (
        warnings_kept(job.speaker) as unsaid,
        one_thread(),
        open_env(job.env, unclosed.append) as opened,
    ):
        runner = job.runner(opened)
        kept = dict(job.run(runner, numbered))
    return Part(kept, runner.ignores_seed, unsaid, unclosed)
