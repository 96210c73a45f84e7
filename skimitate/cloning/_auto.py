"""What "auto" stands for in the parameters of a cloner: numbers that fit the data."""

import math
from typing import Literal

# Gradient steps with which clones of one to ten roll-outs come near the expert in each
# environment of benchmarks/default_clone.py; with two thirds of them they earned less.
N_STEPS = 60_000
# For a few hundred samples, that many steps would be passes without end: Reacher earns
# as much with these, and a fit of a handful of samples takes no second.
MAX_EPOCHS = 2_000
# For many samples, N_STEPS would be a few passes; the rows of 250 roll-outs in the
# table were made with these.
MIN_EPOCHS = 20
# The penalty beside the losses of all the samples together. It matters where there are
# hundreds of them, and is as good as gone where there are ten thousands.
PENALTY = 0.05


def epochs_of_fit(
    max_iter: int | Literal["auto"],
    batch_size: int,
    n_samples: int,
    n_steps: int = N_STEPS,
) -> int:
    """Return the number of passes over the samples.

    Parameters
    ----------
    max_iter : int or "auto"
        What the user asks for; "auto" for as many as make ``n_steps`` gradient steps,
        but from 20 to 2,000.
    batch_size : int
        Number of samples a step.
    n_samples : int
        Number of samples.
    n_steps : int, default=60,000
        Number of gradient steps of a fit.

    Returns
    -------
    int
    """
    if max_iter != "auto":
        return max_iter
    n_epochs = math.ceil(n_steps / math.ceil(n_samples / batch_size))
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
