"""What the runs of the benchmark of labels come to, in tables."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from label_settings import CONTROL, OTHER_SEEDS, SEEDS, SETTINGS, TASKS

from skimitate.studies._markdown import markdown_table


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Return a table for the first seeds and one for the others, if there are any."""
    parts = []
    for seeds, told in (
        (SEEDS, ""),
        (OTHER_SEEDS, ", which nothing was tuned to either"),
    ):
        own = [row for row in rows if row["seed"] in seeds]
        if own:
            parts.append(f"Seeds {seeds[0]} to {seeds[-1]}{told}:\n\n{_table(own)}")
    return "\n\n".join(parts)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    envs = [env for env in TASKS if any(row["env"] == env for row in rows)]
    table = [["", *envs]]
    for name in SETTINGS:
        cells = [
            cell([r for r in rows if (r["env"], r["setting"]) == (env, name)])
            for env in envs
        ]
        if any(cells):
            table.append([name, *cells])
    table.append(["*to reach*", *(f"{TASKS[env].goal:,}" for env in envs)])
    return markdown_table(table)


def cell(rows: Sequence[dict[str, Any]]) -> str:
    """Return the median and the range of the labels, and what did not get there.

    Runs that did not reach the level count as longer than all that did.
    """
    if not rows:
        return ""
    reached = sorted(_labels(row) for row in rows)
    middle = statistics.median(reached)
    text = "not reached" if math.isinf(middle) else f"**{middle:,.0f}**"
    finite = [n for n in reached if n < math.inf]
    n_failed = len(rows) - len(finite)
    if finite:
        text += f" ({finite[0]:,} to {finite[-1]:,})"
    if n_failed:
        failed = [row for row in rows if row["reached"] is None]
        best = [f"{best_of(row):.2f}" for row in failed]
        within = max(row["labels"][-1] for row in failed)
        text += f"; {n_failed} of {len(rows)} not within {within:,}"
        text += f", best {', '.join(best)}"
    elif len(rows) < len(SEEDS):
        text += f", {len(rows)} run{'s' if len(rows) > 1 else ''}"
    return text


def best_of(row: dict[str, Any]) -> float:
    """Return the best mean score that a run had in 20 episodes, or in fewer."""
    most = max(row["episodes"])
    pairs = zip(row["scores"], row["episodes"], strict=True)
    return max(score for score, n in pairs if n == most)


def _labels(row: dict[str, Any]) -> float:
    return math.inf if row["reached"] is None else row["reached"]


def against_chance(
    rows: Sequence[dict[str, Any]], rules: Sequence[str], seeds: Sequence[int]
) -> str:
    """Return a table of rules beside states drawn at random, seed by seed.

    A run that did not reach the level counts as reaching it with the last label it had.

    Parameters
    ----------
    rows : sequence of dict
        Runs.
    rules : sequence of str
        Names of settings that differ from the control in the rule alone.
    seeds : sequence of int
        Those that count, where rule and control have both been run.
    """
    head = ["environment", "rule", "seeds", "at random", "by the rule"]
    table = [[*head, "labels saved ± two standard errors", "better", "worse"]]
    found = {(r["env"], r["setting"], r["seed"]): r for r in rows}
    for env in TASKS:
        for rule in rules:
            both = [
                (found[env, CONTROL, seed], found[env, rule, seed])
                for seed in seeds
                if (env, CONTROL, seed) in found and (env, rule, seed) in found
            ]
            if len(both) > 1:
                table.append([env, rule, str(len(both)), *_compared(both)])
    return markdown_table(table)


def _compared(both: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[str]:
    """Return the cells for pairs of runs of the control and of a rule."""
    counts = np.array([[_at_least(row) for row in pair] for pair in both])
    saved = counts[:, 0] - counts[:, 1]
    error = 2 * saved.std(ddof=1) / math.sqrt(len(saved))
    cells = [", ".join(f"{n:,}" for n in column) for column in counts.T]
    cells.append(f"{saved.mean():.0f} ± {error:.0f}")
    certain = ["yes" if sign * saved.mean() > error else "no" for sign in (1, -1)]
    return cells + certain


def _at_least(row: dict[str, Any]) -> int:
    """Return how many labels a run needed, or had if that was not enough."""
    return row["labels"][-1] if row["reached"] is None else row["reached"]
