"""What all readers share: how much of a file is read, and how one is refused."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What is wrong with a file is told in so many letters: what it holds may be long.
_MOST_TOLD = 600

_MEBIBYTE = 2**20


@contextmanager
def reading(path: str | Path, expected: str) -> Iterator[None]:
    """Refuse a file, whatever its content makes of those who read it.

    Parameters
    ----------
    path : str or Path
        The file.
    expected : str
        What it should be; it stands between "expected" and "but".

    Raises
    ------
    ValueError
        In the place of all that is raised inside and is no OSError. It begins with the
        path.
    OSError
        If the system cannot read it; with the path.
    """
    try:
        yield
    # zipfile, zlib, codecs, NumPy and JSON's parser were not written for files that
    # lie: what they raise then is in no list.
    except Exception as error:
        if isinstance(error, OSError) and not is_of_content(error):
            raise with_path(error, path) from None
        cause = None if isinstance(error, ValueError) else error
        raise ValueError(
            f"{path}: expected {expected}, but {reason_of(error)}"
        ) from cause


def is_of_content(error: OSError) -> bool:
    """Tell whether a file is the reason, and not the system that it was read from.

    An archive may send its reader to a place before its beginning.
    """
    return error.errno in (None, errno.EINVAL)


def reason_of(error: Exception) -> str:
    """Say in a line what is wrong with a file, given what came of reading it."""
    if isinstance(error, KeyError):
        reason = f"no entry {error}"
    elif isinstance(error, MemoryError):
        reason = "it takes more memory than there is"
    elif isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    else:
        reason = str(error) or type(error).__name__
    if len(reason) > _MOST_TOLD:
        reason = f"{reason[: _MOST_TOLD // 2]} ... {reason[-_MOST_TOLD // 2 :]}"
    # What a file holds must not steer the terminal on which it is shown.
    return "".join(
        sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1]
        for sign in reason
    )


def with_path(error: OSError, path: str | Path) -> OSError:
    """Return an error of the system's that tells which file it is about.

    That of a full disk does not, nor that of a broken one.
    """
    return OSError(error.errno, error.strerror, str(path))


def open_file(path: str | Path) -> io.FileIO:
    """Open a file that has an end; nobody waits for a pipe.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    FileIO

    Raises
    ------
    OSError
        If it cannot be opened, or is a folder.
    ValueError
        If it is a device or a pipe.
    """
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise ValueError("it is no regular file")
    return io.FileIO(path)


def read_bytes(path: str | Path, most: int) -> bytes:
    """Read a file that is small.

    Parameters
    ----------
    path : str or Path
        The file.
    most : int
        How many bytes it may have.

    Returns
    -------
    bytes

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is larger, a device or a pipe.
    """
    with open_file(path) as file, io.BufferedReader(file) as reader:
        content = reader.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than {most // _MEBIBYTE} MiB")
    return content
