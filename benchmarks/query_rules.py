"""Rules that choose which visited states are labelled, to be held against chance.

Each is made for one run, and called with the observations of an episode and the learner
as it stands; it returns row numbers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rule = Callable[[NDArray, Any], NDArray[np.intp]]


class Novelty:
    """The states that are farthest from what is labelled.

    One by one, each the farthest from all that are labelled or chosen already (the
    greedy k-center of Sener and Savarese, ICLR 2018, algorithm 1): neighbouring states
    of one novel stretch are near each other. Distances are those of the learner's
    inputs: observations as its normalizer gives them.

    Parameters
    ----------
    n : int
        How many.
    start : ndarray of shape (n_samples, n_features)
        Observations of the demonstrations.
    """

    def __init__(self, n: int, start: NDArray) -> None:
        self.n = n
        self._labelled = start

    def __call__(self, observations: NDArray, learner: Any) -> NDArray[np.intp]:
        """Return the rows to label, which are taken to be labelled from now on."""
        normalize = learner.normalizer_.transform
        visited, known = normalize(observations), normalize(self._labelled)
        nearest = np.array([_distances(known, state).min() for state in visited])
        chosen: list[int] = []
        for _ in range(min(self.n, len(visited))):
            chosen.append(int(np.argmax(nearest)))
            nearest = np.minimum(nearest, _distances(visited, visited[chosen[-1]]))
            nearest[chosen[-1]] = -np.inf  # another may be equal to it
        self._labelled = np.concatenate([self._labelled, observations[chosen]])
        return np.array(chosen)


class Disagreement:
    """The states in which the networks of the learner disagree most.

    Measured by the standard deviation over the networks, relative to that of the mean
    policy's actions in the episode, the root of the mean square over the outputs
    (the doubt of EnsembleDAgger: Menda, Driggs-Campbell and Kochenderfer, IROS 2019).

    Parameters
    ----------
    n : int
        How many.
    """

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, observations: NDArray, learner: Any) -> NDArray[np.intp]:
        """Return the rows to label."""
        return np.argsort(-spread(observations, learner), kind="stable")[: self.n]


def spread(observations: NDArray, learner: Any) -> NDArray[np.float64]:
    """Return, of each state, how much the networks of a learner disagree about it."""
    actions, std = learner.predict(observations, return_std=True)
    scale = np.std(actions, axis=0) + 1e-12
    return np.sqrt(np.mean((std / scale) ** 2, axis=1))


def make_rule(name: str, n: int, start: NDArray) -> Rule:
    """Return a rule for one run.

    Parameters
    ----------
    name : str
        ``"novelty"`` or ``"disagreement"``.
    n : int
        How many states of an episode it chooses.
    start : ndarray of shape (n_samples, n_features)
        Observations of the demonstrations.
    """
    if name == "novelty":
        return Novelty(n, start)
    if name == "disagreement":
        return Disagreement(n)
    raise ValueError(f"name: expected a rule, got {name!r}")


def _distances(states: NDArray, state: NDArray) -> NDArray[np.float64]:
    return np.sqrt(np.sum((states - state) ** 2, axis=1))
