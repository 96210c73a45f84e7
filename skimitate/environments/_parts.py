"""The parts of a trajectory as arrays that fit each other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._columns import as_feature_names
from skimitate.environments._episode import Episode
from skimitate.environments._fields import (
    FLAGS,
    Fields,
    TrajectoryError,
    describe,
    is_mapping,
)

_ONE_FEATURE = (
    ". A list of steps is one trajectory: put it into a list. A single feature: "
    "reshape(-1, 1). Those of a Discrete space: one-hot encode them"
)
_NO_DIMENSION = ". A list of steps is one trajectory: put it into a list"
_MANY_DIMENSIONS = ". An array of more dimensions: reshape(n_steps, -1)"


def read_parts(fields: Fields) -> Episode:
    """Read the parts of a trajectory.

    Parameters
    ----------
    fields : dict of str to (str, object)
        With observations and actions at least.

    Returns
    -------
    Episode
        With None for what is not known.

    Raises
    ------
    TrajectoryError
        If a part is no array of finite numbers, or does not fit the actions in length.
    """
    actions = _actions(*fields["actions"])
    n_steps = len(actions)
    observations, last = _observations(fields, n_steps)
    rewards = _rewards(*fields["rewards"], n_steps) if "rewards" in fields else None
    terminated, truncated = _ends(fields, n_steps)
    return Episode(
        observations,
        actions,
        rewards,
        last,
        terminated,
        truncated,
        is_success=_success(fields, n_steps),
        action_noise=_noise(fields, (actions[0].size,)),
        feature_names=_feature_names(fields, observations.shape[1]),
    )


def _actions(name: str, value: Any) -> NDArray:
    """Return actions: whole numbers as they are, others as rows of floats."""
    raw = _numbers(name, value)
    columns = raw.reshape(-1, 1) if raw.ndim == 1 else raw
    hint = "" if raw.ndim else _NO_DIMENSION
    rows = _rows(name, columns, "(n_steps, n_outputs) or (n_steps,)", hint)
    if raw.dtype.kind == "f":
        return rows
    most = np.iinfo(np.int64).max
    if raw.dtype.kind == "u" and (raw > most).any():
        raise TrajectoryError(f"{name}: expected classes up to {most}, got {raw.max()}")
    return raw.astype(np.int64)


def _numbers(name: str, value: Any) -> NDArray:
    """Return as an array of numbers what can be one."""
    if is_mapping(value):
        raise TrajectoryError(
            f"{name}: expected an array of numbers, got {describe(value)}: join its "
            "arrays into one, as by numpy.column_stack"
        )
    try:
        array = _as_array(value)
        if array.dtype == object and array.ndim == 1:
            # Arrays of arrays, as columns of data frames are.
            array = np.asarray(array.tolist())
    except (TypeError, ValueError, RuntimeError) as error:
        raise TrajectoryError(
            f"{name}: expected an array of numbers, with rows of one length, got "
            f"{describe(value)}: {error}"
        ) from error
    if array.dtype.kind not in "fiub":
        odd = next((x for x in array.flat if not isinstance(x, (int, float))), value)
        raise TrajectoryError(
            f"{name}: expected an array of numbers, got {describe(odd)} in it"
        )
    return array


def _as_array(value: Any) -> NDArray:
    """Return as an array what NumPy takes, and tensors that it does not."""
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        # They want a gradient, are on a device, or of a type that NumPy has not.
        return np.asarray(_without_tensors(value))


def _without_tensors(value: Any) -> Any:
    """Return a value, or a nested list, with arrays in the place of torch's tensors."""
    if isinstance(value, (list, tuple)):
        return [_without_tensors(member) for member in value]
    if not hasattr(value, "detach"):
        return value
    tensor = value.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:
        return tensor.double().numpy()


def _floats(name: str, array: NDArray) -> NDArray:
    """Return an array as finite floats; float32 and float64 as they are."""
    if array.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        where = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
        raise TrajectoryError(
            f"{name}: expected finite values, got {array[tuple(where)]} at {where}"
        )
    return array


def _rows(name: str, array: NDArray, shape: str, hint: str = "") -> NDArray:
    """Return an array with a row of floats for each of at least one step."""
    if array.shape[:1] == (0,):
        raise TrajectoryError(f"{name}: expected at least one step, got none")
    if array.ndim != 2 or 0 in array.shape:
        raise TrajectoryError(
            f"{name}: expected shape {shape}, got {array.shape}{hint}"
        )
    return _floats(name, array)


