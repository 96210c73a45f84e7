"""How the weights of a layer are kept in C: as float32, float16 or int8."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skimitate.formats.c._numbers import array

# Processors take four numbers of float32 at a time; gcc does so where no rest is left.
_AT_A_TIME = 4


class Kept(NamedTuple):
    """Weights of a layer as they are kept.

    Parameters
    ----------
    numbers : ndarray of shape (n_networks, n_outputs, n_inputs)
        In the type that they are kept in.
    scale : ndarray of shape (n_networks, n_outputs) or None
        What those of an output are multiplied by, float32; None for nothing.
    """

    numbers: NDArray
    scale: NDArray[np.float32] | None

    @property
    def values(self) -> NDArray[np.float64]:
        """The weights that they stand for."""
        values = self.numbers.astype(np.float64)
        return values if self.scale is None else values * self.scale[..., np.newaxis]


class Form(NamedTuple):
    """A form of weights.

    Parameters
    ----------
    kind : str
        Their type in C.
    keep : callable
        From weights (n_networks, n_outputs, n_inputs) to Kept; raises ValueError if
        they do not fit.
    read : str
        What makes a float of one, with ``{name}`` and ``{weight}`` in it.
    multiple : int
        Of what the number of outputs is made a multiple.
    helper : str
        What has to be defined for that, with ``NAME`` for the name of the policy.
    """

    kind: str
    keep: Callable[[NDArray], Kept]
    read: str
    multiple: int = 1
    helper: str = ""


def _as_float32(weights: NDArray) -> Kept:
    numbers = _finite(weights, np.float32)
    # What is left below is no weight, and arithmetic with it takes a hundred times as
    # long.
    numbers[np.abs(numbers) < np.finfo(np.float32).tiny] = 0.0
    return Kept(numbers, None)


def _as_float16(weights: NDArray) -> Kept:
    return Kept(_finite(weights, np.float16), None)


def _as_int8(weights: NDArray) -> Kept:
    """Spread the integers from -127 to 127 over the weights of each output."""
    single = _as_float32(weights).numbers
    scale = np.abs(single).max(axis=-1) / np.float32(127.0)
    steps = np.where(scale > 0.0, scale, np.float32(1.0))[..., np.newaxis]
    return Kept(np.rint(single / steps).clip(-127, 127).astype(np.int8), scale)


def _finite(weights: NDArray, dtype: type) -> NDArray:
    with np.errstate(over="ignore", under="ignore"):
        numbers: NDArray = np.asarray(weights).astype(dtype)
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"weights: expected {np.dtype(dtype)} to have room for those of the "
            f"networks, got {np.abs(weights).max()}"
        )
    return numbers


_HALF = """
/* A float of IEEE 754's 16 bits, in arithmetic that every machine has. */
static inline float NAME_half(uint16_t bits)
{
    static const float steps[31] = {
        5.96046448e-08f, 5.96046448e-08f, 1.1920929e-07f, 2.38418579e-07f,
        4.76837158e-07f, 9.53674316e-07f, 1.90734863e-06f, 3.81469727e-06f,
        7.62939453e-06f, 1.52587891e-05f, 3.05175781e-05f, 6.10351562e-05f,
        0.000122070312f, 0.000244140625f, 0.00048828125f, 0.0009765625f,
        0.001953125f, 0.00390625f, 0.0078125f, 0.015625f, 0.03125f, 0.0625f, 0.125f,
        0.25f, 0.5f, 1.0f, 2.0f, 4.0f, 8.0f, 16.0f, 32.0f};
    int exponent = (bits >> 10) & 31;
    int digits = (bits & 1023) + (exponent ? 1024 : 0);
    return (float)(bits & 32768 ? -digits : digits) * steps[exponent];
}
"""

FORMS = {
    "float32": Form("float", _as_float32, "{weight}", _AT_A_TIME),
    "float16": Form("uint16_t", _as_float16, "{name}_half({weight})", 1, _HALF),
    "int8": Form("int8_t", _as_int8, "(float){weight}"),
}


def affine(
    form: Form, name: str, layer: str, weight: NDArray, bias: NDArray
) -> tuple[str, "Affine"]:
    """Return the constants of a layer, and how it is computed.

    Parameters
    ----------
    form : Form
        How weights are kept.
    name : str
        That of the policy.
    layer : str
        What this layer is called.
    weight : ndarray of shape (n_networks, n_outputs, n_inputs)
        Weights.
    bias : ndarray of shape (n_networks, n_outputs)
        Biases.

    Returns
    -------
    constants : str
    affine : Affine
    """
    kept = form.keep(weight)
    n_outputs = weight.shape[1]
    more = -n_outputs % form.multiple
    numbers: NDArray = np.pad(kept.numbers, [(0, 0), (0, more), (0, 0)])
    numbers = numbers.swapaxes(1, 2)
    if form.kind == "uint16_t":
        numbers = np.ascontiguousarray(numbers).view(np.uint16)
    rows = {"bias": np.pad(_as_float32(bias).numbers, [(0, 0), (0, more)])}
    if kept.scale is not None:
        rows["scale"] = kept.scale
    one = len(weight) == 1
    pick = np.s_[0] if one else np.s_[:]
    constants = array(form.kind, f"{name}_weight_{layer}", numbers[pick])
    for kind, values in rows.items():
        constants += array("float", f"{name}_{kind}_{layer}", values[pick])
    return constants, Affine(
        form, name, f"{layer}{'' if one else '[n]'}", numbers.shape
    )


class Affine(NamedTuple):
    """How a layer is computed, column by column, so that outputs come side by side.

    Parameters
    ----------
    form : Form
        How weights are kept.
    name : str
        That of the policy.
    layer : str
        What the layer is called, and which of several networks it is of.
    shape : tuple of int
        Numbers of networks, of inputs, and of outputs, rounded up.
    """

    form: Form
    name: str
    layer: str
    shape: tuple[int, ...]

    @property
    def width(self) -> int:
        """Number of outputs, rounded up."""
        return self.shape[2]

    def code(self, source: str, target: str) -> str:
        """Return the statements that make the outputs of the inputs.

        Parameters
        ----------
        source, target : str
            Arrays; the target is defined here.

        Returns
        -------
        str
        """
        n, layer = self.width, f"{self.name}_{{}}_{self.layer}"
        scaled = self.form.kind == "int8_t"
        start = "0.0f" if scaled else f"{layer.format('bias')}[j]"
        each = f"    for (int j = 0; j < {n}; j++)\n"
        lines = f"    float {target}[{n}];\n{each}        {target}[j] = {start};\n"
        even = self.shape[1] // 2 * 2

        def term(i: str) -> str:
            weight = f"{layer.format('weight')}[{i}][j]"
            read = self.form.read.format(name=self.name, weight=weight)
            return f"{read} * {source}[{i}]"

        if even:
            lines += (
                f"    for (int i = 0; i < {even}; i += 2)\n    {each}"
                f"            {target}[j] += {term('i')}\n"
                f"                + {term('i + 1')};\n"
            )
        if even < self.shape[1]:
            lines += f"{each}        {target}[j] += {term(str(even))};\n"
        if scaled:
            lines += (
                f"{each}        {target}[j] = {target}[j] * {layer.format('scale')}[j]"
                f" + {layer.format('bias')}[j];\n"
            )
        return lines
