"""The table of the benchmark of tasks."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from make_table import write_into
from scipy import stats
from task_settings import LEARNERS, TASKS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "actions-and-memory.md"
_SEEDS = range(5)


def write_table(summary: dict[str, Any]) -> str:
    """Write the table into the page, and return it.

    Parameters
    ----------
    summary : dict
        What :func:`task_results.kept` returns.
    """
    table = table_of(summary)
    write_into(PAGE, "tasks", table)
    return table


def table_of(summary: dict[str, Any]) -> str:
    """Return the table in Markdown: a row for each task, way and learner."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for run in summary["runs"]:
        if run["seed"] in _SEEDS:
            groups[run["task"], run["way"], run["learner"]].append(run)
    lines = [
        "| task | way | learner | labels | mean return | lowest seed | normalized | "
        "difference to the expert |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for task in TASKS:
        for way in ("clone", "DAgger"):
            for learner in LEARNERS:
                runs = groups.get((task, way, learner))
                if runs:
                    lines.append(_row(task, way, learner, runs, summary["references"]))
    return "\n".join(lines)


def _row(
    task: str, way: str, learner: str, runs: Sequence[dict], references: dict[str, Any]
) -> str:
    means = np.array([np.mean(run["returns"]) for run in runs])
    expert, random = (
        np.array(references[task][who]["returns"]) for who in ("expert", "random")
    )
    normalized = (means - random.mean()) / (expert.mean() - random.mean())
    labels = np.median([run["n_labels"] for run in runs])
    cells = [task, way, learner, f"{labels:,.0f}", f"{means.mean():.2f}"]
    if "success" in runs[0]:
        success = np.mean([run["success"] for run in runs])
        cells[-1] += f", success {success:.3f}"
    cells += [
        f"{means.min():.2f}",
        f"{normalized.mean():.3f}{_interval(normalized)}",
        _difference(runs, expert),
    ]
    if len(runs) < len(_SEEDS):
        cells[2] += f" ({len(runs)} seed{'s' if len(runs) > 1 else ''})"
    return f"| {' | '.join(cells)} |"


def _interval(values: np.ndarray) -> str:
    """Return half of the 95 % interval of a mean over seeds."""
    if len(values) < 2:
        return ""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f" ± {half:.3f}"


def _difference(runs: Sequence[dict], expert: np.ndarray) -> str:
    """Return how far all episodes are from the expert's, and its standard error."""
    returns = np.concatenate([run["returns"] for run in runs])
    error = np.hypot(stats.sem(returns), stats.sem(expert))
    return f"{returns.mean() - expert.mean():+.2f} (SE {error:.2f})"
