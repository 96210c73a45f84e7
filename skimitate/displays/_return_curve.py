"""Return of DAgger's policy, drawn by round."""

import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import NotFittedError

from skimitate._public import public
from skimitate.dagger._base import BaseDAgger
from skimitate.displays._axes import add_legend, axes_or_new, name_axes
from skimitate.displays._subject import drawn_estimator, said_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MEASURED = ("round", "mean_return", "std_return")


@public
class ReturnCurveDisplay:
    """Return of DAgger's policy by round.

    Create it with :meth:`from_history` or :meth:`from_estimator`.

    Parameters
    ----------
    rounds : array-like of shape (n_rounds,)
        Numbers of the rounds.
    mean_returns : array-like of shape (n_rounds,)
        Mean return of each round's policy.
    std_returns : array-like of shape (n_rounds,)
        Standard deviation of the returns.
    levels : dict of str to float or None, default=None
        Returns to draw as horizontal lines, by their labels, such as the expert's.
    best_round : int or None, default=None
        A round to mark.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it is drawn.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

    Examples
    --------
    >>> from skimitate import DAggerRegressor, ReturnCurveDisplay, load_expert
    >>> dagger = DAggerRegressor(
    ...     env="Reacher-v5", expert=load_expert("Reacher-v5"), n_rounds=3,
    ...     n_epochs_per_round=10).fit()
    >>> display = ReturnCurveDisplay.from_estimator(dagger, levels={"expert": -3.4})
    >>> display.ax_.get_ylabel()
    'return'
    """

    def __init__(
        self,
        rounds: ArrayLike,
        mean_returns: ArrayLike,
        std_returns: ArrayLike,
        *,
        levels: dict[str, float] | None = None,
        best_round: int | None = None,
    ) -> None:
        self.rounds = np.asarray(rounds)
        self.mean_returns = np.asarray(mean_returns, dtype=float)
        self.std_returns = np.asarray(std_returns, dtype=float)
        self.levels = levels or {}
        self.best_round = best_round

    @classmethod
    def from_history(
        cls,
        history: Sequence[Mapping[str, Any]],
        *,
        levels: dict[str, float] | None = None,
        best_round: int | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the ``history_`` of a DAgger estimator.

        Parameters
        ----------
        history : list of dict
            One record for each round.
        levels : dict of str to float or None, default=None
            Returns to draw as horizontal lines, by their labels.
        best_round : int or None, default=None
            A round to mark.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure, which shows as pyplot's do.

        Returns
        -------
        ReturnCurveDisplay

        Raises
        ------
        ValueError, TypeError
            If ``history`` is something else, or no round's return was measured.
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        measured = _measured(history)
        columns = [[record[key] for record in measured] for key in _MEASURED]
        return cls(*columns, levels=levels, best_round=best_round).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        levels: dict[str, float] | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw a fitted DAgger estimator.

        Parameters
        ----------
        estimator : DAggerRegressor or DAggerClassifier
            Fitted; or a search, or another estimator, around one.
        levels : dict of str to float or None, default=None
            Returns to draw as horizontal lines, by their labels.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure, which shows as pyplot's do.

        Returns
        -------
        ReturnCurveDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is none.
        ValueError
            If no round's return was measured, as without an environment.
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        drawn = drawn_estimator(estimator)
        error = f"estimator: expected a fitted DAgger estimator, got {said_of(drawn)}"
        if not isinstance(drawn, BaseDAgger):
            raise TypeError(error)
        if not hasattr(drawn, "best_round_"):
            raise NotFittedError(error)
        return cls.from_history(
            drawn.history_, levels=levels, best_round=drawn.best_round_, ax=ax
        )

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure, which shows as pyplot's do.

        Returns
        -------
        ReturnCurveDisplay
            The object itself.
        """
        ax = axes_or_new(ax)
        ax.errorbar(
            self.rounds,
            self.mean_returns,
            yerr=self.std_returns,
            fmt="o-",
            markersize=4,
            capsize=2,
            elinewidth=0.8,
            label="policy after the round",
        )
        for i, (label, level) in enumerate(self.levels.items(), start=1):
            ax.axhline(level, color=f"C{i}", linestyle="--", label=label)
        if self.best_round is not None and self.best_round in self.rounds:
            row = int(np.flatnonzero(self.rounds == self.best_round)[0])
            ax.plot(
                self.best_round,
                self.mean_returns[row],
                "*",
                color="black",
                markersize=13,
                label=f"kept: round {self.best_round}",
            )
        name_axes(ax, "round of DAgger (0 is the start)", "return")
        add_legend(ax)
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self


def _measured(history: Any) -> list[Mapping[str, Any]]:
    """Return the records of those rounds whose return was measured."""
    needed = {*_MEASURED, "n_eval_episodes"}
    if not np.iterable(history) or isinstance(history, (str, Mapping)):
        raise TypeError(
            "history: expected the history_ of a DAgger estimator, got "
            f"{said_of(history)}"
        )
    records = list(history)
    for record in records:
        if not isinstance(record, Mapping) or not needed <= record.keys():
            raise TypeError(
                "history: expected the history_ of a DAgger estimator, dicts with "
                f"{', '.join(sorted(needed))}, got {reprlib.repr(record)}"
            )
    measured = [record for record in records if record["n_eval_episodes"] > 0]
    if not measured:
        raise ValueError(
            "history: expected a round whose return was measured, got none in "
            f"{len(records)} records (n_eval_episodes counts the episodes; without an "
            "environment no round is run)"
        )
    return measured
