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
    "action_noise": ("action_noise",),
    "feature_names": ("feature_names",),
    # Tells that it was over, not how: imitation's "terminal" holds at a time limit too.
    "over": ("dones", "done", "terminal"),
}

# The parts that tuples hold, in order, by the length of the tuple.
_STEP = ("observations", "actions", "rewards", "next_observations")
TUPLES = {
    2: _STEP[:2],
    3: _STEP[:3],
    4: _STEP,
    5: (*_STEP, "over"),
    6: (*_STEP, "terminated", "truncated"),
}

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
        values = {name: get_part(record, name) for name in names}
        present = [name for name in names if values[name] is not None]
        if len(present) > 1:
            raise TrajectoryError(
                f"expected one of {', '.join(names)}, got both {present[0]!r} and "
                f"{present[1]!r}: leave one of them"
            )
        for name in present:
            fields[field] = name, values[name]
    return fields


def get_part(record: Any, name: str) -> Any:
    """Return what a mapping holds under a name, or an object as an attribute.

    Parameters
    ----------
    record : object
        Anything.
    name : str
        The name alone.

    Returns
    -------
    object
        None if there is none, or a method.
    """
    if isinstance(record, Mapping):
        return record.get(name)
    value = getattr(record, name, None)
    return None if callable(value) else value


def fields_by_position(record: tuple | list) -> Fields:
    """Return the parts that a tuple holds, in the order of ``TUPLES``.

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
        If its length is none of these, or it has its parts in another order.
    """
    came = describe(record)
    parts = TUPLES.get(len(record), ())
    misplaced = [
        f"{describe(value)} in the place of {part}"
        for part, value in zip(parts[3:], record[3:], strict=False)
        if (is_mapping(value) if part in FLAGS else np.isscalar(value))
    ]
    if misplaced or not parts:
        came = f"{came} with {misplaced[0]}" if misplaced else came
        raise TrajectoryError(
            "expected (observation, action), and maybe reward, next_observation and "
            f"done, or terminated and truncated, in this order, got {came}; a dict can "
            "say what is what"
        )
    named = zip(parts, record, strict=True)
    return {part: (part, value) for part, value in named if value is not None}


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
    keys = getattr(value, "keys", None)
    disguised = callable(keys) and not hasattr(value, "__array__")
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
