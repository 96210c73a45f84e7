"""The sub-environments of a vector environment: begun, stepped and checked."""

import warnings
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from numpy.typing import NDArray

from skimitate.environments._answers import expect_tuple
from skimitate.environments._spaces import Spaces
from skimitate.environments._success import success_in
from skimitate.policies._actions import StepError


class Seeding(Enum):
    """What a vector environment makes of the seeds of its ``reset``."""

    EACH = auto()  # a list of them, one for each sub-environment
    TOGETHER = auto()  # one for all
    NONE = auto()  # none: it was given one where it was made


class Stepped(NamedTuple):
    """What came of a step.

    Parameters
    ----------
    shown : ndarray of shape (n, n_features)
        What was seen after it: at an end, the last observation of the episode.
    rewards : ndarray of shape (n,)
        Not checked.
    terminated, truncated : ndarray of shape (n,), bool
        Which episodes are over.
    infos : dict
        As the environment gave them.
    """

    shown: NDArray
    rewards: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    infos: Any


class SubEnvironments:
    """Begins episodes in sub-environments, whichever way these reset themselves.

    Parameters
    ----------
    env : gymnasium.vector.VectorEnv
        Open.
    spaces : Spaces
        Its spaces.

    Attributes
    ----------
    n : int
        Number of sub-environments.
    seeding : Seeding
        What it makes of seeds, known after its first reset.
    observations : ndarray of shape (n, n_features)
        What they show.

    Raises
    ------
    ValueError
        If the environment does not tell how its sub-environments are reset.
    """

    observations: NDArray

    def __init__(self, env: VectorEnv, spaces: Spaces) -> None:
        # Whose base class does not know of lists of seeds.
        self._env: Any = env
        self._spaces = spaces
        self._mode = autoreset_mode_of(env)
        self.n: int = env.num_envs
        is_fixed = is_seeded_where_made(env)
        self.seeding = Seeding.NONE if is_fixed else Seeding.EACH
        self._is_over = np.zeros(self.n, dtype=bool)
        # Those that stand where an episode begins which nobody asked for.
        self._is_fresh = np.zeros(self.n, dtype=bool)

    def begin(self, is_free: NDArray[np.bool_], seeds: Sequence[int]) -> list[int]:
        """Begin as many episodes as can be begun now.

        Sub-environments that reset themselves do so without a seed. Where seeds count,
        such ones wait until all of them are free.

        Parameters
        ----------
        is_free : ndarray of shape (n,), bool
            Which sub-environments have nothing to do.
        seeds : sequence of int
            Of the next episodes; at least one.

        Returns
        -------
        list of int
            The sub-environments of the first of these episodes. If nothing goes on,
            there is at least one.
        """
        rows = np.flatnonzero(is_free)[: len(seeds)]
        if is_free.all():
            self.reset(seeds)
        elif self._mode is AutoresetMode.DISABLED:
            if self.seeding is Seeding.TOGETHER:
                return []
            self._reset_some(rows, seeds)
        elif self.seeding is Seeding.NONE:
            rows = np.flatnonzero(is_free & self._is_fresh)[: len(seeds)]
        else:
            return []
        return rows.tolist()

    def reset(self, seeds: Sequence[int]) -> None:
        """Reset all sub-environments.

        Parameters
        ----------
        seeds : sequence of int
            Of the first ones; the others get some of them again.
        """
        given = [seeds[i % len(seeds)] for i in range(self.n)]
        answer = expect_tuple(self._reset_seeded(given), 2, "reset")
        self.observations = self._spaces.observed_rows(answer[0], self.n)
        self._is_over[:] = self._is_fresh[:] = False

    def _reset_seeded(self, seeds: list[int]) -> Any:
        if self.seeding is Seeding.NONE:
            return self._env.reset()
        if self.seeding is Seeding.TOGETHER:
            return self._env.reset(seed=_of_all(seeds))
        try:
            return self._env.reset(seed=seeds)
        except Exception as error:
            # Gymnasium's take the list: one of their sub-environments failed.
            reset = type(getattr(self._env, "unwrapped", self._env)).reset
            if reset in (AsyncVectorEnv.reset, SyncVectorEnv.reset):
                raise
            # There are those that have one generator for all of them.
            try:
                answer = self._env.reset(seed=_of_all(seeds))
            except Exception:
                raise error from None
            self.seeding = Seeding.TOGETHER
            return answer

    def _reset_some(self, rows: NDArray[np.intp], seeds: Sequence[int] = ()) -> None:
        """Reset those that are named, and those that are over, which none may be."""
        is_reset = self._is_over.copy()
        is_reset[rows] = True
        given: list[int | None] = [None] * self.n
        if self.seeding is Seeding.EACH:
            for row, seed in zip(rows.tolist(), seeds, strict=False):
                given[row] = seed
        options = {"reset_mask": is_reset}
        arguments = {} if self.seeding is not Seeding.EACH else {"seed": given}
        answer = self._env.reset(options=options, **arguments)
        shown = self._spaces.observed_rows(expect_tuple(answer, 2, "reset")[0], self.n)
        self.observations = np.where(is_reset[:, np.newaxis], shown, self.observations)
        self._is_over[:] = False

    def step(self, actions: NDArray[np.float64]) -> Stepped:
        """Take a step in all sub-environments.

        Parameters
        ----------
        actions : ndarray of shape (n, n_outputs)
            Not clipped to the action space.

        Returns
        -------
        Stepped
        """
        if self._mode is AutoresetMode.DISABLED and self._is_over.any():
            self._reset_some(np.empty(0, dtype=np.intp))
        given = self._spaces.actions.executable_rows(actions)
        answer = expect_tuple(self._env.step(given), 5, "step")
        rewards = self._column(answer[1], "rewards").astype(np.float64)
        terminated, truncated = (
            self._column(part, "flags").astype(bool) for part in answer[2:4]
        )
        shown = self.observations = self._spaces.observed_rows(answer[0], self.n)
        was_over, self._is_over = self._is_over, terminated | truncated
        if self._mode is AutoresetMode.SAME_STEP:
            self._is_fresh = self._is_over
            shown = self._with_last(shown, answer[4])
        else:
            self._is_fresh = was_over
        return Stepped(shown, rewards, terminated, truncated, answer[4])

    def _column(self, values: Any, what: str) -> NDArray:
        column = np.asarray(values)
        if column.shape != (self.n,) or column.dtype.kind not in "fiub":
            raise StepError(
                f"env: expected {what} of shape ({self.n},) from step, one for each "
                f"sub-environment, got {values!r}"
            )
        return column

    def _with_last(self, shown: NDArray, infos: Any) -> NDArray:
        """Put in the last observations of episodes in the place of the next ones."""
        if not self._is_over.any():
            return shown
        shown = shown.copy()
        last = infos.get("final_obs") if isinstance(infos, Mapping) else None
        for row in np.flatnonzero(self._is_over).tolist():
            if last is None or last[row] is None:
                raise StepError(
                    "env: expected the last observation as 'final_obs' in the infos of "
                    "a step in which an episode ended, because its autoreset_mode is "
                    "SAME_STEP, got none",
                    row,
                )
            shown[row] = self._spaces.observed(last[row])
        return shown

    def success_of(self, row: int, infos: Any) -> bool | None:
        """Return what the infos of a step tell of the success of an episode.

        Parameters
        ----------
        row : int
            Its sub-environment.
        infos : object
            Of its last step.

        Returns
        -------
        bool or None
            None if they do not tell.
        """
        if self._mode is AutoresetMode.SAME_STEP and self._is_over[row]:
            infos = infos.get("final_info")
        value = infos.get("is_success") if isinstance(infos, Mapping) else None
        if value is None or not infos.get("_is_success", [True] * self.n)[row]:
            return None
        return success_in({"is_success": value[row]})


