"""A policy as an ONNX model: one graph with all that it does, and what it is."""

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import skimitate
from skimitate.formats._bounds import Bounds, inner_bounds
from skimitate.formats.onnx._graph import Memory, answer, classes_of, state_size
from skimitate.formats.onnx._layers import clipped
from skimitate.formats.onnx._nodes import IR_VERSION, OPSET, Nodes

# What the description of a policy stands under in the metadata.
KEY = "skimitate_policy"

_VERSION = 1

_MEANINGS = {
    "observation": "raw, in the units of the environment",
    "state": "what the last step of each episode gave as next_state; any numbers where "
    "episode_start is true",
    "episode_start": "whether an episode begins with this observation",
    "action": "in the units of the environment",
    "next_state": "to be given with the next observation of each episode",
}


def model_of(policy: Any, bounds: Bounds | None) -> Any:
    """Return an ONNX model of a policy.

    Parameters
    ----------
    policy : policy
        As :func:`skimitate.formats._exportable.exportable` returns it.
    bounds : tuple of ndarray of shape (n_outputs,), or None
        Between which actions are clipped.

    Returns
    -------
    onnx.ModelProto
        From ``observation`` (batch, n_features) to ``action`` (batch, n_outputs); with
        a memory, also from ``state`` (batch, state_size) and ``episode_start``
        (batch,) to ``next_state``.

    Raises
    ------
    ValueError
        If there are numbers or classes that it cannot hold.
    TypeError
        If there is a transformer that skl2onnx cannot convert.
    """
    from onnx import helper

    nodes = Nodes()
    size = state_size(policy)
    inputs: dict[str, tuple[Any, Any]] = {
        "observation": (np.float32, policy.n_features)
    }
    memory = None
    if size:
        inputs |= {"state": (np.float32, size), "episode_start": (np.bool_, None)}
        column = nodes.constant(np.array([1], dtype=np.int64))
        start = nodes.node("Unsqueeze", "episode_start", column)
        memory = Memory(nodes, "state", start)
    actions = answer(nodes, policy, "observation", memory).actions
    if bounds is not None:
        actions = clipped(nodes, actions, *inner_bounds(*bounds))
    classes = classes_of(policy)
    dtype = np.float32 if classes is None else np.result_type(*classes)
    outputs = {"action": (dtype, policy.n_outputs)}
    nodes.node_to("action", actions)
    if memory is not None:
        outputs["next_state"] = (np.float32, size)
        nodes.node_to("next_state", memory.next_state())
    graph = helper.make_graph(
        nodes.nodes,
        "policy",
        [_value(name, *kind) for name, kind in inputs.items()],
        [_value(name, *kind) for name, kind in outputs.items()],
        nodes.constants,
    )
    domains = {"": OPSET} | nodes.domains
    model = helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid(*domain) for domain in domains.items()],
        producer_name="skimitate",
        producer_version=skimitate.__version__,
        model_version=_VERSION,
        doc_string="A policy: from observations of episodes to actions.",
    )
    text = json.dumps(_description(policy, classes, bounds, inputs | outputs))
    helper.set_model_props(model, {KEY: text})
    return model


def _value(name: str, dtype: Any, width: int | None) -> Any:
    """Return an input or an output of a batch."""
    from onnx import TensorProto, helper

    kind = TensorProto.STRING
    if np.dtype(dtype).kind != "U":
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    shape: list[Any] = ["batch"] if width is None else ["batch", width]
    return helper.make_tensor_value_info(name, kind, shape, _MEANINGS[name])


def _description(
    policy: Any,
    classes: list[NDArray] | None,
    bounds: Bounds | None,
    values: dict[str, Any],
) -> dict[str, Any]:
    """Return what the metadata says of a policy, as JSON has it."""
    import onnx

    ends = bounds or ()
    mean_return = float("nan")  # of what nobody has measured
    if getattr(policy, "mean_return", None) is not None:
        mean_return = float(policy.mean_return)
    return {
        "version": _VERSION,
        "n_features": policy.n_features,
        "n_outputs": policy.n_outputs,
        "state_size": state_size(policy),
        "classes": classes and [one.tolist() for one in classes],
        # JSON has no infinity: null is no bound.
        "bounds": [[x if math.isfinite(x) else None for x in end] for end in ends]
        or None,
        "units": {name: _MEANINGS[name] for name in values},
        "mean_return": mean_return if math.isfinite(mean_return) else None,
        "versions": {
            "skimitate": skimitate.__version__,
            "onnx": onnx.__version__,
            "numpy": np.__version__,
        },
    }
