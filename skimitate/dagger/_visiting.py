"""What is visited in a round of DAgger, and what of it is to be labelled."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate._errors import EpisodeError
from skimitate._seeds import child
from skimitate._sklearn import CallbackContext
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._mixture import Mixture
from skimitate.dagger._pending import Pending, ask_about
from skimitate.dagger._queries import Query, rows_to_ask
from skimitate.dagger._round_files import NoFiles, RoundFiles
from skimitate.dagger._runner import Runner
from skimitate.dagger._visits import Visits, visits_of
from skimitate.environments._uniform_policy import UniformPolicy


class Visiting:
    """Runs the episodes of rounds, the same whenever a round is run.

    Parameters
    ----------
    betas : sequence of float
        From round 1 on: the probability of each step that the expert drives.
    demonstrations, rounds, evaluation, queries : numpy.random.SeedSequence
        Determine the episodes of round 0, those of the others, those that policies are
        evaluated in, and what is drawn of an episode to be labelled.
    """

    def __init__(
        self,
        betas: Sequence[float],
        demonstrations: np.random.SeedSequence,
        rounds: np.random.SeedSequence,
        evaluation: np.random.SeedSequence,
        queries: np.random.SeedSequence,
    ) -> None:
        self._betas = betas
        self._demonstration_seed, self._round_seed = demonstrations, rounds
        self._eval_seed, self._query_seed = evaluation, queries

    def visit(
        self,
        current: Candidate,
        first_id: int,
        runner: Runner,
        context: CallbackContext,
        files: RoundFiles | NoFiles,
        *,
        in_person: bool,
    ) -> Pending:
        """Run the episodes of a round.

        Parameters
        ----------
        current : Candidate
            The policy of the round before; of round -1 it is None.
        first_id : int
            The id of the first step.
        runner : Runner
            Runs the episodes.
        context : CallbackContext
            Of the round.
        files : RoundFiles or NoFiles
            Has episodes that were run before, and takes the others.
        in_person : bool
            Whether the expert itself will answer.

        Returns
        -------
        Pending
        """
        began = time.perf_counter()
        number, dagger = current.round + 1, runner.dagger
        driver, beta = self._driver_of(
            number, current.learner, runner, in_person=in_person
        )
        visits = runner.run(
            driver,
            self._seeds_of(number, dagger.n_episodes_per_round),
            context,
            name="collection" if number else "demonstrations",
            round=number,
            keep=visits_of,
            journal=files,
        )
        choose = partial(self._choose, dagger.query, number, current.learner)
        pending = ask_about(visits, choose, first_id, round=number, beta=beta)
        returns = [visit.earned for visit in visits]
        if number == 0:
            returns = returns if beta else []
        elif beta > 0.0 or any(visit.is_driven.any() for visit in visits):
            returns = []
            if dagger.keep == "best":
                name = f"evaluating round {current.round}"
                returns = self.returns_of(current, runner, context, name)
        seconds = time.perf_counter() - began
        return replace(pending, returns=np.array(returns), seconds=seconds)

    def returns_of(
        self, candidate: Candidate, runner: Runner, context: CallbackContext, name: str
    ) -> list[float]:
        """Return what a policy earns in the episodes kept for evaluation.

        Parameters
        ----------
        candidate : Candidate
            A policy.
        runner : Runner
            Runs the episodes.
        context : CallbackContext
            Of the task that this is a part of.
        name : str
            What this task is called.

        Returns
        -------
        list of float
        """
        return runner.returns_of(candidate, self._eval_seed, context, name)

    def _driver_of(
        self, number: int, learner: Any, runner: Runner, *, in_person: bool
    ) -> tuple[Mixture, float]:
        """Return who drives the episodes of a round, and how likely the expert does."""
        expert, timeout = runner.dagger.expert, runner.dagger.query_timeout
        if number == 0 and expert is not None:
            return Mixture(expert, None, 1.0, timeout=timeout), 1.0
        if number == 0:
            assert runner.env is not None
            return Mixture(None, UniformPolicy(runner.env), 0.0), 0.0
        beta = self._betas[number - 1]
        mixture = Mixture(expert, learner, beta, is_asked=in_person, timeout=timeout)
        return mixture, beta

    def _seeds_of(self, number: int, n: int) -> list[np.random.SeedSequence]:
        """Return the seeds of the episodes of a round, the same at each call."""
        if number == 0:
            return [child(self._demonstration_seed, i) for i in range(n)]
        return [child(self._round_seed, number - 1, i) for i in range(n)]

    def _choose(
        self, query: Query, number: int, learner: Any, i: int, visits: Visits
    ) -> NDArray[np.intp]:
        """Return the rows of an episode that are to be labelled."""
        rng = np.random.default_rng(child(self._query_seed, number, i))
        try:
            return rows_to_ask(
                query, visits.observations, learner, visits.is_driven, rng
            )
        except ValueError as error:
            located = f"{error} (round {number}, episode {i})"
            raise EpisodeError(located, round=number, episode=i) from error.__cause__
