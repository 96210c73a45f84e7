"""Three episodes, and the classes in which other people have theirs."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np

N_STEPS = (4, 6, 1)
rng = np.random.default_rng(0)
SEEN = [rng.normal(size=(n + 1, 3)) for n in N_STEPS]
ACTIONS = [rng.normal(size=(n, 2)) for n in N_STEPS]
REWARDS = [rng.normal(size=n) for n in N_STEPS]
EPISODES = list(zip(SEEN, ACTIONS, REWARDS, strict=True))
# One of them.
S, A, R = EPISODES[0]
STEPS = [{"obs": o, "act": a} for o, a in zip(S, A, strict=False)]


@dataclass(frozen=True)
class Trajectory:
    """As imitation has them, with the last observation in a row of its own."""

    obs: np.ndarray
    acts: np.ndarray
    infos: np.ndarray | None
    terminal: bool


@dataclass(frozen=True)
class TrajectoryWithRew(Trajectory):
    rews: np.ndarray


class DictObs:
    """A dict in disguise, as imitation has them for Dict spaces."""

    def __init__(self, **arrays):
        self._d = arrays

    def __len__(self):
        return len(next(iter(self._d.values())))

    def __getitem__(self, key):
        return DictObs(**{name: array[key] for name, array in self._d.items()})

    def keys(self):
        return self._d.keys()


class Transition(namedtuple("Transition", "state action next_state reward")):
    """As in many a replay buffer."""


Sight = namedtuple("Sight", "picture move")


class Demo:
    """Somebody's class; it can replay, too."""

    def __init__(self, **parts):
        self.__dict__.update(parts)

    def act(self, observation):
        raise AssertionError("a method is no array of actions")


def ends(actions):
    return np.arange(len(actions)) == len(actions) - 1
