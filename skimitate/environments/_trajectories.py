"""Other people's trajectories, in the forms in which they come, as episodes."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skimitate.environments._episode import Episode
from skimitate.environments._fields import (
    FLAGS,
    TUPLES,
    Fields,
    TrajectoryError,
    describe,
    fields_by_name,
    fields_by_position,
    is_mapping,
    is_sequence,
)
from skimitate.environments._layout import check_zipped, is_steps
from skimitate.environments._missing import check_named, is_step, way_to_a_list
from skimitate.environments._numbering import (
    check_one_episode,
    check_steps_of_one_episode,
)
from skimitate.environments._parts import read_parts
from skimitate.environments._success import success_part


def read_trajectories(trajectories: Iterable[Any]) -> list[Episode]:
    """Read trajectories of any form that :meth:`Rollouts.from_trajectories` takes.

    Parameters
    ----------
    trajectories : iterable
        See there.

    Returns
    -------
    list of Episode
        Of any widths. Of our own, those with fitting arrays are returned as they are.

    Raises
    ------
    TypeError
        If the trajectories are not a number of them.
    ValueError
        If there are none, or one cannot be read; it names that one.
    """
    _check_many(trajectories)
    check_zipped(trajectories)
    episodes = []
    for number, trajectory in enumerate(trajectories):
        if _is_ours(trajectory):
            episodes.append(trajectory)
            continue
        try:
            episodes.append(read_parts(_fields(trajectory)))
        except TrajectoryError as error:
            raise ValueError(f"trajectories[{number}]: {error}") from error.__cause__
    if not episodes:
        raise ValueError("trajectories: expected at least one, got none")
    return _of_one_kind(episodes)


def _of_one_kind(episodes: list[Episode]) -> list[Episode]:
    """Take whole numbers for continuous actions where those of others are.

    A log writes 0 for 0.0; classes are whole numbers in all episodes.
    """
    are_whole = [episode.actions.dtype.kind != "f" for episode in episodes]
    if all(are_whole) or not any(are_whole):
        return episodes
    return [
        episode._replace(
            actions=episode.actions.reshape(len(episode.actions), -1).astype(np.float64)
        )
        if is_whole
        else episode
        for episode, is_whole in zip(episodes, are_whole, strict=True)
    ]


def _check_many(trajectories: Any) -> None:
    """Raise, with a hint, if this is one trajectory, or none at all."""
    expected = "trajectories: expected a list of trajectories"
    if isinstance(trajectories, (str, bytes, Path)):
        raise TypeError(f"{expected}, got {trajectories!r}: read the file first")
    if _is_many(trajectories):
        raise TypeError(
            f"{expected}, got {type(trajectories).__name__} of many episodes: rollouts "
            "go in as their .episodes, and are joined by +"
        )
    if hasattr(trajectories, "get_group"):
        kind = type(trajectories).__name__
        raise TypeError(f"{expected}, got {kind}: give [steps for _, steps in groups]")
    try:
        fields = fields_by_name(trajectories)
        check_one_episode(trajectories, fields)
    except TrajectoryError as error:
        raise TypeError(f"{expected}, got one, of which {error}") from None
    if fields:
        raise TypeError(
            f"{expected}, got {describe(trajectories)}, which looks like one: put it "
            "into a list, [trajectory]"
        )
    if isinstance(trajectories, Mapping):
        way = way_to_a_list(trajectories)
        raise TypeError(f"{expected}, got {describe(trajectories)}: give {way}")
    if is_sequence(trajectories) and trajectories and is_step(trajectories[0]):
        try:
            check_steps_of_one_episode(trajectories)
        except TrajectoryError as error:
            raise TypeError(f"{expected}, got steps: {error}") from None
    try:
        iter(trajectories)
    except TypeError:
        raise TypeError(f"{expected}, got {describe(trajectories)}") from None


def _is_many(trajectory: Any) -> bool:
    """Tell whether this has the steps of many episodes, as Rollouts have."""
    if isinstance(trajectory, Mapping):
        return "episode_ids" in trajectory
    return hasattr(trajectory, "episode_ids")


def _is_ours(trajectory: Any) -> bool:
    """Tell at once of the usual episode of our own that nothing has to be done to it.

    That its values are finite is found out when episodes are joined.
    """
    return (
        type(trajectory) is Episode
        and type(trajectory.observations) is type(trajectory.actions) is np.ndarray
        and trajectory.observations.ndim == 2
        and trajectory.actions.ndim in (1, 2)
        and trajectory.rewards is not None
        and len(trajectory.observations)
        == len(trajectory.actions)
        == len(trajectory.rewards)
    )


def _fields(trajectory: Any) -> Fields:
    """Return the parts of a trajectory, whatever its form."""
    if _is_many(trajectory):
        raise TrajectoryError(
            f"expected one trajectory, got {type(trajectory).__name__} of many: "
            "rollouts are joined by +; Rollouts(...) takes arrays with episode_ids"
        )
    fields = fields_by_name(trajectory)
    if not fields and is_sequence(trajectory):
        if not trajectory:
            raise TrajectoryError("expected at least one step, got none")
        if is_steps(trajectory):
            fields = _columns(trajectory)
        elif len(trajectory) in TUPLES:
            fields = fields_by_position(trajectory)
    if not fields and not is_mapping(trajectory):
        raise TrajectoryError(
            "expected a dict or object with observations and actions, a tuple of "
            "these and maybe rewards, or a list of steps that are dicts or tuples, got "
            f"{describe(trajectory)}. If all this is one trajectory, put it into a "
            "list; arrays of the observations and actions of many: zip them"
        )
    check_named(fields, ("observations", "actions"), trajectory)
    check_one_episode(trajectory, fields)
    return success_part(trajectory) | fields


def _columns(steps: list | tuple) -> Fields:
    """Return as columns what the steps hold.

    A last record without an action shows the last observation.
    """
    records = [_step_fields(number, step) for number, step in enumerate(steps)]
    check_steps_of_one_episode(steps)
    if "next_observations" not in records[-1]:
        # The last counts alone, and may be None where nothing follows.
        for record in records:
            record.pop("next_observations", None)
    last: Fields = {}
    if {"observations"} <= records[-1].keys() <= {"observations", *FLAGS}:
        last = records.pop()
    first = records[0] if records else last
    for number, record in enumerate(records):
        if record.keys() != first.keys():
            name = (first | record)[min(record.keys() ^ first.keys())][0]
            raise TrajectoryError(
                f"steps[{number}]: expected {name!r} in all steps or in none, got "
                f"{describe(steps[number])} after {describe(steps[0])}"
            )
    fields: Fields = {
        field: (name, [record[field][1] for record in records])
        for field, (name, _) in first.items()
    }
    for field, (name, value) in last.items():
        rows = [*fields[field][1], value] if field in fields else value
        fields[field] = name, rows
    success = success_part(steps[-1])
    if last and not success:
        success = success_part(steps[-2:][0])
    return success | fields


def _step_fields(number: int, step: Any) -> Fields:
    try:
        fields = fields_by_name(step)
        if fields or not is_sequence(step):
            check_named(fields, ("observations",), step)
            return fields
        return fields_by_position(step)
    except TrajectoryError as error:
        raise TrajectoryError(f"steps[{number}]: {error}") from None
