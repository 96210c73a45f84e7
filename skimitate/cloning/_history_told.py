"""What a learner is given beside the rows of a history, and whether it takes it."""

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier, is_regressor

from skimitate.cloning._early_stopping import naming_validation_data
from skimitate.learners._metadata import innermost, keyword_of

if TYPE_CHECKING:
    from skimitate.cloning._history_rows import HistoryRows, Rows

# What the estimator makes itself for its learner, of what it is given.
TOLD = ("sample_weight", "groups", "X_val", "y_val")


class ToldHistory(NamedTuple):
    """What a user says of the validation: all of it optional.

    Parameters
    ----------
    X_val, y_val : array-like or None
        Observations, and the expert's actions for them.
    groups_val : array-like or None
        Their episodes.
    actions_val : array-like or None
        What was done, where that is not what the expert would have.
    """

    X_val: ArrayLike | None
    y_val: ArrayLike | None
    groups_val: ArrayLike | None
    actions_val: ArrayLike | None


def check_learner(history: Any) -> None:
    """Raise if the learner is of the other kind, or remembers by itself.

    Parameters
    ----------
    history : estimator
        With a learner as ``estimator``.

    Raises
    ------
    ValueError
        Its name is ``estimator``.
    """
    learner = history.estimator
    wants_classes = is_classifier(history)
    is_wrong = is_regressor(learner) if wants_classes else is_classifier(learner)
    if is_wrong:
        wanted, other = "regressor", "HistoryClassifier"
        if wants_classes:
            wanted, other = "classifier", "HistoryRegressor"
        raise ValueError(
            f"estimator: expected a {wanted}, got {type(learner).__name__} (for which "
            f"there is {other})"
        )
    if getattr(innermost(learner), "learns_sequences", False):
        raise ValueError(
            "estimator: expected a learner of single rows, got "
            f"{type(innermost(learner)).__name__}, which remembers by itself"
        )


def check_fit_params(fit_params: Mapping[str, Any]) -> None:
    """Raise if anything is given past the estimator that it makes for its learner.

    Parameters
    ----------
    fit_params : mapping
        What a ``fit`` was given beside its own arguments.

    Raises
    ------
    ValueError
        With the name of the first.
    """
    for name, value in fit_params.items():
        own = name.rpartition("__")[2]
        if own in TOLD and value is not None:
            raise ValueError(
                f"{name}: expected as {own}; the learner is given that of the rows "
                "that it is shown"
            )


def weights_for(
    learner: Any,
    weight: NDArray[np.float64] | None,
    methods: Iterable[str] | None = None,
) -> dict[str, NDArray]:
    """Return weights as the learner takes them; none where they say nothing.

    Parameters
    ----------
    learner : estimator
        Whatever is wrapped around what learns; what learns itself for ``methods``.
    weight : ndarray of shape (n_labels,) or None
        Positive.
    methods : iterable of str or None, default=None
        By the first of these that there is they are given, or else by ``fit``.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If the labels differ in weight, and it takes none.
    """
    if weight is None or (weight == 1.0).all():
        return {}
    if methods is None:
        keyword, taker = keyword_of(learner, "sample_weight"), "fit"
    else:
        taker = next(name for name in methods if hasattr(learner, name))
        named = "sample_weight" in signature(getattr(learner, taker)).parameters
        keyword = "sample_weight" if named else None
    if keyword is not None:
        return {keyword: weight}
    if (weight == weight[0]).all():
        return {}
    raise ValueError(
        f"sample_weight: expected equal ones, and 0 for no label, because the {taker} "
        f"of estimator, {type(innermost(learner)).__name__}, takes none; got weights "
        f"from {weight.min()} to {weight.max()}"
    )


def validation_data(
    history: "HistoryRows", learner: Any, told: ToldHistory, rows: "Rows"
) -> dict[str, Any]:
    """Return validation data as the learner takes them.

    Parameters
    ----------
    history : HistoryRows
        Knows what is shown.
    learner : estimator
        Whatever is wrapped around what learns.
    told : ToldHistory
        What the user gave.
    rows : Rows
        What it is to be trained on.

    Returns
    -------
    dict
        Empty if there are none.

    Raises
    ------
    ValueError, TypeError
        If they are not complete, or the learner takes none.
    """
    given = [name for name in told._fields if getattr(told, name) is not None]
    if not given:
        return {}
    X, y, groups, actions = told
    if X is None or y is None:
        missing = "X_val" if X is None else "y_val"
        raise ValueError(f"{missing}: expected it together with {given[0]}, got None")
    if rows.groups is not None and groups is None:
        raise ValueError(
            "groups_val: expected the episodes of X_val, as there are groups, got None"
        )
    names = [keyword_of(learner, "X_val"), keyword_of(learner, "y_val")]
    keywords = [name for name in names if name is not None]
    if len(keywords) < 2:
        raise ValueError(
            f"{', '.join(given)}: expected None, because the fit of estimator, "
            f"{type(innermost(learner)).__name__}, takes no validation data"
        )
    with naming_validation_data():
        shown = history._validation_rows(X, y, groups, actions)
    return dict(zip(keywords, shown, strict=True))
