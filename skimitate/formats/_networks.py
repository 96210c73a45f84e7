"""What is inside of a policy of known parts."""

from typing import Any

from numpy.typing import NDArray

from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._history_policy import HistoryPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy


def network_of(policy: Any) -> Any:
    """Return the network in a policy of known parts.

    Parameters
    ----------
    policy : policy
        See :func:`skimitate.formats._exportable.exportable`.

    Returns
    -------
    NetworkPolicy or RecurrentPolicy
    """
    inner = _behind_what_it_sees(policy)
    return inner.units if isinstance(inner, ClassPolicy) else inner


def classes_of(policy: Any) -> list[NDArray] | None:
    """Return the classes of each output, None if actions are numbers.

    Parameters
    ----------
    policy : policy
        See :func:`network_of`.

    Returns
    -------
    list of ndarray of shape (n_classes,), or None
    """
    inner = _behind_what_it_sees(policy)
    return inner.classes if isinstance(inner, ClassPolicy) else None


def _behind_what_it_sees(policy: Any) -> Any:
    while isinstance(policy, (HistoryPolicy, PipelinePolicy)):
        policy = policy.policy
    return policy
