"""Rollouts: the steps of some episodes, and a file of them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skimitate._public import public
from skimitate.environments._columns import (
    as_feature_names,
    check_columns,
)
from skimitate.environments._episode import Episode
from skimitate.environments._episodes import Episodes
from skimitate.environments._frame_rollouts import FrameRollouts
from skimitate.environments._join import join_episodes
from skimitate.environments._minari_rollouts import MinariRollouts
from skimitate.environments._report import summarize
from skimitate.environments._robot_rollouts import RobotRollouts
from skimitate.environments._saved_rollouts import SavedRollouts
from skimitate.environments._trajectories import read_trajectories


@public
@dataclass(frozen=True, eq=False, repr=False)
class Rollouts(FrameRollouts, MinariRollouts, RobotRollouts, SavedRollouts):
    """The steps of some episodes, one row each.

    Rollouts are equal if their arrays are, and can be keys of a dict or members of a
    set: leave their arrays as they are. ``rollouts + others`` has the episodes of both,
    as ``sum([...])`` has those of many, and ``len(rollouts)`` is the number of steps.

    Parameters
    ----------
    observations : ndarray of shape (n_steps, n_features)
        What the policy saw before each step.
    actions : ndarray of shape (n_steps, n_outputs) or (n_steps,)
        What the policy asked for; not clipped to the action space. Of a Discrete,
        MultiDiscrete or MultiBinary space they are integers, and of a Discrete one
        without an axis of outputs.
    rewards : ndarray of shape (n_steps,) or None
        What the environment gave for each step. None where nobody knows, as for
        those that are None by default. What is not known of one of several episodes
        that are joined is None for all of them.
    episode_ids : ndarray of shape (n_steps,)
        Number of the episode that the step belongs to, from 0 and in order: the
        ``groups`` of a :class:`sklearn.model_selection.GroupKFold`.
    terminated : ndarray of shape (n_episodes,), bool, or None, default=None
        Whether the environment of each episode came to an end of its own.
    truncated : ndarray of shape (n_episodes,), bool, or None, default=None
        Whether it was cut, by a limit of the environment's or of the caller's.
    last_observations : ndarray of shape (n_episodes, n_features) or None, default=None
        What the policy would have seen after the last step of each episode.
    is_success : ndarray of shape (n_episodes,), bool, or None, default=None
        Whether each episode succeeded: ``info["is_success"]`` of its last step, in an
        environment that reports it there.
    action_noise : ndarray of shape (n_episodes, n_outputs) or None, default=None
        Standard deviation of the noise that was added to the actions of each episode
        before they were done, in their unit; ``actions`` is without it.
    feature_names : sequence of str or None, default=None
        Where each column of the observations comes from, in an environment that shows
        something else than a row of numbers: ``goal[0]`` is the first number of what a
        Dict space calls ``goal``, ``mode=3`` tells whether the Discrete number ``mode``
        is 3, ``observation[1,2]`` is in an array of two dimensions. Kept as a tuple.
        None for a plain row, whose columns Gymnasium has no names for.

    Attributes
    ----------
    returns : ndarray of shape (n_episodes,)
        Sum of the rewards of each episode. A ValueError where they are not known.
    lengths : ndarray of shape (n_episodes,)
        Number of steps of each episode.
    n_episodes : int
        Number of episodes.
    episodes : sequence of Episode
        ``episodes[0]`` is a named tuple of the first episode's ``observations``,
        ``actions``, ``rewards``, ``last_observation``, ``terminated``,
        ``truncated``, ``is_success``, ``action_noise`` and ``feature_names``; those
        that are not known are None. A slice, an array of numbers or one of bools gives
        the rollouts of these episodes alone:
        ``rollouts.episodes[rollouts.returns > 3000]``.

    Raises
    ------
    TypeError
        If one of the arrays is something else.
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
    ...     episode_ids=np.array([0, 0, 1]),
    ...     rewards=np.array([1.0, 2.0, 4.0]),
    ... )
    >>> rollouts.returns, rollouts.lengths
    (array([3., 4.]), array([2, 1]))
    >>> rollouts.episodes[-1].rewards
    array([4.])
    >>> rollouts.episodes[:1]
    Rollouts(n_episodes=1, n_steps=2, n_features=2, n_outputs=1, return=3.0 (0.0))
    >>> rollouts.episodes[:1] + rollouts.episodes[1:] == rollouts
    True
    """

    observations: NDArray
    actions: NDArray
    rewards: NDArray[np.float64] | None
    episode_ids: NDArray[np.int64]
    terminated: NDArray[np.bool_] | None = None
    truncated: NDArray[np.bool_] | None = None
    last_observations: NDArray | None = None
    is_success: NDArray[np.bool_] | None = None
    action_noise: NDArray[np.float64] | None = None
    feature_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_columns(self._columns())
        if self.feature_names is not None:
            try:
                names = as_feature_names(self.feature_names, self.observations.shape[1])
            except ValueError as error:
                raise ValueError(f"feature_names: {error}") from None
            object.__setattr__(self, "feature_names", names)

    def _columns(self) -> dict[str, Any]:
        names = [field.name for field in fields(self) if field.name != "feature_names"]
        return {name: getattr(self, name) for name in names}

    @property
    def n_episodes(self) -> int:
        """Number of episodes."""
        return int(self.episode_ids[-1]) + 1

    @property
    def returns(self) -> NDArray:
        """Sum of the rewards of each episode; a ValueError where they are not known."""
        if self.rewards is None:
            raise ValueError(
                "rewards: expected one for each step to have returns, got None"
            )
        return np.bincount(self.episode_ids, weights=self.rewards)

    @property
    def lengths(self) -> NDArray[np.intp]:
        """Number of steps of each episode."""
        return np.bincount(self.episode_ids)

    @property
    def episodes(self) -> "Episodes[Rollouts]":
        """The episodes one by one, and rollouts of some of them."""
        return Episodes(self.n_episodes, self._episode, self._some)

    def _some(self, numbers: Iterable[int]) -> "Rollouts":
        return Rollouts(**join_episodes([*map(self._episode, numbers)]))

    def _episode(self, number: int) -> Episode:
        start, stop = np.searchsorted(self.episode_ids, (number, number + 1))

        def of(array: NDArray | None, key: int | slice) -> Any:
            return None if array is None else array[key]

        def flag(array: NDArray | None) -> bool | None:
            return None if array is None else bool(array[number])

        return Episode(
            self.observations[start:stop],
            self.actions[start:stop],
            of(self.rewards, slice(start, stop)),
            of(self.last_observations, number),
            flag(self.terminated),
            flag(self.truncated),
            flag(self.is_success),
            of(self.action_noise, number),
            self.feature_names,
        )

    def __len__(self) -> int:
        return len(self.observations)

    def __add__(self, other: "Rollouts") -> "Rollouts":
        if not isinstance(other, Rollouts):
            return NotImplemented
        return Rollouts(**join_episodes([*self.episodes, *other.episodes], "episodes"))

    def __radd__(self, other: Literal[0]) -> "Rollouts":
        # What sum(...) starts from.
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rollouts):
            return NotImplemented
        if self.feature_names != other.feature_names:
            return False
        theirs = other._columns()
        return all(np.array_equal(a, theirs[n]) for n, a in self._columns().items())

    def __hash__(self) -> int:
        # Arrays of other types, and zeros of either sign, may be equal too.
        known = {n: a for n, a in self._columns().items() if a is not None}
        floats = {n: a.astype(np.float64) + 0.0 for n, a in known.items()}
        parts = tuple((n, a.shape, a.tobytes()) for n, a in floats.items())
        return hash((parts, self.feature_names))

    def __repr__(self) -> str:
        known = "" if self.rewards is None else f", return={summarize(self.returns)}"
        if self.is_success is not None:
            known += f", success={self.is_success.mean():.2f}"
        return (
            f"Rollouts(n_episodes={self.n_episodes}, n_steps={len(self)}, "
            f"n_features={self.observations.shape[1]}, "
            f"n_outputs={self.actions[0].size}{known})"
        )

    @classmethod
    def from_trajectories(cls, trajectories: Iterable[Any]) -> "Rollouts":
        """Join trajectories of one's own, or of another library.

        Parameters
        ----------
        trajectories : iterable
            One for each episode: a list, a generator, a Minari data set. Each is one of

            - a dict, or an object with attributes (an episode of ``episodes``,
              imitation's ``Trajectory``, Minari's ``EpisodeData``), with
              ``observations`` and ``actions`` and maybe ``rewards``, ``terminated``,
              ``truncated``, ``next_observations``, ``last_observation``,
              ``is_success`` (which may be in ``infos``), ``action_noise`` (a number,
              or one for each output) or ``feature_names``. Their singulars and usual
              short names (``obs``, ``acts``, ``rews``, ``states``, ``dones``,
              ``terminals``, ``timeouts``) are understood; what is called otherwise is
              passed over;
            - a tuple of observations, actions and maybe rewards, next observations, and
              dones or terminated and truncated, in this order;
            - a list of steps, each a dict, object or tuple of that kind. A last one
              without an action shows the last observation.

            Lists in the place of tuples, as JSON has them, are told apart by their
            shapes, where these leave no doubt.

            Observations are array-like of shape (n_steps, n_features), or with one row
            more, the last observation; actions of shape (n_steps, n_outputs) or
            (n_steps,), for one output; how an episode ended, one flag or one for each
            step. float32 stays, other types of numbers become float64, but for actions
            that are integers in all trajectories: they stay, as those of a Discrete
            space. torch's tensors are detached.

        Returns
        -------
        Rollouts
            What one of the trajectories does not tell is None for all of them. A
            ``done`` alone does not tell whether an episode terminated or was cut.

        Raises
        ------
        TypeError
            If these are not a number of trajectories, as where one is given without a
            list around it.
        ValueError
            If there are none, their widths differ, or one of them lacks observations or
            actions or has others than arrays of finite numbers that fit each other: of
            Dict spaces, of several episodes; or if lists can be read in two ways.

        Examples
        --------
        >>> from skimitate import Rollouts
        >>> logged = [
        ...     {"obs": [[0.1, 0.2], [0.3, 0.4]], "acts": [0.5, -0.5], "rews": [1, 2]},
        ...     {"obs": [[0.5, 0.6]], "acts": [0.0], "rews": [3]},
        ... ]
        >>> Rollouts.from_trajectories(logged)
        Rollouts(n_episodes=2, n_steps=3, n_features=2, n_outputs=1, return=3.0 (0.0))
        """
        return cls(**join_episodes(read_trajectories(trajectories)))
