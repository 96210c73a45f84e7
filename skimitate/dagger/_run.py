"""A run of DAgger: each round in two halves, what is visited and what is learnt."""

import time
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._errors import EpisodeError
from skimitate._seeds import child, spawn_seeds
from skimitate._sklearn import CallbackContext
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._learner import Learner
from skimitate.dagger._lessons import Lessons
from skimitate.dagger._mixture import Mixture
from skimitate.dagger._pending import Pending, ask_about
from skimitate.dagger._queries import Query, rows_to_ask
from skimitate.dagger._questions import Questions
from skimitate.dagger._records import Records
from skimitate.dagger._report import round_report
from skimitate.dagger._runner import Runner
from skimitate.dagger._settled import Settled
from skimitate.dagger._visits import Visits, visits_of
from skimitate.environments._run import return_of
from skimitate.environments._uniform_policy import UniformPolicy


class Run:
    """What DAgger holds while it runs, and gives up when it is done.

    It holds neither the environment nor the expert nor the estimator on whose behalf
    it runs: a run that waits for labels can be saved.

    Parameters
    ----------
    dagger : object
        With the parameters of :class:`skimitate.DAggerRegressor`.
    prototype : estimator
        The learner, not fitted.
    settled : Settled
        What was settled before.

    Attributes
    ----------
    settled : Settled
        The same.
    aggregate : Aggregate
        All that was visited so far, and its labels.
    records : Records
        What is known of each round.
    round : int
        The last round that was learnt from; -1 before the start.
    pending : Pending or None
        The next round, while its labels are awaited.
    expert_return : float or None
        Mean return of the demonstrations, if it collected them.
    """

    def __init__(self, dagger: Any, prototype: Any, settled: Settled) -> None:
        self.settled = settled
        seeds = spawn_seeds(dagger.random_state, 5)
        self._demonstration_seed, self._round_seed, self._eval_seed = seeds[:3]
        self._query_seed = seeds[4]
        self._lessons = Lessons(prototype, settled)
        self._learner = Learner(
            prototype,
            incremental=dagger.incremental,
            seed=seeds[3],
            fit_params=settled.plan.fit_params,
        )
        self.aggregate = settled.demonstrations
        self.records = Records()
        self.n_queries = 0
        self.round = -1
        self.pending: Pending | None = None
        self.expert_return: float | None = None

    @property
    def learner(self) -> Any:
        """The fitted learner as it stands; None before the start."""
        return self._learner.fitted

    @property
    def is_complete(self) -> bool:
        """Whether all rounds that were planned are learnt from."""
        return self.round == len(self.settled.plan.betas)

    def current(self) -> Candidate:
        """Return the policy as it stands."""
        return Candidate(self.round, self.learner)

    def ask(
        self, runner: Runner, context: CallbackContext, *, in_person: bool
    ) -> Questions:
        """Run the episodes of the next round, and choose what is to be labelled.

        Where a round is pending already, it stays as it is.

        Parameters
        ----------
        runner : Runner
            Runs the episodes.
        context : CallbackContext
            Of the round.
        in_person : bool
            Whether the expert itself will answer, so that one which has to be asked
            during the episodes is.

        Returns
        -------
        Questions
        """
        if self.pending is None:
            began = time.perf_counter()
            pending = self._visit(runner, context, in_person=in_person)
            seconds = time.perf_counter() - began
            self.pending = replace(pending, seconds=seconds)
        return self.pending.questions

    def _visit(
        self, runner: Runner, context: CallbackContext, *, in_person: bool
    ) -> Pending:
        number, dagger = self.round + 1, runner.dagger
        driver, beta = self._driver_of(number, runner, in_person=in_person)
        seeds = self._seeds_of(number, dagger.n_episodes_per_round)
        name = "collection" if number else "demonstrations"
        episodes = runner.run(driver, seeds, context, name=name, round=number)
        visits = [visits_of(episode) for episode in episodes]
        choose = partial(self._choose, dagger.query, number)
        pending = ask_about(
            visits, choose, len(self.aggregate), round=number, beta=beta
        )
        returns = [return_of(episode) for episode in episodes]
        if number == 0:
            self.expert_return = float(np.mean(returns)) if beta else None
        elif beta == 0.0 and not any(visit.is_driven.any() for visit in visits):
            self._measure(dagger, returns)
        elif dagger.keep == "best":
            name = f"evaluating round {self.round}"
            returns = runner.returns_of(self.current(), self._eval_seed, context, name)
            self._measure(dagger, returns)
        return pending

    def _driver_of(
        self, number: int, runner: Runner, *, in_person: bool
    ) -> tuple[Mixture, float]:
        """Return who drives the episodes of a round, and how likely the expert does."""
        expert = runner.dagger.expert
        if number == 0 and expert is not None:
            return Mixture(expert, None, 1.0), 1.0
        if number == 0:
            assert runner.env is not None
            return Mixture(None, UniformPolicy(runner.env), 0.0), 0.0
        beta = self.settled.plan.betas[number - 1]
        return Mixture(expert, self.learner, beta, is_asked=in_person), beta

    def _seeds_of(self, number: int, n: int) -> list[np.random.SeedSequence]:
        """Return the seeds of the episodes of a round, the same at each call."""
        if number == 0:
            return [child(self._demonstration_seed, i) for i in range(n)]
        return [child(self._round_seed, number - 1, i) for i in range(n)]

    def _choose(
        self, query: Query, number: int, i: int, visits: Visits
    ) -> NDArray[np.intp]:
        """Return the rows of an episode that are to be labelled."""
        rng = np.random.default_rng(child(self._query_seed, number, i))
        try:
            return rows_to_ask(
                query, visits.observations, self.learner, visits.is_driven, rng
            )
        except ValueError as error:
            where = f"(round {number}, episode {i})"
            located = f"{error} {where}"
            raise EpisodeError(located, round=number, episode=i) from error.__cause__

    def hear(self, expert: Any) -> NDArray[np.float64]:
        """Let an expert answer what is pending.

        Parameters
        ----------
        expert : object
            See :meth:`Pending.answers_of`.

        Returns
        -------
        ndarray of shape (n_questions, n_outputs)
            Rows of NaN where it has no answer.
        """
        assert self.pending is not None
        began = time.perf_counter()
        answers = self.pending.answers_of(expert, self.settled.taken)
        seconds = self.pending.seconds + time.perf_counter() - began
        self.pending = replace(self.pending, seconds=seconds)
        return answers

    def read(self, ids: ArrayLike, actions: Any) -> NDArray[np.float64]:
        """Return answers of somebody else to what is pending.

        Parameters
        ----------
        ids, actions
            See :func:`read_answers`.

        Returns
        -------
        ndarray of shape (n_questions, n_outputs)
            Rows of NaN where there is none.
        """
        assert self.pending is not None
        return self.pending.read(ids, actions, self.settled.taken)

    def start_from_demonstrations(self, dagger: Any, context: CallbackContext) -> None:
        """Fit the learner to the demonstrations that were given.

        Parameters
        ----------
        dagger : estimator
            On whose behalf.
        context : CallbackContext
            Of this task.
        """
        self._learn(0, 1.0, self.n_queries, time.perf_counter(), dagger, context)

    def learn(
        self,
        answers: NDArray[np.float64],
        dagger: Any,
        context: CallbackContext,
        *,
        name: str,
    ) -> None:
        """Take in the answers to what is pending, and train on all labels.

        Parameters
        ----------
        answers : ndarray of shape (n_questions, n_outputs)
            Rows of NaN where there is none.
        dagger : estimator
            On whose behalf.
        context : CallbackContext
            Of this task.
        name : str
            As what the answers came, for errors.

        Raises
        ------
        ValueError
            If there is not one label, or the learner fails. The round is pending still.
        """
        pending = self.pending
        assert pending is not None
        began = time.perf_counter() - pending.seconds
        n_queries = self.n_queries + pending.n_asked + len(answers)
        first_id = len(self.aggregate)
        labels = pending.labels_with(answers, name)
        weight = self.settled.plan.weights[pending.round]
        try:
            self.aggregate.append(
                pending.observations, labels, weight, pending.episodes, pending.actions
            )
            self._learn(pending.round, pending.beta, n_queries, began, dagger, context)
        except BaseException:
            if self.pending is not None:
                self.aggregate.forget_after(first_id)
            raise

    def _learn(
        self,
        number: int,
        beta: float,
        n_queries: int,
        began: float,
        dagger: Any,
        context: CallbackContext,
    ) -> None:
        """Train on all labels, and write the round down; or leave it as it was.

        A learner that goes on keeps what it has learnt until something stopped it.
        """
        before = self._learner.fitted
        try:
            training, loss = self._train(number, dagger, context)
            self.records.add(
                round=number,
                beta=beta,
                n_samples=int(self.aggregate.is_labelled.sum()),
                n_expert_queries=n_queries,
                training=training,
                loss=loss,
                seconds=time.perf_counter() - began,
            )
        except BaseException:
            self._learner.fitted = before
            raise
        self.round, self.n_queries, self.pending = number, n_queries, None
        if dagger.verbose:
            print(round_report(self.records.history), flush=True)

    def _train(
        self, number: int, dagger: Any, context: CallbackContext
    ) -> tuple[str, float]:
        """Return how the learner was trained, and its loss after it."""
        labels, n_epochs = self._lessons.of(self.aggregate), dagger.n_epochs_per_round
        try:
            if number == 0:
                training = self._learner.fit_anew(labels, context, dagger)
            else:
                training = self._learner.train(labels, n_epochs, context, dagger)
            return training, self._learner.loss_on(labels, self.settled.targets.loss)
        except ValueError as error:
            raise ValueError(
                f"{error} (training in round {number})"
            ) from error.__cause__

    def _measure(self, dagger: Any, returns: list[float]) -> None:
        """Note the returns of the current policy, which may be kept for them."""
        measured = self.records.note(self.current(), returns)
        if dagger.keep == "best":
            self.records.propose(measured)

    def evaluate(
        self, candidate: Candidate, runner: Runner, context: CallbackContext, name: str
    ) -> Candidate:
        """Return a candidate with what it earns in the episodes kept for evaluation.

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
        Candidate
        """
        returns = runner.returns_of(candidate, self._eval_seed, context, name)
        self.records.history[candidate.round]["evaluated"] = True
        return self.records.note(candidate, returns)
