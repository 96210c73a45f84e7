"""A task of memory: an expert goes on in the direction that it was shown at first."""

from typing import NamedTuple

import numpy as np


class Recall(NamedTuple):
    """Observations, actions, and the number of each step's episode."""

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray


def recall(n_episodes=40, n_steps=10, seed=0):
    """Episodes that show a sign in their first step, and noise in another column."""
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], n_episodes)
    X = 0.1 * rng.normal(size=(n_episodes, n_steps, 2))
    X[:, :, 0] = 0.0
    X[:, 0, 0] = signs
    groups = np.arange(n_episodes).repeat(n_steps)
    return Recall(X.reshape(-1, 2), signs.repeat(n_steps), groups)
