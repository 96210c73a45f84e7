"""Policies as C: one header, that needs nothing."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from skimitate._public import public
from skimitate.files._durable import check_folder, write_durably
from skimitate.formats._bounds import Bounds, bounds_of, inner_bounds
from skimitate.formats._exportable import exportable
from skimitate.formats._networks import classes_of
from skimitate.formats._standard_units import standardized_first
from skimitate.formats.c._comment import comment_on
from skimitate.formats.c._main import main_program
from skimitate.formats.c._numbers import (
    array,
    kind_of_actions,
    string,
    table_of_classes,
)
from skimitate.formats.c._parts import Parts, clip, parts_of
from skimitate.formats.c._weights import FORMS

_KEYWORDS = """
alignas alignof and asm auto bitand bitor bool break case catch char class compl concept
const constexpr continue decltype default delete do double else enum explicit export
extern false float for friend goto if inline int long mutable namespace new noexcept not
nullptr operator or private protected public register requires restrict return short
signed sizeof static struct switch template this throw true try typedef typeid typename
typeof union unsigned using virtual void volatile while xor
"""


@public
def export_c(
    policy: Any,
    path: str | Path,
    *,
    name: str = "policy",
    weights: str = "float32",
    action_space: Any = None,
) -> None:
    """Write a policy as C: one header in C99 that needs no library.

    It allocates nothing, has no state of its own, and holds all that acts: from an
    observation in the environment's units to an action in the action space. The header
    declares ``policy_n_observations``, ``policy_n_actions`` and, where ``name`` is
    ``"policy"``,

    - ``policy_act(observation, action)``: an action for an observation, both of them
      arrays;
    - with a memory, ``policy_act(&state, observation, action)`` and
      ``policy_reset(&state)``, which begins an episode, of a ``policy_state`` that the
      caller has; if actions are shown to it, ``policy_did(&state, action)`` says that
      something else was done than the last action;
    - where classes have names, ``policy_classes_0`` and so on: of each output an array
      of them.

    Observations are of type ``float``. So are actions and classes that are floats;
    classes that are integers are of type ``int32_t``, and of strings and bools it is
    the number of the class, counted from 0.

    With ``POLICY_MAIN`` defined it is a program that reads observations as CSV, one a
    line, and prints actions: ``cc -x c -DPOLICY_MAIN policy.h -o policy``. An empty
    line begins an episode, where there is a memory.

    Parameters
    ----------
    policy : estimator or policy
        A fitted cloner of skimitate's, or what DAgger, a history estimator or a
        :class:`~sklearn.pipeline.Pipeline` of scalers and selectors made of one; an
        expert that is a network.
    path : str or Path
        Where to; nothing is appended to the name. A file that is there is replaced in
        one step.
    name : str, default="policy"
        What the names in the header begin with, an identifier in C. Policies of several
        names fit in one program.
    weights : {"float32", "float16", "int8"}, default="float32"
        How weights are kept. The other forms take a half and a quarter of the memory,
        for slower and less exact actions: the header says how far off they are on
        observations drawn in the policy's own units. Arithmetic is in float32.
    action_space : gymnasium.spaces.Box, pair or None, default=None
        Between what actions are clipped: a Box, or its low and high. None: those of the
        environment of a DAgger estimator, or none. Not where actions are classes.

    Raises
    ------
    TypeError
        If the policy is none of these, or the action space is none.
    NotFittedError
        If it is an estimator that was not fitted.
    ValueError
        If a parameter is not as described, or numbers or classes do not fit their types
        in C.
    OSError
        If the file cannot be written.

    See Also
    --------
    skimitate.load_expert : Compiles what this wrote, so that it can be evaluated.
    skimitate.save_policy : For Python, and to the last bit.

    Notes
    -----
    tanh is a rational function, wrong by at most 4e-7 of its value. NaN in an
    observation becomes NaN in actions, and the first class of each output.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skimitate import BehaviorCloner, export_c
    >>> X = np.linspace(-1.0, 1.0, 100).reshape(50, 2)
    >>> cloner = BehaviorCloner(max_iter=5).fit(X, -X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_c(cloner, Path(folder) / "policy.h", action_space=(-1.0, 1.0))
    ...     text = (Path(folder) / "policy.h").read_text()
    >>> "static inline void policy_act(const float *observation, float *action)" in text
    True
    """
    check_name(name)
    if weights not in FORMS:
        raise ValueError(f"weights: expected one of {sorted(FORMS)}, got {weights!r}")
    acting = exportable(policy, "policy")
    classes = classes_of(acting)
    if classes is not None and action_space is not None:
        raise ValueError(
            f"action_space: expected None where actions are classes, got {action_space}"
        )
    assert acting.n_outputs is not None
    bounds = None
    if classes is None:
        bounds = bounds_of(policy, action_space, acting.n_outputs)
    check_folder(path)
    try:
        text = _header(acting, type(policy).__name__, name, weights, bounds)
    except ValueError as error:
        raise ValueError(f"policy: {error}") from None
    write_durably(Path(path), partial(_write, text))


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="ascii", newline="\n")


def check_name(name: str) -> None:
    """Raise ValueError if nothing in C and C++ may be called so."""
    if not isinstance(name, str) or not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(
            f"name: expected an identifier in C that begins with a letter, got {name!r}"
        )
    if name in _KEYWORDS.split():
        raise ValueError(f"name: expected no keyword of C or C++, got {name!r}")


def _header(
    policy: Any, source: str, name: str, weights: str, bounds: Bounds | None
) -> str:
    """Return the whole header."""
    classes = classes_of(policy)
    parts = parts_of(standardized_first(policy), weights, name)
    kind = kind_of_actions(classes)
    guard = f"SKIMITATE_{name}_H"
    state = f"{name}_state *state, " if parts.remembers else ""
    constants, end = _ending(parts, classes, bounds)
    text = [
        f"{comment_on(policy, source, parts, weights, bounds)}"
        f"#ifndef {guard}\n#define {guard}\n\n#include <stdint.h>\n\n"
        '#ifdef __cplusplus\nextern "C" {\n#endif\n\n'
        f"enum {{ {name}_n_observations = {policy.n_features}, "
        f"{name}_n_actions = {policy.n_outputs} }};\n\n",
        _state(parts),
        f"{parts.constants}{constants}\n",
        parts.functions,
        _did(parts, kind),
        f"static inline void {name}_act({state}const float *observation, "
        f"{kind} *action)\n{{\n{parts.steps}{end}}}\n\n",
        "#ifdef __cplusplus\n}\n#endif\n\n",
        main_program(name, parts, classes),
        f"#endif /* {guard} */\n",
    ]
    return "".join(text)


def _state(parts: Parts) -> str:
    if not parts.remembers:
        return ""
    name = parts.name
    return (
        "/* What is remembered of an episode; all zeros at its start. */\n"
        f"typedef struct {{\n{parts.members}}} {name}_state;\n\n"
        "/* Begin an episode. */\n"
        f"static inline void {name}_reset({name}_state *state)\n"
        f"{{\n{parts.resets}}}\n\n"
    )


def _did(parts: Parts, kind: str) -> str:
    if not parts.did:
        return ""
    return (
        "/* Say that something else was done than the last action. */\n"
        f"static inline void {parts.name}_did("
        f"{parts.name}_state *state, const {kind} *action)\n{{\n{parts.did}}}\n\n"
    )


def _ending(
    parts: Parts, classes: list[np.ndarray] | None, bounds: Bounds | None
) -> tuple[str, str]:
    """Return constants, and how the last part's numbers become an action."""
    name, source = parts.name, parts.source
    if classes is not None:
        constants, code = _choice(name, source, classes)
        return constants, code + _noted(parts, "action")
    constants, clipped = "", ""
    if bounds is not None:
        constants, clipped = clip(name, "", *inner_bounds(*bounds))
    return constants, (
        f"{_noted(parts, source)}"
        f"    for (int j = 0; j < {name}_n_actions; j++) {{\n"
        f"        float x = {source}[j];\n{clipped}        action[j] = x;\n    }}\n"
    )


def _noted(parts: Parts, action: str) -> str:
    """Return what remembers an action, before it is clipped."""
    if not parts.did:
        return ""
    return f"{parts.notes}    {parts.name}_did(state, {action});\n"


def _choice(name: str, source: str, classes: list[np.ndarray]) -> tuple[str, str]:
    """Return constants, and what takes the class of the highest number."""
    constants = (
        "\n/* Return the number of the highest of some numbers. */\n"
        f"static inline int {name}_highest(const float *x, int n)\n"
        "{\n    int best = 0;\n    for (int j = 1; j < n; j++)\n"
        "        if (x[j] > x[best])\n            best = j;\n    return best;\n}\n\n"
    )
    code, begin = "", 0
    for output, labels in enumerate(classes):
        kind, values = table_of_classes(labels)
        table = f"{name}_classes_{output}"
        highest = f"{name}_highest({source} + {begin}, {len(labels)})"
        if values is None:
            names = ",\n".join(f"    {string(str(label))}" for label in labels.tolist())
            constants += (
                f"static const char *const {table}[{len(labels)}] = {{\n{names}}};\n"
            )
            code += f"    action[{output}] = {highest};\n"
        else:
            constants += array(kind, table, values)
            code += f"    action[{output}] = {table}[{highest}];\n"
        begin += len(labels)
    return constants, code
