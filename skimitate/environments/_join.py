"""Episodes, joined into the arrays of rollouts."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._episode import Episode


def join_episodes(
    episodes: Sequence[Episode], name: str = "trajectories"
) -> dict[str, Any]:
    """Join episodes.

    Parameters
    ----------
    episodes : sequence of Episode
        At least one.
    name : str, default="trajectories"
        What errors call them.

    Returns
    -------
    dict of str to ndarray, tuple of str or None
        By the names of the fields of :class:`Rollouts`. What is not known of one of the
        episodes is None.

    Raises
    ------
    ValueError
        If their widths differ, or the names of their columns.
    """
    parts = {
        part: [getattr(episode, part) for episode in episodes]
        for part in Episode._fields
    }
    lengths = [len(actions) for actions in parts["actions"]]
    return {
        "observations": _stack(
            name, "observations", parts["observations"], np.concatenate
        ),
        "actions": _stack(name, "actions", parts["actions"], np.concatenate),
        "rewards": _of_all(np.concatenate, parts["rewards"]),
        "episode_ids": np.repeat(np.arange(len(episodes)), lengths),
        "terminated": _of_all(np.array, parts["terminated"]),
        "truncated": _of_all(np.array, parts["truncated"]),
        "last_observations": _of_all(np.array, parts["last_observation"]),
        "is_success": _of_all(np.array, parts["is_success"]),
        "action_noise": _of_all(
            partial(_stack, name, "action_noise", join=np.stack), parts["action_noise"]
        ),
        "feature_names": _of_all(partial(_same_names, name), parts["feature_names"]),
    }


def _stack(
    name: str, part: str, arrays: Sequence[NDArray], join: Callable[..., NDArray]
) -> NDArray:
    """Return the rows of all episodes, or the row of each, of one width."""
    try:
        return join(arrays)
    except ValueError:
        n_rows = 1 if join is np.concatenate else 0
        widths = [array.shape[n_rows:] for array in arrays]
        odd = next(i for i, width in enumerate(widths) if width != widths[0])
        raise ValueError(
            f"{name}[{odd}]: {part}: expected {_columns_of(widths[0])} as in {name}[0],"
            f" got {_columns_of(widths[odd])}"
        ) from None


def _columns_of(width: tuple[int, ...]) -> str:
    return f"{width[0]} columns" if width else "no axis of columns"


def _same_names(name: str, all_names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of the columns, which are to be those of all episodes."""
    first = all_names[0]
    for number, names in enumerate(all_names):
        if names != first:
            column = next(i for i, own in enumerate(names) if own != first[i])
            raise ValueError(
                f"{name}[{number}]: feature_names: expected {first[column]!r} in "
                f"column {column} as in {name}[0], got {names[column]!r}"
            )
    return first


def _of_all(join: Callable[[Sequence[Any]], Any], parts: Sequence[Any]) -> Any:
    """Return a part of all episodes, or None if it is not known of all."""
    return None if any(part is None for part in parts) else join(parts)
