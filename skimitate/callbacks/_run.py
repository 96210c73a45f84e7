"""One run as TensorBoard shows it: what is noted of a training while it goes on."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from skimitate.callbacks._event_file import EventFile


class Run:
    """Writes what a training has come to, epoch by epoch and round by round.

    Losses are drawn over the epochs that were trained, through all rounds, and returns
    over rounds: a clone and a DAgger policy share both axes.

    Parameters
    ----------
    folder : Path
        Of its events; the level of the expert goes into a folder in there.

    Attributes
    ----------
    n_epochs : int
        Epochs that were noted, or what stands for them where there are none.
    """

    def __init__(self, folder: Path) -> None:
        self.file = EventFile(folder)
        self.n_epochs = 0
        self._n_epochs_before = 0  # the last round
        self._n_records = 0
        self._measured: set[int] = set()
        self._expert = EventFile(folder / "expert")
        self._began = time.perf_counter()

    def begin_epoch(self) -> None:
        """Start the clock of an epoch."""
        self._began = time.perf_counter()

    def note_epoch(
        self, cloner: Any, *, goes_on: bool, validation_loss: float | None
    ) -> None:
        """Write down an epoch.

        Parameters
        ----------
        cloner : estimator
            With ``loss_curve_``, ``n_iter_`` and ``validation_scores_``.
        goes_on : bool
            Whether the epochs of several fits are counted together.
        validation_loss : float or None
            Loss on data held out, if there are any.
        """
        self.n_epochs = self.n_epochs + 1 if goes_on else cloner.n_iter_
        scalars = {"loss/training": cloner.loss_curve_[-1]}
        if validation_loss is not None:
            scalars["loss/validation"] = validation_loss
        if scores := getattr(cloner, "validation_scores_", None):
            scalars["score/validation"] = scores[-1]
        scalars["seconds/epoch"] = time.perf_counter() - self._began
        self.file.add_scalars(scalars, self.n_epochs)

    def note_rounds(
        self,
        history: Sequence[Mapping[str, Any]],
        expert_return: float | None,
        validation_loss: Callable[[], float | None],
    ) -> None:
        """Write down the rounds that were not yet, and returns that are known by now.

        Parameters
        ----------
        history : sequence of dict
            A record of each round so far.
        expert_return : float or None
            The expert's level, if that is known.
        validation_loss : callable
            Returns the loss of the policy as it stands on data held out, if there are
            any.
        """
        for record in history[self._n_records :]:
            self._note_round(record)
            self._note_level("return/mean", record, expert_return)
        if len(history) > self._n_records:
            self._n_records = len(history)
            # Learners that show no epochs are counted by the times that they learn.
            self.n_epochs = max(self.n_epochs, self._n_epochs_before + 1)
            self._n_epochs_before = self.n_epochs
            loss = validation_loss()
            if loss is not None:
                self.file.add_scalars({"loss/validation": loss}, self.n_epochs)
        for record in history:
            if record["round"] not in self._measured and record["n_eval_episodes"] > 0:
                self._measured.add(record["round"])
                self._note_return("return/mean", record)

    def _note_round(self, record: Mapping[str, Any]) -> None:
        scalars = {
            "round/beta": record["beta"],
            "round/samples": record["n_samples"],
            "round/expert_queries": record["n_expert_queries"],
            "round/loss": record["loss"],
            "seconds/round": record["seconds"],
        }
        self.file.add_scalars(scalars, record["round"])

    def note_evaluation(
        self,
        history: Sequence[Mapping[str, Any]],
        expert_return: float | None,
    ) -> None:
        """Write down the returns of the rounds that were evaluated in the end.

        Parameters
        ----------
        history : sequence of dict
            A record of each round.
        expert_return : float or None
            The expert's level, if that is known.
        """
        for record in history:
            if record["evaluated"]:
                self._note_return("return/evaluation", record)
                self._note_level("return/evaluation", record, expert_return)

    def _note_return(self, tag: str, record: Mapping[str, Any]) -> None:
        self.file.add_scalars({tag: record["mean_return"]}, record["round"])

    def _note_level(
        self, tag: str, record: Mapping[str, Any], expert_return: float | None
    ) -> None:
        if expert_return is not None:
            self._expert.add_scalars({tag: expert_return}, record["round"])

    def note_scores(self, scores: Mapping[str, float]) -> None:
        """Write down what a search found.

        Parameters
        ----------
        scores : dict of str to float
            By their names. What failed has none.
        """
        found = {f"score/{n}": s for n, s in scores.items() if math.isfinite(s)}
        self.file.add_scalars(found, 0)
