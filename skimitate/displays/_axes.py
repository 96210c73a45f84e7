"""Where displays draw, and what they need for it."""

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = (7, 4.5)  # inches


def require_matplotlib(what: str) -> None:
    """Raise ImportError, which names who needs matplotlib, if it is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError(
            f"{what}: drawing needs matplotlib; pip install skimitate[plot]"
        )


def axes_or_new(ax: "Axes | None") -> "Axes":
    """Return the axes, or new ones in a figure of pyplot, which shows it."""
    if ax is not None:
        return ax
    require_matplotlib("plot")
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=_SIZE, layout="constrained")[1]


def axes_of_a_file() -> "Axes":
    """Return axes of a figure to save: pyplot would show it, and hold on to it."""
    require_matplotlib("savefig")
    from matplotlib.figure import Figure

    return Figure(figsize=_SIZE, layout="constrained").add_subplot()


def name_axes(ax: "Axes", x: str, y: str) -> None:
    """Write what the axes show, beside what they show already; x is a number of it."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axis, name in ((ax.xaxis, x), (ax.yaxis, y)):
        names = [there for there in axis.get_label_text().split(", ") if there]
        axis.set_label_text(", ".join(dict.fromkeys([*names, name])))
