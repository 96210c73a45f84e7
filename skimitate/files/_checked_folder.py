"""A folder whose files are known from damaged ones: their names tell their content."""

import hashlib
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from skimitate._callers import levels_to_the_user
from skimitate.files._durable import write_durably
from skimitate.files._reading import reading

_Parsed = TypeVar("_Parsed")

# As many digits of the SHA-256 as no accident will hit, in names that can be read.
_N_DIGITS = 16
_FILE = re.compile(rf"(?P<name>.+)\.(?P<digest>[0-9a-f]{{{_N_DIGITS}}})\.(?P<kind>\w+)")

_COPY = "copy-of-"


class CheckedFolder:
    """Keeps contents under names; what was damaged since counts as not there.

    A file is called ``NAME.DIGEST.KIND``, where the digest is the beginning of the
    SHA-256 of its content.

    Parameters
    ----------
    path : Path
        The folder, which is there.
    name : str
        What the parameter is called that it was given by.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self._parameter = name
        self._files: dict[str, list[Path]] = {}
        for file in sorted(path.iterdir()):
            if found := _FILE.fullmatch(file.name):
                self._files.setdefault(found["name"], []).append(file)

    @property
    def is_here(self) -> bool:
        """Whether this process sees the folder: one on another machine may not."""
        return self.path.is_dir()

    def names(self, prefix: str) -> list[str]:
        """Return the names so far that begin so, in their order.

        Parameters
        ----------
        prefix : str
            How they begin.

        Returns
        -------
        list of str
            Those whose files are damaged among them.
        """
        names = {name.removeprefix(_COPY) for name in self._files}
        return sorted(name for name in names if name.startswith(prefix))

    def write(
        self, name: str, kind: str, content: bytes, *, sync: bool, twice: bool = False
    ) -> None:
        """Keep a content in the place of what had that name before.

        Parameters
        ----------
        name : str
            Its name.
        kind : str
            The suffix of its file.
        content : bytes
            What is kept.
        sync : bool
            Whether to wait for the disk.
        twice : bool, default=False
            Whether to keep a copy in a file of its own.

        Raises
        ------
        OSError
            If it cannot be written; it names the file. What was there before is there
            still.
        """
        digest = _digest(content)
        for stem in (name, _COPY + name)[: 2 if twice else 1]:
            place = self.path / f"{stem}.{digest}.{kind}"
            is_copy = stem != name
            write_durably(
                place,
                lambda part: part.write_bytes(content),
                sync=sync and not is_copy,
            )
            for old in self._files.get(stem, []):
                if old != place:
                    old.unlink(missing_ok=True)
            self._files[stem] = [place]

    def read(
        self, name: str, expected: str, parse: Callable[[bytes], _Parsed]
    ) -> _Parsed | None:
        """Return what is kept under a name.

        Parameters
        ----------
        name : str
            Its name.
        expected : str
            What it should be, for the warning.
        parse : callable
            From the content to what is returned; whatever it raises says that it is
            something else.

        Returns
        -------
        object
            None if nothing was kept, or all of its files are damaged.

        Warns
        -----
        UserWarning
            For each file that is damaged.
        """
        found, good = None, b""
        damaged = []
        for stem in (name, _COPY + name):
            # After a kill there may be an old one beside the new one: the newest.
            for file in sorted(self._files.get(stem, []), key=_when, reverse=True):
                try:
                    with reading(file, expected):
                        content = _content(file)
                        found = parse(content) if found is None else found
                    good = good or content
                    break
                except (OSError, ValueError) as error:
                    damaged.append(file)
                    self._warn(file, error)
        if good:
            for file in damaged:
                self._repair(file, good)
        return found

    def _warn(self, file: Path, error: Exception) -> None:
        reason = str(error).removeprefix(f"{file}: ")
        warnings.warn(
            f"{self._parameter}: {file} is damaged, and what was in it is taken from "
            f"its copy or done again: {reason}",
            UserWarning,
            stacklevel=levels_to_the_user(),
        )

    def _repair(self, file: Path, content: bytes) -> None:
        """Put what a file should hold in its place, if its name says that it did."""
        found = _FILE.fullmatch(file.name)
        if found is not None and found["digest"] == _digest(content):
            write_durably(file, lambda part: part.write_bytes(content), sync=False)

    def remove(self, prefix: str) -> None:
        """Remove what was kept under names that begin so, by whichever process.

        Parameters
        ----------
        prefix : str
            How they begin.
        """
        for start in (prefix, _COPY + prefix):
            for file in self.path.glob(f"{start}*"):
                file.unlink(missing_ok=True)
            for name in [name for name in self._files if name.startswith(start)]:
                del self._files[name]


def _when(file: Path) -> int:
    """Return when a file was written; 0 if it is gone."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _content(file: Path) -> bytes:
    """Return the content of a file, if it is what the name tells."""
    found = _FILE.fullmatch(file.name)
    content = file.read_bytes()
    if found is None or _digest(content) != found["digest"]:
        raise ValueError("its content is not what its name tells")
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_N_DIGITS]
