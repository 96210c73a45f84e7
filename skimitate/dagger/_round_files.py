"""What is kept of a round while it runs, so that no label has to be asked for twice."""

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.dagger._pending import Pending
from skimitate.dagger._visits import Visits
from skimitate.files._checked_folder import CheckedFolder
from skimitate.files._npz import from_npz, to_npz


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
        parts = self._read(self._episode(number))
        return None if parts is None else Visits(**parts)

    def done(self, number: int, kept: Visits) -> None:
        """Keep an episode, as soon as it is over.

        Parameters
        ----------
        number : int
            Of the episode.
        kept : Visits
            What is known of it.
        """
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
        parts = self._read(f"{self._name}-visited")
        return None if parts is None else Pending(**parts)

    def keep_visited(self, pending: Pending, *, sync: bool) -> None:
        """Keep all episodes, in the place of each alone.

        Parameters
        ----------
        pending : Pending
            What was visited, and what is to be asked.
        sync : bool
            Whether it has to be on the disk, although it holds no label.
        """
        arrays = {f.name: getattr(pending, f.name) for f in fields(pending)}
        holds_labels = not np.isnan(pending.labels).all()
        self._write(f"{self._name}-visited", arrays, sync=sync or holds_labels)
        for name in self._folder.names(f"{self._name}-episode-"):
            self._folder.remove(name)

    def known(
        self, ids: NDArray[np.intp], n_outputs: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return what was answered before; see :class:`Answers`."""
        answers = np.full((len(ids), n_outputs), np.nan)
        is_known = np.zeros(len(ids), dtype=bool)
        for name in self._folder.names(f"{self._name}-answers-"):
            arrays = self._read(name)
            if arrays is None:
                continue
            _, rows, found = np.intersect1d(ids, arrays["ids"], return_indices=True)
            answers[rows] = arrays["answers"][found]
            is_known[rows] = True
        return answers, is_known

    def note(self, ids: NDArray[np.intp], answers: NDArray[np.float64]) -> None:
        """Keep answers, before the run goes on; see :class:`Answers`."""
        if len(ids):
            arrays = {"ids": ids, "answers": answers}
            self._write(f"{self._name}-answers-{ids[0]:09}", arrays, sync=True)

    def _write(self, name: str, arrays: dict[str, Any], *, sync: bool) -> None:
        self._folder.write(name, "npz", to_npz(arrays), sync=sync, twice=True)

    def _read(self, name: str) -> dict[str, Any] | None:
        content = self._folder.read(name)
        if content is None:
            return None
        # Numbers travel as arrays without dimensions.
        return {n: a if a.ndim else a.item() for n, a in from_npz(content).items()}


class NoFiles:
    """Stands for the files of a round where nothing is kept."""

    def find(self, number: int) -> None:
        """Return None: no episode was run before."""

    def done(self, number: int, kept: Visits) -> None:
        """Let an episode go."""

    def visited(self) -> None:
        """Return None: nothing was visited before."""

    def keep_visited(self, pending: Pending, *, sync: bool) -> None:
        """Let what was visited go."""

    def known(
        self, ids: NDArray[np.intp], n_outputs: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return that nothing was answered before; see :class:`Answers`."""
        return np.full((len(ids), n_outputs), np.nan), np.zeros(len(ids), dtype=bool)

    def note(self, ids: NDArray[np.intp], answers: NDArray[np.float64]) -> None:
        """Let answers go."""
