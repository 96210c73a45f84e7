"""Steps that tell themselves which episode they belong to."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from skimitate.environments._fields import (
    Fields,
    TrajectoryError,
    get_part,
    is_sequence,
)
from skimitate.environments._layout import form

# What people call the number of the episode, in a step or in a column of a table.
_NAMES = (
    "episode",
    "episode_id",
    "episode_index",
    "episode_number",
    "trajectory_id",
    "traj_id",
)


def check_one_episode(trajectory: Any, fields: Fields) -> None:
    """Raise if a trajectory has the rows of several episodes.

    Parameters
    ----------
    trajectory : object
        With arrays by name.
    fields : dict of str to (str, object)
        The parts that were found in it.

    Raises
    ------
    TrajectoryError
        With the way to take them apart.
    """
    n_steps = form(fields["actions"][1])[:1] if "actions" in fields else ()
    for name in _NAMES:
        numbers = get_part(trajectory, name)
        if form(numbers) != n_steps or not n_steps:
            continue
        n_episodes = len({*map(str, numbers)})
        if n_episodes > 1:
            way = "cut the arrays where it changes"
            if hasattr(trajectory, "groupby"):
                way = f"[steps for _, steps in log.groupby({name!r})]"
            raise TrajectoryError(
                f"expected one episode, got {n_episodes} by {name!r}: {way}"
            )


def check_steps_of_one_episode(steps: Any) -> None:
    """Raise if steps that are records belong to several episodes.

    Parameters
    ----------
    steps : object
        A sequence of records; anything else is passed over.

    Raises
    ------
    TrajectoryError
        With the way to group them.
    """
    if not is_sequence(steps) or not steps:
        return
    for name in _NAMES:
        number = get_part(steps[0], name)
        if number is None or form(number):
            continue
        numbers = [str(get_part(step, name)) for step in steps]
        n_episodes = len({*numbers})
        if n_episodes > 1:
            named = isinstance(steps[0], Mapping)
            key = f"lambda step: step{f'[{name!r}]' if named else f'.{name}'}"
            n_changes = sum(a != b for a, b in pairwise(numbers))
            log = "log" if n_changes < n_episodes else f"sorted(log, key={key})"
            raise TrajectoryError(
                f"expected the steps of one episode, got those of {n_episodes} by "
                f"{name!r}: group them, [list(steps) for _, steps in "
                f"itertools.groupby({log}, key={key})]"
            )
