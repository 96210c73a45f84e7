"""Running epochs: until they are spent, or early stopping or a callback says so."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from skimitate._sklearn import CallbackSupportMixin
from skimitate._threads import one_thread
from skimitate.cloning._epochs import Epochs
from skimitate.cloning._restorable import Restorable
from skimitate.cloning._samples import Samples


class EpochRunner(CallbackSupportMixin, Restorable):
    """Trains epoch by epoch, shows each to callbacks, and ends in order.

    A class that derives from it lays data out (``_prepare``), passes once over them
    (``_train``), and says how well it does on other samples (``_score_samples``) and
    what its losses count in (``_loss_unit``).
    """

    _prepare: Callable[[Samples], Any]
    _train: Callable[[Any], float]
    _score_samples: Callable[[Samples], float]
    _loss_unit: Callable[[], float]

    _remembers = False  # whether an answer depends on the steps before

    tol: float
    n_iter_no_change: int
    learning_rate_init: float
    verbose: bool
    n_iter_: int
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    def _attempt(self, run: Callable[[Epochs], None]) -> Self:
        """Train, and leave the cloner in order whatever comes in between.

        After an error it is as it was before. After an interruption what was learnt so
        far acts, if there is anything. No context manager does this: interrupted at its
        own end, it would undo a finished training once its frame is thrown away.
        """
        epochs = Epochs(self.tol, self.n_iter_no_change)
        go_back = self._way_back()
        try:
            with one_thread():
                run(epochs)
        except BaseException as error:
            kept = False
            try:
                kept = isinstance(error, KeyboardInterrupt) and self._conclude(epochs)
            finally:
                if not kept:
                    go_back()
            raise
        return self

    def _let_act(self) -> None:
        """Let what the trainer has reached act."""
        self._trainer.write_to(self.network_)
        self._units = self._trainer.units

    def _run_epochs(
        self,
        epochs: Epochs,
        train: Samples,
        n_epochs: int,
        validation: Samples | None = None,
    ) -> None:
        """Train until the epochs are spent, or early stopping or a callback says so."""
        data = self._prepare(train)
        # Without validation, older scores are those of weights that no longer act.
        scores = None if validation is None else self.validation_scores_
        epochs.begin(self._trainer, self.loss_curve_, scores)
        self._record(epochs)
        if validation is not None and self.n_iter_ > 0:
            # A warm start that only makes it worse ends where it began.
            epochs.note_start(self._score_samples(validation))
        shown = train.for_callbacks(with_episodes=self._remembers)
        context = self._init_callback_context(max_subtasks=n_epochs)
        context.call_on_fit_task_begin(estimator=self, **shown)
        for _ in range(n_epochs):
            epoch = context.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(estimator=self, **shown)
            self._run_epoch(epochs, data, validation)
            # A shallow copy of a cloner shares nothing that training changes.
            stop = epoch.call_on_fit_task_end(
                estimator=self, **shown, reconstruction_attributes=dict
            )
            if stop or epochs.are_stale:
                break
        self._conclude(epochs)
        context.call_on_fit_task_end(
            estimator=self, **shown, reconstruction_attributes=dict
        )

    def _run_epoch(self, epochs: Epochs, data: Any, validation: Samples | None) -> None:
        """Pass once over the data in new orders, and let the result act."""
        loss = self._train(data)
        self._let_act()
        if not (loss < float(np.finfo(np.float32).max) and self._acts_finitely()):
            raise ValueError(
                f"the loss became {loss} in epoch {self.n_iter_ + 1}: observations "
                "or actions are too large for float32, or learning_rate_init "
                f"({self.learning_rate_init}) is too high"
            )
        score = None if validation is None else self._score_samples(validation)
        epochs.note(loss * self._loss_unit(), score)
        self._record(epochs)
        self._report_epoch()

    def _acts_finitely(self) -> bool:
        return bool(self.network_.vectors.isfinite().all())

    def _record(self, epochs: Epochs) -> None:
        """Show what the epochs have come to."""
        self.loss_curve_ = epochs.losses
        self.validation_scores_ = epochs.scores
        self.best_validation_score_ = epochs.best_score
        self.n_iter_ = len(epochs.losses)

    def _conclude(self, epochs: Epochs) -> bool:
        """Let what was trained act, or the best of it; return whether it can.

        Interrupted in here, it can be done once again.
        """
        if not epochs.have_trained:
            return False
        if epochs.best is not None:
            self._trainer.restore(epochs.best)
        self._let_act()
        self._record(epochs)
        return self._acts_finitely()

    def _report_epoch(self) -> None:
        if not self.verbose:
            return
        line = f"Epoch {self.n_iter_}, loss = {self.loss_curve_[-1]:.6g}"
        if self.validation_scores_:
            line += f", validation score = {self.validation_scores_[-1]:.6g}"
        print(line)
