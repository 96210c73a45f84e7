"""What is kept of a round while it runs, so that no label has to be asked for twice."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.dagger._pending import Pending
from skimitate.dagger._questions import Questions
from skimitate.dagger._visits import Visits
from skimitate.files._checked_folder import CheckedFolder
from skimitate.files._npz import from_npz
from skimitate.files._npz_writer import to_npz


class RoundFiles:
    """Keeps the episodes of a round, what is asked about them, and the answers.

    What holds labels is on the disk before the run goes on, and in two files.

    Parameters
    ----------
    folder : CheckedFolder
        Where.
    number : int
        Of the round.
    """

    def __init__(self, folder: CheckedFolder, number: int) -> None:
        self._folder = folder
        self._name = f"round-{number:04}"

    def find(self, number: int) -> Visits | None:
        """Return an episode that was run before.

        Parameters
        ----------
        number : int
            Of the episode.

        Returns
        -------
        Visits or None
        """
        name = self._episode(number)
        return self._folder.read(name, "an episode", visits_in)

    def done(self, number: int, kept: Visits) -> None:
        """Keep an episode, as soon as it is over, in whichever process it was run.

        A worker that does not see the folder lets it go: all episodes of a round are
        kept together once they are back.

        Parameters
        ----------
        number : int
            Of the episode.
        kept : Visits
            What is known of it.
        """
        if not self._folder.is_here:
            return
        self._write(
            self._episode(number), kept._asdict(), sync=bool(kept.is_heard.any())
        )

    def _episode(self, number: int) -> str:
        return f"{self._name}-episode-{number:04}"

    def visited(self) -> Pending | None:
        """Return all episodes of the round, and what is asked about them.

        Returns
        -------
        Pending or None
        """
        name = f"{self._name}-visited"
        return self._folder.read(name, "the episodes of a round", pending_in)

    def keep_visited(self, pending: Pending) -> None:
        """Keep all episodes, in the place of each alone.

        Parameters
        ----------
        pending : Pending
            What was visited, and what is to be asked.
        """
        arrays = {f.name: getattr(pending, f.name) for f in fields(pending)}
        # On the disk before the answers, which tell nothing without the states.
        self._write(f"{self._name}-visited", arrays, sync=True)
        self._folder.remove(f"{self._name}-episode-")

    def known(
        self, questions: Questions, n_outputs: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return what was answered before; see :class:`Answers`.

        That is for the same observations, whatever their ids.
        """
        answers = np.full((len(questions.ids), n_outputs), np.nan)
        is_known = np.zeros(len(questions.ids), dtype=bool)
        for name in self._folder.names(f"{self._name}-answers-"):
            found = self._folder.read(name, "answers", answers_in)
            if found is None:
                continue
            rows = np.flatnonzero(np.isin(questions.ids, found["ids"]))
            if np.array_equal(found["shown"], _checksum_of(questions.of(rows))):
                answers[rows] = found["answers"]
                is_known[rows] = True
        return answers, is_known

    def note(self, questions: Questions, answers: NDArray[np.float64]) -> None:
        """Keep answers, before the run goes on; see :class:`Answers`."""
        if len(answers):
            shown = _checksum_of(questions)
            arrays = {"ids": questions.ids, "answers": answers, "shown": shown}
            name = f"{self._name}-answers-{questions.ids[0]:09}"
            self._write(name, arrays, sync=True)

    def _write(self, name: str, arrays: dict[str, Any], *, sync: bool) -> None:
        self._folder.write(name, "npz", to_npz(arrays), sync=sync, twice=True)


