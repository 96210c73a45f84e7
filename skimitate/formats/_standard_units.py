"""In what units a policy sees, and how they are put where they cost nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._units import Units
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._history_policy import HistoryPolicy
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy
from skimitate.policies._recurrent_policy import RecurrentPolicy


def units_of(policy: Any) -> tuple[NDArray, NDArray] | None:
    """Return the mean and the scale that a policy has for what it observes.

    Parameters
    ----------
    policy : policy
        Of known parts; see :func:`skimitate.formats._exportable.exportable`.

    Returns
    -------
    mean, scale : ndarray of shape (n_features,), or None
        Of columns that it does not look at 0 and 1; None behind a transformer that is
        no columns.
    """
    if isinstance(policy, ClassPolicy):
        return units_of(policy.units)
    if isinstance(policy, (NetworkPolicy, RecurrentPolicy)):
        return policy.units.input_mean, policy.units.input_scale
    inner = units_of(policy.policy)
    if inner is None:
        return None
    if isinstance(policy, HistoryPolicy):
        end = policy.n_steps * policy.n_features
        newest = slice(end - policy.n_features, end)
        return inner[0][newest], inner[1][newest]
    columns = policy.transformer
    if not isinstance(columns, Columns):
        return None
    mean, scale = np.zeros(policy.n_features), np.ones(policy.n_features)
    mean[columns.indices] = columns.mean + columns.scale * inner[0]
    scale[columns.indices] = columns.scale * inner[1]
    return mean, scale


def standardized_first(policy: Any) -> Any:
    """Return a policy that does the same, and standardizes once, before all else.

    In float32 a scaler that leaves a large mean beside a small spread, as
    :class:`~sklearn.preprocessing.MaxAbsScaler` may, leaves little of a number for
    whoever standardizes it after that. So the scaler does both.

    Parameters
    ----------
    policy : policy
        Of known parts; see :func:`skimitate.formats._exportable.exportable`.

    Returns
    -------
    policy
    """
    if isinstance(policy, HistoryPolicy):
        return _like(policy, standardized_first(policy.policy))
    if not isinstance(policy, PipelinePolicy):
        return policy
    columns, inner = policy.transformer, standardized_first(policy.policy)
    units = units_of(inner)
    if units is None or not isinstance(columns, Columns):
        return PipelinePolicy(columns, inner, mean_return=policy.mean_return)
    both = columns.then(_columns(*units))
    return PipelinePolicy(both, _seeing(inner, *units), mean_return=policy.mean_return)


def _columns(mean: NDArray, scale: NDArray) -> Columns:
    ends = np.full(len(mean), np.inf)
    return Columns(len(mean), range(len(mean)), mean, scale, -ends, ends)


def _like(history: HistoryPolicy, inner: Any) -> HistoryPolicy:
    """Return a history's policy with something else inside."""
    kept = history.n_steps, history.n_features, history.n_outputs, history.actions
    return HistoryPolicy(inner, *kept, mean_return=history.mean_return)


def _seeing(policy: Any, mean: NDArray, scale: NDArray) -> Any:
    """Return a policy that is shown numbers minus a mean, divided by a scale."""
    if isinstance(policy, ClassPolicy):
        units = _seeing(policy.units, mean, scale)
        return ClassPolicy(units, policy.classes, mean_return=policy.mean_return)
    if isinstance(policy, HistoryPolicy):
        n_more = policy.n_steps * policy.action_width
        # Actions stay as they are.
        mean = np.append(np.tile(mean, policy.n_steps), np.zeros(n_more))
        scale = np.append(np.tile(scale, policy.n_steps), np.ones(n_more))
        return _like(policy, _seeing(policy.policy, mean, scale))
    if isinstance(policy, PipelinePolicy):
        old: Columns = policy.transformer
        at = old.indices
        moved, scaled = (old.mean - mean[at]) / scale[at], old.scale / scale[at]
        columns = Columns(len(mean), at, moved, scaled, old.low, old.high)
        return PipelinePolicy(columns, policy.policy, mean_return=policy.mean_return)
    old_units: Units = policy.units
    units = Units(
        (old_units.input_mean - mean) / scale,
        old_units.input_scale / scale,
        old_units.output_mean,
        old_units.output_scale,
    )
    earlier = policy.mean_return
    if isinstance(policy, RecurrentPolicy):
        return RecurrentPolicy(
            policy.architecture, policy.vectors, units, mean_return=earlier
        )
    return NetworkPolicy(
        policy.layer_sizes,
        policy.activation,
        policy.vectors,
        units,
        mean_return=earlier,
    )
