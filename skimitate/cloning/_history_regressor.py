"""The past of an episode for a regressor."""

from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if

from skimitate._public import public
from skimitate._sklearn import fit_context
from skimitate._validation import validate_actions
from skimitate.cloning._classes import hinting_at
from skimitate.cloning._history import BaseHistory, learner_has
from skimitate.learners._tags import follow_learner


@public
class HistoryRegressor(MultiOutputMixin, RegressorMixin, BaseHistory):
    """Show a regressor the last observations of an episode, for continuous actions.

    Where one observation does not tell the state, because velocities or what was said
    at the start are not in it, the last few often do. Any regressor can be shown them:
    the columns of the last ``n_steps`` observations stand side by side in the rows that
    it is given, the current one at the end. Before the first step of an episode lies
    its first observation, as often as is needed.

    It wraps a learner instead of standing before it, for a
    :class:`~sklearn.pipeline.Pipeline` passes on neither the episodes nor the
    ``reset()`` between them. What acts is what :func:`skimitate.as_policy` makes of it:
    that remembers, and forgets at each ``reset()``.

    Parameters
    ----------
    estimator : regressor
        What learns; cloned. It may be a pipeline. The columns have names,
        ``x[t-1]`` and ``x[t]`` for a feature ``x``, if X had.
    n_steps : int
        How many observations are shown, the current one included.
    actions : bool, default=False
        Whether the last ``n_steps`` actions before the current step are shown as well,
        in columns after those of the observations (``action0[t-1]`` is the newest);
        before the first step, zeros. Mind the copycat: actions are mostly much like
        those before them. A learner that is shown them may copy the last one: it has
        a smaller loss than one that is not, and often does much worse once it is its
        own actions that it copies [1]_. Leave it off unless the expert itself looks at
        what it did last, and judge by returns, not by :meth:`score`.

    Attributes
    ----------
    estimator_ : regressor
        Fitted.
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

    Notes
    -----
    It asks for ``groups`` itself where metadata routing is on: a search then tells its
    splitter and each fit of the episodes, as in the example. Without routing scikit-
    learn tells the splitter alone, and nothing is remembered. In a pipeline that is
    the last step, it is ``pipeline.fit(X, y, historyregressor__groups=groups)``.

    References
    ----------
    .. [1] de Haan, Jayaraman, Levine: "Causal confusion in imitation learning",
       NeurIPS 2019.

    Examples
    --------
    The speed of a point is what tells where to push it, and it is not shown:

    >>> import numpy as np
    >>> from sklearn import config_context
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import GridSearchCV, GroupKFold
    >>> from skimitate import HistoryRegressor, as_policy
    >>> positions = np.random.default_rng(0).normal(size=(8, 25, 1)).cumsum(axis=1)
    >>> speeds = np.diff(positions, axis=1, prepend=positions[:, :1])
    >>> X, y = positions.reshape(-1, 1), -speeds.ravel()
    >>> episodes = np.repeat(np.arange(8), 25)
    >>> model = HistoryRegressor(LinearRegression(), 2).fit(X, y, groups=episodes)
    >>> model.score(X, y, groups=episodes) > 0.999
    True
    >>> policy = as_policy(model)
    >>> policy.reset()
    >>> bool(abs(policy.act([3.0])) < 1e-9), bool(abs(policy.act([5.0]) + 2.0) < 1e-9)
    (True, True)

    How many steps it takes, by a search that keeps episodes whole:

    >>> with config_context(enable_metadata_routing=True):
    ...     search = GridSearchCV(model, {"n_steps": [1, 2]}, cv=GroupKFold(4))
    ...     search.fit(X, y, groups=episodes).best_params_
    {'n_steps': 2}
    """

    def __init__(self, estimator: Any, n_steps: int, *, actions: bool = False) -> None:
        self.estimator = estimator
        self.n_steps = n_steps
        self.actions = actions

    def _check_labels(self, y: ArrayLike, name: str = "y") -> NDArray:
        with hinting_at("HistoryClassifier", y):
            return validate_actions(y, name)

    def _kind_of(self, labels: NDArray, done: NDArray, classes: Any) -> int:
        return self.n_outputs_

    @available_if(learner_has("partial_fit"))
    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
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
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights; 0 for a step without a label.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each step.
        actions : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            What was done at each step, where that is not y.

        Returns
        -------
        HistoryRegressor
            The object itself.

        Raises
        ------
        ValueError, TypeError
            See :meth:`fit`.
        """
        return self._go_on(
            X, y, sample_weight, groups, actions, methods=("partial_fit",)
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
        HistoryRegressor
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

    def score(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        actions: ArrayLike | None = None,
    ) -> float:
        """Return R² of the predictions.

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
            1 if all actions are the expert's, the mean over the outputs.

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
        return float(r2_score(labels, predicted, sample_weight=weight))

    def __sklearn_tags__(self) -> Tags:
        """Return the tags of the learner, as far as they are for it to say."""
        return follow_learner(super().__sklearn_tags__(), self.estimator)