def _observations(fields: Fields, n_steps: int) -> tuple[NDArray, NDArray | None]:
    """Return what was seen before each step, and after the last if that is known."""
    name, value = fields["observations"]
    array = _numbers(name, value)
    hint = _MANY_DIMENSIONS if array.ndim > 2 else _ONE_FEATURE
    observations = _rows(name, array, "(n_steps, n_features)", hint)
    if len(observations) not in (n_steps, n_steps + 1):
        raise TrajectoryError(
            f"{name}: expected as many as there are actions, or one more: {n_steps} or "
            f"{n_steps + 1}, got {len(observations)}"
        )
    if len(observations) > n_steps:
        return observations[:-1], observations[-1]
    return observations, _last(fields, observations)


def _last(fields: Fields, observations: NDArray) -> NDArray | None:
    """Return what was seen after the last step, where a part of its own tells it."""
    shape: tuple[int, ...]
    if "last_observation" in fields:
        name, value = fields["last_observation"]
        shape = observations.shape[1:]
    elif "next_observations" in fields:
        name, value = fields["next_observations"]
        shape = observations.shape
    else:
        return None
    array = _numbers(name, value)
    if array.shape != shape:
        raise TrajectoryError(f"{name}: expected shape {shape}, got {array.shape}")
    return _floats(name, array if array.ndim == 1 else array[-1])


def _rewards(name: str, value: Any, n_steps: int) -> NDArray[np.float64]:
    array = _numbers(name, value)
    if array.shape not in ((n_steps,), (n_steps, 1)):
        raise TrajectoryError(
            f"{name}: expected one for each of the {n_steps} actions, got shape "
            f"{array.shape}"
        )
    return _floats(name, array.reshape(-1)).astype(np.float64, copy=False)


def _noise(fields: Fields, outputs: tuple[int, ...]) -> NDArray[np.float64] | None:
    """Return the standard deviation of the noise of each output, if it is known."""
    if "action_noise" not in fields:
        return None
    name, value = fields["action_noise"]
    array = _numbers(name, value)
    if array.ndim > 1 or not array.size or (array < 0).any():
        raise TrajectoryError(
            f"{name}: expected the standard deviation of an episode's noise, a number "
            f"or one for each output, none of them negative, got {describe(value)}"
        )
    return np.full(array.shape or outputs, _floats(name, array))


def _feature_names(fields: Fields, n_features: int) -> tuple[str, ...] | None:
    """Return what the columns of the observations are called, if it is known."""
    if "feature_names" not in fields:
        return None
    name, value = fields["feature_names"]
    try:
        return as_feature_names(value, n_features)
    except ValueError as error:
        raise TrajectoryError(f"{name}: {error}") from None


def _ends(fields: Fields, n_steps: int) -> tuple[bool | None, bool | None]:
    """Return whether it terminated and whether it was cut, where that is known."""
    terminated, truncated, over = (
        _flag(*fields[field], n_steps) if field in fields else None for field in FLAGS
    )
    if terminated is None and over is not None:
        if not over:
            terminated = False
        elif truncated is not None:
            terminated = not truncated
    return terminated, truncated


def _flag(name: str, value: Any, n_steps: int) -> bool:
    """Return the flag of the trajectory, or the last of its steps, before none."""
    flags = _flags(name, value, n_steps)
    early = np.flatnonzero(flags[: n_steps - 1])
    if len(flags) > 1 and len(early):
        raise TrajectoryError(
            f"{name}: expected True at the last step alone, got it at step {early[0]} "
            f"of {n_steps}: episodes that follow each other are to be cut there"
        )
    return bool(flags[-1])


def _success(fields: Fields, n_steps: int) -> bool | None:
    """Return whether it had succeeded in the end: goals are reached and lost again."""
    if "is_success" not in fields:
        return None
    return bool(_flags(*fields["is_success"], n_steps)[-1])


def _flags(name: str, value: Any, n_steps: int) -> NDArray:
    """Return the flags of the steps, or that of the trajectory as an array."""
    flags = _numbers(name, value)
    if flags.shape not in ((), (n_steps,), (n_steps, 1), (n_steps + 1,)):
        raise TrajectoryError(
            f"{name}: expected True or False, or one for each of the {n_steps} steps, "
            f"got shape {flags.shape}"
        )
    flags = flags.reshape(-1)
    if not np.isin(flags, (0, 1)).all():
        raise TrajectoryError(f"{name}: expected True and False, got other numbers")
    return flags
