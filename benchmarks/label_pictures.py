"""Pictures of what DAgger earns by the number of labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from label_settings import RULES, SEEDS, SETTINGS, TASKS
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from skimitate.displays._axes import add_legend, axes_of_a_file


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw the settings of one environment, and save the picture.

    A thick line is the median over the seeds 0 to 4, a thin one a run. A dot is the
    median number of labels that reached the level. The rules, which are compared in
    numbers, are left out.

    Parameters
    ----------
    rows : sequence of dict
        Runs in one environment.
    path : Path
        Where to.
    """
    shown = [row for row in rows if row["seed"] in SEEDS]
    task = TASKS[rows[0]["env"]]
    ax = axes_of_a_file()
    names = [name for name in SETTINGS if name not in RULES]
    for i, name in enumerate(names):
        runs = [row for row in shown if row["setting"] == name]
        if runs:
            _draw_setting(ax, name, runs, f"C{i}")
    difference = task.kind == "difference"
    of_expert = 0.0 if difference else 1.0
    ax.axhline(of_expert, color="0.3", linewidth=0.8, linestyle="--", label="expert")
    ax.axhline(task.level, color="0.3", linewidth=0.8, linestyle=":", label="to reach")
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(*((-6.0, 0.5) if difference else (-0.05, 1.1)))
    ax.set_title(task.env)
    ax.set_xlabel("labels")
    unit = (
        "return less the expert's" if difference else "return, in parts of the expert's"
    )
    ax.set_ylabel(unit)
    add_legend(ax)
    ax.figure.savefig(path, dpi=120)


def _draw_setting(ax: Any, name: str, runs: list[dict[str, Any]], color: str) -> None:
    """Draw the runs of a setting, their median, and where the level was reached."""
    for row in runs:
        ax.plot(row["labels"], row["scores"], color=color, alpha=0.2, linewidth=0.8)
    labels, scores = median_curve(runs)
    ax.plot(labels, scores, color=color, linewidth=2, label=name)
    middle = np.median([row["reached"] or np.inf for row in runs])
    if np.isfinite(middle):
        ax.plot(middle, np.interp(middle, labels, scores), "o", color=color)


def median_curve(runs: Sequence[dict[str, Any]]) -> tuple[NDArray, NDArray]:
    """Return the median score of some runs for each number of labels any of them had.

    A run has the score of its last round until it is measured again; one that ended
    keeps that of its last: if it reached the level, it had held it. The curve begins
    where all have begun.
    """
    labels = np.unique(np.concatenate([row["labels"] for row in runs]))
    labels = labels[labels >= max(row["labels"][0] for row in runs)]
    held = [
        np.asarray(row["scores"])[
            np.searchsorted(row["labels"], labels, side="right") - 1
        ]
        for row in runs
    ]
    return labels, np.median(held, axis=0)