def _of_all(seeds: Sequence[int]) -> int:
    """Return one seed for all.

    That of the first would give episodes twice if others begin beside it than before,
    as where a run goes on that has some of them.
    """
    return int(np.random.SeedSequence(seeds).generate_state(1)[0])


def autoreset_mode_of(env: VectorEnv) -> AutoresetMode:
    """Return how the sub-environments of a vector environment are reset.

    Parameters
    ----------
    env : gymnasium.vector.VectorEnv
        The environment.

    Returns
    -------
    AutoresetMode

    Raises
    ------
    ValueError
        If it does not tell.
    """
    told = (getattr(env, "metadata", None) or {}).get("autoreset_mode")
    try:
        return AutoresetMode(told)
    except ValueError:
        raise ValueError(
            "env: expected a vector environment whose metadata has as 'autoreset_mode' "
            f"a gymnasium.vector.AutoresetMode, got {told!r} from {env}"
        ) from None


def is_seeded_where_made(env: VectorEnv) -> bool:
    """Tell whether an environment was given its seed where it was made.

    EnvPool's are, and warn of any other seed.

    Parameters
    ----------
    env : gymnasium.vector.VectorEnv
        The environment.

    Returns
    -------
    bool
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wrappers may warn of what they pass on
        config = getattr(getattr(env, "unwrapped", env), "config", None)
    return isinstance(config, Mapping) and "seed" in config
