"""What people call the parts of a trajectory, or of a step of one."""

from collections.abc import Mapping
from typing import Any

import numpy as np

# Each part with the names that are understood; another name is added here alone.
NAMES = {
    "observations": ("observations", "observation", "obs", "states", "state"),
    "actions": ("actions", "action", "acts", "act"),
    "rewards": ("rewards", "reward", "rews", "rew"),
    "next_observations": (
        "next_observations",
        "next_observation",
        "next_obs",
        "next_states",
        "next_state",
    ),
    "last_observation": ("last_observation", "final_observation", "last_obs"),
    "terminated": (
        "terminated",
        "terminateds",
        "terminations",
        "termination",
        "terminals",
    ),
    "truncated": (
        "truncated",
        "truncateds",
        "truncations",
        "truncation",
        "timeouts",
        "timeout",
    ),
    # Tells that it was over, not how: imitation's "terminal" holds at a time limit too.
    "over": ("dones", "done", "terminal"),
}

# The parts that a tuple holds, in order.
POSITIONS = ("observations", "actions", "rewards")

# The parts that tell how an episode ended.
FLAGS = ("terminated", "truncated", "over")

# The parts that there are, each with its owner's name for it.
Fields = dict[str, tuple[str, Any]]


class TrajectoryError(ValueError):
    """Says what is wrong with a trajectory to one who knows its number."""


def fields_by_name(record: Any) -> Fields:
    """Return the parts that a mapping holds, or an object as attributes.

    Parameters
    ----------
    record : object
        A trajectory or a step; anything.

    Returns
    -------
    dict of str to (str, object)
        Those of the parts in ``NAMES`` that the record has under one of their names
        and that are not None, each with that name.

    Raises
    ------
    TrajectoryError
        If two of the record's names mean the same part.
    """
    fields: Fields = {}
    for field, names in NAMES.items():
        values = {name: _get(record, name) for name in names}
        present = [name for name in names if values[name] is not None]
        if len(present) > 1:
            raise TrajectoryError(
                f"expected one of {', '.join(names)}, got both {present[0]!r} and "
                f"{present[1]!r}: leave one of them"
            )
        for name in present:
            fields[field] = name, values[name]
    return fields


def _get(record: Any, name: str) -> Any:
    if isinstance(record, Mapping):
        return record.get(name)
    value = getattr(record, name, None)
    return None if callable(value) else value


def fields_by_position(record: tuple | list) -> Fields:
    """Return the parts that a tuple holds, in the order of ``POSITIONS``.

    Parameters
    ----------
    record : tuple or list
        A trajectory or a step.

    Returns
    -------
    dict of str to (str, object)
        As :func:`fields_by_name`.

    Raises
    ------
    TrajectoryError
        If it holds fewer than two or more than three.
    """
    if len(record) not in (2, 3):
        raise TrajectoryError(
            "expected (observation, action) or (observation, action, reward), got "
            f"{describe(record)}; a dict can say what else is what"
        )
    named = zip(POSITIONS, record, strict=False)
    return {name: (name, value) for name, value in named if value is not None}


def check_named(fields: Fields, required: tuple[str, ...], record: Any) -> None:
    """Raise if one of the required parts was not found.

    Parameters
    ----------
    fields : dict of str to (str, object)
        The parts that were.
    required : tuple of str
        Those that must be.
    record : object
        Where they were looked for.

    Raises
    ------
    TrajectoryError
        With the names that are understood, and those that there are.
    """
    for field in required:
        if field not in fields:
            raise TrajectoryError(
                f"expected {field}, as one of {', '.join(NAMES[field])}, got "
                f"{describe(record)}"
            )


def is_mapping(value: Any) -> bool:
    """Tell whether a value is a dict or one in disguise, as imitation's DictObs.

    Parameters
    ----------
    value : object
        Anything. A data frame has keys too, but becomes an array.

    Returns
    -------
    bool
    """
    disguised = hasattr(value, "keys") and not hasattr(value, "__array__")
    return isinstance(value, Mapping) or disguised


def is_sequence(value: Any) -> bool:
    """Tell whether a value is a list or tuple whose members have no names.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    bool
    """
    return isinstance(value, (list, tuple)) and not hasattr(value, "_fields")


def describe(value: Any) -> str:
    """Return in a few words what a value is.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    str
        With the keys of a mapping, the names of an object's attributes, the shape of an
        array, the length of a sequence.
    """
    kind = type(value).__name__
    if isinstance(value, np.generic):
        return repr(value.item())
    if is_mapping(value):
        return f"{kind} with {_listed('keys', value.keys())}"
    if hasattr(value, "shape"):
        return f"{kind} of shape {tuple(value.shape)}"
    if is_sequence(value):
        return f"{kind} of length {len(value)}"
    if hasattr(value, "_fields"):
        return f"{kind} with {_listed('fields', value._fields)}"
    if hasattr(value, "__dict__"):
        return f"{kind} with {_listed('attributes', vars(value))}"
    return repr(value) if len(repr(value)) <= 60 else kind


def _listed(what: str, names: Any) -> str:
    """Return the first ten names."""
    shown = [repr(name) for name in names]
    if not shown:
        return f"no {what}"
    return f"the {what} {', '.join(shown[:10])}{', ...' if len(shown) > 10 else ''}"
