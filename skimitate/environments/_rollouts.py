"""Rollouts: collecting, evaluating, saving what policies do in environments."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate._seeds import spawn_seeds
from skimitate._validation import check_count
from skimitate.environments._actors import Actor
from skimitate.environments._run import EnvLike, Episode, action_limits, run_episodes
from skimitate.formats._npz import NOT_NPZ


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

    def __post_init__(self) -> None:
        n_steps = len(self.observations)
        for field in fields(self):
            array = getattr(self, field.name)
            n_dims = 2 if field.name in ("observations", "actions") else 1
            if array.ndim != n_dims or len(array) != n_steps or n_steps == 0:
                raise ValueError(
                    f"{field.name}: expected {n_dims} dimensions and {n_steps} steps "
                    f"(at least 1), got shape {array.shape}"
                )
            if not np.isfinite(array).all():
                raise ValueError(f"{field.name}: expected finite values, got others")
        jumps = np.diff(self.episode_ids, prepend=-1)
        if (
            self.episode_ids.dtype.kind not in "iu"
            or jumps[0] != 1
            or not np.isin(jumps, (0, 1)).all()
        ):
            raise ValueError("episode_ids: expected 0, 1, ... in order, got others")

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
        episodes : sequence of tuples of ndarrays
            Observations, actions and rewards of each episode.

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
        observations, actions, rewards = zip(*episodes, strict=True)
        lengths = [len(episode.rewards) for episode in episodes]
        return cls(
            np.concatenate(observations),
            np.concatenate(actions),
            np.concatenate(rewards),
            np.repeat(np.arange(len(episodes)), lengths),
        )

    def save(self, path: str | Path, *, compress: bool = True) -> None:
        """Write the rollouts as an npz file, without pickles.

        Parameters
        ----------
        path : str or Path
            Where to; nothing is appended to the name.
        compress : bool, default=True
            Whether to compress the file, which takes about 15 times as long.
        """
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
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
                return cls(**{field.name: arrays[field.name] for field in fields(cls)})
        except NOT_NPZ as error:
            raise ValueError(f"{path}: expected saved rollouts, but {error}") from None


class PolicyDriver:
    """Lets one policy decide.

    Parameters
    ----------
    policy : callable or object with act or predict
        The policy. Its ``reset()``, if it has one, is called before each episode.
    name : str
        What it is called in errors.
    """

    def __init__(self, policy: Any, name: str = "policy") -> None:
        self.actor = Actor(policy, name)

    def begin_episode(self, seed: int) -> None:
        """Reset a stateful policy."""
        self.actor.reset()

    def __call__(self, observation: NDArray, n_outputs: int) -> tuple[NDArray, NDArray]:
        """Ask the policy."""
        action = self.actor(observation, n_outputs)
        return action, action


class UniformPolicy:
    """The policy that knows nothing: actions uniform over the action space.

    An action is random, but a function of the observation, so that an episode does
    not depend on which process runs it, or on what ran before. A side of the action
    space without a limit counts as 1 away from zero.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        Whose action space.
    """

    def __init__(self, env: EnvLike) -> None:
        low, high = action_limits(env)
        self.low = np.where(np.isfinite(low), low, -1.0)
        self.high = np.where(np.isfinite(high), high, 1.0)

    def __call__(self, observations: NDArray) -> NDArray[np.float64]:
        """Return an action for each of a batch of observations.

        Parameters
        ----------
        observations : ndarray of shape (n, n_features)
            Observations.

        Returns
        -------
        ndarray of shape (n, n_outputs)
        """
        seeds = [zlib.crc32(np.ascontiguousarray(row)) for row in observations]
        return np.array(
            [np.random.default_rng(s).uniform(self.low, self.high) for s in seeds]
        )


def collect_rollouts(
    env: EnvLike,
    policy: Any,
    *,
    n_episodes: int = 10,
    max_steps: int | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: bool = False,
) -> Rollouts:
    """Run a policy in an environment and keep every step.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        A Gymnasium id, a specification, or a callable without arguments that makes an
        environment; all with one-dimensional Box spaces. A live environment is taken
        with one job, and left open.
    policy : callable or object with act or predict
        From a batch of observations (n, n_features) to a batch of actions
        (n, n_outputs): an expert, a fitted estimator, a stable-baselines3 model. A
        policy with a ``reset()`` has it called before each episode.
    n_episodes : int, default=10
        Number of episodes.
    max_steps : int or None, default=None
        Where to cut an episode that the environment has not ended.
    n_jobs : int or None, default=None
        Number of processes, in joblib's terms.
    random_state : int, RandomState instance or None, default=None
        Determines the episodes, whatever ``n_jobs``.
    verbose : bool, default=False
        Whether to print a line for each episode.

    Returns
    -------
    Rollouts
        With the actions that the policy asked for; what the environment got was
        clipped to its action space.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not as described; or if the policy or the environment fails
        or gives what cannot be used, with the episode and the step. Environments that
        were made here are closed in every case.

    Examples
    --------
    >>> from skimitate import collect_rollouts, load_expert
    >>> expert = load_expert("Hopper-v5")
    >>> rollouts = collect_rollouts(
    ...     "Hopper-v5", expert, n_episodes=2, max_steps=50, random_state=0)
    >>> rollouts.observations.shape, rollouts.lengths
    ((100, 11), array([50, 50]))
    """
    check_count("n_episodes", n_episodes)
    check_count("max_steps", max_steps, optional=True)
    episodes = run_episodes(
        env,
        PolicyDriver(policy),
        spawn_seeds(random_state, n_episodes),
        max_steps=max_steps,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    return Rollouts.from_episodes(episodes)


def evaluate_policy(
    env: EnvLike,
    policy: Any,
    *,
    n_episodes: int = 10,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    """Run a policy in an environment and return what it earned.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        See :func:`collect_rollouts`.
    policy : callable or object with act or predict
        See :func:`collect_rollouts`.
    n_episodes : int, default=10
        Number of episodes.
    n_jobs : int or None, default=None
        Number of processes, in joblib's terms.
    random_state : int, RandomState instance or None, default=None
        Determines the episodes, whatever ``n_jobs``: policies that are evaluated with
        the same one start from the same states.

    Returns
    -------
    ndarray of shape (n_episodes,)
        Sum of the rewards of each episode.

    Raises
    ------
    TypeError, ValueError
        As :func:`collect_rollouts`.

    Examples
    --------
    >>> from skimitate import evaluate_policy, load_expert
    >>> expert = load_expert("Hopper-v5")
    >>> returns = evaluate_policy("Hopper-v5", expert, n_episodes=1, random_state=0)
    >>> bool(returns.mean() > 3000)
    True
    """
    check_count("n_episodes", n_episodes)
    seeds = spawn_seeds(random_state, n_episodes)
    episodes = run_episodes(env, PolicyDriver(policy), seeds, n_jobs=n_jobs)
    return np.array([episode.rewards.sum() for episode in episodes])
