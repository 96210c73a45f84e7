"""Behavior cloning of actions that are classes."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import MultiOutputMixin

from skimitate._public import public
from skimitate._sklearn import fit_context
from skimitate.cloning._early_stopping import Told
from skimitate.cloning._feedforward_classifier import FeedforwardClassifier


@public
class BehaviorCloningClassifier(MultiOutputMixin, FeedforwardClassifier):
    """Imitate an expert whose actions are classes, such as those of a Discrete space.

    A multilayer perceptron, or a few, is trained by minibatch Adam on the cross-entropy
    of the expert's actions, with observations normalized inside. Several outputs, as of
    a MultiDiscrete or MultiBinary space, have a softmax each, and their cross-entropies
    are added up. The policy that acts takes the most probable class, and is the
    exponential moving average of the training iterates: minibatch noise that does
    nothing to the loss makes the returns of closed-loop episodes swing wildly, and
    averaging cures it [2]_.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(50, 50)
        Number of units of each hidden layer; empty for a linear policy.
    activation : {"identity", "leaky_relu", "logistic", "relu", "tanh"}, default="tanh"
        Activation of the hidden layers; that of ``"leaky_relu"`` leaks 0.01.
    n_networks : int, default=1
        How many networks are trained, on the same samples; the policy takes the mean of
        their log-probabilities. They differ in their initial weights and in the order
        of the samples, and so in the mistakes that they make where there was little to
        learn from, which the mean evens out [3]_. k of them cost k times the training
        and the arithmetic of an action, and act as one policy. A few, such as 4, are
        worth it where labels are dear and time is not, in DAgger above all.
    alpha : float or "auto", default="auto"
        Strength of the L2 penalty on the weights, with the meaning that it has to
        :class:`sklearn.neural_network.MLPClassifier`: it counts against each minibatch.
        "auto" makes it 0.05 against all samples together, ``0.05 * batch_size /
        n_samples``: it smooths a clone of a few hundred samples, and vanishes where
        there are many. In :meth:`partial_fit` ``n_samples`` counts all that came so
        far.
    batch_size : int, default=32
        Number of samples of a minibatch. With ``max_iter="auto"`` a larger one makes
        as many steps, of more samples each: it takes longer.
    learning_rate_init : float, default=1e-3
        Step size of Adam.
    max_iter : int or "auto", default="auto"
        Number of epochs; at most, with early stopping. "auto" makes it as many as take
        60,000 gradient steps, but at least 20 and at most 2,000: what an epoch is worth
        depends on the number of samples.
    normalize : bool, default=True
        Whether to standardize observations by their mean and standard deviation in
        the training data.
    class_weight : dict, list of dicts, "balanced" or None, default=None
        What samples of a class weigh, in training and validation, multiplied by their
        ``sample_weight``: as scikit-learn's classifiers have it. "balanced" lets all
        classes count alike; for several outputs it is a list of dicts, one for each.
        Rare actions may be the ones that matter, as braking is.
    early_stopping : bool, default=False
        Whether to set a part of the data aside and stop when the score on it no longer
        improves. The best weights are kept then. Set aside are whole episodes if
        :meth:`fit` is told ``groups``; nothing if it is given ``X_val, y_val``; or else
        five blocks of successive rows, drawn one from each fifth of the data, since
        neighbouring steps are nearly equal.
    validation_fraction : float, default=0.1
        Part of the episodes, or without ``groups`` of the samples, that early stopping
        sets aside.
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
        Determines the initial weights, the order of the samples and the validation
        split. The first network is the same for any ``n_networks``.
    verbose : bool, default=False
        Whether to print the loss of each epoch. For progress bars, see
        ``set_callbacks`` and :mod:`sklearn.callback`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of them
        The classes, in ascending order; for several outputs a list, one for each.
    network_ : torch.nn.Module
        What acts, in float32 on the CPU: normalized observations in, a unit for each
        class of each output out, of which the softmax is taken. The parameters begin
        with an axis of networks.
    normalizer_ : RunningNormalizer or None
        Normalizer of the observations.
    loss_curve_ : list of float
        Mean cross-entropy of each epoch, and of the networks, at the plain iterates.
    validation_scores_ : list of float or None
        Accuracy on the validation data after each epoch, if ``early_stopping``; None
        once something has trained without it. Of several outputs all must be right.
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

    References
    ----------
    .. [1] Pomerleau: "ALVINN: An autonomous land vehicle in a neural network",
       NeurIPS 1988.
    .. [2] Block, Foster, Krishnamurthy, Simchowitz, Zhang: "Butterfly effects of SGD
       noise: error amplification in behavior cloning and autoregression", ICLR 2024,
       section 4.
    .. [3] Lakshminarayanan, Pritzel, Blundell: "Simple and scalable predictive
       uncertainty estimation using deep ensembles", NeurIPS 2017, section 2.4. Menda,
       Driggs-Campbell, Kochenderfer: "EnsembleDAgger: A Bayesian approach to safe
       imitation learning", IROS 2019, uses them in DAgger.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import BehaviorCloningClassifier
    >>> rng = np.random.default_rng(0)
    >>> observations = rng.normal(size=(500, 4))
    >>> actions = np.where(observations[:, 0] > observations[:, 1], "left", "right")
    >>> cloner = BehaviorCloningClassifier(max_iter=50, random_state=0)
    >>> cloner = cloner.fit(observations, actions)
    >>> cloner.classes_
    array(['left', 'right'], dtype='<U5')
    >>> cloner.score(observations, actions) > 0.97
    True
    >>> str(cloner.act(np.array([1.0, 0.0, 0.0, 0.0])))
    'left'
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (50, 50),
        *,
        activation: str = "tanh",
        n_networks: int = 1,
        alpha: float | Literal["auto"] = "auto",
        batch_size: int = 32,
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.n_networks = n_networks
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
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Clone the expert's actions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, in their own units.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation: numbers, strings or bools.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the samples; only their proportions matter.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each sample, in successive rows. ``early_stopping`` holds out
            whole episodes then; where nothing is split off, it has nothing to keep
            whole.
        X_val : array-like of shape (n_validation_samples, n_features) or None
            Observations to validate with in place of a part of X; only with
            ``early_stopping``, and together with ``y_val``. For what a
            :class:`~sklearn.pipeline.Pipeline` does to them, see its
            ``transform_input``.
        y_val : array-like of shape (n_validation_samples,) or \
                (n_validation_samples, n_outputs) or None, default=None
            The expert's actions for them.

        Returns
        -------
        BehaviorCloningClassifier
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described; if there are no two
            episodes, or not enough samples, to be split for ``early_stopping``; if the
            loss stops being finite; or if a warm start is given other features or
            outputs than it goes on with, or classes that it does not know.
        KeyboardInterrupt
            If training is interrupted, by Ctrl-C for one. What was learnt so far acts
            then, with ``early_stopping`` the best of it, and training can go on from
            there; so it is for :meth:`partial_fit` and :meth:`continue_fit`. Before the
            first step of training, the cloner is left as it was.
        """
        return self._fit(X, y, sample_weight, Told(groups, X_val, y_val))

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: Any = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on the data given, going on from where training stands.

        The normalizer takes the observations into its running statistics; its change
        is folded into the network, so that the policy itself is changed by the
        training steps alone.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation: numbers, strings or bools.
        classes : array-like of shape (n_classes,), list of them or None, default=None
            All classes that will ever come, for several outputs a list of those of
            each. The first call needs them, if no other fit was before; later ones may
            leave them out.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the samples.

        Returns
        -------
        BehaviorCloningClassifier
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
            X, y, sample_weight, n_epochs=1, running=True, classes=classes
        )

    @fit_context(prefer_skip_nested_validation=True)
    def continue_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        n_epochs: int = 1,
    ) -> Self:
        """Train for some epochs more, on data that holds all there is to learn.

        The normalizer is fitted anew to these data, and its change is folded into the
        network. This is how DAgger trains from round to round: as many calls of
        :meth:`partial_fit` would count the oldest samples over and over. All the
        samples are trained on; early stopping does not apply.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation: numbers, strings or bools.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the samples.
        n_epochs : int, default=1
            Number of passes over the data.

        Returns
        -------
        BehaviorCloningClassifier
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described, or if the loss stops being
            finite.
        """
        return self._go_on_for(X, y, sample_weight, n_epochs=n_epochs, running=False)
