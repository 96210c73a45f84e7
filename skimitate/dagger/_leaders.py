"""Which rounds' policies may be kept: those with the best returns so far."""

import copy
from typing import Any, NamedTuple

import numpy as np

# How many of the rounds with the best returns so far are evaluated in the end.
_N_LEADERS = 5


class Candidate(NamedTuple):
    """A round's policy.

    Parameters
    ----------
    round : int
        Its number.
    learner : object
        The policy.
    score : float, default=nan
        Its mean return, where that is known.
    """

    round: int
    learner: Any
    score: float = np.nan


class Leaders:
    """The candidates with the best scores of all that were proposed.

    Attributes
    ----------
    candidates : list of Candidate
        At most five.
    """

    def __init__(self) -> None:
        self.candidates: list[Candidate] = []

    def propose(self, candidate: Candidate) -> None:
        """Take a candidate in if it is among the best; its learner is copied.

        Parameters
        ----------
        candidate : Candidate
            With its score. The learner itself may go on training.
        """
        # One that was interrupted may come again.
        self.candidates = [c for c in self.candidates if c.round != candidate.round]
        if len(self.candidates) == _N_LEADERS:
            worst = min(self.candidates, key=lambda leader: leader.score)
            if candidate.score < worst.score:
                return
            self.candidates.remove(worst)
        kept = candidate._replace(learner=copy.deepcopy(candidate.learner))
        self.candidates.append(kept)
