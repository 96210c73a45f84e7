"""Rollouts from Minari's data sets, and as one."""

from collections.abc import Iterator, Mapping
from typing import Any, Self, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray

from skimitate.environments._episode import Episode
from skimitate.environments._fields import TrajectoryError, fields_by_name
from skimitate.environments._flattened import flatten
from skimitate.environments._make import spaces_of
from skimitate.environments._records import in_chunks, joined
from skimitate.environments._success import success_part
from skimitate.exchange._minari import open_minari, read_minari, write_minari
from skimitate.exchange._record import Record
from skimitate.policies._actions import StepError


class MinariRollouts:
    """What rollouts have to do with Minari."""

    observations: NDArray
    actions: NDArray
    rewards: NDArray[np.float64] | None
    terminated: NDArray[np.bool_] | None
    truncated: NDArray[np.bool_] | None
    last_observations: NDArray | None

    @classmethod
    def from_minari(cls, dataset: Any, *, download: bool = False) -> Self:
        """Read a data set of Minari's (Farama Foundation; its version 0.5).

        Parameters
        ----------
        dataset : str, Path or MinariDataset
            The id of a set that is on this machine, such as
            ``"mujoco/hopper/expert-v0"``; the folder ``data`` of one; or a set that is
            open, of which ``filter_episodes`` chooses some.
        download : bool, default=False
            Whether to fetch a set that is not here from Minari's server, which wants
            ``pip install 'minari[hf]'``.

        Returns
        -------
        Rollouts
            All of it. Observations of Dict, Discrete and other spaces become rows, as
            those of environments do: ``feature_names`` tells where each column came
            from. Minari sorts a Dict by its keys; where the environment has them in
            another order, its rows have another too. ``is_success`` is what the infos
            tell of it.

        Raises
        ------
        FileNotFoundError
            If there is no set of that id here.
        TypeError, ValueError
            If this is none, is damaged, has images or no numbers, or actions of a Dict
            or Tuple space.
        ImportError
            If Minari is not installed: ``pip install 'skimitate[minari]'``.

        Examples
        --------
        >>> from skimitate import Rollouts
        >>> demos = Rollouts.from_minari("mujoco/hopper/expert-v0")  # doctest: +SKIP
        """
        opened = open_minari(dataset, download=download)
        return cast(Any, cls)(**joined(_records(opened), "dataset"))

    @classmethod
    def iter_minari(
        cls, dataset: Any, *, n_steps: int = 100_000, download: bool = False
    ) -> Iterator[Self]:
        """Read a data set of Minari's that is larger than memory, piece by piece.

        Parameters
        ----------
        dataset : str, Path or MinariDataset
            See :meth:`from_minari`.
        n_steps : int, default=100_000
            So many steps at least are in each of the rollouts, but for the last.
        download : bool, default=False
            See :meth:`from_minari`.

        Returns
        -------
        iterator of Rollouts
            Of whole episodes, numbered from 0 in each.

        Raises
        ------
        TypeError, ValueError, OSError, ImportError
            As from :meth:`from_minari`; of an episode, when it is reached.
        """
        opened = open_minari(dataset, download=download)
        chunks = in_chunks(_records(opened), n_steps, "dataset")
        return (cast(Any, cls)(**chunk) for chunk in chunks)

    def to_minari(
        self,
        dataset_id: str,
        *,
        env: str | EnvSpec | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a data set where Minari looks for them (``MINARI_DATASETS_PATH``).

        Observations are written as they are here, rows of numbers, in a Box without
        limits; actions as they were asked for, not clipped.

        Parameters
        ----------
        dataset_id : str
            What it is to be called: ``"hopper/mine-v0"``. A set is never replaced.
        env : str, EnvSpec or None, default=None
            The environment, from which ``recover_environment`` makes one.
        metadata : dict or None, default=None
            What else is told of it, such as ``{"author": "...", "algorithm_name":
            "...", "description": "..."}``.

        Raises
        ------
        TypeError
            If one of these is of another type.
        ValueError
            If the id is none or is taken, there is no such environment or it has other
            widths, the metadata
            tell what is worked out here, or the rollouts have no ``rewards``,
            ``last_observations``, ``terminated`` or ``truncated``, all of which a set
            has.
        OSError
            If it cannot be written. Nothing is left of it then.
        ImportError
            If Minari is not installed: ``pip install 'skimitate[minari]'``.

        Examples
        --------
        >>> from skimitate import collect_rollouts, load_expert
        >>> expert = load_expert("Pendulum-v1")
        >>> demos = collect_rollouts("Pendulum-v1", expert, n_episodes=2)
        >>> demos.to_minari("pendulum/rule-v0", env="Pendulum-v1")  # doctest: +SKIP
        """
        for name in ("rewards", "last_observations", "terminated", "truncated"):
            if getattr(self, name) is None:
                raise ValueError(
                    f"{name}: expected them to be known, as they are of each episode "
                    "of a Minari data set, got None"
                )
        env_spec = _spec_of(env)
        if env_spec is not None:
            _check_env(env_spec, self.observations, self.actions)
        write_minari(
            dataset_id,
            map(_buffer, cast(Any, self).episodes),
            spaces=(_unlimited(self.observations), _unlimited(self.actions)),
            env_spec=env_spec,
            metadata={} if metadata is None else metadata,
        )


def _records(dataset: Any) -> Iterator[Record]:
    """Yield the episodes of a Minari data set."""
    are_numbers = isinstance(dataset.action_space, spaces.Box)
    for episode in read_minari(dataset):
        where = f"dataset: episode {episode.id}"
        try:
            rows, names = flatten(dataset.observation_space, episode.observations)
            parts = success_part(episode) | fields_by_name(episode)
        except (StepError, TrajectoryError, ValueError) as error:
            reason = str(error).removeprefix("env: ")
            raise ValueError(f"{where}: {reason}") from None
        parts["observations"] = "observations", rows
        if names is not None:
            parts["feature_names"] = "observations", names
        if are_numbers and isinstance(episode.actions, np.ndarray):
            # Whole numbers would be taken for classes.
            floats = np.result_type(episode.actions, np.float32)
            parts["actions"] = "actions", episode.actions.astype(floats, copy=False)
        yield Record(where, parts)


def _spec_of(env: Any) -> EnvSpec | None:
    """Return what an environment is made from."""
    if env is None or isinstance(env, EnvSpec):
        return env
    if not isinstance(env, str):
        raise TypeError(
            "env: expected the id of an environment, an EnvSpec or None, got "
            f"{type(env).__name__}"
        )
    try:
        return gymnasium.spec(env)
    except gymnasium.error.Error as error:
        raise ValueError(f"env: expected the id of an environment: {error}") from error


def _check_env(env_spec: EnvSpec, observations: NDArray, actions: NDArray) -> None:
    """Raise if an environment has no such observations or actions."""
    needed = spaces_of(env_spec)
    n_outputs = actions.shape[1] if actions.ndim == 2 else 1
    found = observations.shape[1], n_outputs
    if found != (needed.n_features, needed.n_outputs):
        raise ValueError(
            f"env: expected an environment of {found[0]} observation and {found[1]} "
            f"action dimensions, as the rollouts have, got {env_spec.id} with "
            f"{needed.n_features} and {needed.n_outputs}"
        )


def _unlimited(array: NDArray) -> spaces.Space:
    """Return a space that has all these rows in it."""
    if array.ndim == 1:
        return spaces.Discrete(
            int(array.max()) - int(array.min()) + 1, start=int(array.min())
        )
    if array.dtype.kind == "f":
        return spaces.Box(-np.inf, np.inf, array.shape[1:], array.dtype.type)
    low = array.min(axis=0)
    return spaces.MultiDiscrete(array.max(axis=0) - low + 1, start=low)


def _buffer(episode: Episode) -> dict[str, Any]:
    """Return an episode as Minari has it: with a row more of what is seen and told."""
    n_steps = len(episode.actions)
    is_last = np.arange(n_steps) == n_steps - 1
    infos = None
    if episode.is_success is not None:
        told = np.zeros(n_steps + 1, dtype=bool)
        told[-1] = episode.is_success
        infos = {"is_success": told}
    return {
        "observations": np.vstack([episode.observations, [episode.last_observation]]),
        "actions": episode.actions,
        "rewards": episode.rewards,
        "infos": infos,
        "terminations": is_last & bool(episode.terminated),
        "truncations": is_last & bool(episode.truncated),
    }
