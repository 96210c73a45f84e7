"""What the expert is to be asked about, and what comes back."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate.policies._action_space import ActionSpace
from skimitate.policies._actions import StepError, as_labels


class Questions(NamedTuple):
    """The visited states of a round that are to be labelled.

    Parameters
    ----------
    ids : ndarray of shape (n,), int
        A number for each, which no other state of the run has.
    observations : ndarray of shape (n, n_features)
        What was seen, in the units of the environment.
    episode_ids : ndarray of shape (n,), int
        The episode of each, numbered from 0 on in each round.
    steps : ndarray of shape (n,), int
        The step of its episode, from 0 on.
    """

    ids: NDArray[np.intp]
    observations: NDArray[np.float64]
    episode_ids: NDArray[np.intp]
    steps: NDArray[np.intp]

    def of(self, rows: NDArray[np.intp]) -> "Questions":
        """Return some of them."""
        return self._replace(**{n: a[rows] for n, a in self._asdict().items()})

    def copied(self) -> "Questions":
        """Return the same in arrays of its own, for who may work in place."""
        return self._replace(**{n: a.copy() for n, a in self._asdict().items()})


def read_answers(
    questions: Questions, ids: ArrayLike, actions: Any, space: ActionSpace
) -> NDArray[np.float64]:
    """Return the answers in the order of the questions.

    Parameters
    ----------
    questions : Questions
        What was asked.
    ids : array-like of shape (n_answers,), int
        Which of them are answered, in any order.
    actions : array-like of shape (n_answers, n_outputs) or (n_answers,)
        The answers; one that is None is none.
    space : ActionSpace
        Where actions belong.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        Rows of NaN where there is no answer.

    Raises
    ------
    ValueError, TypeError
        If an id was not asked about or comes twice, or the actions do not fit.
    """
    labels = np.full((len(questions.ids), space.n_outputs), np.nan)
    given = _check_ids(questions, ids)
    try:
        n_actions = len(actions)
    except TypeError:
        raise TypeError(
            f"actions: expected one for each of ids, got {actions!r}"
        ) from None
    if n_actions != len(given):
        raise ValueError(
            f"actions: expected one for each of the {len(given)} ids, got {n_actions}"
        )
    if not n_actions:
        return labels
    rows = list(actions) if isinstance(actions, Sequence) else actions
    try:
        read = as_labels(
            rows,
            n_actions,
            space,
            name_of=lambda i: f"id {given[i]}",
            missing="None, or an id left out,",
        )
    except StepError as error:
        raise ValueError(f"actions: {error}") from error.__cause__
    labels[np.searchsorted(questions.ids, given)] = read
    return labels


def _check_ids(questions: Questions, ids: ArrayLike) -> NDArray[np.intp]:
    """Raise if one of the ids was not asked about, or comes twice."""
    given = np.asarray(ids)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise TypeError(f"ids: expected those that ask gave, integers, got {ids!r}")
    strange = given[~np.isin(given, questions.ids)]
    if strange.size:
        asked = "none" if not len(questions.ids) else _range_of(questions.ids)
        raise ValueError(
            f"ids: expected those that ask gave ({asked}), got {strange[0]}, which is "
            "not among them"
        )
    unique, counts = np.unique(given, return_counts=True)
    if len(unique) < len(given):
        raise ValueError(
            f"ids: expected each once, got {unique[counts > 1][0]} more than once"
        )
    return given.astype(np.intp)


def _range_of(ids: NDArray[np.intp]) -> str:
    return f"{len(ids)} of them from {ids[0]} to {ids[-1]}"
