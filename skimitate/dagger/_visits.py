"""What is known of each step of an episode, and how an episode keeps it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._episode import Episode


def remember(
    label: NDArray | None, drives: bool, n_outputs: int, *, counts: bool
) -> NDArray[np.float64]:
    """Return the label, NaN where there is none; if asked, if that counts, who drove.

    In one row, since an episode keeps an array of what its driver remembers.
    """
    row = np.full(n_outputs + 3, np.nan)
    is_asked = label is not None
    is_heard = is_asked and counts
    if is_heard:
        row[:-3] = label
    row[-3:] = is_asked, is_heard, drives
    return row


class Visits(NamedTuple):
    """What is known of an episode that a :class:`Mixture` drove.

    Parameters
    ----------
    observations : ndarray of shape (n_steps, n_features)
        What was seen before each step.
    labels : ndarray of shape (n_steps, n_outputs)
        The expert's actions; rows of NaN where it had no answer, or was not heard.
    is_asked : ndarray of shape (n_steps,), bool
        Where it was asked.
    is_heard : ndarray of shape (n_steps,), bool
        Where it was asked, and nobody else is to answer.
    is_driven : ndarray of shape (n_steps,), bool
        Where it drove.
    """

    observations: NDArray[np.float64]
    labels: NDArray[np.float64]
    is_asked: NDArray[np.bool_]
    is_heard: NDArray[np.bool_]
    is_driven: NDArray[np.bool_]


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
    remembered = episode.actions
    flags = remembered[:, -3:].astype(bool)
    return Visits(episode.observations, remembered[:, :-3], *flags.T)
