"""What is known of each step of an episode, and how an episode keeps it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._episode import Episode
from skimitate.environments._outcome import return_of

_N_FLAGS = 3


def remember(
    label: NDArray | None, action: NDArray, *, drives: bool, counts: bool
) -> NDArray[np.float64]:
    """Return what there is to know of a step.

    In one row, since an episode keeps an array of what its driver remembers: the label,
    NaN where there is none; the action that was done; whether the expert was asked, if
    that counts, and whether it drove.
    """
    n = len(action)
    row = np.full(2 * n + _N_FLAGS, np.nan)
    is_asked = label is not None
    is_heard = is_asked and counts
    if is_heard:
        row[:n] = label
    row[n:-_N_FLAGS] = action
    row[-_N_FLAGS:] = is_asked, is_heard, drives
    return row


class Visits(NamedTuple):
    """What is known of an episode that a :class:`Mixture` drove.

    Parameters
    ----------
    observations : ndarray of shape (n_steps, n_features)
        What was seen before each step.
    labels : ndarray of shape (n_steps, n_outputs)
        The expert's actions; rows of NaN where it had no answer, or was not heard.
    actions : ndarray of shape (n_steps, n_outputs)
        What was asked for, by whoever drove.
    is_asked : ndarray of shape (n_steps,), bool
        Where it was asked.
    is_heard : ndarray of shape (n_steps,), bool
        Where it was asked, and nobody else is to answer.
    is_driven : ndarray of shape (n_steps,), bool
        Where it drove.
    earned : float
        The return.
    """

    observations: NDArray[np.float64]
    labels: NDArray[np.float64]
    actions: NDArray[np.float64]
    is_asked: NDArray[np.bool_]
    is_heard: NDArray[np.bool_]
    is_driven: NDArray[np.bool_]
    earned: float


def visits_of(episode: Episode) -> Visits:
    """Read what was remembered of an episode.

    Parameters
    ----------
    episode : Episode
        Driven by a :class:`Mixture`.

    Returns
    -------
    Visits
    """
    values, flags = np.split(episode.actions, [-_N_FLAGS], axis=1)
    labels, actions = np.split(values, 2, axis=1)
    is_asked, is_heard, is_driven = flags.astype(bool).T
    return Visits(
        episode.observations,
        labels,
        actions,
        is_asked,
        is_heard,
        is_driven,
        return_of(episode),
    )
