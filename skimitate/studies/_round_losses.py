"""DAgger's losses on held-out data by round, in a file that goes on with the run."""

import json
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from skimitate.callbacks._loss import loss_on
from skimitate.callbacks._validation_loss import by_epoch
from skimitate.files._checked_folder import CheckedFolder
from skimitate.files._json import parse_json

_NAME = "losses"


class RoundLosses:
    """A callback that records the loss after each round of DAgger.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Held-out observations.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The expert's actions for them.
    path : Path or None
        A folder; what it has of rounds that were run before is kept. None for a run
        that is not kept either.
    """

    def __init__(self, X: NDArray, y: NDArray, path: Path | None) -> None:
        self._held_out = X, y
        self._folder = None if path is None else CheckedFolder(path, "out")
        self._rows: dict[str, dict[str, Any]] = {}
        if self._folder is not None:
            self._rows = self._folder.read(_NAME, "losses by round", _rows_in) or {}

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
        if self._folder is not None:
            content = json.dumps(self._rows).encode()
            self._folder.write(_NAME, "json", content, sync=False, twice=True)

    def history(self) -> list[dict[str, float]]:
        """Return the records of all rounds.

        Returns
        -------
        list of dict
            ``epoch`` and ``loss``, as those of :class:`ValidationLoss`.
        """
        return by_epoch([self._rows[n] for n in sorted(self._rows, key=int)])


def _rows_in(content: bytes) -> dict[str, dict[str, Any]]:
    """Return what was recorded by round; raise if it is anything else."""
    rows = parse_json(content.decode())
    for number, row in rows.items():
        if row.keys() != {"epoch", "loss"} or not number.isdecimal():
            raise ValueError("its records are others")
    return rows
