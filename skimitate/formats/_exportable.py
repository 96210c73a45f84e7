"""What acts, made of parts that every format knows."""

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


def exportable(actor: Any, name: str = "policy") -> Policy:
    """Return what acts of an estimator or a policy, made of known parts alone.

    Parameters
    ----------
    actor : estimator or policy
        See :func:`skimitate.as_policy`.
    name : str, default="policy"
        What the actor is called in errors.

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
          :class:`~skimitate.policies._columns.Columns` and one of all these.

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
        return _of_known_parts(policy)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def _of_known_parts(policy: Any) -> Policy:
    """Return a policy whose transformers are columns."""
    if isinstance(policy, (NetworkPolicy, RecurrentPolicy)):
        return policy
    if isinstance(policy, ClassPolicy) and isinstance(
        policy.units, (NetworkPolicy, RecurrentPolicy)
    ):
        return policy
    if isinstance(policy, HistoryPolicy):
        return HistoryPolicy(
            _of_known_parts(policy.policy),
            policy.n_steps,
            policy.n_features,
            policy.n_outputs,
            policy.actions,
            mean_return=policy.mean_return,
        )
    if isinstance(policy, PipelinePolicy):
        return _behind(
            policy.transformer, _of_known_parts(policy.policy), policy.mean_return
        )
    if isinstance(policy, ActorPolicy) and hasattr(policy.source, "steps"):
        *transformers, (_, last) = policy.source.steps
        acting = _of_known_parts(as_policy(last))
        for _, transformer in reversed(transformers):
            acting = _behind(transformer, acting)
        return acting
    source = policy.source if isinstance(policy, ActorPolicy) else policy
    raise TypeError(
        "expected a network of skimitate's (a cloner of its own, or what DAgger, a "
        "history estimator or a Pipeline of scalers made of one; an expert that is a "
        f"network), got {source!r}; joblib.dump saves others"
    )


def _behind(
    transformer: Any, policy: Policy, mean_return: float | None = None
) -> Policy:
    """Return a policy that is shown what a transformer gives."""
    columns = columns_of(transformer, policy.n_features)
    if isinstance(policy, PipelinePolicy):
        known: Columns = policy.transformer
        columns, policy = columns.then(known), policy.policy
    return PipelinePolicy(columns, policy, mean_return=mean_return)