def visits_in(content: bytes) -> Visits:
    """Return an episode that was kept.

    Parameters
    ----------
    content : bytes
        Of its file.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    parts = _parts_in(content, Visits._fields, {"earned": "f"})
    visits = Visits(**parts)
    n = _check_rows(visits.observations, visits.labels, visits.actions)
    flags = visits.is_asked, visits.is_heard, visits.is_driven
    if any(flag.shape != (n,) or flag.dtype != bool for flag in flags):
        raise ValueError("its flags are others")
    return visits


def pending_in(content: bytes) -> Pending:
    """Return the episodes of a round, and what is asked about them.

    Parameters
    ----------
    content : bytes
        Of their file.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    counts = ("round", "first_id", "n_asked", "n_heard", "n_answered")
    numbers = {"beta": "f", "seconds": "f"} | dict.fromkeys(counts, "i")
    pending = Pending(**_parts_in(content, [f.name for f in fields(Pending)], numbers))
    n = _check_rows(pending.observations, pending.labels, pending.actions)
    episodes, rows, returns = pending.episodes, pending.rows, pending.returns
    if not (
        episodes.shape == (n,)
        and episodes.dtype.kind == rows.dtype.kind == "i"
        and (np.diff(episodes) >= 0).all()
        and rows.ndim == returns.ndim == 1
        and returns.dtype.kind == "f"
        and (np.diff(rows) > 0).all()
        and (not len(rows) or (rows[0] >= 0 and rows[-1] < n))
    ):
        raise ValueError("its steps are others")
    return pending


def answers_in(content: bytes) -> dict[str, NDArray]:
    """Return answers, the ids of what they answer, and a checksum of what was shown.

    Parameters
    ----------
    content : bytes
        Of their file.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    parts = _parts_in(content, ("ids", "answers", "shown"), {})
    ids, answers = parts["ids"], parts["answers"]
    _check_rows(answers)
    if ids.shape != answers.shape[:1] or ids.dtype.kind != "i":
        raise ValueError("its ids are others")
    if len(np.unique(ids)) < len(ids):
        raise ValueError("it answers something twice")
    return parts


def _checksum_of(questions: Questions) -> NDArray[np.uint8]:
    """Return a checksum of what was shown, in the order of the ids."""
    shown = np.ascontiguousarray(questions.observations[np.argsort(questions.ids)])
    return np.frombuffer(hashlib.sha256(shown.tobytes()).digest(), dtype=np.uint8)


def _parts_in(
    content: bytes, names: Iterable[str], numbers: Mapping[str, str]
) -> dict[str, Any]:
    """Return arrays by their names, and numbers of a kind where numbers belong."""
    arrays = from_npz(content)
    if arrays.keys() != set(names):
        raise ValueError(f"its arrays are {', '.join(arrays)}")
    for name, array in arrays.items():
        if bool(array.ndim) == (name in numbers):
            raise ValueError(f"its {name} has {array.ndim} dimensions")
    for name, kind in numbers.items():
        if arrays[name].dtype.kind != kind:
            raise ValueError(f"its {name} is {arrays[name].dtype}")
    # Numbers travel as arrays without dimensions.
    return {name: a if a.ndim else a.item() for name, a in arrays.items()}


def _check_rows(*arrays: NDArray) -> int:
    """Raise if arrays have not as many rows of floats; return how many they have."""
    if any(array.ndim != 2 or array.dtype.kind != "f" for array in arrays):
        raise ValueError("its arrays are no rows of numbers")
    if len({len(array) for array in arrays}) > 1:
        raise ValueError("its arrays have different numbers of rows")
    return len(arrays[0])


class NoFiles:
    """Stands for the files of a round where nothing is kept."""

    def find(self, number: int) -> None:
        """Return None: no episode was run before."""

    def done(self, number: int, kept: Visits) -> None:
        """Let an episode go."""

    def visited(self) -> None:
        """Return None: nothing was visited before."""

    def keep_visited(self, pending: Pending) -> None:
        """Let what was visited go."""

    def known(
        self, questions: Questions, n_outputs: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return that nothing was answered before; see :class:`Answers`."""
        n = len(questions.ids)
        return np.full((n, n_outputs), np.nan), np.zeros(n, dtype=bool)

    def note(self, questions: Questions, answers: NDArray[np.float64]) -> None:
        """Let answers go."""
