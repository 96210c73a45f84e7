"""What is known of each round: its record, and what its policy earned."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from skimitate.dagger._leaders import Candidate, Leaders


class Records:
    """The records of the rounds, and the policies that may be kept.

    Attributes
    ----------
    history : list of dict
        See ``history_`` of :class:`skimitate.DAggerRegressor`.
    """

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = []
        self._leaders = Leaders()

    @property
    def leaders(self) -> list[Candidate]:
        """The policies with the best returns so far, as copies."""
        return self._leaders.candidates

    def forget(self) -> None:
        """Forget all rounds. The list of records stays: others know it."""
        self.history.clear()
        self._leaders = Leaders()

    def begin_from(
        self,
        history: Iterable[dict[str, Any]],
        leaders: Iterable[Candidate],
        learners: Mapping[int, Any],
    ) -> None:
        """Have the records of another run.

        Parameters
        ----------
        history : iterable of dict
            Its records.
        leaders : iterable of Candidate
            Without their learners.
        learners : mapping of int to object
            The learner of each of them.
        """
        self.history[:] = history
        self._leaders.candidates = [
            leader._replace(learner=learners[leader.round]) for leader in leaders
        ]

    def add(self, **record: Any) -> None:
        """Write down a round, before anything has measured its policy.

        Parameters
        ----------
        **record
            What is known of it already.
        """
        seconds = record.pop("seconds")
        # One that was interrupted may come again.
        self.history[record["round"] :] = [
            {
                **record,
                "mean_return": np.nan,
                "std_return": np.nan,
                "n_eval_episodes": 0,
                "evaluated": False,
                "seconds": seconds,
            }
        ]

    def note(self, candidate: Candidate, returns: list[float]) -> Candidate:
        """Write down what a round's policy earned.

        Parameters
        ----------
        candidate : Candidate
            The policy.
        returns : list of float
            Of some episodes.

        Returns
        -------
        Candidate
            With its score.
        """
        self.history[candidate.round] |= {
            "mean_return": float(np.mean(returns)),
            "std_return": float(np.std(returns)),
            "n_eval_episodes": len(returns),
        }
        return candidate._replace(score=float(np.mean(returns)))

    def propose(self, candidate: Candidate) -> None:
        """Let a policy with a score be among those that may be kept.

        Parameters
        ----------
        candidate : Candidate
            With its score.
        """
        self._leaders.propose(candidate)

    def candidates(self, last: Candidate) -> list[Candidate]:
        """Return the policies to choose from: any leaders, and the last.

        Parameters
        ----------
        last : Candidate
            The policy of the last round.

        Returns
        -------
        list of Candidate
        """
        leaders = [c for c in self._leaders.candidates if c.round != last.round]
        return [*leaders, last]
