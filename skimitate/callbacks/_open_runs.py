"""Runs of DAgger that are not over, so that their halves are one run."""

from typing import Any
from weakref import WeakKeyDictionary

from skimitate.callbacks._run import Run


class OpenRuns:
    """Remembers what is written of runs that wait for their decision.

    A run is known by its records, ``history_``: it may go on with a copy of its
    estimator, in another process too, and these are saved with both.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[list[Any], Run]] = []
        self._forget()

    def _forget(self) -> None:
        # By estimator, the records that it has been seen with.
        self._seen: WeakKeyDictionary[Any, list[list[Any]]] = WeakKeyDictionary()

    def __getstate__(self) -> dict[str, Any]:
        return {"_runs": self._runs}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def add(self, estimator: Any, run: Run) -> None:
        """Remember a run that an estimator begins.

        Parameters
        ----------
        estimator : estimator
            With ``history_``.
        run : Run
            What is written of it.
        """
        self._runs.append((estimator.history_, run))
        self._see(estimator)

    def find(self, estimator: Any) -> Run | None:
        """Return the run that an estimator goes on with.

        Parameters
        ----------
        estimator : estimator
            With ``history_``, if it has one.

        Returns
        -------
        Run or None
            None if there is no such run, or it is over.
        """
        history = getattr(estimator, "history_", None)
        found = next((run for known, run in self._runs if known is history), None)
        if found is not None:
            self._see(estimator)
        return found

    def _see(self, estimator: Any) -> None:
        seen = self._seen.setdefault(estimator, [])
        if not any(known is estimator.history_ for known in seen):
            seen.append(estimator.history_)

    def keep_only(self, estimator: Any) -> None:
        """Forget the runs that an estimator has given up for one that has learnt.

        Before that it may come back to one of them, where the new one fails.

        Parameters
        ----------
        estimator : estimator
            With ``history_``.
        """
        history = estimator.history_
        if len(history) > 0:
            dropped = self._seen.get(estimator, [])
            self._drop([known for known in dropped if known is not history])
            self._seen[estimator] = [history]

    def drop_decided(self) -> None:
        """Forget the runs that are over."""
        self._drop([known for known, _ in self._runs if _is_over(known)])

    def _drop(self, histories: list[list[Any]]) -> None:
        gone = {id(history) for history in histories}
        self._runs = [entry for entry in self._runs if id(entry[0]) not in gone]


def _is_over(history: list[Any]) -> bool:
    """Tell whether it has been decided which round is kept."""
    return len(history) > 0 and history[-1]["evaluated"]
