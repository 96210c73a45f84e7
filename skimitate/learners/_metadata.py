"""What a learner takes beside X and y: weights, episodes, and what the user adds."""

from collections.abc import Iterable, Mapping
from typing import Any

from sklearn import get_config
from sklearn.base import clone
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter

# Meta-estimators make these themselves: what a user gives is for them.
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
    learner : estimator
        Whatever is wrapped around what learns.
    name : str
        What is to reach the innermost estimator, such as ``"sample_weight"``.

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


def answer_requests(learner: Any, names: Iterable[str] = OWN) -> Any:
    """Let what learns ask for weights and episodes, and nothing around it.

    Without metadata routing they reach the last step alone. With it, they do so unless
    the user has set the requests otherwise.

    Parameters
    ----------
    learner : estimator
        A clone of the user's; changed.
    names : iterable of str, default=("sample_weight", "groups", "actions")
        What it is to ask for.

    Returns
    -------
    estimator
        The same.
    """
    if routing_is_enabled():
        inner = innermost(learner)
        inside = {id(part) for part in _parts(inner)}
        for part in _parts(learner):
            _set_requests(part, id(part) in inside, names)
    return learner


def routing_of(
    owner: Any, learner: Any, mapping: Any, names: Iterable[str] = OWN
) -> MetadataRouter:
    """Return what a meta-estimator routes to its learner.

    Parameters
    ----------
    owner : estimator
        The meta-estimator.
    learner : estimator
        Not fitted.
    mapping : MethodMapping
        Which method calls which.
    names : iterable of str, default=("sample_weight", "groups", "actions")
        What the meta-estimator takes for itself.

    Returns
    -------
    MetadataRouter
    """
    router = MetadataRouter(owner=owner).add_self_request(owner)
    if routing_is_enabled():
        learner = clone(learner)
        for part in _parts(learner):
            _set_requests(part, False, names)
    return router.add(estimator=learner, method_mapping=mapping)


def routed(owner: Any, fit_params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the learner's ``fit`` is given of what the owner's was given.

    Parameters
    ----------
    owner : estimator
        The meta-estimator, whose routing knows its learner as ``estimator``.
    fit_params : mapping
        What its ``fit`` was given beside its own arguments.

    Returns
    -------
    dict
        The same without metadata routing.

    Raises
    ------
    UnsetMetadataPassedError, TypeError
        With metadata routing: if nothing in the learner takes them, or nothing says
        whether it does.
    """
    if not fit_params or not routing_is_enabled():
        return dict(fit_params)
    return dict(process_routing(owner, "fit", **fit_params)["estimator"]["fit"])


def routing_is_enabled() -> bool:
    """Tell whether scikit-learn's metadata routing is on."""
    return bool(get_config()["enable_metadata_routing"])


def _parts(estimator: Any) -> list[Any]:
    """Return an estimator and what it is made of."""
    return [estimator, *estimator.get_params(deep=True).values()]


def _requests(part: Any, method: str) -> dict[str, Any]:
    """Return what a consumer of metadata asks for."""
    consumer = getattr(get_routing_for_object(part), method, None)
    return getattr(consumer, "requests", {})


def _set_requests(part: Any, wanted: bool, names: Iterable[str]) -> None:
    """Answer the requests that the user has left open."""
    for method in ("fit", "partial_fit", "predict"):
        requests = _requests(part, method)
        answers = {name: wanted for name in names if requests.get(name, wanted) is None}
        if answers:
            getattr(part, f"set_{method}_request")(**answers)
