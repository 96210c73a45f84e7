"""The epochs of a training: losses, scores, the best weights, and when to stop."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from skimitate.cloning._base_trainer import BaseTrainer


class _Noted(NamedTuple):
    losses: list[float]
    scores: list[float] | None = None
    best: dict[str, Any] | None = None
    best_score: float = -np.inf
    n_stale: int = 0


class Epochs:
    """What a training has come to, epoch by epoch.

    An interruption may come between any two instructions of Python. All that there is
    to note of an epoch is noted in one of them.

    Parameters
    ----------
    tol : float
        Improvement of the score that counts as one.
    n_iter_no_change : int
        Number of epochs without improvement after which to stop.
    """

    def __init__(self, tol: float, n_iter_no_change: int) -> None:
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self._noted = _Noted([])
        self._trainer: BaseTrainer | None = None
        self._before = 0, 0

    def begin(
        self, trainer: "BaseTrainer", losses: list[float], scores: list[float] | None
    ) -> None:
        """Take over from the epochs that were run before.

        Parameters
        ----------
        trainer : BaseTrainer
            What is about to train.
        losses : list of float
            The loss of each epoch.
        scores : list of float or None
            The validation scores, if they go on; None if there are none.
        """
        self._noted = _Noted(losses, scores)
        self._before = trainer.n_steps, len(losses)
        self._trainer = trainer

    def note_start(self, score: float) -> None:
        """Note the score of the weights that training begins with."""
        self._noted = self._with_score(self._noted, score)

    def note(self, loss: float, score: float | None = None) -> None:
        """Note an epoch.

        Parameters
        ----------
        loss : float
            Its mean loss.
        score : float or None, default=None
            The score after it, greater is better; None without early stopping.
        """
        noted = self._noted._replace(losses=[*self.losses, loss])
        if score is not None:
            scores = [*(noted.scores or []), score]
            noted = self._with_score(noted._replace(scores=scores), score)
        self._noted = noted

    def _with_score(self, noted: _Noted, score: float) -> _Noted:
        """Return what there is to note once the trainer has come to a score."""
        improved = score > noted.best_score + self.tol
        noted = noted._replace(n_stale=0 if improved else noted.n_stale + 1)
        if score > noted.best_score:
            assert self._trainer is not None
            noted = noted._replace(best=self._trainer.state(), best_score=score)
        return noted

    @property
    def have_trained(self) -> bool:
        """Whether a step has been taken."""
        if self._trainer is None:
            return False
        n_steps, n_epochs = self._before
        # There are no more steps if the best weights are those that it began with.
        return self._trainer.n_steps > n_steps or len(self.losses) > n_epochs

    @property
    def losses(self) -> list[float]:
        """The loss of each epoch, of those before as well."""
        return self._noted.losses

    @property
    def scores(self) -> list[float] | None:
        """The score after each epoch, or None."""
        return self._noted.scores

    @property
    def best(self) -> dict[str, Any] | None:
        """The state of the trainer that had the best score, or None."""
        return self._noted.best

    @property
    def best_score(self) -> float | None:
        """The best score, or None."""
        return None if self.best is None else self._noted.best_score

    @property
    def are_stale(self) -> bool:
        """Whether the score has not improved for so long that it is time to stop."""
        return self._noted.n_stale >= self.n_iter_no_change
