"""A policy as a description in JSON and arrays by name, and back."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._cells import CELLS
from skimitate.cloning._layout import Layers, Layout
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._stacking import Stacking
from skimitate.cloning._units import Units
from skimitate.formats._classes import listed_classes, read_classes
from skimitate.policies._as_policy import Policy
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._history_policy import HistoryPolicy
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy
from skimitate.policies._recurrent_policy import RecurrentPolicy

Tensors = dict[str, NDArray]

# Each part holds the next one; nobody nests them deeper.
_MOST_PARTS = 16

_UNITS = ("input_mean", "input_scale", "output_mean", "output_scale")
_COLUMNS = ("indices", "mean", "scale", "low", "high")


def parts_of(policy: Any, depth: int = 0) -> tuple[dict[str, Any], Tensors]:
    """Return what a policy is made of.

    Parameters
    ----------
    policy : policy
        Of known parts; see :func:`skimitate.formats._exportable.exportable`.
    depth : int, default=0
        How many parts lie around it.

    Returns
    -------
    description : dict
        What JSON can hold: the ``kind`` of the part, what there is to say of it, and in
        ``of`` what is inside of it.
    tensors : dict
        Arrays by name.

    Raises
    ------
    ValueError
        If classes are such that JSON would not give them back.
    """
    if isinstance(policy, NetworkPolicy):
        return _of_network(policy)
    if isinstance(policy, RecurrentPolicy):
        return _of_recurrent(policy)
    if isinstance(policy, ClassPolicy):
        inner, tensors = parts_of(policy.units, depth + 1)
        own: dict[str, Any] = {"classes": listed_classes(policy.classes)}
        return {"kind": "classes", **own, "of": inner}, tensors
    inner, tensors = parts_of(policy.policy, depth + 1)
    if isinstance(policy, HistoryPolicy):
        actions = policy.actions
        if actions is not None and not isinstance(actions, int):
            actions = listed_classes(actions)
        own = {"n_steps": policy.n_steps, "n_features": policy.n_features}
        own |= {"n_outputs": policy.n_outputs, "actions": actions}
        return {"kind": "history", **own, "of": inner}, tensors
    columns: Columns = policy.transformer
    for name in _COLUMNS:
        tensors[f"columns_{depth}_{name}"] = getattr(columns, name)
    own = {"n_features": columns.n_features_in_, "n_columns": columns.n_columns}
    return {"kind": "columns", **own, "of": inner}, tensors


def _of_network(policy: NetworkPolicy) -> tuple[dict[str, Any], Tensors]:
    description = {
        "kind": "network",
        "n_networks": policy.n_networks,
        "layer_sizes": policy.layer_sizes,
        "activation": policy.activation,
    }
    names = map(str, range(len(policy.layer_sizes) - 1))
    layout = Layout(policy.layer_sizes)
    return description, _arrays(layout, list(names), policy.vectors, policy.units)


def _of_recurrent(policy: RecurrentPolicy) -> tuple[dict[str, Any], Tensors]:
    architecture = policy.architecture
    description = {"kind": "recurrent", **architecture._asdict()}
    names = _names_of(architecture)
    vector, units = policy.vectors[0], policy.units
    return description, _arrays(architecture.layout, names, vector, units)


def _names_of(architecture: RecurrentArchitecture) -> list[str]:
    """Return what the layers of a recurrent network are called."""
    behind = map(str, range(len(architecture.sizes) - 2))
    return ["of_input", "of_state", *behind]


def _arrays(
    layout: Layers, names: list[str], vectors: NDArray, units: Units
) -> Tensors:
    """Return the weights and biases of layers, and the units of a network."""
    tensors: Tensors = {}
    for name, layer in zip(names, layout.layers(vectors), strict=True):
        tensors[f"weight_{name}"] = np.ascontiguousarray(layer.weight)
        tensors[f"bias_{name}"] = np.ascontiguousarray(layer.bias)
    for name in _UNITS:
        tensors[name] = np.ascontiguousarray(getattr(units, name))
    return tensors


def policy_of_parts(description: Any, tensors: Tensors) -> Any:
    """Return the policy that is made of such parts.

    Parameters
    ----------
    description : object
        What was read in the place of a description.
    tensors : dict
        All arrays that there are, by name.

    Returns
    -------
    policy

    Raises
    ------
    ValueError, KeyError
        If these are not the parts of a policy.
    """
    shapes = _shapes(description)
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != shapes:
        raise ValueError(f"it holds arrays {found} instead of {shapes}")
    for name, tensor in tensors.items():
        expected = "i" if name.endswith("_indices") else "f"
        if tensor.dtype.kind != expected or tensor.dtype.itemsize < 4:
            raise ValueError(f"it holds arrays of {tensor.dtype} ({name})")
    return _made(description, tensors)


def _shapes(description: Any, depth: int = 0) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays for a description, which is checked on the way.

    Before any of them is looked at: what a file says may be far too large.
    """
    if depth == _MOST_PARTS:
        raise ValueError(f"it has more than {_MOST_PARTS} parts, one in the other")
    kind = description["kind"]
    if kind == "network":
        sizes = _whole(description, "layer_sizes", several=True)
        layers = list(pairwise(sizes))
        names = list(map(str, range(len(layers))))
        networks = (_whole(description, "n_networks"),)
        return _shapes_of(networks, names, layers, (sizes[0], sizes[-1]))
    if kind == "recurrent":
        if description["cell"] not in CELLS:
            raise ValueError(f"its cell is {description['cell']!r}")
        sizes = _whole(description, "sizes", several=True)
        if len(sizes) < 3:
            raise ValueError(f"its sizes are {sizes}")
        architecture = RecurrentArchitecture(description["cell"], tuple(sizes), "")
        layers = list(architecture.layout.shapes)
        names = _names_of(architecture)
        return _shapes_of((), names, layers, (sizes[0], sizes[-1]))
    inner = _shapes(description["of"], depth + 1)
    if kind == "columns":
        n = _whole(description, "n_columns")
        inner |= {f"columns_{depth}_{name}": (n,) for name in _COLUMNS}
    elif kind not in ("classes", "history"):
        raise ValueError(f"it has a part of the kind {kind!r}")
    return inner


