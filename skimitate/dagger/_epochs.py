"""How long a learner that goes on trains in a round."""

import math
from numbers import Integral
from typing import Any, Literal

# Gradient steps of a round: enough in each task of benchmarks/steps_of_round.py, where
# more gain nothing.
N_STEPS = 3000


def epochs_of_round(
    n_epochs: int | Literal["auto"], learner: Any, n_samples: int
) -> int:
    """Return the number of passes over the labels in a round.

    Parameters
    ----------
    n_epochs : int or "auto"
        What the user asks for; "auto" for as many as make 3,000 gradient steps.
    learner : object
        Goes on; its ``batch_size``, if it has one, is the number of samples a step.
        Others are taken to make a step for each sample.
    n_samples : int
        Number of labels.

    Returns
    -------
    int
        At least 1.
    """
    if n_epochs != "auto":
        return n_epochs
    batch_size = getattr(learner, "batch_size", 1)
    if batch_size == "auto":  # scikit-learn's multilayer perceptrons
        batch_size = 200
    if not isinstance(batch_size, Integral) or batch_size < 1:
        batch_size = n_samples  # None, or -1, mostly stands for all
    return math.ceil(N_STEPS / math.ceil(n_samples / int(batch_size)))
