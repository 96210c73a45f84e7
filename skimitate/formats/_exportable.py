"""What acts, made of parts that every format knows."""

from collections.abc import Callable
from typing import Any

from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._as_policy import Policy, as_policy
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._history_policy import HistoryPolicy
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy
from skimitate.policies._recurrent_policy import RecurrentPolicy
from skimitate.policies._transformers import columns_of

# Tells of a transformer whether a format knows it, beside those that are columns.
Knows = Callable[[Any], bool]


def exportable(actor: Any, name: str = "policy", knows: Knows | None = None) -> Policy:
    """Return what acts of an estimator or a policy, made of known parts alone.

    Parameters
    ----------
    actor : estimator or policy
        See :func:`skimitate.as_policy`.
    name : str, default="policy"
        What the actor is called in errors.
    knows : callable or None, default=None
        Tells of a transformer that is no columns whether the format can write it all
        the same; None for a format that can write no other.

    Returns
    -------
    policy
        One of

        - :class:`~skimitate.policies._network_policy.NetworkPolicy` or
          :class:`~skimitate.policies._recurrent_policy.RecurrentPolicy`;
        - :class:`~skimitate.policies._class_policy.ClassPolicy` of one of these;
        - :class:`~skimitate.policies._history_policy.HistoryPolicy` of one of all
          these;
        - :class:`~skimitate.policies._pipeline_policy.PipelinePolicy` of
          :class:`~skimitate.policies._columns.Columns`, or of a transformer that the
          format knows, and one of all these.

        Widths fit: each part gives as many numbers as the next one takes.

    Raises
    ------
    TypeError
        If it has other parts.
    NotFittedError
        If it is an estimator that was not fitted.
    """
    policy = as_policy(actor, name)
    try:
        return _of_known_parts(policy, knows)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def _of_known_parts(policy: Any, knows: Knows | None) -> Policy:
    """Return a policy whose transformers are columns, or known."""
    if isinstance(policy, (NetworkPolicy, RecurrentPolicy)):
        return policy
    if isinstance(policy, ClassPolicy) and isinstance(
        policy.units, (NetworkPolicy, RecurrentPolicy)
    ):
        return policy
    if isinstance(policy, HistoryPolicy):
        return HistoryPolicy(
            _of_known_parts(policy.policy, knows),
            policy.n_steps,
            policy.n_features,
            policy.n_outputs,
            policy.actions,
            mean_return=policy.mean_return,
        )
    if isinstance(policy, PipelinePolicy):
        acting = _of_known_parts(policy.policy, knows)
        return _behind(policy.transformer, acting, knows, policy.mean_return)
    if isinstance(policy, ActorPolicy) and hasattr(policy.source, "steps"):
        *transformers, (_, last) = policy.source.steps
        acting = _of_known_parts(as_policy(last), knows)
        for _, transformer in reversed(transformers):
            acting = _behind(transformer, acting, knows, policy.mean_return)
        return acting
    source = policy.source if isinstance(policy, ActorPolicy) else policy
    others = "joblib.dump saves others"
    if hasattr(source, "action_space"):  # as a model, or load_expert's of its file
        others = "from_stable_baselines3 makes one of a model of stable-baselines3"
    raise TypeError(
        "expected a network of skimitate's (a cloner of its own, or what DAgger, a "
        "history estimator or a Pipeline of scalers made of one; an expert that is a "
        f"network), got {source!r}; {others}"
    )


def _behind(
    transformer: Any,
    policy: Policy,
    knows: Knows | None,
    mean_return: float | None = None,
) -> Policy:
    """Return a policy that is shown what a transformer gives."""
    try:
        columns = columns_of(transformer, policy.n_features)
    except TypeError as error:
        if knows is None:
            raise TypeError(
                f"{error}; export_onnx takes others too, those that skl2onnx knows"
            ) from None
        if not knows(transformer):
            raise
        return PipelinePolicy(transformer, policy, mean_return=mean_return)
    if isinstance(policy, PipelinePolicy) and isinstance(policy.transformer, Columns):
        columns, policy = columns.then(policy.transformer), policy.policy
    return PipelinePolicy(columns, policy, mean_return=mean_return)
