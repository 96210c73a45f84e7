"""How long a learner that goes on trains in a round."""

import math
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# Gradient steps of a round: enough in each task of benchmarks/steps_of_round.py, where
# more gain nothing.
N_STEPS = 3000
# The same of a network that learns from windows of steps, each of which counts for many
# samples: a twentieth of a fit, as it is for others.
N_STEPS_OF_WINDOWS = 2500


def epochs_of_round(
    n_epochs: int | Literal["auto"],
    learner: Any,
    n_samples: int,
    groups: NDArray[np.intp] | None = None,
) -> int:
    """Return the number of passes over the labels in a round.

    Parameters
    ----------
    n_epochs : int or "auto"
        What the user asks for; "auto" for as many as make 3,000 gradient steps, or
        2,500 of windows.
    learner : object
        Goes on; its ``batch_size``, if it has one, is the number of samples a step, or
        if it has ``bptt_steps`` that of windows of so many steps. Others are taken to
        make a step for each sample.
    n_samples : int
        Number of labels.
    groups : ndarray of shape (n_steps,) or None, default=None
        The episode of each step, from 0 on, for a learner of windows.

    Returns
    -------
    int
        At least 1.
    """
    if n_epochs != "auto":
        return n_epochs
    n_steps, n_parts = N_STEPS, n_samples
    window = getattr(learner, "bptt_steps", None)
    if window is not None and groups is not None:
        n_steps = N_STEPS_OF_WINDOWS
        n_parts = int(np.ceil(np.bincount(groups) / window).sum())
    batch_size = getattr(learner, "batch_size", 1)
    if batch_size == "auto":  # scikit-learn's multilayer perceptrons
        batch_size = 200
    if not isinstance(batch_size, Integral) or batch_size < 1:
        batch_size = n_parts  # None, or -1, mostly stands for all
    return math.ceil(n_steps / math.ceil(n_parts / int(batch_size)))
