"""robomimic's demonstrations: an HDF5 file with a group for each."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.exchange._asked import AskedError, names_asked
from skimitate.exchange._hdf5 import Group, open_hdf5
from skimitate.exchange._record import Record

_EXPECTED = "robomimic's demonstrations"


def read_robomimic(
    path: str | Path, observations: Sequence[str] | None, mask: str | None
) -> Iterator[Record]:
    """Yield the demonstrations of a file, each read when it is asked for.

    Parameters
    ----------
    path : str or Path
        The HDF5 file.
    observations : sequence of str or None
        Keys of ``obs``; None for all, where none is an image.
    mask : str or None
        Filter key; None for all demonstrations.

    Yields
    ------
    Record

    Raises
    ------
    OSError, ValueError, ImportError
        See :func:`open_hdf5`.
    """
    keys = None if observations is None else names_asked("observations", observations)
    with open_hdf5(path, _EXPECTED) as file:
        data = file.group("data")
        names = _demonstrations(file, data, mask)
        for name in names:
            demonstration = data.group(name)
            if keys is None:
                keys = _all_keys(demonstration.group("obs"))
            elif observations is not None:
                _check_asked(demonstration.group("obs"), keys, name)
            yield Record(f"{path}: {name}", _parts(demonstration, name, keys))


def _demonstrations(file: Group, data: Group, mask: str | None) -> list[str]:
    """Return the names of the demonstrations, demo_2 before demo_10."""
    names = [name for name in data.names if data.is_group(name)]
    if mask is not None:
        masks = file.group("mask").names if "mask" in file.names else []
        if mask not in masks:
            raise AskedError(
                f"mask: expected one of the filter keys {', '.join(masks) or '(none)'},"
                f" got {mask!r}"
            )
        chosen = file.group("mask").texts(mask)
        strange = sorted(set(chosen) - set(names))
        if strange:
            raise ValueError(f"mask/{mask} names {strange[0]!r}, which data has not")
        names = chosen
    if not names:
        raise ValueError("it has no demonstrations")
    return sorted(names, key=_number)


def _number(name: str) -> tuple[Any, ...]:
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d{1,15})", name)
    )


def _all_keys(obs: Group) -> list[str]:
    """Return all that is observed, if none of it is an image."""
    images = [key for key in obs.names if _is_image(obs, key)]
    others = [key for key in obs.names if key not in images]
    if images:
        raise AskedError(
            f"observations: expected the names of what is to be read, since "
            f"{', '.join(images)} are images, which are not; the others are {others}"
        )
    if not others:
        raise ValueError("obs has nothing in it")
    return others


def _check_asked(obs: Group, keys: list[str], name: str) -> None:
    """Raise if what was asked for is not observed, or is an image."""
    for key in keys:
        if key not in obs.names:
            raise AskedError(
                f"observations: expected some of {', '.join(obs.names) or '(none)'}, "
                f"which {name} has, got {key!r}"
            )
        if _is_image(obs, key):
            raise AskedError(
                f"observations: expected numbers that describe what is seen, got "
                f"{key!r}, an image of shape {obs.shape(key)[1:]}, which is not read"
            )


def _is_image(obs: Group, key: str) -> bool:
    n_dims = len(obs.shape(key))
    return n_dims > 3 or (n_dims > 2 and obs.is_bytes(key))


def _parts(demonstration: Group, name: str, keys: list[str]) -> dict[str, Any]:
    parts: dict[str, Any] = {"actions": ("actions", demonstration.array("actions"))}
    n_steps = len(np.atleast_1d(parts["actions"][1]))
    if not n_steps:
        raise ValueError(f"{name} has no steps")
    told = demonstration.attribute("num_samples")
    if told is not None and not np.array_equal(told, n_steps):
        raise ValueError(f"{name} has {n_steps} actions, and says that it has {told}")
    observations, names = _joined(demonstration.group("obs"), keys, n_steps)
    parts["observations"] = "obs", observations
    parts["feature_names"] = "obs", names
    if "rewards" in demonstration.names:
        parts["rewards"] = "rewards", demonstration.array("rewards")
    if "next_obs" in demonstration.names:
        following, _ = _joined(demonstration.group("next_obs"), keys, n_steps)
        parts["next_observations"] = "next_obs", following
    return parts


def _joined(
    obs: Group, keys: list[str], n_steps: int
) -> tuple[NDArray, tuple[str, ...]]:
    """Return what is observed side by side, and what the columns are called."""
    rows, names = [], []
    for key in keys:
        array = obs.array(key)
        if array.shape[:1] != (n_steps,):
            raise ValueError(
                f"obs/{key} has shape {array.shape}, and there are {n_steps} actions"
            )
        rows.append(array.reshape(n_steps, -1))
        indices = [",".join(map(str, index)) for index in np.ndindex(array.shape[1:])]
        names += [f"{key}[{index}]" if index else key for index in indices]
    return np.concatenate(rows, axis=1), tuple(names)
