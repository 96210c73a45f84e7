"""A run of DAgger: each round in two halves, what is visited and what is learnt."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._seeds import spawn_seeds
from skimitate._sklearn import CallbackContext
from skimitate.dagger._checkpoint import N_SEEDS
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._lessons import Lessons
from skimitate.dagger._questions import Questions
from skimitate.dagger._report import round_report
from skimitate.dagger._run_so_far import LEARNER_SEED, RunSoFar
from skimitate.dagger._runner import Runner
from skimitate.dagger._settled import Settled
from skimitate.dagger._visiting import Visiting


class Run(RunSoFar):
    """What DAgger holds while it runs, and gives up when it is done.

    It holds neither the environment nor the expert nor the estimator on whose behalf
    it runs: a run that waits for labels can be saved. What is kept of it in files is
    up to a checkpoint, which stays behind when it is saved.

    Parameters
    ----------
    dagger : object
        With the parameters of :class:`skimitate.DAggerRegressor`.
    prototype : estimator
        The learner, not fitted.
    settled : Settled
        What was settled before.
    seeds : sequence of numpy.random.SeedSequence
        Determine it: from :func:`seeds_of_run`.
    """

    def __init__(
        self,
        dagger: Any,
        prototype: Any,
        settled: Settled,
        seeds: Sequence[np.random.SeedSequence],
    ) -> None:
        super().__init__(dagger, prototype, settled, seeds)
        self._lessons = Lessons(prototype, settled)
        others = [seed for i, seed in enumerate(seeds) if i != LEARNER_SEED]
        self._visiting = Visiting(settled.plan.betas, *others)

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
            self.recall(runner.dagger)
        if self.pending is None:
            files = self.files_of(self.round + 1)
            pending = self._visiting.visit(
                self.current(),
                len(self.aggregate),
                runner,
                context,
                files,
                in_person=in_person,
            )
            files.keep_visited(pending)
            self._note_returns(pending, runner.dagger)
            self.pending = pending
        return self.pending.questions

    def hear(self, dagger: Any) -> NDArray[np.float64]:
        """Let the expert answer what is pending.

        Parameters
        ----------
        dagger : estimator
            Whose expert it is.

        Returns
        -------
        ndarray of shape (n_questions, n_outputs)
            Rows of NaN where it has no answer.
        """
        assert self.pending is not None
        began = time.perf_counter()
        files = self.files_of(self.pending.round)
        answers = self.pending.answers_of(
            dagger.expert, self.settled.taken, files, dagger.query_timeout
        )
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
        pending = self.pending
        if pending is None:
            raise ValueError(
                "tell: expected a call of ask before, got labels of what was told "
                "already, by another process"
            )
        answers = pending.read(ids, actions, self.settled.taken)
        pending.labels_with(answers, "actions")
        # Those that were left out are answered too: they get no label.
        self.files_of(pending.round).note(pending.questions, answers)
        return answers

    @property
    def answers_kept(self) -> NDArray[np.float64] | None:
        """What was told of what is pending, before a kill; None if it was not."""
        assert self.pending is not None
        questions = self.pending.questions
        files = self.files_of(self.pending.round)
        answers, is_known = files.known(questions, self.settled.taken.n_outputs)
        return answers if len(answers) and is_known.all() else None

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
        try:
            self._take_in(pending, labels)
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
        self._keep()

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
        returns = self._visiting.returns_of(candidate, runner, context, name)
        self.records.history[candidate.round]["evaluated"] = True
        return self.records.note(candidate, returns)

    def decide(self, kept: Candidate) -> None:
        """Note which round is kept in the end.

        Parameters
        ----------
        kept : Candidate
            Its policy.
        """
        self.kept = kept.round
        self._keep()


def seeds_of_run(random_state: Any) -> list[np.random.SeedSequence]:
    """Return the seeds that determine a run.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        As everywhere in scikit-learn.

    Returns
    -------
    list of numpy.random.SeedSequence
    """
    return spawn_seeds(random_state, N_SEEDS)
