"""What is kept of an episode where that is not all of it."""

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._episode import Episode


def whole(episode: Episode) -> Episode:
    """Keep all of an episode."""
    return episode


def return_of(episode: Episode) -> float:
    """Keep the sum of the rewards alone, of an episode that was run and so has them."""
    return float(cast(NDArray, episode.rewards).sum())


class Outcome(NamedTuple):
    """What an episode came to.

    Parameters
    ----------
    value : float
        Its return, which may be discounted.
    is_success : bool or None
        Whether the environment says that it succeeded, None if it does not say.
    """

    value: float
    is_success: bool | None


def outcome_of(episode: Episode, discount: float = 1.0) -> Outcome:
    """Keep the return, discounted from step to step, and the success."""
    if discount == 1.0:
        return Outcome(return_of(episode), episode.is_success)
    rewards = cast(NDArray, episode.rewards)
    value = float((rewards * discount ** np.arange(len(rewards))).sum())
    return Outcome(value, episode.is_success)
