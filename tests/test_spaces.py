"""Environments with other actions: the wrapper that is named for them works."""

from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.spaces import Box
from gymnasium.wrappers import TransformAction

from skimitate import collect_rollouts

LINE = Box(-1, 1, (2,), dtype=np.float32)


class AnyEnv(gymnasium.Env):
    """Shows what its spaces hold, and insists on actions of its space."""

    def __init__(self, observations=LINE, actions=LINE):
        self.observation_space = observations
        self.action_space = actions

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.t = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        self.t += 1
        return self.observation_space.sample(), 1.0, self.t == 3, False, {}


def nothing(n_outputs, observations):
    return np.full((len(observations), n_outputs), 0.25)


TAKEN = {
    "grid": Box(-1, 1, (2, 3), dtype=np.float32),
    "dict": spaces.Dict(a=LINE, b=LINE),
    "tuple": spaces.Tuple([LINE, LINE]),
    "discrete": spaces.Discrete(4),
    "discrete from 2": spaces.Discrete(4, start=2),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_other_actions_are_taken_by_the_wrapper_that_is_named(kind):
    with pytest.raises(ValueError, match="env: expected a Box action space") as caught:
        collect_rollouts(partial(AnyEnv, LINE, TAKEN[kind]), partial(nothing, 2))
    message = str(caught.value)
    assert "gymnasium.wrappers.TransformAction" in message
    # The message is an expression of Python, for those who copy it.
    expression = message[message.index(": TransformAction(") + 2 :]
    names = {"TransformAction": TransformAction, "spaces": spaces, "Box": Box}

    def make():
        import functools

        env = AnyEnv(LINE, TAKEN[kind])
        return eval(expression, names | {"functools": functools, "env": env})

    (width,) = make().action_space.shape
    rollouts = collect_rollouts(make, partial(nothing, width), n_episodes=1)
    assert rollouts.actions.shape == (3, width)


@pytest.mark.parametrize(
    ("observations", "actions", "message"),
    [
        (LINE, spaces.MultiDiscrete([2, 3]), "classes.*TransformAction"),
        (LINE, spaces.MultiBinary(2), "classes.*TransformAction"),
        (LINE, spaces.Text(3), r"action space of one dimension, got Text\("),
    ],
)
def test_what_no_wrapper_makes_flat(observations, actions, message):
    with pytest.raises(ValueError, match=message):
        collect_rollouts(partial(AnyEnv, observations, actions), partial(nothing, 2))
