"""What acts, part by part, as nodes of an ONNX graph."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skimitate.formats import _networks
from skimitate.formats._classes import listed_classes, read_classes
from skimitate.formats.onnx._cells import STEPS
from skimitate.formats.onnx._layers import (
    activated,
    clipped,
    columns,
    gemm,
    in_units,
    joined,
    network,
    standardized,
)
from skimitate.formats.onnx._nodes import Nodes
from skimitate.formats.onnx._transformers import foreign
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._history_policy import HistoryPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy
from skimitate.policies._recurrent_policy import RecurrentPolicy


class Memory:
    """What is remembered of episodes: a row for each, a part of it for each memory.

    Parameters
    ----------
    nodes : Nodes
        Of the graph.
    state : str
        Of shape (batch, state_size): what was remembered.
    start : str
        Of shape (batch, 1): true where an episode begins.
    """

    def __init__(self, nodes: Nodes, state: str, start: str) -> None:
        self.start = start
        self._nodes = nodes
        self._state = state
        self._n_taken = 0
        self._next: list[str] = []

    def take(self, width: int) -> tuple[str, int]:
        """Return the next columns of what was remembered, and which part they are."""
        begin, self._n_taken = self._n_taken, self._n_taken + width
        self._next.append("")
        taken = columns(self._nodes, self._state, begin, self._n_taken)
        return taken, len(self._next) - 1

    def keep(self, part: int, remembered: str) -> None:
        """Remember columns in the place of a part that was taken."""
        self._next[part] = remembered

    def next_state(self) -> str:
        """Return all that is to be remembered."""
        return joined(self._nodes, self._next)


class Answer(NamedTuple):
    """What a policy says.

    Parameters
    ----------
    actions : str
        Of shape (batch, n_outputs).
    codes : list of str
        Of each output the number of its class, of shape (batch,); empty if actions
        are no classes.
    """

    actions: str
    codes: list[str]


def state_size(policy: Any) -> int:
    """Return how many numbers a policy remembers of an episode.

    Parameters
    ----------
    policy : policy
        As :func:`skimitate.formats._exportable.exportable` returns it.
    """
    if isinstance(policy, RecurrentPolicy):
        return policy.architecture.state_size
    if isinstance(policy, HistoryPolicy):
        width = policy.n_features + policy.action_width
        return policy.n_steps * width + state_size(policy.policy)
    inner = {ClassPolicy: "units", PipelinePolicy: "policy"}.get(type(policy))
    return 0 if inner is None else state_size(getattr(policy, inner))


def classes_of(policy: Any) -> list[NDArray] | None:
    """Return the classes of each output, as files have them; None if there are none.

    Parameters
    ----------
    policy : policy
        As :func:`skimitate.formats._exportable.exportable` returns it.

    Raises
    ------
    ValueError
        If a file cannot hold them.
    """
    classes = _networks.classes_of(policy)
    return None if classes is None else read_classes(listed_classes(classes))


def answer(
    nodes: Nodes, policy: Any, observation: str, memory: Memory | None
) -> Answer:
    """Add what a policy does.

    Parameters
    ----------
    nodes : Nodes
        Added to.
    policy : policy
        As :func:`skimitate.formats._exportable.exportable` returns it.
    observation : str
        Of shape (batch, n_features).
    memory : Memory or None
        Of a policy with a state.

    Returns
    -------
    Answer

    Raises
    ------
    ValueError
        If it has numbers that the type of the graph cannot hold.
    """
    if isinstance(policy, PipelinePolicy):
        shown = transformed(nodes, policy.transformer, observation, policy.n_features)
        return answer(nodes, policy.policy, shown, memory)
    if isinstance(policy, HistoryPolicy) and memory is not None:
        return _of_history(nodes, policy, observation, memory)
    if isinstance(policy, ClassPolicy):
        units = answer(nodes, policy.units, observation, memory).actions
        codes = highest(nodes, units, policy)
        classes = classes_of(policy) or []
        labels = [
            nodes.node("Gather", nodes.constant(one[:, np.newaxis]), code)
            for one, code in zip(classes, codes, strict=True)
        ]
        return Answer(joined(nodes, labels), codes)
    if isinstance(policy, RecurrentPolicy) and memory is not None:
        return Answer(_of_recurrent(nodes, policy, observation, memory), [])
    return Answer(network(nodes, policy, observation), [])


def transformed(
    nodes: Nodes, transformer: Any, observation: str, n_features: int | None
) -> str:
    """Add what a transformer does to observations; see :func:`answer`."""
    if not isinstance(transformer, Columns):
        return foreign(nodes, transformer, observation, n_features)
    shown = observation
    if not np.array_equal(transformer.indices, range(transformer.n_features_in_)):
        indices = nodes.constant(transformer.indices.astype(np.int64))
        shown = nodes.node("Gather", shown, indices, axis=1)
    shown = standardized(nodes, shown, transformer.mean, transformer.scale)
    return clipped(nodes, shown, transformer.low, transformer.high)


def _of_recurrent(
    nodes: Nodes, policy: RecurrentPolicy, observation: str, memory: Memory
) -> str:
    """Add a recurrent cell and the layers behind it."""
    architecture, units = policy.architecture, policy.units
    inputs, hidden, *layers = architecture.layout.layers(policy.vectors[0])
    n = architecture.hidden_size
    state, place = memory.take(architecture.state_size)
    state = nodes.node("Where", memory.start, nodes.numbers(0.0), state)
    x = standardized(nodes, observation, units.input_mean, units.input_scale)
    shares = gemm(nodes, x, *inputs)
    of_state = gemm(nodes, columns(nodes, state, 0, n), *hidden)
    x, state = STEPS[architecture.cell](nodes, shares, of_state, state, n)
    memory.keep(place, state)
    for i, layer in enumerate(layers):
        x = activated(nodes, x, architecture.activation) if i else x
        x = gemm(nodes, x, *layer)
    return in_units(nodes, x, units)


def _of_history(
    nodes: Nodes, policy: HistoryPolicy, observation: str, memory: Memory
) -> Answer:
    """Add what shows a policy the last observations, and actions."""
    n_features, n_seen = policy.n_features, policy.n_steps * policy.n_features
    width = policy.action_width
    n_columns = n_seen + policy.n_steps * width
    state, place = memory.take(n_columns)
    first = joined(nodes, [observation] * policy.n_steps)
    going_on = observation
    if policy.n_steps > 1:
        older = columns(nodes, state, n_features, n_seen)
        going_on = joined(nodes, [older, observation])
    seen = shown = nodes.node("Where", memory.start, first, going_on)
    if width:
        done = columns(nodes, state, n_seen, n_columns)
        done = nodes.node("Where", memory.start, nodes.numbers(0.0), done)
        shown = joined(nodes, [seen, done])
    said = answer(nodes, policy.policy, shown, memory)
    if width:
        kept = [seen, _as_shown(nodes, policy, said)]
        if policy.n_steps > 1:
            kept.insert(1, columns(nodes, done, width, policy.n_steps * width))
        seen = joined(nodes, kept)
    memory.keep(place, seen)
    return said


def _as_shown(nodes: Nodes, policy: HistoryPolicy, said: Answer) -> str:
    """Add how an action is shown: of classes a column for each, 1 if it was taken."""
    if not said.codes:
        return said.actions
    assert isinstance(policy.actions, Sequence)  # or actions would be numbers
    hot = []
    for code, own, known in zip(
        said.codes, classes_of(policy) or [], policy.actions, strict=True
    ):
        # A row for each class that the policy takes.
        rows = (own[:, np.newaxis] == np.asarray(known)).astype(nodes.dtype)
        hot.append(nodes.node("Gather", nodes.constant(rows), code))
    return joined(nodes, hot)


def highest(nodes: Nodes, units: str, policy: ClassPolicy) -> list[str]:
    """Add of each output the number of the class of its highest unit."""
    return [
        nodes.node("ArgMax", block, axis=1, keepdims=0)
        for block in blocks(nodes, units, policy)
    ]


def blocks(nodes: Nodes, units: str, policy: ClassPolicy) -> list[str]:
    """Add of each output the units of its classes."""
    if policy.n_outputs == 1:
        return [units]
    ends = np.cumsum([len(classes) for classes in policy.classes]).tolist()
    return [columns(nodes, units, *pair) for pair in pairwise([0, *ends])]
