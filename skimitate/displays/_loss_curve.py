"""Loss of training or on held-out data, drawn by epoch or by round."""

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError

from skimitate._public import public
from skimitate.callbacks._validation_loss import ValidationLoss
from skimitate.cloning._base import BaseCloner
from skimitate.dagger._base import BaseDAgger
from skimitate.displays._axes import axes_or_new, name_axes, require_matplotlib
from skimitate.displays._subject import drawn_estimator, is_unfitted, said_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DATA = ("validation", "training")
_X_LABELS = {"epoch": "epoch", "round": "round of DAgger (0 is the start)"}


@public
class LossCurveDisplay:
    """Loss of training or on held-out data, by epoch or by round.

    Create it with :meth:`from_estimator` or :meth:`from_history`.

    Parameters
    ----------
    epochs : array-like of shape (n_records,)
        Numbers of epochs trained, or of DAgger's rounds.
    losses : array-like of shape (n_records,)
        Losses after these, such as the mean squared error of the actions, in their
        squared unit. The axis is logarithmic unless one of them is 0.
    name : str or None, default=None
        What was trained, for the legend.
    data : {"validation", "training"}, default="validation"
        Which data the losses are of.
    unit : {"epoch", "round"}, default="epoch"
        What is counted.
    measure : str or None, default=None
        What the losses are, such as "cross-entropy", for the axis.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it is drawn.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.
    line_ : matplotlib.lines.Line2D
        The curve.

    Raises
    ------
    ValueError
        If ``data`` or ``unit`` is something else.

    Examples
    --------
    Of what is fitted, the loss of its training:

    >>> from skimitate import BehaviorCloner, LossCurveDisplay, load_demonstrations
    >>> X, y = load_demonstrations("Reacher-v5", return_X_y=True)
    >>> cloner = BehaviorCloner(max_iter=5).fit(X[:1000], y[:1000])
    >>> display = LossCurveDisplay.from_estimator(cloner)
    >>> display.ax_.get_ylabel()
    'training loss'

    With data, the loss on what is held out, while a copy is fitted to the rest:

    >>> display = LossCurveDisplay.from_estimator(
    ...     cloner, X[:1000], y[:1000], X[1000:], y[1000:])
    >>> display.ax_.get_ylabel()
    'validation loss'
    """

    def __init__(
        self,
        epochs: ArrayLike,
        losses: ArrayLike,
        *,
        name: str | None = None,
        data: Literal["validation", "training"] = "validation",
        unit: Literal["epoch", "round"] = "epoch",
        measure: str | None = None,
    ) -> None:
        _check_one_of("data", data, _DATA)
        _check_one_of("unit", unit, _X_LABELS)
        self.epochs = np.asarray(epochs)
        self.losses = np.asarray(losses, dtype=float)
        self.name = name
        self.data = data
        self.unit = unit
        self.measure = measure

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        *,
        name: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the training loss of a fitted estimator, or the loss on held-out data.

        Without data nothing is fitted, and the training loss is drawn: the
        ``loss_curve_`` of a cloner by epoch, or the ``loss`` in the ``history_`` of
        DAgger by round. With data a copy of the estimator is fitted, and its loss on
        the held-out data is drawn by epoch. Where actions are classes, the loss of a
        cloner and that on held-out data are cross-entropies, and that of DAgger is the
        part of the actions that its learner gets wrong; the axis says so.

        Parameters
        ----------
        estimator : cloner or DAgger estimator
            Not changed. Without data it has to be fitted, and may be in a search, in a
            :class:`~sklearn.compose.TransformedTargetRegressor` (its losses are those
            of the targets that its regressor saw), or the last step of a
            :class:`~sklearn.pipeline.Pipeline`; anything with a ``loss_curve_`` will
            do.
        X : array-like of shape (n_samples, n_features) or None, default=None
            Observations to train on; DAgger collects demonstrations without them.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            The expert's actions for them.
        X_val : array-like of shape (n_val, n_features) or None, default=None
            Held-out observations.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs) or None
            The expert's actions for them.
        name : str or None, default=None
            For the legend; None for the name of the class.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure, which shows as pyplot's do.

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        NotFittedError
            If there are no data, and the estimator is not fitted.
        ValueError, TypeError
            If the estimator has no losses to draw; if part of the data is missing; or
            as the estimator's ``fit``.
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        require_matplotlib("from_estimator")
        if X is None and y is None and X_val is None and y_val is None:
            drawn, history = _training_losses(estimator)
        else:
            drawn = estimator
            history = _validation_losses(estimator, X, y, X_val, y_val)
        return cls.from_history(
            history,
            name=name or type(drawn).__name__,
            measure=_measure_of(drawn, history),
            ax=ax,
        )

    @classmethod
    def from_history(
        cls,
        history: Sequence[Mapping[str, Any]] | ArrayLike,
        *,
        name: str | None = None,
        measure: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw losses that were recorded.

        Parameters
        ----------
        history : list of float or list of dict
            Training losses, one for each epoch, such as ``cloner.loss_curve_``; or
            ``dagger.history_``, records with ``round`` and ``loss``, drawn as training
            losses too; or records with ``epoch`` and ``loss``, drawn as losses on
            held-out data.
        name : str or None, default=None
            For the legend.
        measure : str or None, default=None
            What the losses are, for the axis.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure, which shows as pyplot's do.

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        ValueError, TypeError
            If ``history`` is something else, or empty.
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        records = _list_of(history)
        if all(isinstance(record, Real) for record in records):
            epochs = range(1, len(records) + 1)
            return cls(
                epochs, records, name=name, data="training", measure=measure
            ).plot(ax)
        unit = _unit_of(records)
        return cls(
            [record[unit] for record in records],
            [record["loss"] for record in records],
            name=name,
            data="validation" if unit == "epoch" else "training",
            unit=unit,
            measure=measure,
        ).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure, which shows as pyplot's do.

        Returns
        -------
        LossCurveDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        ax = axes_or_new(ax)
        (self.line_,) = ax.plot(self.epochs, self.losses, label=self.name)
        # Those of another display included; none that is 0 may be left out.
        drawn = np.concatenate([np.ravel(line.get_ydata()) for line in ax.lines])
        ax.set_yscale("linear" if (drawn <= 0).any() else "log")
        told = "" if self.measure is None else f" ({self.measure})"
        name_axes(ax, _X_LABELS[self.unit], f"{self.data} loss{told}")
        if self.name is not None:
            ax.legend()
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self


def _check_one_of(name: str, value: Any, known: Iterable[str]) -> None:
    if value not in list(known):
        listed = " or ".join(map(repr, known))
        raise ValueError(f"{name}: expected {listed}, got {value!r}")


def _training_losses(estimator: Any) -> tuple[Any, Any]:
    """Return who has losses of its training, and these."""
    drawn = drawn_estimator(estimator)
    for attribute in ("history_", "loss_curve_"):
        if hasattr(drawn, attribute):
            return drawn, getattr(drawn, attribute)
    needed = "estimator: expected a fitted cloner or DAgger estimator"
    if is_unfitted(estimator):
        raise NotFittedError(
            f"{needed}, got {said_of(estimator)} (X, y, X_val and y_val have a copy of "
            "a cloner or of DAgger fitted, and draw the loss on held-out data)"
        )
    raise TypeError(f"{needed}, or one with loss_curve_, got {said_of(estimator)}")


def _measure_of(estimator: Any, history: Any) -> str | None:
    """Return what the losses of a classifier of ours are."""
    if not isinstance(estimator, (BaseCloner, BaseDAgger)):
        return None
    if not is_classifier(estimator):
        return None
    first = next(iter(history), None)
    by_dagger = isinstance(first, Mapping) and "epoch" not in first
    if by_dagger or not hasattr(estimator, "predict_proba"):
        return "part of wrong actions"
    return "cross-entropy"


def _validation_losses(
    estimator: Any,
    X: ArrayLike | None,
    y: ArrayLike | None,
    X_val: ArrayLike | None,
    y_val: ArrayLike | None,
) -> list[dict[str, float]]:
    """Fit a copy, and return its losses on held-out data."""
    for name, missing in (("X_val", X_val is None), ("y_val", y_val is None)):
        if missing:
            raise ValueError(
                f"{name}: expected held-out data beside what is given, got None "
                "(without any data, the training loss of a fitted estimator is drawn)"
            )
    assert X_val is not None
    assert y_val is not None
    if not isinstance(estimator, (BaseCloner, BaseDAgger)):
        raise TypeError(
            "estimator: expected a cloner or a DAgger estimator, to fit a copy "
            f"of, got {said_of(estimator)}"
        )
    validation = ValidationLoss(X_val, y_val)
    clone(estimator).set_callbacks(validation.callback).fit(X, y)
    return validation.history()


def _list_of(history: Any) -> list[Any]:
    """Return losses or records one by one."""
    if not np.iterable(history) or isinstance(history, (str, Mapping)):
        raise TypeError(
            "history: expected a list of losses (loss_curve_) or of records (history_),"
            f" got {said_of(history)}"
        )
    records = list(history)
    if not records:
        raise ValueError("history: expected at least one loss, got none")
    return records


def _unit_of(records: list[Any]) -> Literal["epoch", "round"]:
    """Return what records count, if all of them count the same."""
    counted = [
        {"epoch", "round"} & record.keys()
        if isinstance(record, Mapping) and "loss" in record
        else set()
        for record in records
    ]
    if all("epoch" in units for units in counted):
        return "epoch"
    if all("round" in units for units in counted):
        return "round"
    odd = next((i for i, units in enumerate(counted) if units != counted[0]), 0)
    came = " and ".join(reprlib.repr(records[i]) for i in sorted({0, odd}))
    raise TypeError(
        "history: expected numbers alone, or dicts with loss and either epoch or "
        f"round, got {came}"
    )
