"""Loss on held-out data, drawn by epoch."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from skimitate._public import public
from skimitate.callbacks._validation_loss import ValidationLoss
from skimitate.displays._axes import axes_or_new, require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@public
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
        ax = axes_or_new(ax)
        (self.line_,) = ax.plot(self.epochs, self.losses, label=self.name)
        ax.set(xlabel="epoch", ylabel="validation loss", yscale="log")
        if self.name is not None:
            ax.legend()
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self
