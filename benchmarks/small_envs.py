"""Small environments: several choices at once, and a choice that needs a memory."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from numpy.typing import NDArray

# Steps from where the cue is seen to where it matters.
LENGTH = 60


class Thrusters(gymnasium.Env):
    """A point on a plane with a thruster for each axis: back, off or forward.

    Observations are the position and the velocity, (4,); actions two numbers from 0 to
    2; the reward is minus the distance from the origin. An episode has 60 steps.
    """

    observation_space = Box(-np.inf, np.inf, (4,), dtype=np.float64)
    action_space = MultiDiscrete([3, 3])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Put the point somewhere, at rest."""
        super().reset(seed=seed)
        self._t = 0
        self._state = np.append(self.np_random.uniform(-1, 1, 2), [0.0, 0.0])
        return self._state.copy(), {}

    def step(
        self, action: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Let the thrusters push for a tenth of a second."""
        position, velocity = np.split(self._state, 2)
        velocity = velocity + 0.1 * (np.asarray(action) - 1.0)
        position = position + 0.1 * velocity
        self._state = np.concatenate([position, velocity])
        self._t += 1
        reward = -float(np.hypot(*position))
        return self._state.copy(), reward, False, self._t >= 60, {}


def thruster_expert(observations: NDArray) -> NDArray[np.int64]:
    """Push each axis as a damped spring would, if it would push at all."""
    position, velocity = np.split(np.asarray(observations), 2, axis=1)
    wish = -position - 1.2 * velocity
    return np.where(np.abs(wish) < 0.05, 0, np.sign(wish)).astype(np.int64) + 1


class TMaze(gymnasium.Env):
    """A corridor, and two ways at its end: the first observation tells the right one.

    Observations are the cue (1 or -1 at the first step, 0 later), whether this is the
    junction, and a number that means nothing, (3,); actions: 0 walks on, 1 turns left,
    2 turns right. The reward is 1 for the right turn at the junction; any other turn
    ends the episode with nothing. After Bakker: "Reinforcement learning with long
    short-term memory", NeurIPS 2001.
    """

    observation_space = Box(-1.0, 1.0, (3,), dtype=np.float64)
    action_space = Discrete(3)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Draw which way is the right one, and show it once."""
        super().reset(seed=seed)
        self._t = 0
        self._cue = float(self.np_random.choice([-1.0, 1.0]))
        return self._observation(), {}

    def _observation(self) -> NDArray[np.float64]:
        cue = self._cue if self._t == 0 else 0.0
        noise = self.np_random.uniform(-1, 1)
        return np.array([cue, float(self._t >= LENGTH), noise])

    def step(
        self, action: int
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Walk on, or turn."""
        if action == 0:
            self._t += 1
            return self._observation(), 0.0, False, self._t > LENGTH + 5, {}
        is_right = self._t >= LENGTH and (action == 2) == (self._cue > 0)
        return self._observation(), float(is_right), True, False, {}


class TMazeExpert:
    """Remembers the cue, and turns at the junction."""

    def reset(self) -> None:
        """Forget it."""
        self._cue: NDArray | None = None

    def __call__(self, observations: NDArray) -> NDArray[np.int64]:
        """Return an action for each of a batch of observations."""
        if self._cue is None:
            self._cue = observations[:, 0].copy()
        turn = np.where(self._cue > 0, 2, 1)
        return np.where(observations[:, 1] > 0, turn, 0)
