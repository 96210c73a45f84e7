"""Finished runs of the benchmark of tasks, kept as they come."""

import json
from collections.abc import Callable
from typing import Any

import harness

from skimitate.files._durable import write_durably

SUMMARY = harness.RESULTS / "tasks.json"


def kept() -> dict[str, Any]:
    """Return what was run so far: references by task, and a list of runs."""
    if SUMMARY.exists():
        return json.loads(SUMMARY.read_text())
    return {"references": {}, "runs": []}


def keep(add: Callable[[dict[str, Any]], None]) -> None:
    """Add to what was run so far, and write it in one step."""
    summary = kept()
    add(summary)
    summary["runs"].sort(
        key=lambda run: [run[key] for key in ("task", "way", "learner", "seed")]
    )
    text = json.dumps(summary) + "\n"
    text = text.replace('{"task"', '\n{"task"')
    write_durably(SUMMARY, lambda path: path.write_text(text))


def is_kept(run: dict[str, Any]) -> bool:
    """Tell whether a run was made already."""
    return any(run.items() <= other.items() for other in kept()["runs"])
