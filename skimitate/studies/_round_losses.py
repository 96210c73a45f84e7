"""DAgger's losses on held-out data by round, in a file that goes on with the run."""

from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from skimitate.callbacks._loss import loss_on
from skimitate.callbacks._validation_loss import by_epoch
from skimitate.files._durable import write_durably
from skimitate.files._json import read_json, write_json


class RoundLosses:
    """A callback that records the loss after each round of DAgger.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Held-out observations.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The expert's actions for them.
    path : Path or None
        A file of its own; what it has of rounds that were run before is kept. None for
        a run that is not kept either.
    """

    def __init__(self, X: NDArray, y: NDArray, path: Path | None) -> None:
        self._held_out = X, y
        self._path = path
        self._rows: dict[str, dict[str, Any]] = {}
        if path is not None and path.exists():
            self._rows = read_json(path, "losses by round")

    @property
    def callback(self) -> Self:
        """Itself, to be given to ``set_callbacks``."""
        return self

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing: called before a fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing: called after a fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing: called where a task begins."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Record the loss where a round ends."""
        if context.task_name != "round":
            return
        number = str(estimator.history_[-1]["round"])
        self._rows[number] = {
            "epoch": getattr(estimator.estimator_, "n_iter_", None),
            "loss": loss_on(estimator, *self._held_out),
        }
        if self._path is not None:
            rows = self._rows
            write_durably(self._path, lambda part: write_json(rows, part), sync=False)

    def history(self) -> list[dict[str, float]]:
        """Return the records of all rounds.

        Returns
        -------
        list of dict
            ``epoch`` and ``loss``, as those of :class:`ValidationLoss`.
        """
        return by_epoch([self._rows[n] for n in sorted(self._rows, key=int)])
