"""What killed processes leave: half-written files, and joblib's shared memory."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from skimitate.files._durable import PART, part_of

# Where joblib and its loky put what processes share, on Linux.
_SHARED = Path("/dev/shm")


def sweep(folder: Path) -> None:
    """Remove what processes that used a folder left when they were killed.

    That is what they had not finished writing there, and what joblib shared with their
    workers: arrays, in its folder for temporary files, and semaphores. joblib removes
    these itself unless all processes of a run are killed at once, as a terminal that
    closes or a container's limit of memory does.

    Parameters
    ----------
    folder : Path
        Where this process writes nothing now; what goes by its own number was left by
        one that had it before. What other living processes write is left alone.
    """
    for path in folder.iterdir():
        part = PART.fullmatch(path.name)
        if part is None or _is_another(int(part[1])) or path == mark_of(folder):
            continue
        for leftover in _shared_by(int(part[1])):
            _remove(leftover)
        path.unlink(missing_ok=True)


def mark_of(folder: Path) -> Path:
    """Return the file by which this process tells that it is at work in a folder."""
    return part_of(folder / "lock")


def _shared_by(pid: int) -> Iterator[Path]:
    """Yield what joblib shared with the workers of a process that is dead."""
    if pid == os.getpid():
        return  # what goes by this number may be this process's own
    told = os.environ.get("JOBLIB_TEMP_FOLDER")
    folders = {_SHARED, Path(tempfile.gettempdir()), Path(told or _SHARED)}
    for folder in folders:
        yield from folder.glob(f"joblib_memmapping_folder_{pid}_*")
    yield from _SHARED.glob(f"sem.loky-{pid}-*")


def _remove(path: Path) -> None:
    """Remove a file or a folder, unless it is somebody else's or is gone."""
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:  # nothing that a run needs depends on it
        return


def _is_another(pid: int) -> bool:
    """Tell whether a number is that of another process that lives, as far as known."""
    if pid == os.getpid():
        return False
    if os.name == "nt":  # where to ask is to kill
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True
