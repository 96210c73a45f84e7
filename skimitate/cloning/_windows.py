"""Windows of episodes: what a gradient goes back through at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def episodes_of(episodes: Rows) -> tuple[Rows, Rows]:
    """Return the first row and the number of steps of each episode.

    Parameters
    ----------
    episodes : ndarray of shape (n_samples,)
        The number of each row's episode, in successive rows.

    Returns
    -------
    starts, lengths : ndarrays of shape (n_episodes,)
    """
    begins = np.ones(len(episodes), dtype=bool)
    begins[1:] = episodes[1:] != episodes[:-1]
    starts = np.flatnonzero(begins)
    return starts, np.diff(starts, append=len(episodes))


class Plan(NamedTuple):
    """The windows of one epoch, those of an episode one after the other.

    Parameters
    ----------
    starts, lengths : ndarrays of shape (n_windows,)
        First row and number of steps.
    chains : list of ndarray
        The first windows of all episodes that have a second one, then the second ones
        of those that have a third, and so on; each from the longest to the shortest.
    order : ndarray of shape (n_windows,)
        In which they are visited.
    """

    starts: Rows
    lengths: Rows
    chains: list[Rows]
    order: Rows

    def batches(self, batch_size: int) -> Rows:
        """Return the order of the visits, in each minibatch the longest first."""
        number = np.arange(len(self.order)) // batch_size
        return self.order[np.lexsort((-self.lengths[self.order], number))]


class Windows:
    """Cuts episodes into windows, elsewhere in each epoch.

    Back-propagation ends at the start of a window (Williams and Peng: "An efficient
    gradient-based algorithm for on-line training of recurrent network trajectories",
    Neural Computation 1990, section 3). The state there is not zero, as it is nowhere
    but at the start of an episode: it is what the network remembers, when the epoch
    begins, of the steps before, as in R2D2 (Kapturowski et al., ICLR 2019, section 3,
    "stored state"). So windows can be visited in any order, several of one episode in
    one minibatch: a single long episode gives minibatches that are as good as those of
    many short ones. Training an episode from its start to its end with its state
    carried along would save to run through it once more, which takes a fifth of the
    time, and leave one window a step, each much like the last. Since the cuts are
    elsewhere each time, no two steps less than ``n_steps`` apart are always on two
    sides of one.

    Parameters
    ----------
    episodes : ndarray of shape (n_samples,)
        The number of each row's episode, in successive rows.
    n_steps : int
        Of a window, at most. Episodes that are not longer are windows of their own.
    """

    def __init__(self, episodes: Rows, n_steps: int) -> None:
        self._starts, self._lengths = episodes_of(episodes)
        self._n_steps = n_steps

    def __len__(self) -> int:
        """Return how many windows there are, to expect from the draw of the cuts."""
        cut = self._lengths > self._n_steps
        n_more = ((self._lengths[cut] - 1) / self._n_steps).sum()
        return len(self._lengths) + round(float(n_more))

    def cut(self, rng: np.random.Generator) -> Plan:
        """Return windows for one epoch: the first one of an episode is of any length.

        Parameters
        ----------
        rng : numpy.random.Generator
            Draws the lengths of the first windows, and the order of the visits.

        Returns
        -------
        Plan
        """
        n, long = self._n_steps, self._lengths > self._n_steps
        first = np.where(long, rng.integers(1, n + 1, len(long)), self._lengths)
        counts = 1 - (-(self._lengths - first) // n)
        ends = np.cumsum(counts)
        number = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
        episode = np.repeat(np.arange(len(counts)), counts)
        offsets = np.where(number > 0, first[episode] + (number - 1) * n, 0)
        left = self._lengths[episode] - offsets
        lengths = np.minimum(left, np.where(number > 0, n, first[episode]))
        has_next = left > lengths
        return Plan(
            self._starts[episode] + offsets,
            lengths,
            _by_number(np.flatnonzero(has_next), number[has_next], lengths),
            rng.permutation(len(lengths)),
        )


def _by_number(windows: Rows, number: Rows, lengths: Rows) -> list[Rows]:
    """Return the windows of each number, the longest first."""
    if not len(windows):
        return []
    order = np.lexsort((-lengths[windows], number))
    sizes = np.bincount(number)
    return np.split(windows[order], np.cumsum(sizes)[:-1])
