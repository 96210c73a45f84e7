"""Episodes in Gymnasium environments."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, cast

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray

from skimitate._threads import one_thread
from skimitate.environments._actors import StepError, all_finite

# How often a worker reports.
_PARTS = 5

EnvLike = str | EnvSpec | Callable[[], gymnasium.Env] | gymnasium.Env


class Episode(NamedTuple):
    """The steps of one episode."""

    observations: NDArray
    actions: NDArray[np.float64]
    rewards: NDArray[np.float64]


class Driver(Protocol):
    """Decides what to do at each step of an episode, and what to remember of it."""

    def begin_episode(self, seed: int) -> None:
        """Get ready for an episode whose randomness is determined by the seed."""

    def __call__(self, observation: NDArray, n_outputs: int) -> tuple[NDArray, NDArray]:
        """Return the action to remember and the action that drives.

        Parameters
        ----------
        observation : ndarray of shape (n_features,)
            What the environment shows.
        n_outputs : int
            Number of action dimensions.

        Returns
        -------
        remembered, driving : ndarrays of shape (n_outputs,), float64
            Not clipped to the action space.

        Raises
        ------
        StepError
            If an actor fails.
        """


@contextmanager
def open_env(env: EnvLike) -> Iterator[gymnasium.Env]:
    """Make an environment and close it in every case; a live one is lent, not closed.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        A Gymnasium id, a specification, or a callable without arguments that makes an
        environment; or an environment.

    Yields
    ------
    gymnasium.Env
        With one-dimensional Box spaces.

    Raises
    ------
    ValueError
        If there is no such environment, or its spaces are others.
    TypeError
        If ``env`` is none of these.
    """
    made = _make_env(env)
    try:
        for what, space in (
            ("observation", getattr(made, "observation_space", None)),
            ("action", getattr(made, "action_space", None)),
        ):
            if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) != 1:
                raise ValueError(
                    f"env: expected a Box {what} space of one dimension, got {space}"
                )
        yield made
    finally:
        if made is not env:
            made.close()


def _make_env(env: EnvLike) -> gymnasium.Env:
    if isinstance(env, gymnasium.Env):
        return env
    if isinstance(env, (str, EnvSpec)):
        try:
            # Gymnasium's checker looks at every step; the loop below does so too.
            return gymnasium.make(env, disable_env_checker=True)
        except Exception as error:  # whatever the environment's module raises
            message = (str(error) or repr(error)).splitlines()[0]
            raise ValueError(f"env: cannot make {env!r}: {message}") from error
    if not callable(env):
        raise TypeError(
            "env: expected an environment id, an EnvSpec or a callable that makes an "
            f"environment, got {env!r}"
        )
    try:
        made = env()
    except Exception as error:
        raise ValueError(f"env: raised {error!r} when it was made") from error
    if not isinstance(made, gymnasium.Env):
        raise TypeError(
            f"env: expected a callable that makes a gymnasium.Env, got {made!r} from it"
        )
    return made


@contextmanager
def shared_env(env: EnvLike | None, n_jobs: int | None) -> Iterator[Any]:
    """Open an environment once for many calls of :func:`run_episodes`.

    Parameters
    ----------
    env : str, EnvSpec, callable, gymnasium.Env or None
        See :func:`open_env`.
    n_jobs : int or None
        Number of processes of these calls, in joblib's terms.

    Yields
    ------
    gymnasium.Env, or what was given
        An open environment if there is one job. Several jobs make their own, of what
        was given.
    """
    n_parts = 1 if env is None else effective_n_jobs(n_jobs)
    _refuse_live(env, n_parts)
    if env is None or n_parts > 1:
        yield env
    else:
        with open_env(env) as opened:
            yield opened


def env_widths(env: EnvLike) -> tuple[int, int]:
    """Return the number of observation and of action dimensions of an environment."""
    with open_env(env) as opened:
        return _width(opened.observation_space), _width(opened.action_space)


def action_limits(env: EnvLike) -> tuple[NDArray, NDArray]:
    """Return the lower and the upper limits of an environment's actions."""
    with open_env(env) as opened:
        space = cast(gymnasium.spaces.Box, opened.action_space)
        return space.low, space.high


def _width(space: gymnasium.Space) -> int:
    """Return the number of dimensions of a Box space of shape (n,)."""
    assert space.shape is not None
    return space.shape[0]


def run_episodes(
    env: EnvLike,
    driver: Driver,
    seeds: Sequence[np.random.SeedSequence],
    *,
    max_steps: int | None = None,
    n_jobs: int | None = None,
    where: str = "",
    verbose: bool = False,
    report: Callable[[int, int], None] | None = None,
) -> list[Episode]:
    """Run one episode for each seed.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        See :func:`open_env`. A live environment only where it need not be copied.
    driver : Driver
        Decides; copied for each job.
    seeds : sequence of numpy.random.SeedSequence
        Determine the episodes.
    max_steps : int or None, default=None
        Where to cut an episode that the environment has not ended.
    n_jobs : int or None, default=None
        Number of processes, in joblib's terms; the result does not depend on it.
    where : str, default=""
        What goes before the episode and the step in errors, such as ``"round 3, "``.
    verbose : bool, default=False
        Whether to print a line for each episode.
    report : callable or None, default=None
        Called, as episodes are done, with their number and that of all.

    Returns
    -------
    list of Episode

    Raises
    ------
    ValueError
        If the driver or the environment fails, or gives what cannot be used; it names
        the episode and the step.
    """
    n_workers = min(effective_n_jobs(n_jobs), len(seeds))
    _refuse_live(env, n_workers)
    # Each part makes an environment: no more of them than there is to report.
    n_parts = n_workers if report is None else min(_PARTS * n_workers, len(seeds))
    parts = np.array_split(np.arange(len(seeds)), n_parts)
    # joblib's threads would share a driver that has a state. One worker shares nothing,
    # and takes a driver that cannot be copied.
    drivers = [driver] + [
        driver if n_workers == 1 else copy.deepcopy(driver) for _ in parts[1:]
    ]
    results = Parallel(n_jobs=n_workers, return_as="generator")(
        delayed(_run_part)(
            env, drivers[k], [(i, seeds[i]) for i in part], max_steps, where, verbose
        )
        for k, part in enumerate(parts)
    )
    episodes: list[Episode] = []
    for part in results:
        episodes += part
        if report is not None:
            report(len(episodes), len(seeds))
    return episodes


