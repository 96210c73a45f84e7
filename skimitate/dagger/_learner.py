"""The learner: started by the first labels, and then let go on or fitted anew."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from inspect import signature
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from skimitate._sklearn import CallbackContext
from skimitate._threads import one_thread
from skimitate.cloning._action_scaling import told_already
from skimitate.dagger._aggregate import Labels
from skimitate.dagger._epochs import epochs_of_round
from skimitate.learners._continuation import continuation
from skimitate.learners._metadata import answer_requests, innermost, keyword_of
from skimitate.learners._tags import learns_sequences


class Learner:
    """What is trained on all labels in each round, whatever estimator it is.

    Parameters
    ----------
    prototype : estimator
        Not fitted; cloned.
    incremental : bool
        Whether a learner that can goes on from round to round.
    seed : numpy.random.SeedSequence
        Determines each ``random_state`` in the learner that is None.
    fit_params : mapping
        What each fit of a new clone is given beside the labels.

    Attributes
    ----------
    fitted : estimator or None
        As it stands; None before the first fit.
    """

    fitted: Any = None

    def __init__(
        self,
        prototype: Any,
        *,
        incremental: bool,
        seed: np.random.SeedSequence,
        fit_params: Mapping[str, Any],
    ) -> None:
        self.incremental = incremental
        self.fit_params = fit_params
        self._prototype = answer_requests(_seeded_clone(prototype, seed))

    def fit_anew(self, labels: Labels, context: CallbackContext, owner: Any) -> str:
        """Fit a new clone of the prototype.

        Parameters
        ----------
        labels : Labels
            What to learn. The clone is told their episodes if it takes ``groups``.
        context : CallbackContext
            Of the task that this is; the learner's tasks become its subtasks.
        owner : estimator
            Whose callbacks see them.

        Returns
        -------
        str
            ``"fitted"``.

        Raises
        ------
        ValueError
            If the learner raises anything; its name is ``estimator``.
        """
        learner = clone(self._prototype)
        again = nullcontext() if self.fitted is None else told_already()
        with again, self._nested(learner, context, owner), _naming_the_learner():
            self.fitted = learner.fit(
                labels.X, labels.y, **self._metadata(learner, labels)
            )
        return "fitted"

    def _metadata(self, learner: Any, labels: Labels) -> dict[str, Any]:
        """Return what a fit is given beside observations and actions."""
        given = dict(self.fit_params)
        for name, value in told(labels).items():
            keyword = keyword_of(learner, name)
            if keyword is not None:
                given[keyword] = value
        return given

    def train(
        self,
        labels: Labels,
        n_epochs: int | Literal["auto"],
        context: CallbackContext,
        owner: Any,
    ) -> str:
        """Go on with all labels, or fit anew.

        Parameters
        ----------
        labels, context, owner
            See :meth:`fit_anew`.
        n_epochs : int or "auto"
            Number of passes over the labels of a learner that goes on.

        Returns
        -------
        str
            ``"continued"`` or ``"fitted"``.

        Raises
        ------
        ValueError
            As :meth:`fit_anew`.
        """
        found = continuation(self.fitted) if self.incremental else None
        if found is None or not _knows_classes(found.estimator, labels.y):
            return self.fit_anew(labels, context, owner)
        n_labels = len(labels.X)
        if labels.is_labelled is not None:
            n_labels = int(labels.is_labelled.sum())
        n_epochs = epochs_of_round(n_epochs, found.estimator, n_labels, labels.groups)
        with self._nested(found.estimator, context, owner), _naming_the_learner():
            found.go_on(labels.X, labels.y, n_epochs, **told(labels))
        return "continued"

    def loss_on(
        self, labels: Labels, loss: Callable[[NDArray, NDArray], float]
    ) -> float:
        """Return how wrong the learner is about what was learnt, not weighted.

        Parameters
        ----------
        labels : Labels
            What was learnt.
        loss : callable
            From labels and predictions to a number.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If the learner raises, or gives another number of actions.
        """
        with _naming_the_learner("predict "), one_thread():
            predicted = np.asarray(self._predict(labels)).reshape(labels.y.shape)
            if labels.is_labelled is None:
                return loss(labels.y, predicted)
            rows = labels.is_labelled
            return loss(labels.y[rows], predicted[rows])

    def _predict(self, labels: Labels) -> Any:
        """Ask the learner, and tell one of sequences where episodes begin."""
        if not learns_sequences(self._prototype):
            return self.fitted.predict(labels.X)
        predict = signature(innermost(self.fitted).predict).parameters
        context = {
            name: value
            for name, value in (("groups", labels.groups), ("actions", labels.actions))
            if name in predict
        }
        return self.fitted.predict(labels.X, **context)

    @contextmanager
    def _nested(
        self, learner: Any, context: CallbackContext, owner: Any
    ) -> Iterator[None]:
        """Make the learner's tasks subtasks, if it has any to show."""
        shows = hasattr(learner, "set_callbacks")
        with context.propagate_callback_context(learner) if shows else nullcontext():
            context.call_on_fit_task_begin(estimator=owner)
            yield
            context.call_on_fit_task_end(estimator=owner)


def told(labels: Labels) -> dict[str, NDArray]:
    """Return what is known of labels beside observations and actions."""
    known = {
        "sample_weight": labels.weight,
        "groups": labels.groups,
        "actions": labels.actions,
    }
    return {name: value for name, value in known.items() if value is not None}


def _knows_classes(estimator: Any, y: NDArray) -> bool:
    """Tell whether a fitted estimator can go on with labels.

    A classifier goes on with the classes that its first fit saw. It is fitted anew
    when another one turns up, which happens once for each at the most.
    """
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return True
    columns = y.reshape(len(y), -1).T
    of_outputs = classes if isinstance(classes, list) else [classes]
    return len(of_outputs) == len(columns) and all(
        np.isin(*pair).all() for pair in zip(columns, of_outputs, strict=True)
    )


@contextmanager
def _naming_the_learner(method: str = "") -> Iterator[None]:
    """Say whose error it was."""
    try:
        yield
    except Exception as error:
        raise ValueError(f"estimator: {method}raised {error!r}") from error


def _seeded_clone(estimator: Any, seed: np.random.SeedSequence) -> Any:
    """Clone an estimator and set each random_state in it that is None."""
    copied = clone(estimator)
    rng = check_random_state(int(seed.generate_state(1)[0]))
    seeds = {
        name: rng.randint(np.iinfo(np.int32).max)
        for name, value in sorted(copied.get_params(deep=True).items())
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    }
    return copied.set_params(**seeds) if seeds else copied
