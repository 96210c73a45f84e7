"""Files that are put in place in one step, and folders that take them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def replace_file(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside its place, and put it there in one step.

    Parameters
    ----------
    path : Path
        The place.
    write : callable
        Writes to the path that it is given, which has the same suffix.
    """
    part = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write(part)
        os.replace(part, path)
    finally:
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