def _refuse_live(env: EnvLike | None, n_parts: int) -> None:
    if isinstance(env, gymnasium.Env) and n_parts > 1:
        raise ValueError(
            "env: expected an id, an EnvSpec or a callable that makes an environment "
            f"to run {n_parts} jobs, got a live environment"
        )


def _run_part(
    env: EnvLike,
    driver: Driver,
    numbered_seeds: list[tuple[int, np.random.SeedSequence]],
    max_steps: int | None,
    where: str,
    verbose: bool,
) -> list[Episode]:
    """Run some of the episodes, in one environment."""
    episodes = []
    with one_thread(), open_env(env) as opened:
        for number, seed in numbered_seeds:
            runner = _EpisodeRunner(opened, driver, f"{where}episode {number}")
            episodes.append(
                runner.run(seed, math.inf if max_steps is None else max_steps)
            )
            if verbose:
                rewards = episodes[-1].rewards
                print(
                    f"{where}episode {number}: return {rewards.sum():.1f}, "
                    f"{len(rewards)} steps",
                    flush=True,
                )
    return episodes


class _EpisodeRunner:
    """Runs one episode and checks all that goes into it.

    Parameters
    ----------
    env : gymnasium.Env
        With one-dimensional Box spaces.
    driver : Driver
        Decides.
    where : str
        Names the episode in errors.
    """

    def __init__(self, env: gymnasium.Env, driver: Driver, where: str) -> None:
        self.env = env
        self.driver = driver
        self.where = where
        space = cast(gymnasium.spaces.Box, env.action_space)
        # In the type of the actions: a mixture of types costs two microseconds a step.
        self.low = space.low.astype(np.float64)
        self.high = space.high.astype(np.float64)
        self.action_dtype = space.dtype
        self.shape = (_width(env.observation_space),)
        self.n_outputs = _width(space)

    def run(self, seed: np.random.SeedSequence, max_steps: float) -> Episode:
        """Run to the end of the episode, or to max_steps."""
        self.step = 0
        try:
            return self._run(seed, max_steps)
        except StepError as error:
            raise ValueError(self._located(str(error))) from error.__cause__
        except Exception as error:
            # Drivers name their own errors: this is the environment's.
            raise ValueError(self._located(f"env: raised {error!r}")) from error

    def _located(self, message: str) -> str:
        return f"{message} ({self.where}, step {self.step})"

    def _run(self, seed: np.random.SeedSequence, max_steps: float) -> Episode:
        # Not spawn, which counts its calls: a seed may be used again.
        env_seed, driver_seed = map(int, seed.generate_state(2))
        answer = _expect_tuple(self.env.reset(seed=env_seed), 2, "reset")
        observation = self._observe(answer[0])
        self.driver.begin_episode(driver_seed)
        observations, actions, rewards = [], [], []
        ended = False
        while not ended and self.step < max_steps:
            remembered, driving = self.driver(observation, self.n_outputs)
            observations.append(observation)
            actions.append(remembered)
            answer = _expect_tuple(self.env.step(self._executable(driving)), 5, "step")
            rewards.append(_check_reward(answer[1]))
            observation = self._observe(answer[0])
            ended = bool(answer[2] or answer[3])
            self.step += 1
        return Episode(np.array(observations), np.array(actions), np.array(rewards))

    def _observe(self, observation: Any) -> NDArray:
        """Check and copy what the environment shows; it may reuse its memory."""
        copied = np.array(observation)
        if copied.dtype.kind != "f":
            if copied.dtype.kind not in "iub":
                raise StepError(
                    f"env: expected an array of numbers to observe, got {observation!r}"
                )
            copied = copied.astype(np.float64)
        if copied.shape != self.shape:
            raise StepError(
                f"env: expected observations of shape {self.shape}, got {copied.shape}"
            )
        if not all_finite(copied):
            raise StepError("env: expected finite observations, got NaN or infinity")
        return copied

    def _executable(self, action: NDArray[np.float64]) -> NDArray:
        """Clip an action to the action space and cast it to its type."""
        clipped = np.maximum(action, self.low)
        np.minimum(clipped, self.high, out=clipped)
        return clipped.astype(self.action_dtype)


def _expect_tuple(answer: Any, n: int, method: str) -> tuple:
    if type(answer) is not tuple or len(answer) != n:
        raise StepError(
            f"env: expected a tuple of {n} from {method}, as Gymnasium has it, "
            f"got {answer!r}"
        )
    return answer


def _check_reward(reward: Any) -> float:
    try:
        number = float(reward)
    except (TypeError, ValueError):
        raise StepError(f"env: expected a number as reward, got {reward!r}") from None
    if not math.isfinite(number):
        raise StepError(f"env: expected a finite reward, got {number}")
    return number
