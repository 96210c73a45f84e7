"""Results in a file to which several processes add rows at the same time."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skimitate.files._durable import check_writable, write_durably
from skimitate.studies._machine import describe_machine


class SharedRows:
    """A JSON file of rows, each of which is there once.

    Parameters
    ----------
    path : Path
        The file; its folder is made if it is not there.
    key : sequence of str
        The names in a row that tell it from all others.
    """

    def __init__(self, path: Path, key: Sequence[str]) -> None:
        check_writable(path.parent, "results")
        self.path = path
        self.key = key

    def read(self) -> list[dict[str, Any]]:
        """Return the rows as they are now, in the order in which they came."""
        if not self.path.exists():
            return []
        return json.loads(self.path.read_text(encoding="utf-8"))["rows"]

    def add(self, row: dict[str, Any]) -> None:
        """Add a row to those that are there by now, or replace the one of its key."""
        with self._alone():
            others = [kept for kept in self.read() if self._of(kept) != self._of(row)]
            head = json.dumps({"machine": describe_machine()}, indent=2)[:-2]
            lines = ",\n".join(json.dumps(each) for each in [*others, row])
            text = f'{head},\n  "rows": [\n{lines}\n]}}\n'
            write_durably(self.path, lambda part: part.write_text(text))

    def _of(self, row: dict[str, Any]) -> list[Any]:
        return [row[name] for name in self.key]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder: the file itself is another one after each row."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
