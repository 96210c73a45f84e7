"""The tasks of a fit, as contexts tell them: where one is among the others."""

from typing import Any

# What scikit-learn's searches call the fit of a candidate to the rows of a split.
CANDIDATE = "candidate-split-evaluation"
REFIT = "refit-with-best-params"

# What they call all fits, and those of an iteration.
SEARCH = "search"
HALVING = "halving-iteration"


def path_of(context: Any) -> list[Any]:
    """Return the tasks that a task is part of, from the outermost, and itself."""
    path = [context]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    return path[::-1]


def numbers_of(context: Any) -> tuple[int, ...]:
    """Return what tells a task from the others of the same fit."""
    return tuple(task.task_id for task in path_of(context))


def name_of(task: Any) -> str:
    """Return what a task is called by the estimator that counts it."""
    return task.source_task_name or task.task_name


def is_whole_fit(task: Any) -> bool:
    """Tell whether a task is all of an estimator's fit."""
    return task.parent is None or task.source_task_name is not None
