"""ONNX files that are forged: graphs with one thing in them changed."""

import random
from collections.abc import Callable
from typing import Any

import onnx
from onnx import TensorProto, helper

_SIZES = (0, 1, 2, 3, 7, -1, 2**31, 2**62)
_OPERATORS = ("Identity", "Neg", "Loop", "If", "Reshape", "Expand", "RandomNormal", "")


def forged(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return a graph with something else in it.

    Parameters
    ----------
    rng : random.Random
        Source of chance.
    valid : list of bytes
        Files of policies.

    Returns
    -------
    bytes
    """
    model = onnx.load_model_from_string(rng.choice(valid))
    for _ in range(rng.randint(1, 3)):
        rng.choice(_CHANGES)(rng, model)
    return model.SerializeToString()


def _rename(rng: random.Random, model: Any) -> None:
    values = [*model.graph.input, *model.graph.output]
    rng.choice(values).name = rng.choice(["action", "state", "x", "", "ü"])


def _resize(rng: random.Random, model: Any) -> None:
    value = rng.choice([*model.graph.input, *model.graph.output])
    shape = value.type.tensor_type.shape
    rng.choice(shape.dim).dim_value = rng.choice(_SIZES)


def _retype(rng: random.Random, model: Any) -> None:
    value = rng.choice([*model.graph.input, *model.graph.output])
    value.type.tensor_type.elem_type = rng.randint(0, 24)


def _stretch(rng: random.Random, model: Any) -> None:
    tensor = rng.choice(model.graph.initializer)
    tensor.dims.append(rng.choice(_SIZES))


def _empty(rng: random.Random, model: Any) -> None:
    tensor = rng.choice(model.graph.initializer)
    tensor.raw_data = tensor.raw_data[: rng.randint(0, len(tensor.raw_data))]


def _send_elsewhere(rng: random.Random, model: Any) -> None:
    tensor = rng.choice(model.graph.initializer)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


def _swap(rng: random.Random, model: Any) -> None:
    rng.choice(model.graph.node).op_type = rng.choice(_OPERATORS)


def _tie(rng: random.Random, model: Any) -> None:
    """Let a node take what comes after it."""
    node, other = rng.choice(model.graph.node), rng.choice(model.graph.node)
    if node.input:
        node.input[rng.randrange(len(node.input))] = other.output[0]


def _drop(rng: random.Random, model: Any) -> None:
    part = rng.choice([model.graph.node, model.graph.input, model.graph.initializer])
    if part:
        del part[rng.randrange(len(part))]


def _lie(rng: random.Random, model: Any) -> None:
    text = rng.choice(["{", "[]", '{"mean_return": []}', "[" * 10_000, "null"])
    helper.set_model_props(model, {"skimitate_policy": text})


_CHANGES: list[Callable[[random.Random, Any], None]] = [
    _rename,
    _resize,
    _retype,
    _stretch,
    _empty,
    _send_elsewhere,
    _swap,
    _tie,
    _drop,
    _lie,
]
