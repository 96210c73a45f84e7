"""Pictures of training, in the manner of scikit-learn's displays."""

import importlib.util
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skimitate.callbacks._validation_loss import ValidationLoss

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def require_matplotlib(what: str) -> None:
    """Raise ImportError, which names who needs matplotlib, if it is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError(
            f"{what}: drawing needs matplotlib; pip install skimitate[plot]"
        )


def _axes(ax: "Axes | None") -> "Axes":
    """Return the axes, or new ones in a figure that opens no window."""
    if ax is not None:
        return ax
    require_matplotlib("plot")
    from matplotlib.figure import Figure

    return Figure(figsize=(7, 4.5), layout="constrained").add_subplot()


class LossCurveDisplay:
    """Loss on held-out data by epoch of training.

    Create it with :meth:`from_estimator` or :meth:`from_history`.

    Parameters
    ----------
    epochs : array-like of shape (n_records,)
        Numbers of epochs trained.
    losses : array-like of shape (n_records,)
        Mean squared error of the actions after these epochs, in their squared unit.
    name : str or None, default=None
        What was trained, for the legend.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it is drawn.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.
    line_ : matplotlib.lines.Line2D
        The curve.

    Examples
    --------
    >>> from skimitate import BehaviorCloner, LossCurveDisplay, load_demonstrations
    >>> X, y = load_demonstrations("Reacher-v5", return_X_y=True)
    >>> display = LossCurveDisplay.from_estimator(
    ...     BehaviorCloner(max_iter=5), X[:1000], y[:1000], X[1000:], y[1000:])
    >>> display.ax_.get_ylabel()
    'validation loss'
    """

    def __init__(
        self, epochs: ArrayLike, losses: ArrayLike, *, name: str | None = None
    ) -> None:
        self.epochs = np.asarray(epochs)
        self.losses = np.asarray(losses, dtype=float)
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike | None,
        y: ArrayLike | None,
        X_val: ArrayLike,
        y_val: ArrayLike,
        *,
        name: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Fit a copy of an estimator, and draw its loss on held-out data.

        Parameters
        ----------
        estimator : BehaviorCloner or DAggerRegressor
            Not changed.
        X : array-like of shape (n_samples, n_features) or None
            Observations to train on; for a DAggerRegressor, which collects
            demonstrations without them, they may be None.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            The expert's actions for them.
        X_val : array-like of shape (n_val, n_features)
            Held-out observations.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs)
            The expert's actions for them.
        name : str or None, default=None
            For the legend; None for the name of the class.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        ValueError, TypeError
            As the estimator's ``fit``.
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        require_matplotlib("from_estimator")
        validation = ValidationLoss(X_val, y_val)
        clone(estimator).set_callbacks(validation.callback).fit(X, y)
        return cls.from_history(
            validation.history(), name=name or type(estimator).__name__, ax=ax
        )

    @classmethod
    def from_history(
        cls,
        history: list[dict[str, Any]],
        *,
        name: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw losses that were recorded.

        Parameters
        ----------
        history : list of dict
            Records with ``epoch`` and ``loss``.
        name : str or None, default=None
            For the legend.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        columns = [[record[key] for record in history] for key in ("epoch", "loss")]
        return cls(columns[0], columns[1], name=name).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        LossCurveDisplay
            The object itself.
        """
        ax = _axes(ax)
        (self.line_,) = ax.plot(self.epochs, self.losses, label=self.name)
        ax.set(xlabel="epoch", ylabel="validation loss", yscale="log")
        if self.name is not None:
            ax.legend()
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self


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
        ax = _axes(ax)
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
