"""Whether an episode succeeded, as environments tell it, and other people's data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._fields import Fields, get_part, is_mapping
from skimitate.policies._actions import StepError

# Gymnasium's and stable-baselines3's name for it, in an environment's info.
_KEY = "is_success"

# What people call the infos of a trajectory, or the info of a step.
_INFOS = ("infos", "info")


def success_in(info: Any) -> bool | None:
    """Return what an environment's info tells of success.

    Parameters
    ----------
    info : object
        What came with the last step of an episode.

    Returns
    -------
    bool or None
        None if it does not tell.

    Raises
    ------
    StepError
        If it tells something else than yes or no.
    """
    value = info.get(_KEY) if isinstance(info, Mapping) else None
    if value is None:
        return None
    number = np.asarray(value)
    if number.size != 1 or number.dtype.kind not in "fiub" or number not in (0, 1):
        raise StepError(
            f"env: expected True or False as {_KEY!r} in its info, got {value!r}"
        )
    return bool(number)


def successes_of(told: Sequence[bool | None], name: str) -> NDArray[np.bool_]:
    """Return which episodes succeeded, if all of them tell.

    Parameters
    ----------
    told : sequence of (bool or None)
        What each episode tells.
    name : str
        The parameter that asked for it.

    Returns
    -------
    ndarray of shape (n_episodes,)

    Raises
    ------
    ValueError
        If one of them does not tell.
    """
    n_silent = sum(success is None for success in told)
    if n_silent:
        raise ValueError(
            f"{name}: expected an environment that reports {_KEY!r} in its info at the "
            f"last step of each episode, got none in {n_silent} of {len(told)} episodes"
        )
    return np.array(told, dtype=bool)


def success_part(record: Any) -> Fields:
    """Return what a trajectory, or a step of one, tells of success.

    Parameters
    ----------
    record : object
        A mapping or an object with attributes. It has ``is_success`` itself or in its
        ``infos``: a dict of arrays, as Minari's, a dict for each step, as imitation's,
        or that of one step.

    Returns
    -------
    dict of str to (str, object)
        The part ``is_success``, one flag or one for each step, with its owner's name
        for it; empty if it does not tell.
    """
    value = get_part(record, _KEY)
    if value is not None:
        return {_KEY: (_KEY, value)}
    for name in _INFOS:
        infos = get_part(record, name)
        if not is_mapping(infos):
            try:
                infos = infos[-1]
            except (TypeError, IndexError, KeyError):
                continue
        value = infos.get(_KEY) if isinstance(infos, Mapping) else None
        if value is not None:
            return {_KEY: (f"{name}[{_KEY!r}]", value)}
    return {}
