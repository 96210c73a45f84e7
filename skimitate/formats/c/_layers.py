"""Networks as C: fully connected layers, recurrent cells and what is between them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._layout import Layer, Layout
from skimitate.formats.c._numbers import array, single
from skimitate.formats.c._weights import Form, affine
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._recurrent_policy import RecurrentPolicy

# Where the rational function below is cut off, at 1 - 2.7e-7.
_END = "7.90531111f"

TANH = """
/* tanh of what lies within 7.90531111 of zero; wrong by at most 4e-7 of it, and by
 * 2.7e-7 beyond. The rational function is the one that Eigen has. */
static inline float NAME_tanh(float x)
{
    float s = x * x;
    float p = -2.76076847742355e-16f;
    float q = 1.19825839466702e-06f;
    p = p * s + 2.00018790482477e-13f;
    p = p * s + -8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    q = q * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return x * (p / q);
}
"""


def _each(target: str, begin: Any, end: Any, value: str) -> str:
    """Return a loop that gives each number of an array its new value."""
    return (
        f"    for (int j = {begin}; j < {end}; j++)\n        {target}[j] = {value};\n"
    )


def _tanh(name: str, target: str, begin: Any, end: Any) -> str:
    """Return tanh in place: a loop each, since gcc vectorizes no more at once."""
    z = f"{target}[j]"
    return (
        _each(target, begin, end, f"{z} > {_END} ? {_END} : {z}")
        + _each(target, begin, end, f"{z} < -{_END} ? -{_END} : {z}")
        + _each(target, begin, end, f"{name}_tanh({z})")
    )


def _logistic(name: str, target: str, begin: Any, end: Any) -> str:
    z = f"{target}[j]"
    return (
        _each(target, begin, end, f"0.5f * {z}")
        + _tanh(name, target, begin, end)
        + _each(target, begin, end, f"0.5f * {z} + 0.5f")
    )


def _relu(name: str, target: str, begin: Any, end: Any) -> str:
    return _each(target, begin, end, f"{target}[j] < 0.0f ? 0.0f : {target}[j]")


def _leaky_relu(name: str, target: str, begin: Any, end: Any) -> str:
    z = f"{target}[j]"
    return _each(target, begin, end, f"{z} < 0.0f ? 0.01f * {z} : {z}")


ACTIVATION_CODE: dict[str, Callable[[str, str, Any, Any], str]] = {
    "identity": lambda *_: "",
    "leaky_relu": _leaky_relu,
    "logistic": _logistic,
    "relu": _relu,
    "tanh": _tanh,
}


def _gru(name: str, n: int) -> str:
    """Return what the gates make of the state; see ``skimitate.cloning._cells``."""
    return (
        _each("gates", 0, 2 * n, "gates[j] + hidden[j]")
        + _logistic(name, "gates", 0, 2 * n)
        + _each("gates", 2 * n, 3 * n, f"gates[j] + gates[j - {2 * n}] * hidden[j]")
        + _tanh(name, "gates", 2 * n, 3 * n)
        + _each(
            "memory",
            0,
            n,
            f"gates[j + {2 * n}]\n"
            f"            + gates[j + {n}] * (memory[j] - gates[j + {2 * n}])",
        )
    )


def _lstm(name: str, n: int) -> str:
    """Return what the gates make of the state: outputs first, then the cells."""
    return (
        _each("gates", 0, 4 * n, "gates[j] + hidden[j]")
        + _logistic(name, "gates", 0, 2 * n)
        + _tanh(name, "gates", 2 * n, 3 * n)
        + _logistic(name, "gates", 3 * n, 4 * n)
        + _each(
            "memory",
            n,
            2 * n,
            f"gates[j] * memory[j] + gates[j - {n}] * gates[j + {n}]",
        )
        + _each("memory", 0, n, f"memory[j + {n}]")
        + _tanh(name, "memory", 0, n)
        + _each("memory", 0, n, f"memory[j] * gates[j + {3 * n}]")
    )


CELL_CODE = {"gru": _gru, "lstm": _lstm}


def in_units(
    name: str, kind: str, mean: NDArray, scale: NDArray, what: str
) -> tuple[str, str]:
    """Return constants, and what takes a mean and a scale from ``{}``, number j.

    Parameters
    ----------
    name : str
        That of the policy.
    kind : str
        What the constants' names begin with.
    mean, scale : ndarray
        float64.
    what : str
        What errors call them.

    Returns
    -------
    constants, expression : str
    """
    constants, expression = "", "{}"
    if mean.any():
        nearest = single(mean, f"{what}_mean")
        constants += array("float", f"{name}_{kind}_mean", nearest)
        expression = f"({expression} - {name}_{kind}_mean[j])"
        rest = mean - np.float64(nearest)
        # What float32 has no room for in a mean is much where the scale is small.
        if (np.abs(rest) > 1e-7 * scale).any():
            constants += array("float", f"{name}_{kind}_rest", rest.astype(np.float32))
            expression = f"({expression} - {name}_{kind}_rest[j])"
    if (scale != 1.0).any():
        factor = single(1.0 / single(scale, f"{what}_scale"), f"{what}_scale")
        constants += array("float", f"{name}_{kind}_factor", factor)
        expression = f"{expression} * {name}_{kind}_factor[j]"
    return constants, expression


def network_code(policy: NetworkPolicy, form: Form, name: str) -> tuple[str, str]:
    """Return the constants of a network, and its function.

    Parameters
    ----------
    policy : NetworkPolicy
        Its networks' mean acts.
    form : Form
        How weights are kept.
    name : str
        That of the policy in C.

    Returns
    -------
    constants, function : str
    """
    layers = Layout(policy.layer_sizes).layers(policy.vectors)
    constants, start = _standardized(policy, name)
    kept, code = _layers(layers, form, name, policy.activation, "x")
    many = policy.n_networks > 1
    last = f"h{len(layers) - 1}"
    n = policy.n_outputs
    added = f"    for (int j = 0; j < {n}; j++)\n        sum[j] += {last}[j];\n"
    if many:
        start += f"    float sum[{n}] = {{0.0f}};\n"
        start += f"    for (int n = 0; n < {policy.n_networks}; n++) {{\n"
        code = _deeper(code + added) + "    }\n"
        last = "sum"
    units, end = _output(policy, name, last, policy.n_networks)
    return constants + kept + units, (
        f"static inline void {name}_network(const float *observation, float *output)\n"
        f"{{\n{start}{code}{end}}}\n"
    )


def recurrent_code(policy: RecurrentPolicy, form: Form, name: str) -> tuple[str, str]:
    """Return the constants of a recurrent network, and its function.

    Parameters
    ----------
    policy : RecurrentPolicy
        The network.
    form : Form
        How weights are kept.
    name : str
        That of the policy in C.

    Returns
    -------
    constants, function : str
    """
    cell, _, activation = architecture = policy.architecture
    of_inputs, of_state, *layers = architecture.layout.layers(policy.vectors)
    constants, start = _standardized(policy, name)
    code = start
    for kind, layer, source, target in (
        ("input", of_inputs, "x", "gates"),
        ("memory", of_state, "memory", "hidden"),
    ):
        text, computed = affine(form, name, kind, *layer)
        constants += text
        code += computed.code(source, target)
    code += CELL_CODE[cell](name, architecture.hidden_size)
    text, more = _layers(layers, form, name, activation, "memory")
    units, end = _output(policy, name, f"h{len(layers) - 1}", 1)
    return constants + text + units, (
        f"static inline void {name}_network(\n"
        "    float *memory, const float *observation, float *output)\n"
        f"{{\n{code}{more}{end}}}\n"
    )


def _standardized(policy: Any, name: str) -> tuple[str, str]:
    """Return constants, and what makes x of an observation."""
    mean, scale = policy.units.input_mean, policy.units.input_scale
    constants, expression = in_units(name, "input", mean, scale, "input")
    n = policy.n_features
    value = expression.format("observation[j]")
    return constants, f"    float x[{n}];\n" + _each("x", 0, n, value)


def _layers(
    layers: list[Layer], form: Form, name: str, activation: str, source: str
) -> tuple[str, str]:
    """Return constants, and what makes h0 of a source, h1 of that, and so on."""
    constants = code = ""
    for k, layer in enumerate(layers):
        text, computed = affine(form, name, str(k), layer.weight, layer.bias)
        constants += text
        code += computed.code(source, f"h{k}")
        source = f"h{k}"
        if k < len(layers) - 1:
            code += ACTIVATION_CODE[activation](name, source, 0, computed.width)
    return constants, code


def _output(policy: Any, name: str, last: str, n_networks: int) -> tuple[str, str]:
    """Return constants, and what makes the output of what the last layer gives."""
    units, constants, value = policy.units, "", f"{last}[j]"
    scale = single(units.output_scale, "output_scale") / np.float32(n_networks)
    if (scale != 1.0).any():
        constants += array("float", f"{name}_output_scale", scale)
        value += f" * {name}_output_scale[j]"
    if units.output_mean.any():
        mean = single(units.output_mean, "output_mean")
        constants += array("float", f"{name}_output_mean", mean)
        value += f" + {name}_output_mean[j]"
    return constants, _each("output", 0, policy.n_outputs, value)


def _deeper(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.splitlines())


def uses_tanh(policy: Any) -> bool:
    """Tell whether a network needs tanh."""
    if isinstance(policy, RecurrentPolicy):
        return True
    hidden = len(policy.layer_sizes) > 2
    return hidden and policy.activation in ("tanh", "logistic")


def n_weights(policy: Any) -> int:
    """Return how many weights and biases there are."""
    return int(policy.vectors.size)


def sizes_of(policy: Any) -> tuple[int, ...]:
    """Return the numbers of units from the input to the output."""
    recurrent = isinstance(policy, RecurrentPolicy)
    return policy.architecture.sizes if recurrent else policy.layer_sizes
