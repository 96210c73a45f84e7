"""Returns as people read them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def summarize(returns: Sequence[float] | NDArray[np.float64]) -> str:
    """Return returns in the form mean (standard deviation)."""
    return mean_and_std(float(np.mean(returns)), float(np.std(returns)))


def mean_and_std(mean: float, std: float) -> str:
    """Return a mean and a standard deviation with as many digits as they deserve."""
    digits = _digits_of(mean)
    return f"{mean:.{digits}f} ({std:.{digits}f})"


def short(mean: float) -> str:
    """Return a mean return with as many digits as it deserves."""
    return f"{mean:.{_digits_of(mean)}f}"


def _digits_of(mean: float) -> int:
    return 0 if abs(mean) >= 100 else 1
