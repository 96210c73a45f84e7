"""Where displays draw, and what they need for it."""

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def require_matplotlib(what: str) -> None:
    """Raise ImportError, which names who needs matplotlib, if it is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError(
            f"{what}: drawing needs matplotlib; pip install skimitate[plot]"
        )


def axes_or_new(ax: "Axes | None") -> "Axes":
    """Return the axes, or new ones in a figure that opens no window."""
    if ax is not None:
        return ax
    require_matplotlib("plot")
    from matplotlib.figure import Figure

    return Figure(figsize=(7, 4.5), layout="constrained").add_subplot()
