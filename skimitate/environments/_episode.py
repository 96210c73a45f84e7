"""One episode: every step of it checked and kept."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from weakref import WeakSet

import gymnasium
import numpy as np
from numpy.typing import NDArray

from skimitate._errors import EpisodeError
from skimitate.environments._answers import check_reward, expect_tuple
from skimitate.environments._drivers import Driver
from skimitate.environments._spaces import Spaces
from skimitate.environments._success import success_in
from skimitate.policies._actions import StepError

# Environments that were reset twice with one seed, to see whether that does the same.
_SEEN: WeakSet[Any] = WeakSet()

# What Python raises where an array is used as if it were something else.
_MISTAKEN = (AttributeError, IndexError, KeyError, TypeError)


class Episode(NamedTuple):
    """What happened in one episode.

    Parameters
    ----------
    observations : ndarray of shape (n_steps, n_features)
        What was seen before each step.
    actions : ndarray of shape (n_steps, n_outputs) or (n_steps,)
        What the driver remembers of each step.
    rewards : ndarray of shape (n_steps,) or None, default=None
        What each step earned. None where nobody knows, as for those that follow; all
        of them are known of an episode that was run here.
    last_observation : ndarray of shape (n_features,) or None, default=None
        What was seen after the last step.
    terminated : bool or None, default=None
        Whether the environment came to an end of its own.
    truncated : bool or None, default=None
        Whether it was cut, by a limit of the environment's or of the caller's.
    is_success : bool or None, default=None
        What the environment's ``info`` had as ``is_success`` with the last step.
    action_noise : ndarray of shape (n_outputs,) or None, default=None
        Standard deviation of the noise with which the actions were done.
    feature_names : tuple of str or None, default=None
        Where each column of the observations comes from: see :class:`Observations`.
    """

    observations: NDArray
    actions: NDArray
    rewards: NDArray | None = None
    last_observation: NDArray | None = None
    terminated: bool | None = None
    truncated: bool | None = None
    is_success: bool | None = None
    action_noise: NDArray | None = None
    feature_names: tuple[str, ...] | None = None


class Place(NamedTuple):
    """Where an episode belongs.

    Parameters
    ----------
    where : str
        What goes before the episode in errors, such as ``"round 3, "``.
    round : int or None
        The round of DAgger.
    episode : int
        Its number.
    """

    where: str
    round: int | None
    episode: int

    def __str__(self) -> str:
        return f"{self.where}episode {self.episode}"

    def error(self, what: object, step: int, hint: str = "") -> EpisodeError:
        """Return the error that something failed at a step, and a hint."""
        return EpisodeError(
            f"{what} ({self}, step {step}){hint}",
            round=self.round,
            episode=self.episode,
            step=step,
        )


class EpisodeRunner:
    """Runs episodes in an environment and checks all that goes in and out.

    Parameters
    ----------
    env : gymnasium.Env
        Open, with spaces that :class:`Spaces` takes.
    driver : Driver
        Decides.

    Attributes
    ----------
    ignores_seed : bool
        Whether two resets with one seed were seen to differ. It is looked at once for
        each environment, at the cost of one more reset.
    n_at_once : int
        1: how many episodes it runs at a time.
    obeys_seeds : bool
        True: whether each episode depends on its own seed, as far as it can.
    """

    n_at_once = 1
    obeys_seeds = True

    def __init__(self, env: gymnasium.Env, driver: Driver) -> None:
        self.env = env
        self.driver = driver
        self.spaces = Spaces(env)
        self.ignores_seed = False

    def run_all(
        self,
        numbered: Sequence[tuple[int, np.random.SeedSequence]],
        max_steps: float,
        place_of: Callable[[int], Place],
    ) -> Iterator[tuple[int, Episode]]:
        """Run episodes one by one: see :meth:`VectorRunner.run_all`."""
        for number, seed in numbered:
            yield number, self.run(seed, max_steps, place_of(number))

    def run(
        self, seed: np.random.SeedSequence, max_steps: float, place: Place
    ) -> Episode:
        """Run to the end of the episode, or to max_steps.

        Parameters
        ----------
        seed : numpy.random.SeedSequence
            Determines the episode.
        max_steps : float
            Where to cut it; infinity for nowhere.
        place : Place
            Where the episode belongs, for errors.

        Returns
        -------
        Episode

        Raises
        ------
        EpisodeError
            If the driver or the environment fails, with the episode and the step.
        """
        self._step = 0
        try:
            return self._run(seed, max_steps)
        except StepError as error:
            hint = hint_at_rows(error.__cause__, self.spaces.feature_names)
            raise place.error(error, self._step, hint) from error.__cause__
        except Exception as error:
            # Drivers name their own errors: this is the environment's.
            raise place.error(f"env: raised {error!r}", self._step) from error

    def _reset(self, env_seed: int) -> NDArray:
        """Begin an episode; the first time in an environment, see what seeds do."""
        first = self._observe_reset(env_seed) if is_new(self.env) else None
        observation = self._observe_reset(env_seed)
        if first is not None and not np.array_equal(first, observation):
            self.ignores_seed = True
        return observation

    def _observe_reset(self, env_seed: int) -> NDArray:
        answer = expect_tuple(self.env.reset(seed=env_seed), 2, "reset")
        return self.spaces.observed(answer[0])

    def _run(self, seed: np.random.SeedSequence, max_steps: float) -> Episode:
        # A loop that costs as little as it can beside the environment's own step.
        observed, space = self.spaces.observed, self.spaces.actions
        driver, executable, step = self.driver, space.executable, self.env.step
        # Not spawn, which counts its calls: a seed may be used again.
        env_seed, driver_seed = map(int, seed.generate_state(2))
        observation = self._reset(env_seed)
        driver.begin_episode(driver_seed)
        observations, actions, rewards = [], [], []
        terminated = truncated = False
        info = None
        while not (terminated or truncated) and self._step < max_steps:
            remembered, driving = driver(observation, space)
            observations.append(observation)
            actions.append(remembered)
            answer = expect_tuple(step(executable(driving)), 5, "step")
            rewards.append(check_reward(answer[1]))
            observation = observed(answer[0])
            terminated, truncated, info = bool(answer[2]), bool(answer[3]), answer[4]
            self._step += 1
        return Episode(
            np.array(observations),
            np.array(actions),
            np.array(rewards),
            observation,
            terminated,
            truncated or not terminated,  # the caller cut it
            success_in(info),
            feature_names=self.spaces.feature_names,
        )


def hint_at_rows(
    cause: BaseException | None, feature_names: tuple[str, ...] | None
) -> str:
    """Return what to add where somebody may have taken a row for what it was made of.

    That is what an expert does that was written for a dict, or for the number of a
    state.

    Parameters
    ----------
    cause : exception or None
        What somebody raised.
    feature_names : tuple of str or None
        Of the columns of the row.

    Returns
    -------
    str
        Empty if there is nothing to add.
    """
    if feature_names is None or not isinstance(cause, _MISTAKEN):
        return ""
    shown = ", ".join(feature_names[:3])
    more = ", ..." if len(feature_names) > 3 else ""
    return (
        f"; it is shown rows of numbers, with the columns {shown}{more}: "
        "gymnasium.spaces.unflatten(env.observation_space, row) is what the "
        "environment showed"
    )


def is_new(env: Any) -> bool:
    """Tell whether an environment is met for the first time.

    Parameters
    ----------
    env : gymnasium.Env or gymnasium.vector.VectorEnv
        It is known from now on.

    Returns
    -------
    bool
    """
    try:
        if env in _SEEN:
            return False
        _SEEN.add(env)
        return True
    except TypeError:  # one that cannot be remembered
        return True
