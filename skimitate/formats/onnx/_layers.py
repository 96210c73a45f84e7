"""Networks as nodes of an ONNX graph: units, layers and activations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._layout import Layout
from skimitate.cloning._units import Units
from skimitate.formats.onnx._nodes import Nodes, parted
from skimitate.policies._network_policy import NetworkPolicy

# What ONNX calls the activations; a new one takes an entry here.
_OPERATORS: dict[str, tuple[str, dict[str, float]]] = {
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "logistic": ("Sigmoid", {}),
    "relu": ("Relu", {}),
    "tanh": ("Tanh", {}),
}


def standardized(nodes: Nodes, shown: str, mean: NDArray, scale: NDArray) -> str:
    """Add a subtraction and a division of each column.

    The mean is subtracted in two parts. The first leaves no error where observations
    are near a mean that is large, where float32 loses the most; the second is what the
    first has lost by being rounded.
    """
    for part in parted(mean) if nodes.dtype == np.float32 else (mean,):
        if part.any():
            shown = nodes.node("Sub", shown, nodes.numbers(part, "mean"))
    if (scale == 1.0).all():
        return shown
    if scale.min() < np.finfo(nodes.dtype).tiny:
        raise ValueError(
            f"scale: expected numbers that {nodes.dtype} holds, got {scale.min()}"
        )
    return nodes.node("Div", shown, nodes.numbers(scale, "scale"))


def clipped(nodes: Nodes, values: str, low: NDArray, high: NDArray) -> str:
    """Add bounds of each column, where there are any that the type can reach."""
    for operator, end in (("Max", low), ("Min", high)):
        with np.errstate(over="ignore"):
            reached = end.astype(nodes.dtype)
        if (np.abs(reached) < np.finfo(nodes.dtype).max).any():
            values = nodes.node(operator, values, nodes.constant(reached))
    return values


def network(nodes: Nodes, policy: NetworkPolicy, observation: str) -> str:
    """Add networks side by side, and the mean of what they put out."""
    units, n_networks = policy.units, policy.n_networks
    x = standardized(nodes, observation, units.input_mean, units.input_scale)
    layers = Layout(policy.layer_sizes).layers(policy.vectors)
    for i, (weight, bias) in enumerate(layers):
        x = activated(nodes, x, policy.activation) if i else x
        if n_networks == 1:
            x = gemm(nodes, x, weight[0], bias[0])
        else:  # (n_networks, batch, n_units), from the first on
            x = nodes.node("MatMul", x, nodes.numbers(weight.swapaxes(1, 2)))
            x = nodes.node("Add", x, nodes.numbers(bias[:, np.newaxis]))
    if n_networks > 1:
        first = nodes.constant(np.array([0], dtype=np.int64))
        x = nodes.node("ReduceSum", x, first, keepdims=0)
    return in_units(nodes, x, units, n_networks)


def in_units(nodes: Nodes, outputs: str, units: Units, n_networks: int = 1) -> str:
    """Add the units of actions to the sums of networks' outputs."""
    scale = units.output_scale / n_networks
    if not (scale == 1.0).all():
        outputs = nodes.node("Mul", outputs, nodes.numbers(scale, "output_scale"))
    if units.output_mean.any():
        mean = nodes.numbers(units.output_mean, "output_mean")
        outputs = nodes.node("Add", outputs, mean)
    return outputs


def gemm(nodes: Nodes, x: str, weight: NDArray, bias: NDArray) -> str:
    """Add a layer, of weights (n_outputs, n_inputs)."""
    parts = nodes.numbers(weight, "weights"), nodes.numbers(bias, "biases")
    return nodes.node("Gemm", x, *parts, transB=1)


def activated(nodes: Nodes, x: str, activation: str) -> str:
    """Add an activation of a hidden layer."""
    if activation == "identity":
        return x
    if activation == "leaky_relu" and nodes.dtype != np.float32:
        # onnxruntime has its operator for float32 alone.
        less = nodes.node("Mul", x, nodes.numbers(0.01))
        return nodes.node("Max", x, less)
    operator, attributes = _OPERATORS[activation]
    return nodes.node(operator, x, **attributes)


def columns(nodes: Nodes, rows: str, begin: int, end: int) -> str:
    """Add a choice of successive columns."""
    ends = (np.array([number], dtype=np.int64) for number in (begin, end, 1))
    return nodes.node("Slice", rows, *map(nodes.constant, ends))


def joined(nodes: Nodes, parts: Sequence[str]) -> str:
    """Add columns side by side."""
    return parts[0] if len(parts) == 1 else nodes.node("Concat", *parts, axis=1)
