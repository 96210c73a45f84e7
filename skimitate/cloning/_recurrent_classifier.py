"""Behavior cloning of actions that are classes by a recurrent network."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import MultiOutputMixin

from skimitate._public import public
from skimitate._sklearn import fit_context
from skimitate.cloning._accuracy import exact_accuracy
from skimitate.cloning._discrete import DiscreteCloner
from skimitate.cloning._recurrent_base import RecurrentCloner


@public
class RecurrentBehaviorCloningClassifier(
    MultiOutputMixin, RecurrentCloner, DiscreteCloner
):
    """Imitate an expert whose actions are classes and depend on what was seen before.

    A recurrent network [1]_ is trained on whole episodes by minibatch Adam on the
    cross-entropy of the actions, with gradients that go back through time, and with
    observations normalized inside. It is for tasks whose state one observation does not
    tell: where velocities are hidden, or a sign is seen once. Several outputs have a
    softmax each, and their cross-entropies are added up. The policy that acts takes the
    most probable class, and is the exponential moving average of the training iterates,
    as that of :class:`BehaviorCloningClassifier` is [2]_.

    Acting is up to :func:`as_policy`, whose policy remembers an episode from step to
    step and begins another at ``reset()``: an estimator has no state, and so no
    ``act``.

    Parameters
    ----------
    hidden_size : int, default=64
        Number of recurrent cells.
    cell : {"gru", "lstm"}, default="gru"
        Kind of the cells, as torch's ``nn.GRU`` and ``nn.LSTM`` have them.
    hidden_layer_sizes : int or sequence of int, default=(64,)
        Number of units of each hidden layer between the cells and the outputs; empty
        for outputs that are linear in what the cells put out.
    activation : {"identity", "leaky_relu", "logistic", "relu", "tanh"}, default="tanh"
        Activation of these layers; that of ``"leaky_relu"`` leaks 0.01.
    bptt_steps : int, default=100
        Number of steps that a gradient goes back, at most. Longer episodes are cut into
        windows of that many steps, elsewhere in each epoch, which begin with what the
        network remembers of the steps before. What matters longer than that after it
        was seen is not learnt to be remembered, though it may be.
    alpha : float or "auto", default=0.0
        Strength of the L2 penalty on the weights, against each minibatch; "auto" makes
        it 0.05 against all samples together, by which a memory may be lost again.
    batch_size : int, default=2
        Number of windows of a minibatch, of ``bptt_steps`` samples each or less. Few
        windows make noisy steps, which the average evens out.
    learning_rate_init : float, default=1e-3
        Step size of Adam.
    max_iter : int or "auto", default="auto"
        Number of epochs; at most, with early stopping. "auto" makes it as many as take
        50,000 gradient steps, but at least 20 and at most 2,000: what an epoch is worth
        depends on the number of windows.
    normalize : bool, default=True
        Whether to standardize observations by their mean and standard deviation in
        the training data.
    class_weight : dict, list of dicts, "balanced" or None, default=None
        What samples of a class weigh, in training and validation, multiplied by their
        ``sample_weight``. "balanced" lets all classes count alike; for several outputs
        it is a list of dicts, one for each.
    early_stopping : bool, default=False
        Whether to set a part of the data aside and stop when the score on it no longer
        improves. The best weights are kept then. Set aside are whole episodes, or
        nothing if :meth:`fit` is given ``X_val, y_val``.
    validation_fraction : float, default=0.1
        Part of the episodes that early stopping sets aside.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping stops.
    tol : float, default=1e-4
        Improvement of the validation score (accuracy) that counts as one.
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
        Determines the initial weights, the windows, their order and the validation
        split.
    verbose : bool, default=False
        Whether to print the loss of each epoch. For progress bars, see
        ``set_callbacks`` and :mod:`sklearn.callback`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of them
        The classes, in ascending order; for several outputs a list, one for each.
    network_ : torch.nn.Module
        What acts, in float32 on the CPU: normalized observations in, a unit for each
        class of each output out, of which the softmax is taken; ``cells`` and the
        fully connected layers behind them, ``head``.
    normalizer_ : RunningNormalizer or None
        Normalizer of the observations.
    loss_curve_ : list of float
        Mean cross-entropy of each epoch at the plain iterates.
    validation_scores_ : list of float or None
        Accuracy on the validation data after each epoch, if ``early_stopping``; None
        once something has trained without it.
    best_validation_score_ : float or None
        That of the weights that were kept: the highest of this fit, or with
        ``warm_start`` that of the weights it began with if they were better.
    n_iter_ : int
        Number of epochs run.
    n_outputs_ : int
        Number of outputs.
    n_features_in_ : int
        Number of observation dimensions.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if the data had any.

    See Also
    --------
    as_policy : What acts step by step, and remembers.

    Notes
    -----
    With metadata routing it asks for ``groups`` itself; see :class:`HistoryRegressor`.

    References
    ----------
    .. [1] Hausknecht and Stone: "Deep recurrent Q-learning for partially observable
       MDPs", AAAI fall symposium 2015, section 4: a recurrent layer in place of stacked
       observations. Of cells and windows see :class:`RecurrentBehaviorCloner`.
    .. [2] Block, Foster, Krishnamurthy, Simchowitz, Zhang: "Butterfly effects of SGD
       noise: error amplification in behavior cloning and autoregression", ICLR 2024,
       section 4.

    Examples
    --------
    An expert goes on in the direction that it was shown at the start of an episode.

    >>> import numpy as np
    >>> from skimitate import RecurrentBehaviorCloningClassifier, as_policy
    >>> rng = np.random.default_rng(0)
    >>> signs = rng.choice([-1.0, 1.0], size=50)
    >>> X = np.zeros((50, 10, 1))
    >>> X[:, 0, 0] = signs
    >>> X, y = X.reshape(-1, 1), np.where(signs > 0, "right", "left").repeat(10)
    >>> groups = np.arange(50).repeat(10)
    >>> cloner = RecurrentBehaviorCloningClassifier(16, max_iter=100, random_state=0)
    >>> cloner = cloner.fit(X, y, groups=groups)
    >>> cloner.score(X, y, groups=groups)
    1.0
    >>> policy = as_policy(cloner)
    >>> policy.reset()
    >>> actions = [policy.act(observation) for observation in ([-1.0], [0.0], [0.0])]
    >>> [str(action[0]) for action in actions]
    ['left', 'left', 'left']
    """

    _parameter_constraints: dict = (
        DiscreteCloner._parameter_constraints | RecurrentCloner._network_constraints
    )

    # Episodes are its business here as well.
    __metadata_request__predict_proba = {"groups": True}

    def __init__(
        self,
        hidden_size: int = 64,
        *,
        cell: Literal["gru", "lstm"] = "gru",
        hidden_layer_sizes: int | Sequence[int] = (64,),
        activation: str = "tanh",
        bptt_steps: int = 100,
        alpha: float | Literal["auto"] = 0.0,
        batch_size: int = 2,
        learning_rate_init: float = 1e-3,
        max_iter: int | Literal["auto"] = "auto",
        normalize: bool = True,
        class_weight: dict | list[dict] | Literal["balanced"] | None = None,
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
        self.hidden_size = hidden_size
        self.cell = cell
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.bptt_steps = bptt_steps
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.normalize = normalize
        self.class_weight = class_weight
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
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on the data given, going on from where training stands.

        The normalizer takes the observations into its running statistics; its change
        is folded into the network, so that the policy itself is changed by the
        training steps alone.

        Parameters
        ----------
        X, y, sample_weight, groups
            See :meth:`fit`. Episodes are whole in one call.
        classes : array-like of shape (n_classes,), list of them or None, default=None
            All classes that will ever come, for several outputs a list of those of
            each. The first call needs them, if no other fit was before; later ones may
            leave them out.

        Returns
        -------
        RecurrentBehaviorCloningClassifier
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described, if a class is not among
            those of the first call, if the loss stops being finite, or with
            ``early_stopping`` or ``class_weight="balanced"``.
        """
        self._check_partial_fit()
        self._check_classes_told(classes)
        return self._go_on_for(
            X,
            y,
            sample_weight,
            n_epochs=1,
            running=True,
            groups=groups,
            classes=classes,
        )

    def predict(self, X: ArrayLike, groups: ArrayLike | None = None) -> NDArray:
        """Return the policy's actions at each step of whole episodes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, in their own units, in the order of the steps.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each, in successive rows. None: each is an episode of its
            own, of which it is the first step.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The most probable classes, in the shape that ``y`` had.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X or groups are not as described.
        """
        outputs = self._outputs(X, groups)
        actions = self._classes.chosen(outputs)
        return actions if self._y_ndim == 2 else actions[:, 0]

    def predict_proba(
        self, X: ArrayLike, groups: ArrayLike | None = None
    ) -> NDArray[np.float64] | list[NDArray]:
        """Return how probable each class is at each step of whole episodes.

        Parameters
        ----------
        X, groups
            See :meth:`predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            In the order of ``classes_``; for several outputs a list, one for each.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X or groups are not as described.
        """
        outputs = self._outputs(X, groups)
        of_outputs = self._classes.probabilities(outputs)
        return of_outputs[0] if self.n_outputs_ == 1 else of_outputs

    def score(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> float:
        """Return the part of the actions that are right, in all outputs.

        Parameters
        ----------
        X, groups
            See :meth:`predict`. A UserWarning says so if no episodes are told.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's actions.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            What each sample counts for.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X, y or groups are not as described.
        """
        return exact_accuracy(y, self._to_score(X, groups), sample_weight)
