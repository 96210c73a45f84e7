"""Finished stages of a long run, kept in a folder so that it can go on from there."""

import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import joblib

from skimitate.environments._rollouts import Rollouts
from skimitate.files._durable import check_writable, checksum_of, write_durably
from skimitate.files._json import read_json, write_json
from skimitate.files._leftovers import sweep
from skimitate.files._reading import reading

_INDEX = "stages.json"


_FORMATS: dict[str, tuple[Callable[[Any, Path], Any], Callable[[Path], Any]]] = {
    ".json": (write_json, lambda path: read_json(path, "what a stage made")),
    ".joblib": (joblib.dump, joblib.load),
    ".npz": (lambda rollouts, path: rollouts.save(path, compress=False), Rollouts.load),
}


class StageFolder:
    """Keeps what finished stages made, with the setting that they were made in.

    A stage counts as finished if the index has its setting and the checksums of its
    files: one that was interrupted while it was written, or damaged since, is done
    again. Files are put in place by renaming, and the index after them.

    Parameters
    ----------
    path : Path or None
        The folder; None to keep nothing. Nobody else may use it meanwhile, for which a
        :class:`FolderLock` is there; what killed processes left half-written goes.

    Attributes
    ----------
    seconds : dict of str to float
        How long each stage took, when it was done; also of those that this run does
        not need, since others that build on them are finished.

    Raises
    ------
    OSError
        If the folder cannot be made, or nothing be written in it.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._index: dict[str, Any] = {}
        if path is not None:
            check_writable(path, "out")
            sweep(path)
            self._index = self._read_index(path / _INDEX)
        self.seconds = {name: entry["seconds"] for name, entry in self._index.items()}

    @staticmethod
    def _read_index(path: Path) -> dict[str, Any]:
        if not path.exists():
            return {}
        try:
            index = read_json(path, "an index of stages")
            return {stage: _entry(path, entry) for stage, entry in index.items()}
        except (ValueError, AttributeError):
            print(f"{path} is damaged: its stages are done again", flush=True)
            return {}

    def do(
        self,
        stage: str,
        names: Sequence[str],
        setting: dict[str, Any],
        make: Callable[[], tuple[Any, ...]],
        prepare: Callable[[], Any] = lambda: None,
    ) -> tuple[Any, ...]:
        """Return what a stage makes; from its files if it is finished.

        Parameters
        ----------
        stage : str
            What it is called in the index.
        names : sequence of str
            Files to keep what it makes in. The suffix is the format: ``.npz`` for
            rollouts, ``.joblib`` for estimators, ``.json`` for lists and numbers.
        setting : dict
            What determines it, in JSON's types.
        make : callable
            Does the stage; returns as many things as there are names.
        prepare : callable
            Called before the stage is done: for what it needs, whose time is not its
            own.

        Returns
        -------
        tuple
            What ``make`` returns, or once returned.
        """
        if self.path is not None and self._finished(stage, names, setting):
            print(f"{stage}: kept from before, in {self.path}", flush=True)
            self._clear(stage, setting)
            return tuple(_format_of(name)[1](self.path / name) for name in names)
        prepare()
        began = time.perf_counter()
        made = make()
        self.seconds[stage] = time.perf_counter() - began
        if self.path is not None:
            self._keep(self.path, stage, names, setting, made)
            self._clear(stage, setting)
        return made

    def work_folder(self, stage: str, setting: dict[str, Any]) -> Path | None:
        """Return a folder in which a stage may keep how far it has come.

        Parameters
        ----------
        stage : str
            What it is called in the index.
        setting : dict
            What determines it; each has a folder of its own.

        Returns
        -------
        Path or None
            It is gone once the stage is finished. None if nothing is kept.
        """
        if self.path is None:
            return None
        own = self.path / _unfinished(stage, setting)
        own.mkdir(exist_ok=True)
        return own

    def _clear(self, stage: str, setting: dict[str, Any]) -> None:
        """Remove the folder in which a stage has kept how far it had come."""
        assert self.path is not None
        shutil.rmtree(self.path / _unfinished(stage, setting), ignore_errors=True)

    def drop(self, stage: str, names: Sequence[str]) -> None:
        """Keep of a stage no more than how long it took.

        Parameters
        ----------
        stage, names
            See :meth:`do`, which does the stage again if it is needed once more.
        """
        if self.path is None or stage not in self._index:
            return
        # The index first: who is killed after it has files that nobody misses.
        self._index[stage]["sha256"] = {}
        write_durably(self.path / _INDEX, partial(write_json, self._index))
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def _finished(
        self, stage: str, names: Sequence[str], setting: dict[str, Any]
    ) -> bool:
        """Say whether a stage is finished; tell if a file of it is damaged."""
        assert self.path is not None
        entry = self._index.get(stage)
        if entry is None or entry["setting"] != setting:
            return False
        if not entry["sha256"]:
            print(f"{stage}: done again, since its files were not kept", flush=True)
            return False
        for name in names:
            path = self.path / name
            if not path.is_file() or checksum_of(path) != entry["sha256"].get(name):
                print(f"{path} is damaged or missing: {stage} is done again")
                return False
        return True

    def _keep(
        self,
        folder: Path,
        stage: str,
        names: Sequence[str],
        setting: dict[str, Any],
        made: tuple[Any, ...],
    ) -> None:
        sha256 = {
            name: write_durably(folder / name, partial(_format_of(name)[0], thing))
            for name, thing in zip(names, made, strict=True)
        }
        seconds = self.seconds[stage]
        self._index[stage] = {"setting": setting, "seconds": seconds, "sha256": sha256}
        write_durably(folder / _INDEX, partial(write_json, self._index))


def _unfinished(stage: str, setting: dict[str, Any]) -> str:
    content = json.dumps(setting, sort_keys=True).encode()
    return f"unfinished-{stage}-{hashlib.sha256(content).hexdigest()[:16]}"


def _entry(path: Path, entry: Any) -> dict[str, Any]:
    """Return what an index has of a stage; raise ValueError if it is something else."""
    kinds = {"setting": dict, "seconds": float, "sha256": dict}
    with reading(path, "an index of stages"):
        found = {key: entry[key] for key in kinds}
        odd = [key for key, kind in kinds.items() if type(found[key]) is not kind]
        if odd or not math.isfinite(found["seconds"]):
            raise ValueError(f"{', '.join(odd) or 'seconds'} of a stage are odd")
        return found


def _format_of(name: str) -> tuple[Callable[[Any, Path], Any], Callable[[Path], Any]]:
    return _FORMATS[Path(name).suffix]