def _shapes_of(
    networks: tuple[int, ...],
    names: list[str],
    layers: list[tuple[int, int]],
    ends: tuple[int, int],
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays of networks."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, (n_inputs, n_outputs) in zip(names, layers, strict=True):
        shapes[f"weight_{name}"] = (*networks, n_outputs, n_inputs)
        shapes[f"bias_{name}"] = (*networks, n_outputs)
    for name in _UNITS:
        shapes[name] = (ends[0] if name.startswith("input") else ends[1],)
    return shapes


def _whole(description: Any, key: str, several: bool = False) -> Any:
    """Return a positive integer of a description, or a list of them."""
    value = description[key]
    numbers = value if several else [value]
    if type(numbers) is not list or not numbers:
        raise ValueError(f"its {key} are {value!r}")
    if any(type(number) is not int or number < 1 for number in numbers):
        raise ValueError(f"its {key} {'are' if several else 'is'} {value!r}")
    return value


def _made(description: Any, tensors: Tensors, depth: int = 0) -> Policy:
    """Return the policy for a description whose arrays have the right shapes."""
    kind = description["kind"]
    if kind in ("network", "recurrent"):
        units = Units(*(tensors[name] for name in _UNITS))
        activation = description["activation"]
        if kind == "network":
            sizes, n_networks = description["layer_sizes"], description["n_networks"]
            names = list(map(str, range(len(sizes) - 1)))
            vectors = _joined(tensors, names, n_networks)
            return NetworkPolicy(sizes, activation, vectors, units)
        told = description["cell"], tuple(description["sizes"]), activation
        architecture = RecurrentArchitecture(*told)
        vectors = _joined(tensors, _names_of(architecture), 1)
        return RecurrentPolicy(architecture, vectors, units)
    inner = _made(description["of"], tensors, depth + 1)
    if kind == "classes":
        if not isinstance(inner, (NetworkPolicy, RecurrentPolicy)):
            raise ValueError("its classes are not those of a network")
        return ClassPolicy(inner, read_classes(description["classes"]))
    if kind == "history":
        return _history(description, inner)
    parts = (tensors[f"columns_{depth}_{name}"] for name in _COLUMNS)
    columns = Columns(_whole(description, "n_features"), *parts)
    _check_width(columns.n_columns, inner)
    return PipelinePolicy(columns, inner)


def _history(description: Any, inner: Any) -> HistoryPolicy:
    """Return a history's policy; what it shows is as wide as what is inside of it."""
    actions = description["actions"]
    if isinstance(actions, list):
        actions = read_classes(actions)
    elif actions is not None:
        actions = _whole(description, "actions")
    n_steps = _whole(description, "n_steps")
    n_features, n_outputs = (
        _whole(description, key) for key in ("n_features", "n_outputs")
    )
    n_shown = len(actions) if isinstance(actions, list) else actions
    if not n_outputs == inner.n_outputs == (n_shown or n_outputs):
        raise ValueError(f"its n_outputs is {n_outputs}, with {inner.n_outputs} inside")
    _check_width(Stacking(n_steps, n_features, actions).n_columns, inner)
    return HistoryPolicy(inner, n_steps, n_features, n_outputs, actions)


def _check_width(n_shown: int, inner: Policy) -> None:
    if n_shown != inner.n_features:
        raise ValueError(
            f"{n_shown} numbers are shown to a part that sees {inner.n_features}"
        )


def _joined(tensors: Tensors, names: list[str], n_networks: int) -> NDArray:
    """Return the parameters of networks in the order of their layout."""
    arrays = [
        tensors[f"{kind}_{name}"].reshape(n_networks, -1)
        for name in names
        for kind in ("weight", "bias")
    ]
    return np.concatenate(arrays, axis=1)
