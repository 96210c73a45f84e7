"""Files that are put in place in one step, and folders that take them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skimitate.files._reading import with_path


def replace_file(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside its place, and put it there in one step.

    Parameters
    ----------
    path : Path
        The place.
    write : callable
        Writes to the path that it is given, which has the same suffix.

    Raises
    ------
    OSError
        If it cannot be written, with the path; what was there is there still.
    """
    place = Path(os.path.realpath(path))  # a link stays one
    part = place.with_name(f".{os.getpid()}-{place.name}")
    if place.exists() and not place.is_file():
        part = place  # a device or a pipe takes what comes, and is not replaced
    try:
        write(part)
        if part != place:
            os.replace(part, place)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(part)):
            raise
        raise with_path(error, path) from None
    finally:
        if part != place:
            part.unlink(missing_ok=True)


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
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink(missing_ok=True)  # another thread's may be the same
    except OSError as error:
        raise OSError(
            f"{name}: expected a folder that can be written to, got {folder} "
            f"({error.strerror})"
        ) from None
