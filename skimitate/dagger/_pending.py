"""A round whose episodes are run, and whose labels are awaited."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._errors import EpisodeError
from skimitate._threads import one_thread
from skimitate.dagger._expert import Expert
from skimitate.dagger._questions import Questions, read_answers
from skimitate.dagger._visits import Visits
from skimitate.policies._action_space import ActionSpace
from skimitate.policies._actions import StepError


class Answers(Protocol):
    """Keeps the expert's answers."""

    def known(
        self, questions: Questions, n_outputs: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return what was answered before.

        Parameters
        ----------
        questions : Questions
            What is asked about.
        n_outputs : int
            Number of columns of an answer.

        Returns
        -------
        answers : ndarray of shape (n, n_outputs)
        is_known : ndarray of shape (n,), bool
        """

    def note(self, questions: Questions, answers: NDArray[np.float64]) -> None:
        """Keep answers, before the run goes on with what they teach."""


@dataclass(frozen=True)
class Pending:
    """What was visited in a round, and what the expert is yet to be asked about.

    Parameters
    ----------
    round : int
        Its number.
    beta : float
        Probability of each step that the expert drove.
    observations : ndarray of shape (n_steps, n_features)
        What was seen before each step, of all episodes.
    labels : ndarray of shape (n_steps, n_outputs)
        Those that are there already; else rows of NaN.
    actions : ndarray of shape (n_steps, n_outputs)
        What was asked for at each step, by whoever drove.
    episodes : ndarray of shape (n_steps,), int
        The episode of each step, from 0 on.
    rows : ndarray of shape (n_questions,), int
        The steps that are to be asked about.
    first_id : int
        The id of the first step.
    n_asked, n_heard, n_answered : int
        About how many states that are not among the questions the expert was asked
        during the episodes; at how many what it says counts, and how often it had an
        answer there.
    returns : ndarray of shape (n,)
        What the expert earned, in round 0; in later ones what the policy of the round
        before did. Empty where that is not known.
    seconds : float
        What the episodes took.
    """

    round: int
    beta: float
    observations: NDArray[np.float64]
    labels: NDArray[np.float64]
    actions: NDArray[np.float64]
    episodes: NDArray[np.intp]
    rows: NDArray[np.intp]
    first_id: int
    n_asked: int
    n_heard: int
    n_answered: int
    returns: NDArray[np.float64]
    seconds: float

    @cached_property
    def questions(self) -> Questions:
        """What is to be asked about."""
        rows = self.rows
        # Those of an episode are successive.
        steps = np.arange(len(self.episodes))
        steps -= np.searchsorted(self.episodes, self.episodes)
        return Questions(
            self.first_id + rows,
            self.observations[rows],
            self.episodes[rows],
            steps[rows],
        )

    def answers_of(
        self,
        expert: Any,
        space: ActionSpace,
        kept: Answers,
        timeout: float | None = None,
    ) -> NDArray[np.float64]:
        """Let an expert answer, in one call for each episode.

        Parameters
        ----------
        expert : object
            Not asked if there are no questions, or all of them are answered.
        space : ActionSpace
            Where actions belong.
        kept : Answers
            Has answers from before, which are not asked for again, and takes new ones.
        timeout : float or None, default=None
            How many seconds the expert has for an episode.

        Returns
        -------
        ndarray of shape (n_questions, n_outputs)
            Rows of NaN where it has no answer.

        Raises
        ------
        ValueError
            If it fails, or gives what cannot be used, with the round and the episode.
        """
        questions = self.questions
        answers, is_known = kept.known(questions, space.n_outputs)
        if np.isnan(answers).all() and np.isnan(self.labels).all():
            is_known[:] = False  # nothing can be learnt from that: there may be by now
        if is_known.all():
            return answers
        heard = Expert(expert, timeout)
        for episode in np.unique(questions.episode_ids[~is_known]):
            rows = np.flatnonzero((questions.episode_ids == episode) & ~is_known)
            try:
                with one_thread():
                    answers[rows] = heard.label(questions.observations[rows], space)
            except StepError as error:
                where = f"(round {self.round}, episode {episode})"
                raise EpisodeError(
                    f"{error} {where}", round=self.round, episode=int(episode)
                ) from error.__cause__
            kept.note(questions.of(rows), answers[rows])
        return answers

    def read(
        self, ids: ArrayLike, actions: Any, space: ActionSpace
    ) -> NDArray[np.float64]:
        """Return answers of somebody else in the order of the questions.

        Parameters
        ----------
        ids, actions, space
            See :func:`read_answers`.

        Returns
        -------
        ndarray of shape (n_questions, n_outputs)
            Rows of NaN where there is none.

        Raises
        ------
        ValueError, TypeError
            If they do not fit.
        """
        return read_answers(self.questions, ids, actions, space)

    def labels_with(
        self, answers: NDArray[np.float64], name: str
    ) -> NDArray[np.float64]:
        """Return all labels of the round.

        Parameters
        ----------
        answers : ndarray of shape (n_questions, n_outputs)
            Rows of NaN where there is none.
        name : str
            As what they came, for errors.

        Returns
        -------
        ndarray of shape (n_steps, n_outputs)

        Raises
        ------
        ValueError
            If all that were asked had no answer, or there is no label to start from.
        """
        labels = self.labels.copy()
        labels[self.rows] = answers
        if not np.isnan(labels).all():
            return labels
        n_asked = self.n_heard + len(answers)
        # Answers on the way to states that nobody chose are no labels.
        if n_asked and not self.n_answered:
            raise ValueError(
                f"{name}: expected at least one action for the {n_asked} states asked "
                f"about in round {self.round}, got none"
            )
        if self.round == 0:
            raise ValueError("query: expected labels to start from, got 0")
        return labels


def ask_about(
    visits: Sequence[Visits],
    choose: Callable[[int, Visits], NDArray[np.intp]],
    first_id: int,
    *,
    round: int,
    beta: float,
) -> Pending:
    """Choose what of some episodes is to be asked about.

    Parameters
    ----------
    visits : sequence of Visits
        The episodes.
    choose : callable
        From the number of an episode and the episode to the rows that are to be
        labelled.
    first_id : int
        The id of the first step.
    round, beta
        Of the round; see :class:`Pending`.

    Returns
    -------
    Pending
        ``returns`` is empty, and ``seconds`` is 0.
    """
    labels, asks, lengths = [], [], []
    for i, visit in enumerate(visits):
        is_chosen = np.zeros(len(visit.labels), dtype=bool)
        is_chosen[choose(i, visit)] = True
        # Steps that the expert drove are labelled in any case.
        is_kept = is_chosen | visit.is_driven
        labels.append(np.where(is_kept[:, np.newaxis], visit.labels, np.nan))
        asks.append(is_chosen & ~visit.is_heard)
        lengths.append(len(visit.labels))
    episodes = np.repeat(np.arange(len(visits)), lengths)
    is_question = np.concatenate(asks)
    is_asked = np.concatenate([visit.is_asked for visit in visits])
    return Pending(
        round,
        beta,
        np.concatenate([visit.observations for visit in visits]),
        np.concatenate(labels),
        np.concatenate([visit.actions for visit in visits]),
        episodes,
        np.flatnonzero(is_question),
        first_id,
        n_asked=int((is_asked & ~is_question).sum()),
        n_heard=int(sum(visit.is_heard.sum() for visit in visits)),
        n_answered=int(sum((~np.isnan(v.labels).any(axis=1)).sum() for v in visits)),
        returns=np.empty(0),
        seconds=0.0,
    )
