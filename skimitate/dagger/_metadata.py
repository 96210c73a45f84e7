"""What is for the learner of all that the user gives, and whether it takes it."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

from skimitate.learners._metadata import (
    OWN,
    innermost,
    keyword_of,
    routed,
)


def check_takes_weights(learner: Any, *, incremental: bool) -> None:
    """Raise if weights would not reach each training of the learner.

    Parameters
    ----------
    learner : regressor
        Not fitted.
    incremental : bool
        Whether it goes on from round to round if it can.

    Raises
    ------
    ValueError
        Its name is ``estimator``.
    """
    inner = innermost(learner)
    methods = [name for name in ("continue_fit", "partial_fit") if hasattr(inner, name)]
    lacking = methods[:1] if incremental else []
    lacking = [
        name
        for name in lacking
        if "sample_weight" not in signature(getattr(inner, name)).parameters
    ]
    if keyword_of(learner, "sample_weight") is None:
        lacking = ["fit", *lacking]
    if lacking:
        raise ValueError(
            "estimator: expected a regressor that takes sample_weight, because "
            f"sample_weight or round_weight is given, got {type(inner).__name__}, "
            f"whose {lacking[0]} does not{_way_out(inner)}"
        )


def check_takes_groups(learner: Any) -> None:
    """Raise if the learner could do nothing with the groups that the user gives."""
    if keyword_of(learner, "groups") is None:
        inner = innermost(learner)
        raise ValueError(
            "groups: expected None, because the fit of estimator, "
            f"{type(inner).__name__}, takes no groups{_way_out(inner)}"
        )


def _way_out(learner: Any) -> str:
    """Say how a search is told what it does not take as a learner."""
    # scikit-learn's searches have no class in common that is public.
    if not all(hasattr(learner, name) for name in ("estimator", "cv", "refit")):
        return ""
    return (
        " (a search as the learner cannot be told; search with DAgger inside instead: "
        f"{type(learner).__name__}(DAggerRegressor(...), ...) with parameters named "
        "estimator__...)"
    )


def route(owner: Any, fit_params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the user's metadata the learner's ``fit`` is given.

    Parameters
    ----------
    owner : estimator
        The meta-estimator.
    fit_params : mapping
        What its ``fit`` was given beside its own arguments.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If weights or episodes of all labels are given past the meta-estimator.
    UnsetMetadataPassedError, TypeError
        With metadata routing: if nothing in the learner takes them, or nothing says
        whether it does.
    """
    fit_params = {name: v for name, v in fit_params.items() if v is not None}
    for name in fit_params:
        own = name.rpartition("__")[2]
        if own in OWN:
            raise ValueError(
                f"{name}: expected as {own}, of the demonstrations alone; the learner "
                "is given that of all labels"
            )
    return routed(owner, fit_params)
