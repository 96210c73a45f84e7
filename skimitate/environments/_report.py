"""Numbers as people read them: returns, and tables in Markdown."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def summarize(returns: Sequence[float] | NDArray[np.float64]) -> str:
    """Return returns in the form mean (standard deviation)."""
    return mean_and_std(float(np.mean(returns)), float(np.std(returns)))


def mean_and_std(mean: float, std: float) -> str:
    """Return a mean and a standard deviation with as many digits as they deserve."""
    digits = 0 if abs(mean) >= 100 else 1
    return f"{mean:.{digits}f} ({std:.{digits}f})"


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose columns are aligned, for a terminal as well.

    Parameters
    ----------
    rows : sequence of sequences of str
        The first is the head.

    Returns
    -------
    str
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([lines[0], rule, *lines[1:]])
