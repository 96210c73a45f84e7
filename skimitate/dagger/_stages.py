"""The stages of a run, as tasks that callbacks see: start, rounds and decision."""

import copy
from typing import Any

from skimitate._sklearn import CallbackContext
from skimitate._validation import in_container_of
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._loop import DaggerLoop
from skimitate.dagger._report import decision_report
from skimitate.dagger._runner import Runner


def shown_of(run: DaggerLoop, dagger: Any) -> dict[str, Any]:
    """Return how callbacks get what is learnt from: in the form that the user gave.

    Parameters
    ----------
    run : DaggerLoop
        The run.
    dagger : estimator
        On whose behalf.

    Returns
    -------
    dict
        Of callables, for ``X`` and ``y``.
    """
    return {
        "X": lambda: in_container_of(dagger, run.start.X, run.shown_X()),
        "y": run.shown_y,
    }


def start(
    run: DaggerLoop, runner: Runner, context: CallbackContext, *, in_person: bool
) -> None:
    """Train on demonstrations: those that were given, or else the expert's.

    With neither, nothing is done: the first labels are those of round 0.

    Parameters
    ----------
    run : DaggerLoop
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


def run_rounds(run: DaggerLoop, runner: Runner, context: CallbackContext) -> None:
    """Run the rounds, with an expert that answers, until a callback asks to stop.

    Parameters
    ----------
    run, runner, context
        See :func:`start`.
    """
    dagger, n_rounds = runner.dagger, len(run.start.plan.betas)
    rounds = context.subcontext(task_name="rounds", max_subtasks=n_rounds)
    rounds.call_on_fit_task_begin(estimator=dagger)
    while not run.is_complete:
        # Not a number: episodes and epochs are nothing alike.
        task = rounds.subcontext(task_name="round", max_subtasks=None)
        task.call_on_fit_task_begin(estimator=dagger)
        run.ask(runner, task, in_person=True)
        _hear_and_learn(run, dagger, task.subcontext(task_name="train"))
        dagger.estimator_ = run.learner
        stop = task.call_on_fit_task_end(
            estimator=dagger,
            **shown_of(run, dagger),
            reconstruction_attributes=lambda kept=run.round: {
                "estimator_": copy.deepcopy(run.learner),
                "best_round_": kept,
            },
        )
        if stop:
            break
    rounds.call_on_fit_task_end(estimator=dagger)


def _hear_and_learn(run: DaggerLoop, dagger: Any, task: CallbackContext) -> None:
    run.learn(run.hear(dagger.expert), dagger, task, name="expert")


def decide(run: DaggerLoop, runner: Runner, context: CallbackContext) -> Candidate:
    """Evaluate the candidates, and return the one to keep.

    Parameters
    ----------
    run, runner, context
        See :func:`start`.

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
