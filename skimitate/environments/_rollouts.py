"""Rollouts: the steps of some episodes, and a file of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skimitate._public import public
from skimitate.environments._episode import Episode
from skimitate.formats._npz import NOT_NPZ

# Number of dimensions of the arrays with a row for each step, and for each episode.
_STEPS = {"observations": 2, "actions": 2, "rewards": 1, "episode_ids": 1}
_EPISODES = {"terminated": 1, "truncated": 1, "last_observations": 2}


@public
@dataclass(frozen=True)
class Rollouts:
    """The steps of some episodes, one row each.

    Parameters
    ----------
    observations : ndarray of shape (n_steps, n_features)
        What the policy saw before each step.
    actions : ndarray of shape (n_steps, n_outputs)
        What the policy asked for; not clipped to the action space.
    rewards : ndarray of shape (n_steps,)
        What the environment gave for it.
    episode_ids : ndarray of shape (n_steps,)
        Number of the episode that the step belongs to, from 0 and in order: the
        ``groups`` of a :class:`sklearn.model_selection.GroupKFold`.
    terminated : ndarray of shape (n_episodes,), bool, or None, default=None
        Whether the environment of each episode came to an end of its own. None where
        nobody knows, as for the two that follow.
    truncated : ndarray of shape (n_episodes,), bool, or None, default=None
        Whether it was cut, by a limit of the environment's or of the caller's.
    last_observations : ndarray of shape (n_episodes, n_features) or None, default=None
        What the policy would have seen after the last step of each episode.

    Attributes
    ----------
    returns : ndarray of shape (n_episodes,)
        Sum of the rewards of each episode.
    lengths : ndarray of shape (n_episodes,)
        Number of steps of each episode.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, are empty, or hold values that are not
        finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import Rollouts
    >>> rollouts = Rollouts(
    ...     observations=np.zeros((3, 2)),
    ...     actions=np.zeros((3, 1)),
    ...     rewards=np.array([1.0, 2.0, 4.0]),
    ...     episode_ids=np.array([0, 0, 1]),
    ... )
    >>> rollouts.returns, rollouts.lengths
    (array([3., 4.]), array([2, 1]))
    """

    observations: NDArray
    actions: NDArray
    rewards: NDArray[np.float64]
    episode_ids: NDArray[np.int64]

    terminated: NDArray[np.bool_] | None = None
    truncated: NDArray[np.bool_] | None = None
    last_observations: NDArray | None = None

    def __post_init__(self) -> None:
        for name, n_dims in _STEPS.items():
            _check_array(name, getattr(self, name), n_dims, len(self), "steps")
        jumps = np.diff(self.episode_ids, prepend=-1)
        if (
            self.episode_ids.dtype.kind not in "iu"
            or jumps[0] != 1
            or not np.isin(jumps, (0, 1)).all()
        ):
            raise ValueError("episode_ids: expected 0, 1, ... in order, got others")
        for name, n_dims in _EPISODES.items():
            if getattr(self, name) is not None:
                array = getattr(self, name)
                _check_array(name, array, n_dims, self.n_episodes, "episodes")
        self._check_ends()

    def _check_ends(self) -> None:
        """Check what is known of the episodes' ends beyond shapes."""
        for name in ("terminated", "truncated"):
            array = getattr(self, name)
            if array is not None and array.dtype != np.bool_:
                raise ValueError(
                    f"{name}: expected an array of bool, got {array.dtype}"
                )
        last, width = self.last_observations, self.observations.shape[1]
        if last is not None and last.shape[1] != width:
            raise ValueError(
                f"last_observations: expected {width} features as in observations, "
                f"got {last.shape[1]}"
            )

    @property
    def n_episodes(self) -> int:
        """Number of episodes."""
        return int(self.episode_ids[-1]) + 1

    @property
    def returns(self) -> NDArray:
        """Sum of the rewards of each episode."""
        return np.bincount(self.episode_ids, weights=self.rewards)

    @property
    def lengths(self) -> NDArray[np.intp]:
        """Number of steps of each episode."""
        return np.bincount(self.episode_ids)

    def __len__(self) -> int:
        return len(self.observations)

    @classmethod
    def from_episodes(cls, episodes: Sequence[Episode]) -> "Rollouts":
        """Join episodes.

        Parameters
        ----------
        episodes : sequence of Episode
            In order.

        Returns
        -------
        Rollouts

        Raises
        ------
        ValueError
            If there are none, or their widths differ.
        """
        if not episodes:
            raise ValueError("episodes: expected at least one, got none")
        lengths = [len(episode.rewards) for episode in episodes]
        return cls(
            np.concatenate([episode.observations for episode in episodes]),
            np.concatenate([episode.actions for episode in episodes]),
            np.concatenate([episode.rewards for episode in episodes]),
            np.repeat(np.arange(len(episodes)), lengths),
            np.array([episode.terminated for episode in episodes]),
            np.array([episode.truncated for episode in episodes]),
            np.array([episode.last_observation for episode in episodes]),
        )

    def save(self, path: str | Path, *, compress: bool = True) -> None:
        """Write the rollouts as an npz file, without pickles; what is None is left out.

        Parameters
        ----------
        path : str or Path
            Where to; nothing is appended to the name.
        compress : bool, default=True
            Whether to compress the file, which takes about 15 times as long.
        """
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays = {name: array for name, array in arrays.items() if array is not None}
        with open(path, "wb") as file:
            (np.savez_compressed if compress else np.savez)(file, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Rollouts":
        """Read rollouts that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            The npz file.

        Returns
        -------
        Rollouts

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file does not hold rollouts.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                known = [name for name in _EPISODES if name in arrays]
                return cls(**{name: arrays[name] for name in (*_STEPS, *known)})
        except NOT_NPZ as error:
            raise ValueError(f"{path}: expected saved rollouts, but {error}") from None


def _check_array(
    name: str, array: NDArray, n_dims: int, n_rows: int, rows: str
) -> None:
    """Raise if an array is not of this shape, is empty, or is not finite."""
    if array.ndim != n_dims or len(array) != n_rows or n_rows == 0:
        raise ValueError(
            f"{name}: expected {n_dims} dimensions and {n_rows} {rows} (at least 1), "
            f"got shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite values, got others")
