"""What a header says of its policy, to people and to programs."""

import json
import math
import re
from textwrap import fill
from typing import Any

import numpy as np

import skimitate
from skimitate.files._json import parse_json
from skimitate.formats._bounds import Bounds
from skimitate.formats._classes import listed_classes, read_classes
from skimitate.formats._networks import classes_of, network_of
from skimitate.formats.c._layers import n_weights, sizes_of
from skimitate.formats.c._numbers import table_of_classes
from skimitate.formats.c._parts import Parts
from skimitate.formats.c._rounding import rounding_error
from skimitate.formats.c._weights import FORMS

# What a description in JSON stands behind, in the first line.
_MARK = "/* skimitate policy "
_VERSION = 1


def comment_on(
    policy: Any, source: str, parts: Parts, weights: str, bounds: Bounds | None
) -> str:
    """Return what there is to say of a policy, first of all so that programs read it.

    Parameters
    ----------
    policy : policy
        Of known parts.
    source : str
        The class of what was exported.
    parts : Parts
        Of the policy.
    weights : str
        How these are kept: a key of ``FORMS``.
    bounds : tuple of ndarray or None
        Between what actions are clipped.

    Returns
    -------
    str
        A comment in C.
    """
    classes = classes_of(policy)
    mean_return = getattr(policy, "mean_return", None)
    if mean_return is not None:
        mean_return = float(mean_return) if math.isfinite(mean_return) else None
    description = {
        "version": _VERSION,
        "name": parts.name,
        "n_features": policy.n_features,
        "n_outputs": policy.n_outputs,
        "remembers": parts.remembers,
        "shows_actions": bool(parts.did),
        "classes": None if classes is None else listed_classes(classes),
        "mean_return": mean_return,
    }
    # Nothing in it may end the comment, begin another, or be a trigraph.
    mark = json.dumps(description).replace("/", "\\u002f").replace("?", "\\u003f")
    network = network_of(policy)
    source = source.encode("ascii", "backslashreplace").decode()
    sentences = [
        f"{source}, by skimitate {skimitate.__version__} and NumPy {np.__version__}.",
        f"{type(network).__name__} of {' - '.join(map(str, sizes_of(network)))} units "
        f"with {n_weights(network)} weights and biases; weights are {weights}.",
        f"Observations: {policy.n_features} floats in the units of the environment.",
        _actions(policy.n_outputs, classes, bounds),
    ]
    if mean_return is not None:
        sentences.append(f"An episode earns {mean_return:.6g} on average.")
    if weights != "float32":
        sentences.append(rounding_error(policy, FORMS[weights].keep))
    sentences.append(
        "A NaN in the observation makes "
        + ("NaN of the actions." if classes is None else "it the first class.")
    )
    lines = [
        fill(s, 86, initial_indent=" * ", subsequent_indent=" *   ") for s in sentences
    ]
    return f"{_MARK}{mark}\n *\n" + "\n".join(lines) + "\n */\n"


def _actions(n: int, classes: list[np.ndarray] | None, bounds: Bounds | None) -> str:
    if classes is not None:
        counts = ", ".join(str(len(labels)) for labels in classes)
        given = "their values"
        if table_of_classes(classes[0])[1] is None:
            given = "their numbers, counted from 0"
        return f"Actions: {n}, each one of {counts} classes; given are {given}."
    if bounds is None:
        return f"Actions: {n} floats in the units of the environment, not clipped."
    ends = ", ".join(
        f"{low:.6g} to {high:.6g}" for low, high in zip(*bounds, strict=True)
    )
    return f"Actions: {n} floats in the units of the environment, clipped to {ends}."


def description_of(source: str) -> dict[str, Any]:
    """Return what a header says of itself in its first line.

    Parameters
    ----------
    source : str
        The header.

    Returns
    -------
    dict

    Raises
    ------
    ValueError, KeyError
        If it is none of ours.
    """
    first = source.partition("\n")[0]
    if not first.startswith(_MARK):
        raise ValueError(f"it does not begin with {_MARK!r}")
    described = parse_json(first.removeprefix(_MARK))
    version = described["version"]
    if type(version) is not int or version != _VERSION:
        raise ValueError(
            f"it has version {version!r}, and this skimitate reads {_VERSION}"
        )
    kinds = {"name": str, "n_features": int, "n_outputs": int}
    kinds |= {"remembers": bool, "shows_actions": bool}
    for key, kind in kinds.items():
        if type(described[key]) is not kind:
            raise ValueError(f"its {key} is {described[key]!r}")
    if not re.fullmatch(r"\w+", described["name"], re.ASCII):
        raise ValueError(f"its name is {described['name']!r}")
    if not (
        described["mean_return"] is None or type(described["mean_return"]) is float
    ):
        raise ValueError(f"its mean_return is {described['mean_return']!r}")
    if described["classes"] is not None:
        n_classes = len(read_classes(described["classes"]))
        if n_classes != described["n_outputs"]:
            raise ValueError(f"it has classes of {n_classes} outputs")
    return described
