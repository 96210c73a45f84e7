"""What is said of a trajectory, or a step, that lacks what all of them have."""

from collections.abc import Mapping
from typing import Any

from skimitate.environments._fields import (
    NAMES,
    Fields,
    TrajectoryError,
    describe,
    fields_by_name,
    is_sequence,
)
from skimitate.environments._layout import form, may_be_parts

_KNOWN = {name for names in NAMES.values() for name in names}


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
        With the names that are understood, those that there are, and the way out.
    """
    for field in required:
        if field not in fields:
            raise TrajectoryError(
                f"expected {field}, as one of {', '.join(NAMES[field])}, got "
                f"{describe(record)}{_way_out(fields, record)}"
            )


def way_to_a_list(trajectories: Mapping[Any, Any]) -> str:
    """Return what to give in the place of a mapping that has trajectories in it.

    Parameters
    ----------
    trajectories : Mapping
        Without the parts of a trajectory under names that are understood.

    Returns
    -------
    str
        What is said after "give".
    """
    arrays = _arrays(trajectories)
    if may_be_parts([trajectories[key] for key in arrays]):
        inside = ", ".join(f"t[{key!r}]" for key in arrays)
        return f"[({inside})] if it is one trajectory"
    for key, value in trajectories.items():
        first = value[0] if is_sequence(value) and value else None
        if _has_steps(first) or (fields_by_name(first) and not is_step(first)):
            return f"the list in it, data[{key!r}]"
    return "its .values()"


def is_step(record: Any) -> bool:
    """Tell whether a record has one observation, not an array of them.

    Parameters
    ----------
    record : object
        Anything.

    Returns
    -------
    bool
    """
    seen = fields_by_name(record).get("observations", ("", None))[1]
    # An array of objects has arrays in it, and so has a data frame.
    kind = getattr(getattr(seen, "dtype", None), "kind", None)
    return len(form(seen)) == 1 and kind != "O" and not hasattr(record, "shape")


def _has_steps(value: Any) -> bool:
    return is_sequence(value) and bool(value) and is_step(value[0])


def _way_out(fields: Fields, record: Any) -> str:
    if isinstance(record, Mapping):
        inside = [key for key, value in record.items() if _has_steps(value)]
        if len(inside) == 1:
            return f". The list in it may be the trajectory: t[{inside[0]!r}]"
    return f". Or give tuples of (observations, actions){_example(fields, record)}"


def _example(fields: Fields, record: Any) -> str:
    """Return how to make such a tuple, if it is plain which arrays are meant."""
    if not isinstance(record, Mapping):
        return ""
    arrays = _arrays(record)
    pair = [fields.get(part, (None,))[0] for part in ("observations", "actions")]
    if len(arrays) != pair.count(None):
        return ""
    names = [arrays.pop(0) if name is None else name for name in pair]
    return f", as by (t[{names[0]!r}], t[{names[1]!r}])"


def _arrays(record: Mapping[Any, Any]) -> list[Any]:
    """Return the keys that are not understood and have arrays."""
    return [
        key
        for key, value in record.items()
        if key not in _KNOWN and form(value) and not fields_by_name(value)
    ]
