"""Finished runs of the benchmark of labels, kept as they come."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from label_settings import SETTINGS, TASKS, protocol_of

from skimitate.files._durable import check_writable, write_durably
from skimitate.studies._machine import describe_machine


class Run(NamedTuple):
    """What tells a run from all others.

    Parameters
    ----------
    env, setting : str
        Names.
    seed : int
        Of the run.
    """

    env: str
    setting: str
    seed: int


class RunFolder:
    """A folder with a file for each finished run, and the file that all end up in.

    Each file is put in place in one step when its run is finished: processes that do
    different runs share the folder, and one that is killed loses the run it is at. A
    run that was made in another way than the settings now say counts as none.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    summary : Path
        ``labels.json``; what it has of earlier times is kept.
    experts : str
        ``"CS294"`` or ``"bundled"``.

    Raises
    ------
    ValueError
        If what the summary has is of other experts: it would be lost.
    """

    def __init__(self, folder: Path, summary: Path, experts: str) -> None:
        check_writable(folder, "out")
        check_writable(summary.parent, "results")
        self.folder = folder
        self.summary = summary
        self.experts = experts
        self._summarized()  # that it is of these experts is known before the work

    def do(self, run: Run, make: Callable[[Run], dict[str, Any]]) -> None:
        """Do a run, unless this process or any other has finished it, and keep it.

        Parameters
        ----------
        run : Run
            Which.
        make : callable
            Returns what :func:`label_run.follow` does, and what else there is to say.
        """
        if self.has(run):
            return
        began = time.perf_counter()
        found = make(run)
        row = run._asdict() | {
            "protocol": protocol_of(TASKS[run.env], run.setting, self.experts),
            "seconds": round(time.perf_counter() - began, 1),
        }
        text = json.dumps(row | found) + "\n"
        write_durably(self._path(run), lambda part: part.write_text(text))
        labels = found["reached"] or f"not within {found['labels'][-1]:,}"
        told = ", ".join(map(str, run))
        print(f"{told}: {labels} labels, {row['seconds']:.0f} seconds", flush=True)

    def has(self, run: Run) -> bool:
        """Tell whether a run is finished."""
        path = self._path(run)
        own = [_read(path)] if path.exists() else []
        rows = [row for row in (*own, *self._summarized()) if row]
        return any(run_of(row) == run and self._is_current(row) for row in rows)

    def rows(self) -> list[dict[str, Any]]:
        """Return all finished runs, in the order of the settings."""
        files = [_read(path) for path in sorted(self.folder.glob("*.json"))]
        rows = [row for row in (*self._summarized(), *files) if row]
        current = {run_of(row): row for row in rows if self._is_current(row)}
        tasks, settings = list(TASKS), list(SETTINGS)
        return sorted(
            current.values(),
            key=lambda row: (
                tasks.index(row["env"]),
                settings.index(row["setting"]),
                row["seed"],
            ),
        )

    def summarize(self) -> list[dict[str, Any]]:
        """Write all finished runs into one file, a line each, and return them.

        Raises
        ------
        ValueError
            If there are none, and the file has some that were made in another way.
        """
        rows = self.rows()
        earlier = self._summarized()
        if earlier and not rows:
            raise ValueError(
                f"{self.summary}: expected runs of the present settings and defaults "
                f"beside its {len(earlier)} of others, got none: nothing is written"
            )
        n_left_out = sum(not self._is_current(row) for row in earlier)
        if n_left_out:
            print(f"{self.summary}: {n_left_out} runs made in another way are left out")
        head = {"machine": describe_machine(), "experts": self.experts}
        lines = ",\n".join(json.dumps(row) for row in rows)
        text = json.dumps(head, indent=2)[:-2] + f',\n  "rows": [\n{lines}\n]}}\n'
        write_durably(self.summary, lambda part: part.write_text(text))
        return rows

    def _path(self, run: Run) -> Path:
        name = f"{run.env} {run.setting} {run.seed}".replace(",", "").replace(" ", "-")
        return self.folder / f"{name}.json"

    def _summarized(self) -> list[dict[str, Any]]:
        kept = _read(self.summary) if self.summary.exists() else None
        if kept is None:
            return []
        if kept["experts"] != self.experts:
            raise ValueError(
                f"experts: expected {kept['experts']}, of which the runs in "
                f"{self.summary} are, got {self.experts}: name them by --experts, or "
                "another folder by --results"
            )
        return kept["rows"]

    def _is_current(self, row: dict[str, Any]) -> bool:
        task = TASKS.get(row["env"])
        if task is None or row["setting"] not in SETTINGS:
            return False
        # As JSON has it: a tuple comes back as a list.
        wanted = json.dumps(protocol_of(task, row["setting"], self.experts))
        return json.dumps(row["protocol"]) == wanted


def run_of(row: dict[str, Any]) -> Run:
    """Return which run a row is of."""
    return Run(row["env"], row["setting"], row["seed"])


def _read(path: Path) -> dict[str, Any] | None:
    """Return what a file holds; None if it is damaged, which is said."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        print(f"{path} is damaged: left out")
        return None
