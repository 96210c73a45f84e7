"""A folder that one process uses at a time."""

from pathlib import Path
from types import TracebackType

from skimitate.files._durable import check_writable
from skimitate.files._leftovers import mark_of, sweep


class FolderInUse(ValueError):
    """A folder is used by somebody else."""


class FolderLock:
    """Keeps a folder for oneself while a ``with`` block runs.

    The system holds the lock and lets go of it when the process ends, however it ends.
    It is on a hidden file, which stays: who would remove it might remove the next
    one's. What those left who had the folder before and were killed goes, which their
    numbers tell: another file has that of whoever is in.

    Parameters
    ----------
    path : Path
        The folder; made if it is not there.
    name : str
        What the parameter is called that it was given by.

    Raises
    ------
    FolderInUse
        On entering, if another process or another lock of this one holds it.
    OSError
        On entering, if the folder cannot be made, or nothing be written in it.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        from filelock import FileLock  # what is loaded late loads fast

        self._lock = FileLock(path / ".skimitate.lock")
        self._mark = mark_of(path)

    def __enter__(self) -> "FolderLock":
        from filelock import Timeout

        check_writable(self.path, self.name)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise FolderInUse(
                f"{self.name}: expected a folder that nobody else uses, got "
                f"{self.path}, where another run is at work: give each run its own"
            ) from None
        try:
            sweep(self.path)
            self._mark.touch()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._mark.unlink(missing_ok=True)
        finally:
            self._lock.release()
