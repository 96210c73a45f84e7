"""Environments with other actions: the wrapper that is named for them works."""

from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.spaces import Box
from gymnasium.wrappers import TransformAction
from numpy.testing import assert_array_equal

from skimitate import collect_rollouts, per_observation

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
    "grid": (Box(-0.5, 0.5, (2, 3), dtype=np.float32), 6),
    "number": (Box(-1, 1, (), dtype=np.float64), 1),
    "whole": (Box(-3, 3, (2,), dtype=np.int32), 2),
    "discrete": (spaces.Discrete(4), 1),
    "discrete from 2": (spaces.Discrete(4, start=2), 1),
    "below zero": (spaces.Discrete(3, start=-1), 1),
    "several": (spaces.MultiDiscrete([2, 3]), 2),
    "several from 5": (spaces.MultiDiscrete([2, 3], start=[5, -1]), 2),
    "a grid of several": (spaces.MultiDiscrete([[2, 3], [4, 1]]), 4),
    "bits": (spaces.MultiBinary(3), 3),
    "a grid of bits": (spaces.MultiBinary((2, 2)), 4),
}


def flat_sample(space, rng):
    """An action of a space as a row of numbers; of a Box it may lie outside."""
    if isinstance(space, Box):
        return rng.uniform(-2, 2, size=space.shape).ravel()
    space.seed(int(rng.integers(1000)))
    return np.ravel(space.sample())


@pytest.mark.parametrize("kind", TAKEN)
def test_the_environment_is_given_actions_of_its_space(kind):
    space, width = TAKEN[kind]
    rng = np.random.default_rng(0)
    asked = []

    def policy(observations):
        asked.append(flat_sample(space, rng))
        return asked[-1][np.newaxis]

    # Its step insists on them.
    rollouts = collect_rollouts(partial(AnyEnv, LINE, space), policy, n_episodes=5)
    is_one = isinstance(space, spaces.Discrete)
    assert rollouts.actions.shape == ((15,) if is_one else (15, width))
    assert rollouts.actions.dtype == (float if isinstance(space, Box) else np.int64)
    assert_array_equal(rollouts.actions.reshape(15, width), asked)


NESTED = {
    "dict": spaces.Dict(a=LINE, b=LINE),
    "tuple": spaces.Tuple([LINE, LINE]),
}


@pytest.mark.parametrize("kind", NESTED)
def test_other_actions_are_taken_by_the_wrapper_that_is_named(kind):
    message = "env: expected a Box, Discrete, MultiDiscrete or MultiBinary action space"
    with pytest.raises(ValueError, match=message) as caught:
        collect_rollouts(partial(AnyEnv, LINE, NESTED[kind]), partial(nothing, 2))
    message = str(caught.value)
    assert "gymnasium.wrappers.TransformAction" in message
    # The message is an expression of Python, for those who copy it.
    expression = message[message.index(": TransformAction(") + 2 :]
    names = {"TransformAction": TransformAction, "spaces": spaces, "Box": Box}

    def make():
        import functools

        env = AnyEnv(LINE, NESTED[kind])
        return eval(expression, names | {"functools": functools, "env": env})

    (width,) = make().action_space.shape
    rollouts = collect_rollouts(make, partial(nothing, width), n_episodes=1)
    assert rollouts.actions.shape == (3, width)


@pytest.mark.parametrize(
    ("observations", "actions", "message"),
    [
        (LINE, spaces.Text(3), r"Discrete, MultiDiscrete or MultiB.*, got Text\("),
    ],
)
def test_what_no_wrapper_makes_flat(observations, actions, message):
    with pytest.raises(ValueError, match=message):
        collect_rollouts(partial(AnyEnv, observations, actions), partial(nothing, 2))


def for_the_dict(shown):
    return shown["goal"] - shown["position"]


def for_the_number(shown):
    return [[0.1, 0.2], [0.3, 0.4]][shown]


@pytest.mark.parametrize(
    ("observations", "function", "columns"),
    [
        (
            spaces.Dict(goal=LINE, position=LINE),
            for_the_dict,
            r"goal\[0\], goal\[1\], position\[0\], \.\.\.:",
        ),
        (spaces.Discrete(2), for_the_number, "observation=0, observation=1:"),
    ],
    ids=["dict", "number"],
)
def test_an_expert_that_was_written_for_what_is_shown(observations, function, columns):
    make = partial(AnyEnv, observations)
    message = rf"policy: raised .*step 0\); .* {columns} gymnasium.spaces.unflatten\("
    with pytest.raises(ValueError, match=message):
        collect_rollouts(make, per_observation(function), n_episodes=1)
    # As the error says:
    told = per_observation(lambda row: function(spaces.unflatten(observations, row)))
    assert len(collect_rollouts(make, told, n_episodes=1)) == 3


def test_whose_mistake_is_another_is_told_nothing_of_rows():
    make = partial(AnyEnv, spaces.Dict(goal=LINE))
    with pytest.raises(ValueError, match=r"step 0\)$"):
        collect_rollouts(make, lambda rows: np.array(["left"]), n_episodes=1)
    with pytest.raises(ValueError, match=r"step 0\)$"):
        collect_rollouts(AnyEnv, per_observation(for_the_dict), n_episodes=1)
