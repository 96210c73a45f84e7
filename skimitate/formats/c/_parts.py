"""The parts of a policy as C: each makes of an array what the next one sees."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.formats._bounds import inner_bounds
from skimitate.formats._networks import classes_of
from skimitate.formats.c._layers import (
    TANH,
    in_units,
    network_code,
    recurrent_code,
    uses_tanh,
)
from skimitate.formats.c._numbers import (
    array,
    table_of_classes,
)
from skimitate.formats.c._weights import FORMS, Form
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._history_policy import HistoryPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy
from skimitate.policies._recurrent_policy import RecurrentPolicy


@dataclass
class Parts:
    """What the parts of a policy come to, in the order in which they act.

    Parameters
    ----------
    form : Form
        How weights are kept.
    name : str
        That of the policy in C.
    """

    form: Form
    name: str
    constants: str = ""
    functions: str = ""
    # Members of the state, and what begins an episode.
    members: str = ""
    resets: str = ""
    # What an action does; and after it, where actions are remembered.
    steps: str = ""
    notes: str = ""
    did: str = ""
    source: str = "observation"
    n_parts: int = field(default=0)

    @property
    def remembers(self) -> bool:
        """Whether there is a state."""
        return bool(self.members)

    def add(self, policy: Any, classes: list[NDArray] | None = None) -> "Parts":
        """Add what acts, from the outermost part to the innermost.

        Parameters
        ----------
        policy : policy
            See :func:`skimitate.formats._exportable.exportable`.
        classes : list of ndarray or None, default=None
            Those of the actions.

        Returns
        -------
        Parts
            Itself.
        """
        while True:
            if isinstance(policy, PipelinePolicy):
                self._add_columns(policy.transformer)
                policy = policy.policy
            elif isinstance(policy, HistoryPolicy):
                self._add_history(policy, classes)
                policy = policy.policy
            elif isinstance(policy, ClassPolicy):
                policy = policy.units
            else:
                self._add_network(policy)
                return self

    def _array(self, n: int) -> str:
        """Define an array for what a part makes, and return its name."""
        self.n_parts += 1
        self.steps += f"    float x{self.n_parts}[{n}];\n"
        return f"x{self.n_parts}"

    def _add_columns(self, columns: Columns) -> None:
        k, n = self.n_parts, columns.n_columns
        kind = f"columns_{k}"
        constants, value = in_units(
            self.name, kind, columns.mean, columns.scale, "transformer"
        )
        at = "j"
        if columns.indices.tolist() != list(range(columns.n_features_in_)):
            constants += array("int", f"{self.name}_{kind}_index", columns.indices)
            at = f"{self.name}_{kind}_index[j]"
        code = f"        float x = {value.format(f'input[{at}]')};\n"
        if columns.clips:
            low, high = inner_bounds(columns.low, columns.high)
            clipped, code_of_clip = clip(self.name, f"{kind}_", low, high)
            constants += clipped
            code += code_of_clip
        self.constants += constants
        self.functions += (
            f"static inline void {self.name}_{kind}("
            "const float *input, float *output)\n"
            f"{{\n    for (int j = 0; j < {n}; j++) {{\n{code}"
            "        output[j] = x;\n    }\n}\n\n"
        )
        target = self._array(n)
        self.steps += f"    {self.name}_{kind}({self.source}, {target});\n"
        self.source = target

    def _add_history(
        self, policy: HistoryPolicy, classes: list[NDArray] | None
    ) -> None:
        k, name = self.n_parts, self.name
        self.n_parts += 1
        n, n_seen = policy.n_features, policy.n_features * policy.n_steps
        width = policy.action_width
        end = n_seen + width * policy.n_steps
        self.members += f"    float shown_{k}[{end}];\n    int begun_{k};\n"
        # Not needed, but compilers that look far warn of numbers that nobody has set.
        self.resets += (
            f"    for (int j = 0; j < {end}; j++)\n"
            f"        state->shown_{k}[j] = 0.0f;\n"
            f"    state->begun_{k} = 0;\n"
        )
        self.functions += _SEE.format(
            name=name, k=k, older=n_seen - n, n=n, n_seen=n_seen, end=end
        )
        self.steps += f"    {name}_see_{k}(state, {self.source});\n"
        self.source = f"state->shown_{k}"
        if not width:
            return
        self.notes += (
            f"    for (int j = {n_seen}; j < {end - width}; j++)\n"
            f"        state->shown_{k}[j] = state->shown_{k}[j + {width}];\n"
        )
        shown = f"state->shown_{k}[{end - width} + j]"
        shows = policy.actions
        assert shows is not None
        if isinstance(shows, int):
            self.did += (
                f"    for (int j = 0; j < {width}; j++)\n        {shown} = action[j];\n"
            )
        else:
            assert classes is not None
            self._add_classes_shown(k, list(shows), classes, end - width)

    def _add_classes_shown(
        self, k: int, shown: list[NDArray], classes: list[NDArray], begin: int
    ) -> None:
        """Add that the newest action is a 1 in the column of its class."""
        for output, (columns, known) in enumerate(zip(shown, classes, strict=True)):
            kind, values = table_of_classes(columns)
            if values is None:  # the number of a class that has a name
                numbers = {label: i for i, label in enumerate(known.tolist())}
                values = np.array([numbers.get(c, -1) for c in columns.tolist()])
            table = f"{self.name}_shown_{k}_{output}"
            self.constants += array(kind, table, values)
            self.did += (
                f"    for (int j = 0; j < {len(columns)}; j++)\n"
                f"        state->shown_{k}[{begin} + j]\n"
                f"            = action[{output}] == {table}[j] ? 1.0f : 0.0f;\n"
            )
            begin += len(columns)

    def _add_network(self, policy: Any) -> None:
        recurrent = isinstance(policy, RecurrentPolicy)
        code = recurrent_code if recurrent else network_code
        constants, function = code(policy, self.form, self.name)
        helpers = self.form.helper + (TANH if uses_tanh(policy) else "")
        self.constants += constants + helpers.replace("NAME", self.name)
        memory = ""
        if recurrent:
            n = policy.architecture.state_size
            self.members += f"    float memory[{n}];\n"
            self.resets += (
                f"    for (int j = 0; j < {n}; j++)\n        state->memory[j] = 0.0f;\n"
            )
            memory = "state->memory, "
        target = self._array(policy.n_outputs)
        self.functions += f"{function}\n"
        self.steps += f"    {self.name}_network({memory}{self.source}, {target});\n"
        self.source = target


_SEE = """\
static inline void {name}_see_{k}({name}_state *state, const float *input)
{{
    float *shown = state->shown_{k};
    if (!state->begun_{k}) {{
        state->begun_{k} = 1;
        for (int j = 0; j < {end}; j++)
            shown[j] = j < {n_seen} ? input[j % {n}] : 0.0f;
        return;
    }}
    for (int j = 0; j < {older}; j++)
        shown[j] = shown[j + {n}];
    for (int j = 0; j < {n}; j++)
        shown[{older} + j] = input[j];
}}

"""


def clip(
    name: str, kind: str, low: NDArray[np.float32], high: NDArray[np.float32]
) -> tuple[str, str]:
    """Return constants, and what brings x, number j, between two bounds.

    Parameters
    ----------
    name : str
        That of the policy.
    kind : str
        What the constants' names begin with.
    low, high : ndarray of float32
        Bounds.

    Returns
    -------
    constants, code : str
        NaN stays what it is.
    """
    names = [f"{name}_{kind}{end}" for end in ("low", "high")]
    constants = array("float", names[0], low) + array("float", names[1], high)
    return constants, (
        f"        x = x < {names[0]}[j] ? {names[0]}[j] : x;\n"
        f"        x = x > {names[1]}[j] ? {names[1]}[j] : x;\n"
    )


def parts_of(policy: Any, weights: str, name: str) -> Parts:
    """Return the parts of a policy, joined.

    Parameters
    ----------
    policy : policy
        See :func:`skimitate.formats._exportable.exportable`.
    weights : str
        A key of ``FORMS``.
    name : str
        That of the policy in C.

    Returns
    -------
    Parts

    Raises
    ------
    ValueError
        If numbers do not fit their types in C.
    """
    return Parts(FORMS[weights], name).add(policy, classes_of(policy))
