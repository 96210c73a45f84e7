"""What the estimators have in common that show a learner the past of an episode."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from skimitate._attributes import put_back
from skimitate._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    fit_context,
    is_watched,
)
from skimitate._validation import check_count
from skimitate._versions import VersionedEstimator
from skimitate.cloning._base import BaseCloner
from skimitate.cloning._history_rows import HistoryRows, Rows
from skimitate.cloning._history_told import (
    TOLD,
    ToldHistory,
    check_fit_params,
    check_learner,
    validation_data,
    weights_for,
)
from skimitate.learners._continuation import METHODS, Continuation, continuation
from skimitate.learners._metadata import (
    answer_requests,
    innermost,
    keyword_of,
    routed,
    routing_of,
)


def learner_has(*names: str) -> Callable[[Any], bool]:
    """Return a check whether what learns has one of some methods."""

    def check(history: Any) -> bool:
        learner = innermost(getattr(history, "estimator_", history.estimator))
        return any(hasattr(learner, name) for name in names)

    return check


class BaseHistory(
    CallbackSupportMixin, MetaEstimatorMixin, HistoryRows, VersionedEstimator
):
    """Shows any learner the last observations of an episode, and the last actions.

    A class that derives from it says what actions are (see :class:`HistoryRows`), and
    which estimators it takes (``_estimator_type_wanted``).
    """

    # Episodes are their business: without being told, no request has to be made.
    __metadata_request__fit = {"groups": True}
    __metadata_request__partial_fit = {"groups": True}
    __metadata_request__predict = {"groups": True}
    __metadata_request__score = {"groups": True}

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "actions": ["boolean"],
    }

    _learnt: tuple[str, ...] = (
        "estimator_",
        "n_features_in_",
        "n_outputs_",
        "_action_kind",
        "_columns",
        "_library",
        "_shown_steps",
    )

    #: Whole episodes are what it learns from, steps of no weight included.
    learns_sequences = True

    estimator: Any
    n_steps: int
    actions: bool

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        actions: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        groups_val: ArrayLike | None = None,
        actions_val: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit a clone of the learner to the labels, each with what came before it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, those of an episode in successive rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation; anything, NaN as well, where the
            weight is 0.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights. A step of weight 0 has no label: it is a part of what
            later ones are shown, and not given to the learner. The others reach the
            learner as they are, unless all are 1; one that takes none is content if
            they are equal.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each step. Without them each step is an episode of its own.
            They reach the learner as well, if its ``fit`` takes any.
        actions : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            What was done at each step, where that is not y: in DAgger the learner may
            have driven. Only looked at with the parameter ``actions=True``.
        X_val, y_val : array-like or None, default=None
            Observations and actions for the learner's early stopping, if its ``fit``
            takes them; they are shown with their past too.
        groups_val : array-like or None, default=None
            The episodes of ``X_val``; required with both it and ``groups``.
        actions_val : array-like or None, default=None
            What was done at the steps of ``X_val``, where that is not ``y_val``.
        **fit_params : dict
            Passed on to the learner's ``fit``; with metadata routing, what it requests.

        Returns
        -------
        estimator
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described, if episodes interleave, or
            if the learner does not take what is given or raises. What was fitted before
            stays then.
        KeyboardInterrupt
            If it is interrupted. What a :class:`skimitate.BehaviorCloner` inside has
            learnt so far acts then.

        Warns
        -----
        UserWarning
            If there are no ``groups``: nothing is remembered.
        """
        check_learner(self)
        check_fit_params(fit_params)
        given = routed(self, {k: v for k, v in fit_params.items() if v is not None})
        told = ToldHistory(X_val, y_val, groups_val, actions_val)
        learner = answer_requests(clone(self.estimator), TOLD)

        def train() -> None:
            rows = self._rows(X, y, sample_weight, groups, actions, reset=True)
            metadata = weights_for(learner, rows.weight)
            metadata |= validation_data(self, learner, told, rows)
            keyword = keyword_of(learner, "groups")
            if rows.groups is not None and keyword is not None:
                metadata[keyword] = rows.groups
            with self._nested(learner, X, y):
                learner.fit(rows.X, rows.y, **metadata, **given)
                self._adopt(learner)

        self._attempt(train, learner)
        return self

    def _attempt(self, train: Callable[[], None], learner: Any) -> None:
        """Train, and stay as before if that fails, but keep what an interrupted can do.

        scikit-learn's own estimators are not to be used after an interruption.
        """
        before = dict(vars(self))
        try:
            train()
        except BaseException as error:
            acts = isinstance(innermost(learner), BaseCloner) and _is_fitted(learner)
            if isinstance(error, KeyboardInterrupt) and acts:
                self._adopt(learner)
            else:
                put_back(self, before)
            raise

    def _adopt(self, learner: Any) -> None:
        """Let a fitted learner act."""
        self.estimator_ = learner

    @contextmanager
    def _nested(self, learner: Any, X: Any, y: Any) -> Iterator[None]:
        """Show a training to callbacks, and the learner's own tasks inside of it."""
        if not is_watched(self):
            yield
            return
        shown = {"estimator": self, "X": X, "y": y}
        context = self._init_callback_context(max_subtasks=1)
        context.call_on_fit_task_begin(**shown)
        task = context.subcontext(task_name="learner")
        if hasattr(learner, "set_callbacks"):
            with task.propagate_callback_context(learner):
                task.call_on_fit_task_begin(**shown)
                yield
                task.call_on_fit_task_end(**shown)
        else:
            task.call_on_fit_task_begin(**shown)
            yield
            task.call_on_fit_task_end(**shown)
        context.call_on_fit_task_end(**shown, reconstruction_attributes=dict)

    def _go_on(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        actions: ArrayLike | None,
        *,
        n_epochs: int = 1,
        methods: tuple[str, ...] = METHODS,
        classes: Any = None,
    ) -> Self:
        """Train on by one of some methods, or begin.

        A learner that is wrapped, as in a pipeline, can only begin by its ``fit``.
        """
        check_count("n_epochs", n_epochs)
        check_learner(self)
        begins = not self.__sklearn_is_fitted__()
        learner = clone(self.estimator) if begins else self.estimator_
        can_go_on = not begins or innermost(learner) is learner

        def train() -> None:
            rows = self._rows(
                X, y, sample_weight, groups, actions, reset=begins, classes=classes
            )
            found = continuation(learner, methods) if can_go_on else None
            trained = learner if found is None else found.estimator
            with self._nested(trained, X, y):
                if found is None:
                    learner.fit(rows.X, rows.y, **weights_for(learner, rows.weight))
                else:
                    _train_on(found, rows, n_epochs, methods, classes)
                self._adopt(learner)

        self._attempt(train, learner)
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what of ``fit``'s metadata is for the learner.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            ``groups`` is requested by this object itself, and so may ``sample_weight``,
            ``actions`` and validation data be.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return routing_of(self, self.estimator, mapping, TOLD)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")


def _train_on(
    found: Continuation, rows: Rows, n_epochs: int, methods: Iterable[str], classes: Any
) -> None:
    """Let what goes on pass over the rows."""
    told = weights_for(found.estimator, rows.weight, methods)
    if classes is not None:
        told["classes"] = classes
    found.go_on(rows.X, rows.y, n_epochs, **told)


def _is_fitted(learner: Any) -> bool:
    try:
        check_is_fitted(learner)
    except NotFittedError:
        return False
    return True
