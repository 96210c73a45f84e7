"""What a run of DAgger leaves in a folder, so that another process goes on with it."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skimitate.dagger._identity import differences
from skimitate.dagger._pending import Pending
from skimitate.dagger._round_files import RoundFiles
from skimitate.dagger._run_state import RunState
from skimitate.files._checked_folder import CheckedFolder
from skimitate.files._json import parse_json
from skimitate.files._lock import FolderLock
from skimitate.formats._estimator_bytes import EstimatorFormat

_PARAMETER = "checkpoint_dir"
_FORMAT = 1

# What they are for is the run's business.
N_SEEDS = 5

# Labels are on the disk before a run goes on. What is learnt from them is not waited
# for: if a power cut takes it, it is learnt again.
_N_STATES = 2


class Kept(NamedTuple):
    """What a run can go on from.

    Parameters
    ----------
    state : RunState
        Where it was.
    learners : dict of int to object
        What the rounds taught that are needed.
    rounds : list of (Pending, ndarray of shape (n_questions, n_outputs))
        What it visited, and the answers.
    """

    state: RunState
    learners: dict[int, Any]
    rounds: list[tuple[Pending, NDArray[np.float64]]]


class Checkpoint:
    """Keeps the labels, the learners and the records of a run.

    Parameters
    ----------
    folder : CheckedFolder
        Where.
    format : EstimatorFormat
        How learners are kept.
    """

    def __init__(self, folder: CheckedFolder, format: EstimatorFormat) -> None:
        self._folder = folder
        self._format = format
        # Of the states that are there, the rounds whose learners they need.
        self._needed: dict[str, set[int]] = {}
        self._is_checked = False

    def files(self, number: int) -> RoundFiles:
        """Return what keeps a round while it runs.

        Parameters
        ----------
        number : int
            Of the round.

        Returns
        -------
        RoundFiles
        """
        return RoundFiles(self._folder, number)

    def find(self, first_round: int) -> Kept | None:
        """Return the last state that is whole, with all that it needs.

        Parameters
        ----------
        first_round : int
            The first that visited anything.

        Returns
        -------
        Kept or None
            None if there is none; the labels are there even so.
        """
        found = None
        self._needed = {}
        for name in reversed(self._folder.names("state-")):
            state = self._folder.read(name, "the state of a run", RunState.from_json)
            if state is None:
                continue
            found = self._whole(state, first_round) if found is None else found
            # What is newer is of no use, and will be written again.
            if found is not None:
                self._needed[name] = state.rounds
        return found

    def _whole(self, state: RunState, first_round: int) -> Kept | None:
        """Return a state with what it needs; None if something is damaged."""
        learners = {
            number: self._folder.read(_learner(number), "a learner", self._format.load)
            for number in state.rounds
        }
        rounds = []
        for number in range(first_round, state.round + 1):
            files = self.files(number)
            pending = files.visited()
            if pending is None:
                return None
            n_outputs = pending.labels.shape[1]
            answers, is_known = files.known(pending.questions, n_outputs)
            if not is_known.all():
                return None
            rounds.append((pending, answers))
        if any(learner is None for learner in learners.values()):
            return None
        return Kept(state, learners, rounds)

    def keep(self, state: RunState, learner: Any) -> None:
        """Keep where a run is.

        Parameters
        ----------
        state : RunState
            Between two rounds.
        learner : object
            As it is after the last one.
        """
        content = self._format.dump(learner)
        if not self._is_checked:
            self._format.check(content)
            self._is_checked = True
        kind = self._format.kind
        self._folder.write(_learner(state.round), kind, content, sync=False)
        name = f"state-{state.round:06}"
        self._folder.write(name, "json", state.to_json(), sync=False)
        self._needed[name] = state.rounds
        for old in sorted(self._needed)[:-_N_STATES]:
            self._folder.remove(old)
            del self._needed[old]
        needed = {_learner(n) for rounds in self._needed.values() for n in rounds}
        for old in self._folder.names("learner-"):
            if old not in needed:
                self._folder.remove(old)


def _learner(number: int) -> str:
    return f"learner-{number:06}"


@contextmanager
def checked_folder(path: str | os.PathLike | None) -> Iterator[CheckedFolder | None]:
    """Have a folder for oneself.

    Parameters
    ----------
    path : path-like or None
        Of the folder; None for none.

    Yields
    ------
    CheckedFolder or None

    Raises
    ------
    FolderInUse
        If another run uses it.
    OSError
        If it cannot be made, or nothing be written in it.
    """
    if path is None:
        yield None
        return
    if not os.fspath(path):
        raise ValueError(f"{_PARAMETER}: expected the path of a folder, got {path!r}")
    with FolderLock(Path(path), _PARAMETER):
        yield CheckedFolder(Path(path), _PARAMETER)


def begin(
    folder: CheckedFolder,
    identity: Mapping[str, str],
    seeds: Sequence[np.random.SeedSequence],
) -> list[np.random.SeedSequence]:
    """Begin a run in a folder, or make sure that it is the one that is kept there.

    Parameters
    ----------
    folder : CheckedFolder
        The folder.
    identity : mapping of str to str
        What makes it the same.
    seeds : sequence of numpy.random.SeedSequence
        Determine it, if it is a new one.

    Returns
    -------
    list of numpy.random.SeedSequence
        Those of the run that is kept.

    Raises
    ------
    ValueError
        If another one is kept there, with what they differ in.
    """
    told = _told_of(folder)
    if told is None and folder.names(""):
        raise ValueError(
            f"{_PARAMETER}: expected the folder of a run, got {folder.path}, where the "
            "two files that say which one (run.*.json) are damaged or missing; "
            "load_labels reads the labels that are there"
        )
    if told is None:
        told = _Told(dict(identity), list(seeds))
        folder.write("run", "json", told.to_json(), sync=True, twice=True)
    if found := differences(told.identity, identity):
        raise ValueError(
            f"{_PARAMETER}: expected the folder of a run with the same parameters, "
            f"data, expert and versions, got {folder.path}, where {'; '.join(found)} "
            "(give each run a folder of its own; load_labels reads the labels of one)"
        )
    return told.seeds


def check_holds(
    folder: CheckedFolder | None, identity: Mapping[str, str] | None
) -> None:
    """Raise if a run that is open cannot go on with a folder.

    Parameters
    ----------
    folder : CheckedFolder or None
        The folder that there is by now.
    identity : mapping of str to str or None
        Of the run; None if it began without a folder.

    Raises
    ------
    ValueError
        If it is not where the run is kept.
    """
    told = None if folder is None else _told_of(folder)
    if (folder, identity) != (None, None) and (
        told is None or identity is None or told.identity != identity
    ):
        began = "None, as it began" if identity is None else "the one that it began in"
        got = "None" if folder is None else f"{folder.path}, which has another or none"
        raise ValueError(f"{_PARAMETER}: a run is open: expected {began}, got {got}")


def _told_of(folder: CheckedFolder) -> "_Told | None":
    return folder.read("run", "the description of a run", _told_in)


class _Told(NamedTuple):
    """What a folder says of the run in it."""

    identity: dict[str, str]
    seeds: list[np.random.SeedSequence]

    def to_json(self) -> bytes:
        seeds = [[seed.entropy, seed.spawn_key] for seed in self.seeds]
        told = {"format": _FORMAT, "identity": self.identity, "seeds": seeds}
        return json.dumps(told, indent=1).encode()


def _told_in(content: bytes) -> _Told:
    """Read what :meth:`_Told.to_json` wrote."""
    told = parse_json(content.decode())
    if told["format"] != _FORMAT:
        raise ValueError(f"it is of format {told['format']!r}, and not {_FORMAT}")
    seeds = [
        np.random.SeedSequence(entropy, spawn_key=tuple(key))
        for entropy, key in told["seeds"]
    ]
    identity = told["identity"]
    if len(seeds) != N_SEEDS or not all(
        type(part) is str for part in identity.values()
    ):
        raise ValueError("it describes something else")
    return _Told(identity, seeds)
