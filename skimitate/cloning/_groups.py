"""Groups: which rows are of one episode."""

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from skimitate._callers import levels_to_the_user
from skimitate._validation import naming


def validate_groups(groups: ArrayLike, n_samples: int) -> NDArray[np.intp]:
    """Return the number of each row's episode, counted from 0 in order of the rows.

    Parameters
    ----------
    groups : array-like of shape (n_samples,)
        Any labels; those of an episode are in successive rows.
    n_samples : int
        How many are expected.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError, TypeError
        If there is not one label for each sample, if one is missing, or if an episode
        goes on after another one has begun.
    """
    with naming("groups"):
        labels = check_array(
            groups, ensure_2d=False, allow_nd=True, dtype=None, input_name="groups"
        )
    if labels.shape != (n_samples,):
        raise ValueError(
            f"groups: expected shape ({n_samples},), one episode for each sample, "
            f"got {labels.shape}"
        )
    if labels.dtype == object and any(label is None for label in labels):
        raise ValueError("groups: expected an episode for each sample, got None")
    begins = np.append(True, labels[1:] != labels[:-1])
    begun = set()
    for row in np.flatnonzero(begins):
        label = labels[row]
        if label in begun:
            raise ValueError(
                "groups: expected the rows of each episode to be successive, got "
                f"episode {label} again in row {row}, after another one had begun"
            )
        begun.add(label)
    return np.cumsum(begins) - 1


def warn_of_no_groups_to_score(n_samples: int) -> None:
    """Warn that a memory is scored on rows whose episodes nobody told.

    Parameters
    ----------
    n_samples : int
        How many rows are scored; of a single one there is nothing to remember.

    Warns
    -----
    UserWarning
    """
    if n_samples > 1:
        warnings.warn(
            "groups: expected the episode of each sample to score, got None; each "
            "counts as an episode of its own, and nothing is remembered (a search "
            "passes them on with metadata routing, "
            "sklearn.set_config(enable_metadata_routing=True), unless "
            "set_score_request(groups=False) says otherwise)",
            UserWarning,
            stacklevel=levels_to_the_user(),
        )
