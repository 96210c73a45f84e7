"""Recurrent cells as nodes of an ONNX graph."""

from skimitate.formats.onnx._layers import columns, joined
from skimitate.formats.onnx._nodes import Nodes


def _gru(nodes: Nodes, inputs: str, hidden: str, state: str, n: int) -> tuple[str, str]:
    """Add a step of gated recurrent units; see ``cloning._cells``."""
    added = nodes.node(
        "Add", columns(nodes, inputs, 0, 2 * n), columns(nodes, hidden, 0, 2 * n)
    )
    gates = nodes.node("Sigmoid", added)
    reset, update = columns(nodes, gates, 0, n), columns(nodes, gates, n, 2 * n)
    shown = nodes.node("Mul", reset, columns(nodes, hidden, 2 * n, 3 * n))
    shown = nodes.node("Add", columns(nodes, inputs, 2 * n, 3 * n), shown)
    candidate = nodes.node("Tanh", shown)
    kept = nodes.node("Mul", update, nodes.node("Sub", state, candidate))
    state = nodes.node("Add", candidate, kept)
    return state, state


def _lstm(
    nodes: Nodes, inputs: str, hidden: str, state: str, n: int
) -> tuple[str, str]:
    """Add a step of long short-term memory; see ``cloning._cells``."""
    gates = nodes.node("Add", inputs, hidden)
    admit, keep, new, show = (
        nodes.node(operator, columns(nodes, gates, i * n, (i + 1) * n))
        for i, operator in enumerate(("Sigmoid", "Sigmoid", "Tanh", "Sigmoid"))
    )
    kept = nodes.node("Mul", keep, columns(nodes, state, n, 2 * n))
    cell = nodes.node("Add", kept, nodes.node("Mul", admit, new))
    output = nodes.node("Mul", show, nodes.node("Tanh", cell))
    return output, joined(nodes, [output, cell])


# As the cells are called in ``cloning._cells``; a new one takes an entry here.
STEPS = {"gru": _gru, "lstm": _lstm}
