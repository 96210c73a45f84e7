"""What a graph of ONNX takes and gives, if it is a policy."""

from typing import Any, NamedTuple

import numpy as np

# A width is a number in a file, and what has it is memory.
_MOST_COLUMNS = 2**20

_MEMORY = {"observation", "state", "episode_start"}

# How observations come, and what actions may be.
_FLOATS = {"tensor(float)": np.float32, "tensor(double)": np.float64}
_ACTIONS = {
    *(f"tensor({kind})" for kind in ("float", "double", "float16", "string", "bool")),
    *(f"tensor({sign}int{bits})" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}


class Signature(NamedTuple):
    """What a graph takes and gives.

    Parameters
    ----------
    observation : str
        The input that is shown observations.
    dtype : type
        Of these.
    n_features : int
        How many numbers one has.
    action : str
        The output that is actions.
    state_size : int
        How many numbers are remembered of an episode; 0 without a memory.
    takes_one : bool
        Whether it takes no batch but one of one observation.
    """

    observation: str
    dtype: type
    n_features: int
    action: str
    state_size: int
    takes_one: bool


def signature_of(session: Any) -> Signature:
    """Return what a graph takes and gives.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Of the graph.

    Returns
    -------
    Signature

    Raises
    ------
    ValueError
        If that is no policy.
    """
    inputs = {value.name: value for value in session.get_inputs()}
    outputs = {value.name: value for value in session.get_outputs()}
    size = 0
    if inputs.keys() == _MEMORY and {"action", "next_state"} <= outputs.keys():
        observation = inputs["observation"]
        size = _width(inputs["state"])
        _width(outputs["next_state"])
    elif len(inputs) == 1:
        (observation,) = inputs.values()
    else:
        raise ValueError(
            f"it takes {', '.join(inputs) or 'nothing'}: expected one input, or "
            "observation, state and episode_start"
        )
    n_features = _width(observation)
    first = observation.shape[0]
    if isinstance(first, int) and (first != 1 or size):
        raise ValueError(
            f"its {observation.name} has shape {observation.shape}: expected a batch "
            "of any size, or of 1"
        )
    if not outputs:
        raise ValueError("it gives nothing: expected actions")
    action = outputs.get("action") or next(iter(outputs.values()))
    if action.type not in _ACTIONS:
        raise ValueError(f"its {action.name} is {action.type}: expected actions")
    return Signature(
        observation.name,
        _FLOATS[observation.type],
        n_features,
        action.name,
        size,
        isinstance(first, int),
    )


def _width(value: Any) -> int:
    """Return the number of columns of an input or an output."""
    shape = value.shape
    if value.type not in _FLOATS or len(shape) != 2 or not isinstance(shape[1], int):
        raise ValueError(
            f"its {value.name} is {value.type} of shape {shape}: expected floats of "
            "shape (batch, n), n being a number"
        )
    if shape[1] > _MOST_COLUMNS:
        raise ValueError(
            f"its {value.name} has {shape[1]} columns, expected {_MOST_COLUMNS} at most"
        )
    return shape[1]
