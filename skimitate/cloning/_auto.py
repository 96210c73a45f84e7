"""What "auto" stands for in the parameters of a cloner: numbers that fit the data."""

import math
from typing import Literal

# Gradient steps that clones of two to ten roll-outs need in each environment of
# benchmarks/default_clone.py; more gain nothing.
N_STEPS = 60_000
# For few samples, that many steps are so many passes that the last ones gain nothing.
MAX_EPOCHS = 2_000
# For many samples, N_STEPS are so few passes that more would still gain.
MIN_EPOCHS = 20
# The penalty beside the losses of all the samples together. It matters where there are
# hundreds of them, and is as good as gone where there are ten thousands.
PENALTY = 0.05


def epochs_of_fit(
    max_iter: int | Literal["auto"], batch_size: int, n_samples: int
) -> int:
    """Return the number of passes over the samples.

    Parameters
    ----------
    max_iter : int or "auto"
        What the user asks for; "auto" for as many as make 60,000 gradient steps, but
        from 20 to 2,000.
    batch_size : int
        Number of samples a step.
    n_samples : int
        Number of samples.

    Returns
    -------
    int
    """
    if max_iter != "auto":
        return max_iter
    n_epochs = math.ceil(N_STEPS / math.ceil(n_samples / batch_size))
    return min(max(n_epochs, MIN_EPOCHS), MAX_EPOCHS)


def alpha_of_fit(
    alpha: float | Literal["auto"], batch_size: int, n_samples: int
) -> float:
    """Return the strength of the L2 penalty.

    Parameters
    ----------
    alpha : float or "auto"
        What the user asks for; "auto" for what comes to 0.05 against the losses of all
        samples together. ``MLPRegressor`` counts a penalty against each minibatch.
    batch_size : int
        Number of samples a step.
    n_samples : int
        Number of samples.

    Returns
    -------
    float
    """
    if alpha != "auto":
        return alpha
    return PENALTY * min(batch_size, n_samples) / n_samples
