"""Steps: what was seen and what was done, by whoever demonstrated."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skimitate.datasets._fault import Fault

_Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Steps:
    """What was seen and what was done, a row for each step.

    Parameters
    ----------
    observations : ndarray of shape (n_steps, n_features)
        What was seen.
    actions : ndarray of shape (n_steps, n_outputs)
        What was done: numbers, or texts.
    episode_ids : ndarray of shape (n_steps,), int, or None
        Which episode each step belongs to, from 0; None where the file does not tell.
    origin : dict of str to str
        What each of them is called in the file.
    are_classes : bool, default=False
        Whether actions are classes.
    """

    observations: NDArray
    actions: NDArray
    episode_ids: _Numbers | None
    origin: Mapping[str, str]
    are_classes: bool = False

    @property
    def n_episodes(self) -> int | None:
        """Number of episodes, None where nobody knows."""
        return None if self.episode_ids is None else int(self.episode_ids.max()) + 1


def steps_of(found: Mapping[str, NDArray], origin: Mapping[str, str]) -> Steps:
    """Check what a file holds against each other, and bring it into the form of steps.

    Parameters
    ----------
    found : dict of str to ndarray
        ``observations`` and ``actions``, of a row for each step or of shape
        (n_episodes, n_steps, n_columns). There may be one observation more in each of
        these episodes, and in an array of rows if it is of one episode. And
        ``episode_ids``, or flags of the ``ends`` or ``starts`` of episodes, for each
        step or one for all, if there are any.
    origin : dict of str to str
        What they are called in the file.

    Returns
    -------
    Steps

    Raises
    ------
    Fault, ValueError
        If they do not fit each other, or are no finite numbers.
    """
    X, y = (_rows(found[part], part) for part in ("observations", "actions"))
    told = dict(origin)
    if X.ndim == 3:
        ids: _Numbers | None = _by_first_axis(X, y)
        told["episode_ids"] = f"the first axis of {origin['observations']}"
        one_more = X.shape[1] > y.shape[1]
        X = X[:, : y.shape[1]].reshape(-1, X.shape[2])
        y = y.reshape(len(X), -1)
    else:
        _check_lengths(X, y)
        ids = _numbered(found, len(y))
        one_more = len(X) > len(y)
        if one_more:
            ids = _of_one(ids, len(y))
            told.setdefault("episode_ids", "the one observation after the last action")
            X = X[:-1]
    if one_more:
        told["observations"] += " (that after the last action left out)"
    X, y = _as_matrix(X, "observations"), _as_matrix(y, "actions")
    return Steps(X, y, ids, told)


def _rows(array: NDArray, part: str) -> NDArray:
    """Return an array if it may hold a row for each step: numbers, or actions."""
    if array.dtype.kind not in ("fiubU" if part == "actions" else "fiub"):
        raise Fault(part, f"expected numbers, got {array.dtype}")
    if array.ndim not in (1, 2, 3):
        raise Fault(part, f"expected a row for each step, got shape {array.shape}")
    return array


def _by_first_axis(X: NDArray, y: NDArray) -> _Numbers:
    """Return the numbers of the episodes where each has a row of its own."""
    fit = y.ndim > 1 and len(X) == len(y) and X.shape[1] - y.shape[1] in (0, 1)
    if not fit or y.size == 0:
        raise ValueError(
            "expected actions of shape (n_episodes, n_steps, n_outputs) as there are "
            f"observations of shape (n_episodes, n_steps, n_features), got {y.shape} "
            f"and {X.shape}"
        )
    return np.repeat(np.arange(len(y)), y.shape[1])


def _check_lengths(X: NDArray, y: NDArray) -> None:
    if len(y) == 0 or len(X) - len(y) not in (0, 1):
        raise ValueError(
            f"expected as many actions as observations, got {len(y)} and {len(X)}; an "
            "observation after the last action belongs to no step"
        )


def _of_one(ids: _Numbers | None, n_steps: int) -> _Numbers:
    """Return the numbers of one episode; raise if they are known to be several."""
    if ids is not None and ids.any():
        raise ValueError(
            f"expected as many actions as observations of {ids.max() + 1} episodes, "
            f"got {n_steps} and one more: which episode it belongs to is not known"
        )
    return np.zeros(n_steps, dtype=np.intp)


def _as_matrix(array: NDArray, part: str) -> NDArray:
    """Return finite numbers or texts, a row for each step."""
    if array.ndim > 2 or array.size == 0:
        raise Fault(part, f"expected a row for each step, got shape {array.shape}")
    if array.dtype.kind == "U":
        return array.reshape(len(array), -1)
    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        raise Fault(
            part,
            f"expected finite numbers, got others in row {int(np.argmin(finite))} and "
            f"{int((~finite).sum()) - 1} more",
        )
    return array.reshape(len(array), -1)


def _numbered(found: Mapping[str, NDArray], n_steps: int) -> _Numbers | None:
    """Count episodes from 0, by their ids or by flags of their first or last steps."""
    kind = next((k for k in ("episode_ids", "ends", "starts") if k in found), None)
    if kind is None:
        return None
    marks = found[kind]
    if marks.ndim == 0:  # of one trajectory
        return np.zeros(n_steps, dtype=np.intp)
    n_observations = len(found["observations"])
    if marks.shape[1:] not in ((), (1,)) or len(marks) not in (n_steps, n_observations):
        raise Fault(
            "episode_ids",
            f"expected a number or a flag of an episode for each of {n_steps} steps, "
            f"got shape {marks.shape}",
        )
    marks = marks.reshape(-1)[:n_steps]
    if kind == "episode_ids":
        # NumPy's own inverse takes two more arrays of this size.
        return np.searchsorted(np.unique(marks), marks)
    begins = marks.astype(bool)
    if kind == "ends":
        begins = np.roll(begins, 1)
    begins[0] = True
    return np.cumsum(begins) - 1
