"""Where a run of DAgger is between two rounds, beside its labels and learners."""

import json
from typing import Any, NamedTuple, Self

from skimitate.dagger._leaders import Candidate
from skimitate.files._json import parse_json


class RunState(NamedTuple):
    """Numbers and records that a run goes on from.

    Parameters
    ----------
    round : int
        The last round that was learnt from.
    n_queries : int
        About how many states the expert has been asked.
    expert_return : float or None
        Mean return of the demonstrations, if they were collected.
    history : list of dict
        A record of each round.
    leaders : list of Candidate
        The rounds with the best returns.
    kept : int or None
        The round that was kept, once that is decided.
    """

    round: int
    n_queries: int
    expert_return: float | None
    history: list[dict[str, Any]]
    leaders: list[Candidate]
    kept: int | None

    @property
    def rounds(self) -> set[int]:
        """The rounds whose learners are needed to go on."""
        return {self.round, *(leader.round for leader in self.leaders)}

    def to_json(self) -> bytes:
        """Return it as JSON, in which learners have no place."""
        leaders = [[leader.round, leader.score] for leader in self.leaders]
        return json.dumps(self._asdict() | {"leaders": leaders}, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read what :meth:`to_json` wrote; the leaders have no learners.

        Parameters
        ----------
        content : bytes
            JSON.

        Returns
        -------
        RunState

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is anything else.
        """
        told = parse_json(content.decode())
        if told.keys() != set(cls._fields):
            raise ValueError("it is of something else")
        leaders = [Candidate(number, None, score) for number, score in told["leaders"]]
        state = cls(**told | {"leaders": leaders})
        numbers = [state.round, state.n_queries, *(one.round for one in leaders)]
        if state.kept is not None:
            numbers.append(state.kept)
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError("its numbers are none")
        told_of = [record["round"] for record in state.history]
        if told_of != list(range(state.round + 1)) or max(state.rounds) > state.round:
            raise ValueError("its rounds are others")
        if not all(type(one.score) is float for one in leaders):
            raise ValueError("its returns are no numbers")
        return state
