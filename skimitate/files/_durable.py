"""Files that are put in place in one step and stay, and folders that take them."""

import errno
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skimitate.files._reading import with_path

# What a process has in a folder while it is at work there: with its number, so that
# others can see whether anybody still is.
PART = re.compile(r"\.skimitate-(\d+)-.+")


def write_durably(
    path: Path, write: Callable[[Path], Any], *, sync: bool = True
) -> str:
    """Write a file beside its place, and put it there in one step.

    Whatever happens meanwhile, a kill or a power cut, the place has the old content or
    the new one, whole.

    Parameters
    ----------
    path : Path
        The place; what a link leads to is replaced, not the link. A device or a pipe
        takes what comes.
    write : callable
        Writes to the path that it is given, which has the same suffix.
    sync : bool, default=True
        False spares the wait for the disk, for what can be made again: a kill is
        survived all the same, a power cut may not be.

    Returns
    -------
    str
        SHA-256 of what was written, in hexadecimal digits; "" of a device or a pipe.

    Raises
    ------
    OSError
        If nothing can be written there, or a folder is there; with the path.
    """
    place = Path(os.path.realpath(path))
    is_replaced = place.is_file() or not place.exists()
    part = part_of(place) if is_replaced else place
    try:
        return _put(part, place, write, sync=sync)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(part)):
            raise
        raise with_path(error, path) from None
    finally:
        if is_replaced:
            part.unlink(missing_ok=True)


def _put(part: Path, place: Path, write: Callable[[Path], Any], *, sync: bool) -> str:
    """Write a part, put it in its place, and return its checksum."""
    write(part)
    if part == place:  # no file: there is nothing to be waited for, or looked at
        return ""
    # Before it is put in place: there, another process may put its own at once.
    checksum = _sync(part) if sync else checksum_of(part)
    os.replace(part, place)
    if sync:
        _sync_folder(place.parent)
    return checksum


def part_of(path: Path) -> Path:
    """Return where this process writes what is to be put in a place."""
    return path.with_name(f".skimitate-{os.getpid()}-{path.name}")


def checksum_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Parameters
    ----------
    path : Path
        The file.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> str:
    """Have a file written to the disk, and return its checksum."""
    # Windows does so only for who may write.
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    if os.name == "nt":  # which opens no folders
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        # Some file systems of networks know no such thing.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(opened)


def check_folder(path: str | Path) -> None:
    """Raise if a file is to be written where there is no folder.

    Parameters
    ----------
    path : str or Path
        The file, as the parameter of that name says.

    Raises
    ------
    TypeError
        If it is neither.
    FileNotFoundError
        If its folder is not there.
    """
    if not isinstance(path, (str, Path)):
        raise TypeError(f"path: expected a str or a Path, got {path!r}")
    if not Path(path).parent.is_dir():
        raise FileNotFoundError(f"path: no such folder: {Path(path).parent}")


def check_writable(folder: Path, name: str) -> None:
    """Make a folder, and raise OSError if nothing can be written in it.

    Parameters
    ----------
    folder : Path
        The folder.
    name : str
        What the parameter is called that it was given by.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = part_of(folder / "probe")
        probe.touch()
        probe.unlink(missing_ok=True)  # another thread's may be the same
    except OSError as error:
        raise OSError(
            f"{name}: expected a folder that can be written to, got {folder} "
            f"({error.strerror})"
        ) from None
