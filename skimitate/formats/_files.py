"""Files that are put in place in one step."""

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
