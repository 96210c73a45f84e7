"""Behavior cloning: the estimators that imitate from observations and actions."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from skimitate._sklearn import (
    CallbackSupportMixin,
    Interval,
    StrOptions,
    fit_context,
)
from skimitate._threads import one_thread
from skimitate._validation import (
    check_observations,
    check_pairs,
    check_weights,
    unchanged_on_error,
)
from skimitate.cloning._network import MLP
from skimitate.cloning._trainer import Trainer, TrainingData, resolve_device
from skimitate.preprocessing._normalizer import RunningNormalizer

# Number of samples that are normalized together.
_BLOCK = 4096


class _Samples(NamedTuple):
    """Observations, actions of shape (n_samples, n_outputs), and weights."""

    X: NDArray
    y: NDArray
    weight: NDArray[np.float64] | None

    def take(self, rows: NDArray[np.int64]) -> "_Samples":
        """Return some of the samples."""
        weight = None if self.weight is None else self.weight[rows]
        return _Samples(self.X[rows], self.y[rows], weight)


class BehaviorCloner(
    CallbackSupportMixin, MultiOutputMixin, RegressorMixin, BaseEstimator
):
    """Imitate an expert by regression from its observations to its actions.

    A multilayer perceptron is trained by minibatch Adam on the mean squared error of
    the actions, with observations normalized inside. The policy that acts is the
    exponential moving average of the training iterates: minibatch noise that does
    nothing to the loss makes the returns of closed-loop episodes swing wildly, and
    averaging cures it [2]_.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(50, 50)
        Number of units of each hidden layer; empty for a linear policy.
    activation : {"identity", "logistic", "relu", "tanh"}, default="relu"
        Activation of the hidden layers.
    alpha : float, default=0.0
        Strength of the L2 penalty on the weights; as in
        :class:`sklearn.neural_network.MLPRegressor` it is divided by the size of the
        minibatch. With ``normalize`` it counts against errors of actions that are
        standardized too: as if the cloner came in a
        :class:`~sklearn.compose.TransformedTargetRegressor`.
    batch_size : int, default=32
        Number of samples of a minibatch.
    learning_rate_init : float, default=1e-3
        Step size of Adam.
    max_iter : int, default=100
        Number of epochs; at most, with early stopping.
    normalize : bool, default=True
        Whether to standardize observations by their mean and standard deviation in
        the training data, and actions by their means and one standard deviation for
        all of them. The latter changes neither which errors are minimized nor what the
        network puts out; it lets training start from outputs as large as the actions.
    early_stopping : bool, default=False
        Whether to set a part of the data aside and stop when the score on it no longer
        improves. The best weights are kept then.
    validation_fraction : float, default=0.1
        Part of the samples that early stopping sets aside.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping stops.
    tol : float, default=1e-4
        Improvement of the validation score (R²) that counts as one.
    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the last fit's weights and optimizer state.
    ema_decay : float or None, default=0.9995
        Decay of the moving average of the iterates, for each step; None for none. The
        average is over the last tenth of the steps for as long as that is shorter than
        the ``1 / (1 - ema_decay)`` steps that the decay stands for.
    backend : {"auto", "compiled", "torch"}, default="auto"
        What trains: a compiled kernel, or plain torch (autograd, fused Adam). Both take
        the same steps. "auto" is the kernel on the CPU, and torch on other devices.
    device : str, default="cpu"
        torch device to train on. The fitted network always acts on the CPU.
    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the order of the samples and the validation
        split.
    verbose : bool, default=False
        Whether to print the loss of each epoch. For progress bars, see
        ``set_callbacks`` and :mod:`sklearn.callback`.

    Attributes
    ----------
    network_ : torch.nn.Module
        The network that acts, in float32 on the CPU: normalized observations in,
        actions out.
    normalizer_ : RunningNormalizer or None
        Normalizer of the observations.
    loss_curve_ : list of float
        Mean loss of each epoch, at the plain iterates.
    validation_scores_ : list of float or None
        R² on the validation split after each epoch, if ``early_stopping``.
    best_validation_score_ : float or None
        The highest of them, that of the weights that were kept.
    n_iter_ : int
        Number of epochs run.
    n_outputs_ : int
        Number of action dimensions.
    n_features_in_ : int
        Number of observation dimensions.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if the data had any.

    Notes
    -----
    The errors of all the actions count in the expert's units. Where one action is much
    smaller than the others, wrap the cloner in a
    :class:`sklearn.compose.TransformedTargetRegressor` with a ``StandardScaler``.

    References
    ----------
    .. [1] Pomerleau: "ALVINN: An autonomous land vehicle in a neural network",
       NeurIPS 1988.
    .. [2] Block, Foster, Krishnamurthy, Simchowitz, Zhang: "Butterfly effects of SGD
       noise: error amplification in behavior cloning and autoregression", ICLR 2024,
       section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import BehaviorCloner
    >>> rng = np.random.default_rng(0)
    >>> observations = rng.normal(size=(500, 4))
    >>> actions = np.tanh(observations[:, :2] - observations[:, 2:])
    >>> cloner = BehaviorCloner(random_state=0).fit(observations, actions)
    >>> cloner.score(observations, actions) > 0.99
    True
    >>> cloner.act(observations[0]).shape
    (2,)
    """

    network_: MLP
    _rng: np.random.Generator

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions({"identity", "logistic", "relu", "tanh"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
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

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (50, 50),
        *,
        activation: Literal["identity", "logistic", "relu", "tanh"] = "relu",
        alpha: float = 0.0,
        batch_size: int = 32,
        learning_rate_init: float = 1e-3,
        max_iter: int = 100,
        normalize: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        ema_decay: float | None = 0.9995,
        backend: Literal["auto", "compiled", "torch"] = "auto",
        device: str = "cpu",
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.normalize = normalize
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.ema_decay = ema_decay
        self.backend = backend
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Clone the expert's actions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, in their own units.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the samples; only their proportions matter.

        Returns
        -------
        BehaviorCloner
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described, or if the loss stops being
            finite.
        """
        continues = self.warm_start and hasattr(self, "_trainer")
        with self._unchanged_on_error(), one_thread():
            samples = self._check_samples(X, y, sample_weight, reset=not continues)
            train, validation = self._split(samples)
            if continues:
                self._go_on(train)
            else:
                self._start(train)
            self._fit_normalizers(train)
            self._run_epochs(train, validation)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on the data given, going on from where training stands.

        The normalizer takes the observations into its running statistics; its change
        is folded into the first layer, so that the policy itself is changed by the
        training steps alone. Early stopping does not apply.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the samples.

        Returns
        -------
        BehaviorCloner
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described, or if the loss stops being
            finite.
        """
        first = not hasattr(self, "_trainer")
        with self._unchanged_on_error():
            train = self._check_samples(X, y, sample_weight, reset=first)
            if first:
                self._start(train)
            else:
                self._go_on(train)
            self._fit_normalizers(train, running=True)
            self._run_epoch(self._prepare(train))
        return self

    @one_thread()
    def _train_further(self, X: NDArray, y: NDArray, n_epochs: int) -> None:
        """Go on training, for some epochs, on data that holds all there is to learn.

        The normalizer is fitted anew to these data, and its change folded into the
        first layer. This is how DAgger trains from round to round: as many calls of
        :meth:`partial_fit` would count the oldest samples over and over.
        """
        train = self._check_samples(X, y, None, reset=False)
        self._go_on(train)
        self._fit_normalizers(train)
        data = self._prepare(train)
        for _ in range(n_epochs):
            self._run_epoch(data)

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the policy's actions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, in their own units.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Actions, in the shape that ``y`` had.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X is not as described.
        """
        check_is_fitted(self)
        return self.act(check_observations(self, X, reset=False))

    def act(self, observation: NDArray) -> NDArray[np.float64]:
        """Return the action that :meth:`predict` gives, without checking anything.

        Parameters
        ----------
        observation : ndarray of shape (n_features,) or (n_samples, n_features)
            One observation or a batch.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_samples, n_outputs)
            One action or a batch. Without the last axis if ``y`` had one dimension.
        """
        normalizer = self.normalizer_
        if normalizer is None:
            actions = self.network_.act(observation, None, None)
        else:
            actions = self.network_.act(
                observation, normalizer.mean_, normalizer.scale_
            )
        return actions if self._y_ndim == 2 else actions[..., 0]

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Go back to what was fitted before if training fails on the way."""
        trainer: Trainer | None = getattr(self, "_trainer", None)
        if trainer is None:
            with unchanged_on_error(self):
                yield
            return
        training, acting = trainer.snapshot(), self.network_.vector.clone()
        rng = copy.deepcopy(self._rng)
        try:
            with unchanged_on_error(self):
                yield
        except BaseException:
            trainer.restore(training)
            self.network_.assign(acting)
            self._rng = rng
            raise

    def _check_samples(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        reset: bool,
    ) -> _Samples:
        """Check the training data; remember the shape of y if this is the first."""
        observations, actions = check_pairs(self, X, y, reset=reset)
        weight = check_weights(sample_weight, observations)
        if weight is not None:
            weight = weight / weight.max()  # only proportions matter
        if reset:
            self._y_ndim = actions.ndim
        return _Samples(observations, actions.reshape(len(actions), -1), weight)

    def _split(self, samples: _Samples) -> tuple[_Samples, _Samples | None]:
        """Set validation samples aside if early stopping needs them."""
        if not self.early_stopping:
            return samples, None
        n_samples = len(samples.X)
        n_validation = int(np.ceil(self.validation_fraction * n_samples))
        if n_validation < 2 or n_validation >= n_samples:
            raise ValueError(
                f"validation_fraction: early stopping needs 2 samples to validate and "
                f"1 to train, got {n_validation} and {n_samples - n_validation} "
                f"({self.validation_fraction} of {n_samples} samples)"
            )
        rows = train_test_split(
            np.arange(n_samples),
            test_size=n_validation,
            random_state=check_random_state(self.random_state),
        )
        train, validation = (samples.take(part) for part in rows)
        return train, validation

    def _start(self, train: _Samples) -> None:
        """Set up a network, its trainer and the records of a new training."""
        setting = self._training_setting()
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        self._rng = np.random.default_rng(seed)
        try:
            self.network_ = MLP(self._layer_sizes(train), self.activation)
        except (RuntimeError, TypeError, OverflowError) as error:
            raise ValueError(
                "hidden_layer_sizes: expected a network that fits into memory, got "
                f"{self.hidden_layer_sizes!r} ({str(error).splitlines()[0]})"
            ) from None
        self.network_.initialize(self._rng)
        self._trainer = Trainer(self.network_, **setting)
        self.normalizer_: RunningNormalizer | None = None
        self._action_statistics: RunningNormalizer | None = None
        self.n_outputs_ = train.y.shape[1]
        self.n_iter_ = 0
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.best_validation_score_: float | None = None

    def _training_setting(self) -> dict[str, Any]:
        """Return the parameters that the trainer is given, or given anew."""
        device = resolve_device(self.device)
        on_cpu = device.type == "cpu"
        if self.backend == "compiled" and not on_cpu:
            raise ValueError(
                f"backend: expected 'auto' or 'torch' on device {self.device!r}, got "
                "'compiled', which trains on the CPU"
            )
        return {
            "learning_rate": self.learning_rate_init,
            "ema_decay": self.ema_decay,
            "device": device,
            "compiled": on_cpu and self.backend != "torch",
        }

    def _layer_sizes(self, train: _Samples) -> tuple[int, ...]:
        hidden = np.atleast_1d(np.asarray(self.hidden_layer_sizes))
        if hidden.ndim != 1 or (
            hidden.size and (hidden.dtype.kind not in "iu" or hidden.min() < 1)
        ):
            raise ValueError(
                "hidden_layer_sizes: expected positive integers, "
                f"got {self.hidden_layer_sizes!r}"
            )
        return (train.X.shape[1], *map(int, hidden), train.y.shape[1])

    def _go_on(self, train: _Samples) -> None:
        """Get ready to train on, with parameters that may have been changed."""
        sizes, expected = self._layer_sizes(train), self.network_.layer_sizes
        if sizes[-1] != expected[-1]:
            raise ValueError(f"y: expected {expected[-1]} outputs, got {sizes[-1]}")
        if sizes != expected or self.activation != self.network_.activation:
            raise ValueError(
                "hidden_layer_sizes, activation: expected those of the network that "
                f"training goes on from, {expected[1:-1]} and "
                f"{self.network_.activation!r}, got {sizes[1:-1]} and "
                f"{self.activation!r}"
            )
        self._trainer.configure(**self._training_setting())

    def _fit_normalizers(self, train: _Samples, *, running: bool = False) -> None:
        """Fit what normalizes, and keep the function of a network that was trained.

        ``running`` adds the samples to the statistics instead of replacing them.
        """
        old, new = self.normalizer_, None
        actions = None
        if self.normalize:
            new = copy.copy(old) if running and old is not None else RunningNormalizer()
            new.partial_fit(train.X, sample_weight=train.weight)
            seen = self._action_statistics if running else None
            actions = RunningNormalizer() if seen is None else copy.copy(seen)
            actions.partial_fit(train.y, sample_weight=train.weight)
        old_mean, old_scale = (0.0, 1.0) if old is None else (old.mean_, old.scale_)
        new_mean, new_scale = (0.0, 1.0) if new is None else (new.mean_, new.scale_)
        if self.n_iter_ > 0:
            ones = np.ones(train.X.shape[1])
            self._trainer.rescale_inputs(
                ones * new_scale / old_scale, ones * (new_mean - old_mean) / old_scale
            )
        self._trainer.set_output_unit(*self._action_unit(actions))
        if self.n_iter_ > 0:
            self._trainer.write_to(self.network_)
        self.normalizer_ = new
        self._action_statistics = actions

    def _action_unit(
        self, statistics: RunningNormalizer | None
    ) -> tuple[NDArray[np.float64], float]:
        """Return the mean of the actions and one standard deviation for all of them.

        One for all, since their errors are compared in the expert's unit.
        """
        if statistics is None:
            return np.zeros(self.n_outputs_), 1.0
        # The normalizer knows which outputs are constant but for rounding.
        variance = np.asarray(statistics.var_)
        varies = statistics.scale_ == np.sqrt(variance)
        scale = float(np.sqrt(np.mean(variance * varies)))
        return statistics.mean_, scale if scale > 0 else 1.0

    def _run_epochs(self, train: _Samples, validation: _Samples | None) -> None:
        """Train until the epochs are spent, or early stopping or a callback says so."""
        data = self._prepare(train)
        best, best_score, n_stale = None, -np.inf, 0
        context = self._init_callback_context(max_subtasks=self.max_iter)
        context.call_on_fit_task_begin(estimator=self, X=train.X, y=train.y)
        for _ in range(self.max_iter):
            epoch = context.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(estimator=self, X=train.X, y=train.y)
            self._run_epoch(data)
            stop = epoch.call_on_fit_task_end(
                estimator=self,
                X=train.X,
                y=train.y,
                reconstruction_attributes=self._acting_state,
            )
            if validation is not None:
                score = self._score_epoch(validation)
                n_stale = 0 if score > best_score + self.tol else n_stale + 1
                if score > best_score:
                    best, best_score = self._trainer.snapshot(), score
                stop = stop or n_stale >= self.n_iter_no_change
            self._report_epoch()
            if stop:
                break
        if best is not None:
            self._trainer.restore(best)
            self._trainer.write_to(self.network_)
            self.best_validation_score_ = best_score
        context.call_on_fit_task_end(
            estimator=self,
            X=train.X,
            y=train.y,
            reconstruction_attributes=self._acting_state,
        )

    def _prepare(self, train: _Samples) -> TrainingData:
        """Normalize the inputs and lay the samples out for the trainer."""
        inputs = train.X
        if self.normalizer_ is not None:
            # In blocks: another array as large as X would cost more than the work.
            inputs = np.empty(train.X.shape, dtype=np.float32)
            for rows in gen_batches(len(train.X), _BLOCK):
                inputs[rows] = self.normalizer_.transform(train.X[rows])
        return self._trainer.prepare(inputs, train.y, train.weight)

    def _run_epoch(self, data: TrainingData) -> None:
        """Pass once over the data in a new order, and let the result act."""
        loss = self._trainer.run_epoch(
            data,
            self._rng.permutation(len(data.X)),
            batch_size=self.batch_size,
            alpha=self.alpha,
        )
        self._trainer.write_to(self.network_)
        finite = bool(self.network_.vector.isfinite().all())
        if not (loss < float(np.finfo(np.float32).max) and finite):
            raise ValueError(
                f"the loss became {loss} in epoch {self.n_iter_ + 1}: observations "
                "or actions are too large for float32, or learning_rate_init "
                f"({self.learning_rate_init}) is too high"
            )
        self.loss_curve_ = [*self.loss_curve_, loss]
        self.n_iter_ += 1

    def _score_epoch(self, validation: _Samples) -> float:
        """Record and return R² of the policy on the validation samples."""
        predicted = self.act(validation.X).reshape(validation.y.shape)
        score = r2_score(validation.y, predicted, sample_weight=validation.weight)
        self.validation_scores_ = [*(self.validation_scores_ or []), score]
        return score

    def _report_epoch(self) -> None:
        if not self.verbose:
            return
        line = f"Epoch {self.n_iter_}, loss = {self.loss_curve_[-1]:.6g}"
        if self.validation_scores_:
            line += f", validation score = {self.validation_scores_[-1]:.6g}"
        print(line)

    def _acting_state(self) -> dict:
        """Return what a copy of the estimator needs to act as this one does now."""
        return {"network_": copy.deepcopy(self.network_)}
