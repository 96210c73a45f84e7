"""One episode: every step of it checked and kept."""

import math
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from skimitate.environments._drivers import Driver
from skimitate.environments._spaces import Spaces, StepError


class Episode(NamedTuple):
    """What happened in one episode.

    Parameters
    ----------
    observations : ndarray of shape (n_steps, n_features)
        What was seen before each step.
    actions : ndarray of shape (n_steps, n_outputs)
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
    """

    observations: NDArray
    actions: NDArray
    rewards: NDArray | None = None
    last_observation: NDArray | None = None
    terminated: bool | None = None
    truncated: bool | None = None


class EpisodeRunner:
    """Runs episodes in an environment and checks all that goes in and out.

    Parameters
    ----------
    env : gymnasium.Env
        Open, with Box spaces of one dimension.
    driver : Driver
        Decides.
    """

    def __init__(self, env: gymnasium.Env, driver: Driver) -> None:
        self.env = env
        self.driver = driver
        self.spaces = Spaces(env)

    def run(
        self, seed: np.random.SeedSequence, max_steps: float, where: str
    ) -> Episode:
        """Run to the end of the episode, or to max_steps.

        Parameters
        ----------
        seed : numpy.random.SeedSequence
            Determines the episode.
        max_steps : float
            Where to cut it; infinity for nowhere.
        where : str
            Names the episode in errors.

        Returns
        -------
        Episode

        Raises
        ------
        ValueError
            If the driver or the environment fails, with the episode and the step.
        """
        self._step = 0
        try:
            return self._run(seed, max_steps)
        except StepError as error:
            located = f"{error} ({where}, step {self._step})"
            raise ValueError(located) from error.__cause__
        except Exception as error:
            # Drivers name their own errors: this is the environment's.
            located = f"env: raised {error!r} ({where}, step {self._step})"
            raise ValueError(located) from error

    def _run(self, seed: np.random.SeedSequence, max_steps: float) -> Episode:
        # A loop that costs as little as it can beside the environment's own step.
        observed, executable = self.spaces.observed, self.spaces.executable
        driver, n_outputs, step = self.driver, self.spaces.n_outputs, self.env.step
        # Not spawn, which counts its calls: a seed may be used again.
        env_seed, driver_seed = map(int, seed.generate_state(2))
        answer = _expect_tuple(self.env.reset(seed=env_seed), 2, "reset")
        observation = observed(answer[0])
        driver.begin_episode(driver_seed)
        observations, actions, rewards = [], [], []
        terminated = truncated = False
        while not (terminated or truncated) and self._step < max_steps:
            remembered, driving = driver(observation, n_outputs)
            observations.append(observation)
            actions.append(remembered)
            answer = _expect_tuple(step(executable(driving)), 5, "step")
            rewards.append(_check_reward(answer[1]))
            observation = observed(answer[0])
            terminated, truncated = bool(answer[2]), bool(answer[3])
            self._step += 1
        return Episode(
            np.array(observations),
            np.array(actions),
            np.array(rewards),
            observation,
            terminated,
            truncated or not terminated,  # the caller cut it
        )


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
