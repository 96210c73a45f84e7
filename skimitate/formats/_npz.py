"""Arrays of an npz file, and in words of ours what is wrong with it."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

# What comes of reading an array that is damaged, encrypted or holds objects.
_UNREADABLE = (EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)


class Arrays:
    """The arrays of an npz file that is open, each read when it is asked for.

    Parameters
    ----------
    opened : NpzFile
        The file.

    Attributes
    ----------
    names : tuple of str
        What they are called.
    """

    def __init__(self, opened: NpzFile) -> None:
        self._opened = opened
        self.names = tuple(opened.files)

    def __getitem__(self, name: str) -> NDArray:
        if name not in self.names:
            listed = ", ".join(self.names) or "none"
            raise ValueError(f"it has no array {name!r}; its arrays are {listed}")
        try:
            array = self._opened[name]
        except _UNREADABLE as error:
            raise ValueError(
                f"its array {name!r} is damaged or holds Python objects, which are not "
                "read"
            ) from error
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name!r} in it is no array")
        return array


@contextmanager
def open_npz(path: str | Path) -> Iterator[Arrays]:
    """Open an npz file, and close it in every case.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    Arrays

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no npz file, or from what is yielded if an array cannot be read; what
        it says may follow "expected ..., but".
    """
    with open(path, "rb") as file:
        try:
            # Not by numpy.load, which advises to run what code a file contains.
            opened = NpzFile(file, allow_pickle=False)
        # The first is zipfile's, of archives in ways that it does not know.
        except (NotImplementedError, ValueError, zipfile.BadZipFile):
            raise ValueError("it is no npz file") from None
        with opened:
            yield Arrays(opened)
