"""Where displays draw, and what they need for it."""

import importlib.util
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = (7, 4.5)  # inches

# Figures that were made here, and have room for what stands outside of the axes.
_ROOMY: WeakSet[Any] = WeakSet()


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

    return _axes_in(plt.figure(figsize=_SIZE, layout="constrained"))


def axes_of_a_file() -> "Axes":
    """Return axes of a figure to save: pyplot would show it, and hold on to it."""
    require_matplotlib("savefig")
    from matplotlib.figure import Figure

    return _axes_in(Figure(figsize=_SIZE, layout="constrained"))


def _axes_in(figure: "Figure") -> "Axes":
    _ROOMY.add(figure)
    return figure.add_subplot()


def add_legend(ax: "Axes") -> None:
    """Name what is drawn: below the axes if the figure is ours alone, else inside."""
    if ax.figure in _ROOMY and ax.figure.axes == [ax]:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    else:
        ax.legend(loc="best")


def name_axes(ax: "Axes", x: str, y: str) -> None:
    """Write what the axes show, beside what they show already; x is a number of it."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axis, name in ((ax.xaxis, x), (ax.yaxis, y)):
        names = [there for there in axis.get_label_text().split(", ") if there]
        axis.set_label_text(", ".join(dict.fromkeys([*names, name])))
