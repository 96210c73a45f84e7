"""The past of an episode for a classifier."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if

from skimitate._public import public
from skimitate._sklearn import fit_context
from skimitate._validation import validate_labels
from skimitate.cloning._accuracy import exact_accuracy
from skimitate.cloning._classes import Classes
from skimitate.cloning._history import BaseHistory, learner_has
from skimitate.learners._tags import follow_learner


@public
class HistoryClassifier(ClassifierMixin, BaseHistory):
    """Show a classifier the last observations of an episode, for discrete actions.

    It is to classifiers what :class:`HistoryRegressor` is to regressors; what is said
    there holds here.

    Parameters
    ----------
    estimator : classifier
        What learns; cloned. It may be a pipeline. The columns have names,
        ``x[t-1]`` and ``x[t]`` for a feature ``x``, if X had.
    n_steps : int
        How many observations are shown, the current one included.
    actions : bool, default=False
        Whether the last ``n_steps`` actions before the current step are shown as well,
        in columns after those of the observations, one for each class
        (``action0=left[t-1]``), 1 where it was taken; before the first step, zeros.
        Mind the copycat: actions are mostly those before them. A learner that is shown
        them may copy the last one: it has a smaller loss than one that is not, and
        often does much worse once it is its own actions that it copies [1]_. Leave it
        off unless the expert itself looks at what it did last, and judge by returns,
        not by :meth:`score`.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,), or list of them
        Of the learner; for several outputs a list, one for each.
    stacking_ : Stacking
        What the learner is shown: ``stacking_.n_columns`` columns, which
        ``stacking_.names(features)`` names.
    n_outputs_ : int
        Number of action dimensions.
    n_features_in_ : int
        Number of observation dimensions.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if the data had any.

    See Also
    --------
    as_policy : What acts, step by step.

    References
    ----------
    .. [1] de Haan, Jayaraman, Levine: "Causal confusion in imitation learning",
       NeurIPS 2019.

    Examples
    --------
    Whether a number is larger than the one before it:

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimitate import HistoryClassifier
    >>> numbers = np.random.default_rng(0).normal(size=(8, 25)).cumsum(axis=1)
    >>> rises = np.diff(numbers, axis=1, prepend=numbers[:, :1]) > 0
    >>> X, y = numbers.reshape(-1, 1), np.where(rises.ravel(), "rises", "falls")
    >>> episodes = np.repeat(np.arange(8), 25)
    >>> model = HistoryClassifier(LogisticRegression(C=100.0), 2)
    >>> model.fit(X, y, groups=episodes).score(X, y, groups=episodes) > 0.95
    True
    >>> model.predict([[3.0], [5.0], [4.0]], groups=[0, 0, 0])[1:]
    array(['rises', 'falls'], dtype='<U5')
    """

    _learnt = (*BaseHistory._learnt, "classes_")

    # Episodes are its business here as well.
    __metadata_request__predict_proba = {"groups": True}

    def __init__(self, estimator: Any, n_steps: int, *, actions: bool = False) -> None:
        self.estimator = estimator
        self.n_steps = n_steps
        self.actions = actions

    def _check_labels(self, y: ArrayLike, name: str = "y") -> NDArray:
        return validate_labels(y, name)

    def _kind_of(self, labels: NDArray, done: NDArray, classes: Any) -> list[NDArray]:
        """Return the classes that actions may be of: the learner's, and others done."""
        columns = labels.reshape(len(labels), -1)
        seen = Classes.seen_in(np.concatenate([columns, done]))
        if classes is None:
            return seen.of_outputs
        told = Classes.told(classes, self.n_outputs_)
        pairs = zip(seen.of_outputs, told.of_outputs, strict=True)
        return [np.union1d(own, theirs) for own, theirs in pairs]

    def _adopt(self, learner: Any) -> None:
        super()._adopt(learner)
        self.classes_ = learner.classes_

    @available_if(learner_has("partial_fit"))
    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        actions: ArrayLike | None = None,
    ) -> Self:
        """Let the learner go on with some episodes, by its ``partial_fit``.

        There is such a method only if the learner has one. In a pipeline the last step
        goes on, and the others stay as the first call left them, which fits them all.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations of whole episodes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation.
        classes : array-like of shape (n_classes,), list of them or None, default=None
            All classes that will ever come, for several outputs a list of those of
            each. Most learners want it in the first call.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights; 0 for a step without a label.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each step.
        actions : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            What was done at each step, where that is not y.

        Returns
        -------
        HistoryClassifier
            The object itself.

        Raises
        ------
        ValueError, TypeError
            See :meth:`fit`.
        """
        return self._go_on(
            X,
            y,
            sample_weight,
            groups,
            actions,
            methods=("partial_fit",),
            classes=classes,
        )

    @available_if(learner_has("continue_fit", "partial_fit"))
    @fit_context(prefer_skip_nested_validation=False)
    def continue_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        actions: ArrayLike | None = None,
        n_epochs: int = 1,
    ) -> Self:
        """Let the learner go on for some passes over all episodes that there are.

        It does so by its ``continue_fit``, or else by its ``partial_fit``; there is
        such a method only if it has one of them. This is how DAgger trains from round
        to round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations of whole episodes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights; 0 for a step without a label.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each step.
        actions : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            What was done at each step, where that is not y.
        n_epochs : int, default=1
            Number of passes over the data.

        Returns
        -------
        HistoryClassifier
            The object itself.

        Raises
        ------
        ValueError, TypeError
            See :meth:`fit`.
        """
        return self._go_on(X, y, sample_weight, groups, actions, n_epochs=n_epochs)

    def predict(
        self,
        X: ArrayLike,
        groups: ArrayLike | None = None,
        actions: ArrayLike | None = None,
    ) -> Any:
        """Return the learner's actions at the steps of episodes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, those of an episode in successive rows.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each step. Without them each step is an episode of its own.
        actions : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            What was done at each step, if actions are shown. Without it, that is what
            the learner would have done, from the start of each episode on: as when it
            acts, but for the observations.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If the data are not as described.
        """
        return self._answer("predict", X, groups, actions)

    @available_if(learner_has("predict_proba"))
    def predict_proba(
        self,
        X: ArrayLike,
        groups: ArrayLike | None = None,
        actions: ArrayLike | None = None,
    ) -> Any:
        """Return how probable each class is at the steps of episodes.

        There is such a method only if the learner has one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, those of an episode in successive rows.
        groups, actions : array-like or None, default=None
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
            If the data are not as described.
        """
        return self._answer("predict_proba", X, groups, actions)

    def score(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        actions: ArrayLike | None = None,
    ) -> float:
        """Return the part of the actions that are right, in all outputs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, those of an episode in successive rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's actions.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            What each step counts for.
        groups, actions : array-like or None, default=None
            See :meth:`predict`. With ``actions=y`` it is judged as it was fitted.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If the data are not as described.

        Warns
        -----
        UserWarning
            If there is anything to remember, and no ``groups`` are given.
        """
        labels, predicted, weight = self._to_score(X, y, sample_weight, groups, actions)
        return exact_accuracy(labels, predicted, weight)

    def __sklearn_tags__(self) -> Tags:
        """Return the tags of the learner, as far as they are for it to say."""
        return follow_learner(super().__sklearn_tags__(), self.estimator)
