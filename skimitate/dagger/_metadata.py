"""What the learner takes beside X and y: weights, episodes, and what the user adds."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

from sklearn import get_config
from sklearn.base import clone
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter

# DAgger makes these itself, for all labels; what a user gives is of the demonstrations.
OWN = ("sample_weight", "groups", "actions")


def innermost(learner: Any) -> Any:
    """Return what learns inside of pipelines and transformed targets."""
    # Slow to import, and not needed before the first fit.
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import Pipeline

    while isinstance(learner, Pipeline | TransformedTargetRegressor):
        if isinstance(learner, Pipeline):
            learner = learner.steps[-1][1]
        else:
            learner = learner.regressor
            learner = LinearRegression() if learner is None else learner
    return learner


def keyword_of(learner: Any, name: str) -> str | None:
    """Return by which keyword the learner's ``fit`` takes something, or None.

    Parameters
    ----------
    learner : regressor
        Whatever is wrapped around what learns.
    name : {"sample_weight", "groups", "actions"}
        What is to reach the innermost regressor.

    Returns
    -------
    str or None
        With metadata routing, None as well where it has been asked not to be given it.
    """
    inner = innermost(learner)
    if not has_fit_parameter(inner, name):
        return None
    if not routing_is_enabled():
        return _with_names_of_steps(learner, name)
    request = _requests(inner, "fit").get(name)
    if request is False:
        return None
    return request if inner is not learner and isinstance(request, str) else name


def _with_names_of_steps(learner: Any, name: str) -> str:
    """Return the keyword in the form that pipelines take without routing."""
    steps = getattr(learner, "steps", None)
    if steps:
        step, estimator = steps[-1]
        return f"{step}__{_with_names_of_steps(estimator, name)}"
    regressor = getattr(learner, "regressor", None)
    return name if regressor is None else _with_names_of_steps(regressor, name)


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


def answer_requests(learner: Any) -> Any:
    """Let what learns ask for weights and episodes, and nothing around it.

    Without metadata routing they reach the last step alone. With it, they do so unless
    the user has set the requests otherwise.

    Parameters
    ----------
    learner : regressor
        A clone of the user's; changed.

    Returns
    -------
    regressor
        The same.
    """
    if routing_is_enabled():
        inner = innermost(learner)
        inside = {id(part) for part in _parts(inner)}
        for part in _parts(learner):
            _set_requests(part, id(part) in inside)
    return learner


def routing_of(owner: Any, learner: Any, mapping: Any) -> MetadataRouter:
    """Return what a meta-estimator routes to its learner.

    Parameters
    ----------
    owner : estimator
        The meta-estimator, which takes weights and groups for itself.
    learner : regressor
        Not fitted.
    mapping : MethodMapping
        Which method calls which.

    Returns
    -------
    MetadataRouter
    """
    router = MetadataRouter(owner=owner).add_self_request(owner)
    if routing_is_enabled():
        learner = clone(learner)
        for part in _parts(learner):
            _set_requests(part, False)
    return router.add(estimator=learner, method_mapping=mapping)


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
    if not fit_params or not routing_is_enabled():
        return fit_params
    return dict(process_routing(owner, "fit", **fit_params)["estimator"]["fit"])


def routing_is_enabled() -> bool:
    return bool(get_config()["enable_metadata_routing"])


def _parts(estimator: Any) -> list[Any]:
    """Return an estimator and what it is made of."""
    return [estimator, *estimator.get_params(deep=True).values()]


def _requests(part: Any, method: str) -> dict[str, Any]:
    """Return what a consumer of metadata asks for."""
    consumer = getattr(get_routing_for_object(part), method, None)
    return getattr(consumer, "requests", {})


def _set_requests(part: Any, wanted: bool) -> None:
    """Answer the requests that the user has left open."""
    for method in ("fit", "partial_fit", "predict"):
        requests = _requests(part, method)
        answers = {name: wanted for name in OWN if requests.get(name, wanted) is None}
        if answers:
            getattr(part, f"set_{method}_request")(**answers)
