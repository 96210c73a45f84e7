"""Return of DAgger's policy, drawn by round."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from skimitate._public import public
from skimitate.displays._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    ...     env="Reacher-v5", expert=load_expert("Reacher-v5"), n_rounds=3).fit()
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
        history: list[dict[str, Any]],
        *,
        levels: dict[str, float] | None = None,
        best_round: int | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the ``history_`` of a :class:`skimitate.DAggerRegressor`.

        Parameters
        ----------
        history : list of dict
            One record for each round.
        levels : dict of str to float or None, default=None
            Returns to draw as horizontal lines, by their labels.
        best_round : int or None, default=None
            A round to mark.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        ReturnCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        measured = [record for record in history if record["n_eval_episodes"] > 0]
        columns = [
            [record[key] for record in measured]
            for key in ("round", "mean_return", "std_return")
        ]
        return cls(*columns, levels=levels, best_round=best_round).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        levels: dict[str, float] | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw a fitted :class:`skimitate.DAggerRegressor`.

        Parameters
        ----------
        estimator : DAggerRegressor
            Fitted.
        levels : dict of str to float or None, default=None
            Returns to draw as horizontal lines, by their labels.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        ReturnCurveDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        check_is_fitted(estimator, "history_")
        return cls.from_history(
            estimator.history_, levels=levels, best_round=estimator.best_round_, ax=ax
        )

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        ReturnCurveDisplay
            The object itself.
        """
        ax = axes_or_new(ax)
        from matplotlib.ticker import MaxNLocator

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
        ax.set(xlabel="round of DAgger (0 is the start)", ylabel="return")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self
