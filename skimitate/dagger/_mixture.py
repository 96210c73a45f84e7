"""Who drives: the expert labels each step, and one of two acts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.policies._actor import Actor


class Mixture:
    """Driver of episodes that labels each step by the expert and lets one of two drive.

    Parameters
    ----------
    expert : callable or object with act or predict
        Asked exactly once for each step.
    learner : callable or object with act or predict or None
        None lets the expert drive.
    beta : float
        Probability of each step that the expert drives nevertheless.
    """

    def __init__(self, expert: Any, learner: Any, beta: float) -> None:
        self.expert = Actor(expert, "expert")
        self.learner = None if learner is None else Actor(learner, "estimator")
        self.beta = beta

    def begin_episode(self, seed: int) -> None:
        """Get ready for an episode whose draws are determined by the seed."""
        self.rng = np.random.default_rng(seed)
        self.expert.reset()
        if self.learner is not None:
            self.learner.reset()

    def __call__(self, observation: NDArray, n_outputs: int) -> tuple[NDArray, NDArray]:
        """Return the expert's action, which is the label, and the one that drives."""
        label = self.expert(observation, n_outputs)
        if self.learner is None or self.rng.random() < self.beta:
            return label, label
        return label, self.learner(observation, n_outputs)
