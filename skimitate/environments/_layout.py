"""How a trajectory without names is laid out: step by step, or part by part."""

from collections.abc import Iterable, Sequence
from typing import Any

from skimitate.environments._fields import (
    TUPLES,
    TrajectoryError,
    fields_by_name,
    is_mapping,
    is_sequence,
)


def form(value: Any) -> tuple[int, ...]:
    """Return the shape that a value has if all its members are like the first.

    Parameters
    ----------
    value : object
        An array, a tensor, a nested list; of anything else it is ``()``.

    Returns
    -------
    tuple of int
    """
    if hasattr(value, "shape"):
        return tuple(value.shape)
    if is_sequence(value):
        return (len(value), *(form(value[0]) if value else ()))
    return ()


def is_steps(trajectory: list | tuple) -> bool:
    """Tell whether a sequence has a record for each step.

    A list of tuples is one of steps, and a tuple of lists has observations and actions.
    Of lists alone or tuples alone, as in JSON, the shapes decide.

    Parameters
    ----------
    trajectory : list or tuple
        Not empty.

    Returns
    -------
    bool
        False if it has a member for each part, or cannot be read at all.

    Raises
    ------
    TrajectoryError
        If the shapes allow both.
    """
    first = trajectory[0]
    if is_mapping(first):
        # Unless they are the observations of a Dict space, before actions.
        return len(trajectory) == 1 or is_mapping(trajectory[1])
    if not is_sequence(first):
        return bool(fields_by_name(first))
    usual = isinstance(trajectory, list) and isinstance(first, tuple)
    by_part = may_be_parts(trajectory)
    if usual and not by_part:
        return True
    by_step = _may_be_steps(trajectory)
    if by_part and by_step and isinstance(first, type(trajectory)):
        raise TrajectoryError(
            f"expected either a list of steps or (observations, actions), got "
            f"{type(trajectory).__name__} of shape {form(trajectory)}, which may be "
            "both: give steps as a list of tuples or dicts, observations and actions "
            "as a tuple of lists or a dict; those of many episodes: zip them"
        )
    return usual if by_part == by_step else by_step


def check_zipped(trajectories: Any) -> None:
    """Raise if these may be the observations of all episodes, then the actions of all.

    Parameters
    ----------
    trajectories : object
        All of them; pairs of observations and actions that are tuples are in order.

    Raises
    ------
    ValueError
        With the way to pair them.
    """
    if not is_sequence(trajectories) or len(trajectories) not in (2, 3):
        return
    first = trajectories[0]
    if not all(is_sequence(one) and len(one) > 1 for one in trajectories):
        return
    if any(len(one) != len(first) or _may_be_steps(one) for one in trajectories):
        return
    as_pairs = isinstance(first, tuple) and _agree(trajectories)
    if _agree(zip(*trajectories, strict=True)) and not as_pairs:
        raise ValueError(
            "trajectories: expected one for each episode, got what may be the "
            "observations of all and then the actions of all: zip(observations, "
            "actions) pairs them. If they are paired: make each pair a tuple or a dict"
        )


def may_be_parts(parts: Sequence[Any]) -> bool:
    """Tell whether these may be the observations, the actions and so on.

    Parameters
    ----------
    parts : sequence of object
        In the order of ``TUPLES``.

    Returns
    -------
    bool
        Whether they have the shapes of these for one number of steps.
    """
    if len(parts) not in TUPLES:
        return False
    seen, done, *others = map(form, parts)
    if len(seen) != 2 or len(done) not in (1, 2) or seen[0] - done[0] not in (0, 1):
        return False
    n_steps, n_features = done[0], seen[1]
    one_each = (), (n_steps,), (n_steps, 1)
    allowed = [one_each, ((), (n_steps, n_features)), one_each, one_each]
    return all(map(_is_even, parts[:2])) and all(
        shape in shapes for shape, shapes in zip(others, allowed, strict=False)
    )


def _agree(trajectories: Iterable[Sequence[Any]]) -> bool:
    """Tell whether each may have a member for each part, in widths that all share."""
    trajectories = list(trajectories)
    return all(map(may_be_parts, trajectories)) and all(
        len({form(one[part])[1:] for one in trajectories}) == 1 for part in (0, 1)
    )


def _may_be_steps(steps: Sequence[Any]) -> bool:
    """Tell whether each of these may be (observation, action) with maybe a reward."""
    if not all(map(is_sequence, steps)) or len({len(step) for step in steps}) > 1:
        return False
    if len(steps[0]) not in TUPLES:
        return False
    seen = {form(step[0]) for step in steps}
    # The last may be an observation alone.
    done = {form(step[1]) for step in steps if step[1] is not None}
    return (
        [len(shape) for shape in seen] == [1]
        and len(done) == 1
        and len(done.pop()) < 2
        and all(form(step[2]) == () for step in steps if len(step) > 2)
    )


def _is_even(array: Any) -> bool:
    """Tell whether the rows are alike."""
    return not is_sequence(array) or len(set(map(form, array))) == 1
