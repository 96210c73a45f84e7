"""Early stopping: the samples that it sets aside."""

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skimitate.cloning._samples import Samples


def split_for_validation(
    samples: Samples, fraction: float, random_state: Any
) -> tuple[Samples, Samples]:
    """Set a part of the samples aside.

    Parameters
    ----------
    samples : Samples
        All there are.
    fraction : float
        Part of them to validate with.
    random_state : int, RandomState instance or None
        Determines which.

    Returns
    -------
    train, validation : Samples

    Raises
    ------
    ValueError
        If there are too few on one side, or all of one side weigh nothing.
    """
    n_samples = len(samples)
    n_validation = int(np.ceil(fraction * n_samples))
    if n_validation < 2 or n_validation >= n_samples:
        raise ValueError(
            f"validation_fraction: early stopping needs 2 samples to validate and 1 to "
            f"train, got {n_validation} and {n_samples - n_validation} ({fraction} of "
            f"{n_samples} samples)"
        )
    rows = train_test_split(
        np.arange(n_samples),
        test_size=n_validation,
        random_state=check_random_state(random_state),
    )
    train, validation = (samples.take(part) for part in rows)
    for part, use in ((train, "train on"), (validation, "validate with")):
        if part.weight is not None and not part.weight.any():
            raise ValueError(
                "sample_weight: expected positive weights on both sides of the split "
                f"that early stopping makes, got zeros alone for the {len(part)} "
                f"samples to {use} (validation_fraction={fraction} of {n_samples})"
            )
    return train, validation
