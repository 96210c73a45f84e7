"""What cloners have in common: to start, to go on, and to run epochs."""

import copy
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._seeds import draw_seed, generators
from skimitate._sklearn import Interval, StrOptions
from skimitate._validation import check_count, check_weights
from skimitate.cloning._auto import N_STEPS, alpha_of_fit, epochs_of_fit
from skimitate.cloning._blocks import blocks
from skimitate.cloning._early_stopping import Told, set_aside
from skimitate.cloning._epoch_runner import EpochRunner
from skimitate.cloning._epochs import Epochs
from skimitate.cloning._groups import validate_groups
from skimitate.cloning._precision import in_single_precision
from skimitate.cloning._samples import Samples
from skimitate.cloning._settings import Settings
from skimitate.cloning._units import Units
from skimitate.preprocessing._moments import rounding_of
from skimitate.preprocessing._normalizer import RunningNormalizer


class BaseCloner(EpochRunner):
    """Trains networks on samples, with the parameters that all cloners have.

    A class that derives from it says what its targets are (``_validate_targets``, which
    learns ``n_outputs_``), which loss is minimized (``_loss``), what its outputs count
    in (``_fit_output_unit``) and its loss (``_loss_unit``), and how well it does on
    other samples (``_score_samples``); or it says what its networks are like
    (``_architecture``, ``_new_networks``), what is drawn for a minibatch and in which
    order (``_count``, ``_lay_out``, ``_train``), and how many steps a fit has.
    """

    _parameter_constraints: dict = {
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

    _learnt: tuple[str, ...] = (
        "_trainer",
        "_network_arrays",
        "_rngs",
        "_n_samples",
        "_y_ndim",
        "n_features_in_",
        "n_outputs_",
        "n_iter_",
        "loss_curve_",
        "validation_scores_",
        "best_validation_score_",
        "normalizer_",
    )

    _loss: str
    _validate_targets: Callable[..., tuple[NDArray, NDArray]]
    _fit_output_unit: Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]]
    _architecture: Callable[[Samples], Any]
    _new_networks: Callable[[Any], Any]
    _count: Callable[[Samples], int]
    _lay_out: Callable[[NDArray, NDArray, Samples], Any]
    _n_steps_of_fit = N_STEPS

    early_stopping: bool
    validation_fraction: float
    warm_start: bool
    random_state: int | np.random.RandomState | None
    normalizer_: RunningNormalizer | None

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
            samples = self._validate_samples(
                X, y, sample_weight, anew=True, groups=told.groups
            )
            train, validation = set_aside(self, samples, told)
            if continues:
                self._go_on(train)
            else:
                self._start(train)
            self._fit_units(train)
            n_epochs = epochs_of_fit(
                self.max_iter,
                self.batch_size,
                self._count(train),
                self._n_steps_of_fit,
            )
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

        What else is told is for ``_validate_samples``.
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

    def _check_partial_fit(self) -> None:
        """Raise if the parameters ask for what one epoch cannot have."""
        if self.early_stopping:
            raise ValueError(
                "early_stopping: expected False for partial_fit, which trains for one "
                "epoch, got True"
            )

    def _validate_samples(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        anew: bool,
        groups: ArrayLike | None = None,
        **told: Any,
    ) -> Samples:
        """Check the training data; ``anew`` adopts the features of X.

        What else is told is for ``_validate_targets``.
        """
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
        episodes = self._episodes(groups, len(observations))
        return Samples(observations, targets, weight, (X, y, given), episodes=episodes)

    def _episodes(
        self, groups: ArrayLike | None, n_samples: int
    ) -> NDArray[np.intp] | None:
        """Return the number of each sample's episode, None if nobody tells."""
        return None if groups is None else validate_groups(groups, n_samples)

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
        _, trainer = self._kinds()
        seed = draw_seed(self.random_state)
        self.network_ = self._new_networks(self._architecture(train))
        self._rngs = generators(seed, self.network_.n_networks)
        self._initialize()
        self._n_samples = self._count(train)
        self._trainer = trainer(self.network_, self._settings())
        self.normalizer_ = None
        self.n_iter_ = 0
        self.loss_curve_ = []
        self.validation_scores_ = self.best_validation_score_ = None

    def _initialize(self) -> None:
        self.network_.initialize(self._rngs)

    def _go_on(self, train: Samples, *, running: bool = False) -> None:
        """Get ready to train on, with parameters that may have been changed.

        ``running`` adds the samples to those so far instead of replacing them.
        """
        self._architecture(train).check_same(self.network_.architecture)
        self._n_samples = self._count(train) + (self._n_samples if running else 0)
        self._trainer.configure(self._settings())

    def _settings(self) -> Settings:
        alpha = alpha_of_fit(self.alpha, self.batch_size, self._n_samples)
        return Settings.of(self, self._loss, alpha, self._blocks())

    def _fit_units(self, train: Samples, *, running: bool = False) -> None:
        """Fit what normalizes, and keep the function of a network that was trained.

        ``running`` adds the samples to the statistics instead of replacing them.
        """
        normalizer = None
        mean, scale = np.zeros(train.X.shape[1]), np.ones(train.X.shape[1])
        if self.normalize:
            old = self.normalizer_ if running else None
            normalizer = RunningNormalizer() if old is None else copy.copy(old)
            normalizer.partial_fit(train.X, sample_weight=self._input_weight(train))
            # What rounding makes of a constant must not fill the network: at 1e30 it is
            # 1e14, and the scale of a constant is 1.
            mean = normalizer.mean_
            scale = np.maximum(normalizer.scale_, rounding_of(mean))
        self.normalizer_ = normalizer
        output_unit = self._fit_output_unit(train, running=running)
        self._trainer.set_units(Units(mean, scale, *output_unit))
        self._let_act()

    def _input_weight(self, train: Samples) -> NDArray[np.float64] | None:
        """Return what the samples count for in the statistics of the observations."""
        return train.weight

    def _prepare(self, train: Samples) -> Any:
        """Normalize the samples and lay them out for the trainer."""
        if self.normalizer_ is None:
            return self._lay_out(train.X, train.y, train)
        inputs, targets = (np.empty(a.shape, np.float32) for a in (train.X, train.y))
        # In blocks: other arrays as large as X would cost more than the work, and so
        # would waiting for them to one who interrupts it.
        for rows in blocks(len(train)):
            inputs[rows] = self._units.standardize_inputs(train.X[rows])
            actions = self._units.standardize_outputs(train.y[rows])
            targets[rows] = in_single_precision(actions, "y")
        return self._lay_out(inputs, targets, train)
