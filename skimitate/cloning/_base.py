"""What cloners have in common: to start, to go on, and to run epochs."""

import copy
from collections.abc import Callable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._seeds import draw_seed, generators
from skimitate._sklearn import CallbackSupportMixin, Interval, StrOptions
from skimitate._threads import one_thread
from skimitate._validation import check_count, check_weights
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._architecture import Architecture
from skimitate.cloning._auto import epochs_of_fit
from skimitate.cloning._blocks import blocks
from skimitate.cloning._early_stopping import Told, set_aside
from skimitate.cloning._epochs import Epochs
from skimitate.cloning._restorable import Restorable
from skimitate.cloning._samples import Samples
from skimitate.cloning._settings import Settings
from skimitate.cloning._units import Units
from skimitate.preprocessing._normalizer import RunningNormalizer

if TYPE_CHECKING:
    from skimitate.cloning._trainer import TrainingData


class BaseCloner(CallbackSupportMixin, Restorable):
    """Trains networks on samples, with the parameters that all cloners have.

    A class that derives from it says what its targets are (``_validate_targets``, which
    learns ``n_outputs_``), which loss is minimized (``_loss``), what its outputs count
    in (``_fit_output_unit``) and its loss (``_loss_unit``), and how well it does on
    other samples (``_score_samples``).
    """

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "n_networks": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "normalize": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "ema_decay": [Interval(Real, 0, 1, closed="left"), None],
        "backend": [StrOptions({"auto", "compiled", "torch"})],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _loss: str
    _validate_targets: Callable[..., tuple[NDArray, NDArray]]
    _fit_output_unit: Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]]
    _loss_unit: Callable[[], float]
    _score_samples: Callable[[Samples], float]

    early_stopping: bool
    validation_fraction: float
    warm_start: bool
    random_state: int | np.random.RandomState | None
    normalizer_: RunningNormalizer | None
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        told: Told,
    ) -> Self:
        """Start, or go on with ``warm_start``, and train for ``max_iter`` epochs."""
        continues: bool = self.warm_start and hasattr(self, "_trainer")

        def run(epochs: Epochs) -> None:
            samples = self._validate_samples(X, y, sample_weight, anew=True)
            train, validation = set_aside(self, samples, told)
            if continues:
                self._go_on(train)
            else:
                self._start(train)
            self._fit_units(train)
            n_epochs = epochs_of_fit(self.max_iter, self.batch_size, len(train))
            self._run_epochs(epochs, train, n_epochs, validation)

        return self._attempt(run)

    def _go_on_for(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        n_epochs: int,
        running: bool,
        **told: Any,
    ) -> Self:
        """Train for some epochs; ``running`` adds to statistics, else they are new.

        What else is told is for ``_validate_targets``.
        """
        check_count("n_epochs", n_epochs)
        first = not hasattr(self, "_trainer")

        def run(epochs: Epochs) -> None:
            samples = self._validate_samples(X, y, sample_weight, anew=first, **told)
            if first:
                self._start(samples)
            else:
                self._go_on(samples, running=running)
            self._fit_units(samples, running=running)
            self._run_epochs(epochs, samples, n_epochs)

        return self._attempt(run)

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

    def _validate_samples(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        anew: bool,
        **told: Any,
    ) -> Samples:
        """Check the training data; ``anew`` adopts the features of X."""
        width = getattr(self, "n_features_in_", None)
        names = getattr(self, "feature_names_in_", None)
        observations, targets = self._validate_targets(X, y, reset=anew, **told)
        if anew and self.warm_start and hasattr(self, "_trainer"):
            self._check_same_features(width, names)
        weight = check_weights(sample_weight, observations)
        given = weight if np.isscalar(sample_weight) else sample_weight
        weight = self._weigh(targets, weight)
        if weight is not None:
            weight = weight / weight.max()  # only proportions matter
        return Samples(observations, targets, weight, (X, y, given))

    def _weigh(
        self, targets: NDArray, weight: NDArray[np.float64] | None
    ) -> NDArray[np.float64] | None:
        """Return what the samples weigh, given what the user says of it."""
        return weight

    def _blocks(self) -> tuple[int, ...] | None:
        """Return the widths of the blocks of outputs; see :class:`Settings`."""
        return None

    def _check_same_features(self, width: int | None, names: NDArray | None) -> None:
        """Raise if a warm start is given other features than the network has."""
        found = getattr(self, "feature_names_in_", None)
        renamed = names is not None and found is not None and any(names != found)
        if width != self.n_features_in_ or renamed:
            expected = width if names is None else list(names)
            got = self.n_features_in_ if found is None else list(found)
            raise ValueError(
                f"X: warm_start goes on with the features that were fitted, {expected},"
                f" got {got}"
            )

    def _start(self, train: Samples) -> None:
        """Set up networks, their trainer and the records of a new training."""
        # torch comes with the first fit: importing it takes as long as all the rest.
        from skimitate.cloning._network import MLP
        from skimitate.cloning._trainer import Trainer

        seed = draw_seed(self.random_state)
        self.network_ = MLP.of(self._architecture(train))
        self._rngs = generators(seed, self.n_networks)
        self.network_.initialize(self._rngs)
        self._n_samples = len(train)
        self._trainer = Trainer(self.network_, self._settings())
        self.normalizer_ = None
        self.n_iter_ = 0
        self.loss_curve_ = []
        self.validation_scores_ = self.best_validation_score_ = None

    def _architecture(self, train: Samples) -> Architecture:
        return Architecture.of(self, train.X.shape[1], train.y.shape[1])

    def _go_on(self, train: Samples, *, running: bool = False) -> None:
        """Get ready to train on, with parameters that may have been changed.

        ``running`` adds the samples to those so far instead of replacing them.
        """
        self._architecture(train).check_same(self.network_.architecture)
        self._n_samples = len(train) + (self._n_samples if running else 0)
        self._trainer.configure(self._settings())

    def _settings(self) -> Settings:
        return Settings.of(self, self._loss, self._n_samples, self._blocks())

    def _fit_units(self, train: Samples, *, running: bool = False) -> None:
        """Fit what normalizes, and keep the function of a network that was trained.

        ``running`` adds the samples to the statistics instead of replacing them.
        """
        normalizer = None
        mean, scale = np.zeros(train.X.shape[1]), np.ones(train.X.shape[1])
        if self.normalize:
            old = self.normalizer_ if running else None
            normalizer = RunningNormalizer() if old is None else copy.copy(old)
            normalizer.partial_fit(train.X, sample_weight=train.weight)
            mean, scale = normalizer.mean_, normalizer.scale_
        self.normalizer_ = normalizer
        output_unit = self._fit_output_unit(train, running=running)
        self._trainer.set_units(Units(mean, scale, *output_unit))
        self._let_act()

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
        shown = train.for_callbacks()
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

    def _prepare(self, train: Samples) -> "TrainingData":
        """Normalize the samples and lay them out for the trainer."""
        inputs, targets = train.X, np.empty(train.y.shape)
        if self.normalizer_ is not None:
            inputs = np.empty(train.X.shape, dtype=np.float32)
        # In blocks: other arrays as large as X would cost more than the work, and so
        # would waiting for them to one who interrupts it.
        for rows in blocks(len(train)):
            if self.normalizer_ is not None:
                inputs[rows] = self.normalizer_.transform(train.X[rows])
            targets[rows] = self._units.standardize_outputs(train.y[rows])
        return self._trainer.prepare(inputs, targets, train.weight)

    def _run_epoch(
        self, epochs: Epochs, data: "TrainingData", validation: Samples | None
    ) -> None:
        """Pass once over the data in new orders, and let the result act."""
        orders = np.stack([rng.permutation(len(data.X)) for rng in self._rngs])
        loss = self._trainer.run_epoch(data, orders)
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
