"""The stages of a run, as tasks that callbacks see: start, rounds and decision."""

import copy
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate._callers import levels_to_the_user
from skimitate._features import in_container_of
from skimitate._sklearn import CallbackContext
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._report import decision_report
from skimitate.dagger._run import Run
from skimitate.dagger._runner import Runner


def shown_of(run: Run, dagger: Any) -> dict[str, Any]:
    """Return how callbacks get what is learnt from: in the form that the user gave.

    Parameters
    ----------
    run : Run
        The run.
    dagger : estimator
        On whose behalf.

    Returns
    -------
    dict
        Of callables, for ``X`` and ``y``.
    """
    settled = run.settled

    def y() -> NDArray[np.float64]:
        actions = run.aggregate.labels().y
        return actions.ravel() if settled.y_ndim == 1 else actions

    return {
        "X": lambda: in_container_of(dagger, settled.X, run.aggregate.labels().X),
        "y": y,
    }


def learn_first(
    run: Run, runner: Runner, context: CallbackContext, *, in_person: bool
) -> None:
    """Train on demonstrations: those that were given, or else the expert's.

    With neither, nothing is done: the first labels are those of round 0.

    Parameters
    ----------
    run : Run
        The run.
    runner : Runner
        Runs episodes.
    context : CallbackContext
        Of the task that this is a part of.
    in_person : bool
        Whether the expert answers itself.
    """
    dagger = runner.dagger
    if run.round >= 0:
        return
    if len(run.aggregate):
        task = context.subcontext(task_name="start")
        run.start_from_demonstrations(dagger, task)
    elif dagger.expert is not None:
        run.ask(runner, context, in_person=in_person)
        _hear_and_learn(run, dagger, context.subcontext(task_name="start"))


def run_rounds(run: Run, runner: Runner, context: CallbackContext) -> None:
    """Run the rounds, with an expert that answers, until a callback asks to stop.

    Parameters
    ----------
    run, runner, context
        See :func:`learn_first`.
    """
    dagger = runner.dagger
    rounds = _begin_rounds(run, dagger, context)
    stop = False
    if run.round > 0:
        # It was learnt from before a kill, and may not have been shown to anybody.
        stop = _end_round(run, dagger, _begin_round(run.round, dagger, rounds))
    while not (stop or run.is_complete):
        task = _begin_round(run.round + 1, dagger, rounds)
        run.ask(runner, task, in_person=True)
        _hear_and_learn(run, dagger, task.subcontext(task_name="train"))
        stop = _end_round(run, dagger, task)
    rounds.call_on_fit_task_end(estimator=dagger)


def learn_answered(run: Run, dagger: Any, context: CallbackContext) -> bool:
    """Train on what was told before a process was killed.

    Parameters
    ----------
    run : Run
        The run.
    dagger : estimator
        On whose behalf.
    context : CallbackContext
        Of the task that this is a part of.

    Returns
    -------
    bool
        Whether the run is to be over: complete, or a callback asks to stop.

    Warns
    -----
    UserWarning
        If the learner cannot learn that: it is to be told anew.
    """
    stop = False
    while run.pending is not None and not stop:
        answers, number = run.answers_kept, run.pending.round
        if answers is None:
            return False
        try:
            stop = learn_told(run, dagger, context, answers)
        except ValueError as error:
            warnings.warn(
                f"tell: what was told in round {number}, by another process, cannot be "
                f"learnt from: it is asked again ({error})",
                UserWarning,
                stacklevel=levels_to_the_user(),
            )
            return False
        run.recall(dagger)
    return stop or run.is_complete


def learn_told(
    run: Run, dagger: Any, context: CallbackContext, answers: NDArray[np.float64]
) -> bool:
    """Train on what was told of the round that is pending.

    Parameters
    ----------
    run : Run
        The run.
    dagger : estimator
        On whose behalf.
    context : CallbackContext
        Of the task that this is a part of.
    answers : ndarray of shape (n_questions, n_outputs)
        Rows of NaN where there is none.

    Returns
    -------
    bool
        Whether a callback asks to stop.
    """
    if run.round < 0:
        task = context.subcontext(task_name="start")
        run.learn(answers, dagger, task, name="actions")
        return False
    rounds = _begin_rounds(run, dagger, context)
    task = _begin_round(run.round + 1, dagger, rounds)
    run.learn(answers, dagger, task.subcontext(task_name="train"), name="actions")
    stop = _end_round(run, dagger, task)
    rounds.call_on_fit_task_end(estimator=dagger)
    return stop


def _begin_rounds(run: Run, dagger: Any, context: CallbackContext) -> CallbackContext:
    """Begin the task of the rounds, which need not all be run at once."""
    rounds = context.subcontext(
        task_name="rounds",
        max_subtasks=len(run.settled.plan.betas),
        sequential_subtasks=False,
    )
    rounds.call_on_fit_task_begin(estimator=dagger)
    return rounds


def _begin_round(number: int, dagger: Any, rounds: CallbackContext) -> CallbackContext:
    # Not a number: episodes and epochs are nothing alike.
    task = rounds.subcontext(task_name="round", task_id=number - 1, max_subtasks=None)
    task.call_on_fit_task_begin(estimator=dagger)
    return task


def _end_round(run: Run, dagger: Any, task: CallbackContext) -> bool:
    """Show a round that was learnt from; tell whether a callback asks to stop."""
    dagger.estimator_ = run.learner
    return task.call_on_fit_task_end(
        estimator=dagger,
        **shown_of(run, dagger),
        reconstruction_attributes=lambda kept=run.round: {
            "estimator_": copy.deepcopy(run.learner),
            "best_round_": kept,
        },
    )


def _hear_and_learn(run: Run, dagger: Any, task: CallbackContext) -> None:
    run.learn(run.hear(dagger), dagger, task, name="expert")


def decide(run: Run, runner: Runner, context: CallbackContext) -> Candidate:
    """Evaluate the candidates, and return the one to keep.

    Parameters
    ----------
    run, runner, context
        See :func:`learn_first`.

    Returns
    -------
    Candidate
    """
    dagger = runner.dagger
    candidates = run.records.candidates(run.current())
    # These names are shown to people: they say what is done.
    evaluated_ones = "the best rounds" if len(candidates) > 1 else "the last round"
    evaluation = context.subcontext(
        task_name=f"evaluation of {evaluated_ones}", max_subtasks=len(candidates)
    )
    evaluation.call_on_fit_task_begin(estimator=dagger)
    name = f"evaluating {evaluated_ones}"
    evaluated = [run.evaluate(one, runner, evaluation, name) for one in candidates]
    evaluation.call_on_fit_task_end(estimator=dagger)
    kept = max(evaluated, key=lambda candidate: (candidate.score, candidate.round))
    if dagger.verbose:
        report = decision_report(run.records.history, len(evaluated), kept.round)
        print(report, flush=True)
    return kept
