"""Policies as modules of torch, for torch.export, torch.compile and training on."""

from typing import TYPE_CHECKING, Any

import numpy as np

from skimitate._public import public
from skimitate.cloning._units import Units
from skimitate.formats._exportable import exportable
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._history_policy import HistoryPolicy
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy

if TYPE_CHECKING:  # torch takes a second, and comes with the first module
    from skimitate.formats.torch._modules import Standardize, TorchPolicy

_MOST = float(np.finfo(np.float32).max)
_LEAST = float(np.finfo(np.float32).tiny)


@public
def to_torch(policy: Any) -> "TorchPolicy":
    """Return a policy as a module of torch, its normalization and units inside.

    What it is shown are raw observations, and what it puts out are actions, not
    clipped to any action space. The weights are its parameters, in layers of torch's
    own; what observations are standardized by and what outputs count in are buffers,
    which training leaves alone. It computes in float32, and makes a difference between
    numbers that are close to each other before it rounds them: actions are those of
    ``policy.act`` to about 1e-6 of what they vary by. All of it can be exported by
    ``torch.export``, with a batch of any size.

    Parameters
    ----------
    policy : estimator or policy
        A fitted cloner of skimitate's, recurrent or not, of actions or of classes; a
        DAgger, a history estimator or a :class:`~sklearn.pipeline.Pipeline` of scalers
        that trained one; an expert that is a network; or :func:`skimitate.as_policy` of
        these. It is not changed by what becomes of the module.

    Returns
    -------
    torch.nn.Module
        With ``n_features``; ``n_outputs``, the number of what it puts out;
        ``classes``, which is None or, if actions are classes, a list of them for each
        output: what it puts out is then a number for each class, one list after the
        other, and the action is the class of the highest of a list; and
        ``is_stateful``. If it is not, ``forward(observation)`` is from a tensor
        (n_features,) or (n, n_features) to (n_outputs,) or (n, n_outputs). If it is,
        ``forward(observation, state)`` returns that and the next state, and the first
        state of an episode, or of n side by side, is ``start(observation)``.

    Raises
    ------
    TypeError
        If it has other parts, which torch does not know: a forest, a function.
    NotFittedError
        If it is an estimator that was not fitted.
    ValueError
        If it has numbers that float32 cannot hold.

    See Also
    --------
    skimitate.save_policy : A file that does not need torch.
    skimitate.to_stable_baselines3 : A model that goes on by reinforcement learning.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skimitate import BehaviorCloner, to_torch
    >>> X = np.linspace(-1.0, 1.0, 100).reshape(50, 2)
    >>> cloner = BehaviorCloner(max_iter=5).fit(X, -X)
    >>> module = to_torch(cloner)
    >>> n = torch.export.Dim("n")
    >>> shown = torch.zeros(2, 2)
    >>> program = torch.export.export(module, (shown,), dynamic_shapes=({0: n},))
    >>> actions = program.module()(torch.from_numpy(X).float())
    >>> bool(np.allclose(actions.detach(), cloner.predict(X), atol=1e-5))
    True
    """
    return _module_of(exportable(policy), [])


def _module_of(policy: Any, before: list["Standardize"]) -> "TorchPolicy":
    """Return a policy of known parts, with what is done to observations before it."""
    if isinstance(policy, PipelinePolicy):
        columns = policy.transformer
        module = _module_of(policy.policy, [*before, _columns(columns)])
        module.n_features = columns.n_features_in_
        return module
    if isinstance(policy, HistoryPolicy):
        return _history(policy, before)
    if isinstance(policy, ClassPolicy):
        module = _module_of(policy.units, before)
        module.classes = [one.tolist() for one in policy.classes]
        return module
    return _network(policy, before)


def _network(policy: Any, before: list["Standardize"]) -> "TorchPolicy":
    from skimitate.formats.torch import _modules as modules

    check_units(policy.units)
    units = policy.units
    inputs = modules.Standardize(units.input_mean, units.input_scale)
    outputs = modules.OutputUnits(units.output_mean, units.output_scale)
    told = {"n_features": policy.n_features, "n_outputs": policy.n_outputs}
    _check_range("weights", policy.vectors)
    around = modules.joined([*before, inputs]), outputs
    if isinstance(policy, NetworkPolicy):
        made = policy.layer_sizes, policy.activation, policy.vectors
        return modules.TorchNetworks(*made, *around, **told)
    return modules.TorchRecurrent(
        policy.architecture, policy.vectors[0], *around, **told
    )


def _history(policy: HistoryPolicy, before: list["Standardize"]) -> "TorchPolicy":
    from skimitate.formats.torch._history import TorchHistory
    from skimitate.formats.torch._modules import joined

    acting = _module_of(policy.policy, [])
    if acting.is_stateful:
        raise TypeError(
            "policy: expected a history of what does not remember anything itself, got "
            f"{policy!r}"
        )
    return TorchHistory(
        acting,
        policy.n_steps,
        policy.actions,
        joined(before),
        n_columns=policy.n_features,
        n_features=policy.n_features,
        n_outputs=acting.n_outputs,
        classes=acting.classes,
    )


def _columns(columns: Columns) -> "Standardize":
    from skimitate.formats.torch._modules import Standardize

    _check_range("mean of a transformer", columns.mean)
    _check_range("scale of a transformer", columns.scale, positive=True)
    is_all = np.array_equal(columns.indices, np.arange(columns.n_features_in_))
    return Standardize(
        columns.mean,
        columns.scale,
        columns.low,
        columns.high,
        None if is_all else columns.indices,
    )


def check_units(units: Units) -> None:
    """Raise ValueError if float32 cannot hold what a network counts in.

    Parameters
    ----------
    units : Units
        A policy's.
    """
    _check_range("input_mean", units.input_mean)
    _check_range("input_scale", units.input_scale, positive=True)
    _check_range("output_mean", units.output_mean)
    _check_range("output_scale", units.output_scale)


def _check_range(what: str, values: Any, *, positive: bool = False) -> None:
    size = np.abs(values)
    bad = (size > _MOST) | ((size < _LEAST) & positive)
    if bad.any():
        raise ValueError(
            f"policy: expected numbers that float32 can hold, got {what} "
            f"{np.asarray(values)[bad].flat[0]:g}"
        )
