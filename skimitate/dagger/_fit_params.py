"""What the user gives for the learner's ``fit``: checked before anybody is asked."""

import itertools
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_consistent_length

from skimitate._validation import naming
from skimitate.cloning._base import BaseCloner
from skimitate.cloning._early_stopping import naming_validation_data
from skimitate.dagger._targets import Targets
from skimitate.learners._metadata import OWN, innermost, keyword_of, routing_is_enabled
from skimitate.learners._tags import may_take_nan


def check_keywords(learner: Any, fit_params: Mapping[str, Any]) -> None:
    """Raise if the learner's ``fit`` cannot be called so, where that can be told.

    Parameters
    ----------
    learner : regressor
        Whatever is wrapped around what learns.
    fit_params : mapping
        What its ``fit`` is to be given beside X, y, weights and groups. With metadata
        routing it has been looked through already, for what is inside of wrappers.

    Raises
    ------
    TypeError
        Its name is ``estimator``.
    """
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import Pipeline

    if innermost(learner) is learner:
        _bind(learner, fit_params)
    elif routing_is_enabled():
        return
    elif isinstance(learner, Pipeline):
        _check_steps(learner, fit_params)
    elif isinstance(learner, TransformedTargetRegressor):
        inner = learner.regressor
        check_keywords(innermost(learner) if inner is None else inner, fit_params)


def _check_steps(pipeline: Any, fit_params: Mapping[str, Any]) -> None:
    """Look at what is for the last step of a pipeline; the others go their own ways."""
    names = [name for name, _ in pipeline.steps]
    last: dict[str, Any] = {}
    for keyword, value in fit_params.items():
        step, is_split, name = keyword.partition("__")
        if not is_split or step not in names:
            raise TypeError(
                f"{keyword}: expected an argument named after a step of the pipeline "
                f"that estimator is, {names[-1]}__{keyword} for one (or metadata "
                f"routing); the steps are {names}"
            )
        if step == names[-1]:
            last[name] = value
    if pipeline.steps[-1][1] not in (None, "passthrough"):
        check_keywords(pipeline.steps[-1][1], last)


def _bind(learner: Any, fit_params: Mapping[str, Any]) -> None:
    """Call the ``fit`` of what learns on paper."""
    try:
        found = signature(learner.fit)
    except (ValueError, TypeError):
        return  # compiled ones need not have any
    own = {name: None for name in OWN if name in found.parameters}
    try:
        found.bind(None, None, **own, **fit_params)
    except TypeError as error:
        taken = list(found.parameters.values())[2:]
        kinds = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
        names = [p.name for p in taken if p.kind in kinds and p.name not in OWN]
        raise TypeError(
            f"estimator: the fit of {type(learner).__name__} cannot be called so: "
            f"{error} (beside the labels it takes {', '.join(names) or 'none'})"
        ) from None


def check_validation_data(
    dagger: Any, learner: Any, fit_params: Mapping[str, Any], targets: Targets
) -> None:
    """Raise if the learner cannot validate with what it is given, as far as is known.

    Parameters
    ----------
    dagger : estimator
        Knows the numbers of features and of outputs, and the names of features.
    learner : regressor
        Whatever is wrapped around what learns.
    fit_params : mapping
        What its ``fit`` is to be given beside X, y, weights and groups.
    targets : Targets
        What the labels are.

    Raises
    ------
    ValueError, TypeError
        If one of ``X_val`` and ``y_val`` is missing, if the learner takes them and does
        not stop early, or if they do not fit what is learnt. What a pipeline does to X
        is not known before: inside of one, ``y_val`` alone is looked at, and lengths.
    """
    given = _validation_data(learner, fit_params)
    if not given:
        return
    (X_name, X), (y_name, y) = given.items()
    inner = innermost(learner)
    if not getattr(inner, "early_stopping", True):
        raise ValueError(
            f"{X_name}, {y_name}: expected None, because the estimator, "
            f"{type(inner).__name__}, has early_stopping=False"
        )
    if _changes_x(learner):
        with naming(f"{X_name} and {y_name}"):
            check_consistent_length(X, y)
        with naming_validation_data():
            targets.read(y)
        return
    nan = "allow-nan" if may_take_nan(learner) else True
    with naming_validation_data():
        _, actions = targets.validate(dagger, X, y, reset=False, ensure_all_finite=nan)
    if len(actions) < 2 and isinstance(inner, BaseCloner):
        raise ValueError("X_val: expected at least 2 samples, got 1")
    found = int(np.prod(actions.shape[1:]))
    if inner is learner and found != dagger.n_outputs_:
        raise ValueError(
            f"y_val: expected {dagger.n_outputs_} outputs, one for each action "
            f"dimension, got {found}"
        )


def _validation_data(learner: Any, fit_params: Mapping[str, Any]) -> dict[str, Any]:
    """Return both of X_val and y_val by their keywords, or nothing."""
    if not fit_params:
        return {}
    keywords = [keyword_of(learner, name) for name in ("X_val", "y_val")]
    given = {name: fit_params.get(name) for name in keywords if name is not None}
    if len(given) < 2 or all(value is None for value in given.values()):
        return {}
    for name, other in itertools.permutations(given):
        if given[name] is None:
            raise ValueError(f"{name}: expected it together with {other}, got None")
    return given


def check_episodes(
    learner: Any, episodes: NDArray[np.intp], fit_params: Mapping[str, Any]
) -> None:
    """Raise if a learner that stops early is to split one episode.

    Parameters
    ----------
    learner : regressor
        Whatever is wrapped around what learns.
    episodes : ndarray of shape (n_samples,)
        As the user told them; from 0 on.
    fit_params : mapping
        What its ``fit`` is to be given beside X, y, weights and groups.

    Raises
    ------
    ValueError
        Its name is ``groups``.
    """
    if not getattr(innermost(learner), "early_stopping", False):
        return
    keyword = keyword_of(learner, "X_val")
    is_split = keyword is None or fit_params.get(keyword) is None
    if is_split and episodes[-1] == 0:
        raise ValueError(
            "groups: early stopping needs 2 episodes, 1 to validate and 1 to train, "
            "got 1 (without groups, blocks of rows are held out)"
        )


def _changes_x(learner: Any) -> bool:
    """Tell whether a pipeline is around what learns."""
    while hasattr(learner, "regressor"):
        learner = learner.regressor
    return hasattr(learner, "steps")
