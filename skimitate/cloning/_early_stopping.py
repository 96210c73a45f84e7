"""Early stopping: the samples that it validates with."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skimitate._attributes import put_back
from skimitate._validation import naming
from skimitate.cloning._samples import Samples

# Few enough to be long, so that few of their rows have neighbours that are trained on;
# enough to come from several episodes.
_N_BLOCKS = 5


class Told(NamedTuple):
    """What a user says of the validation: all of it optional.

    Parameters
    ----------
    groups : array-like of shape (n_samples,) or None, default=None
        The episode of each sample.
    X_val : array-like of shape (n_validation_samples, n_features) or None, default=None
        Observations to validate with.
    y_val : array-like of shape (n_validation_samples,) or \
            (n_validation_samples, n_outputs) or None, default=None
        The expert's actions for them.
    groups_val : array-like of shape (n_validation_samples,) or None, default=None
        The episode of each of them.
    """

    groups: ArrayLike | None = None
    X_val: ArrayLike | None = None
    y_val: ArrayLike | None = None
    groups_val: ArrayLike | None = None


def set_aside(
    cloner: Any, samples: Samples, told: Told
) -> tuple[Samples, Samples | None]:
    """Return the samples to train on, and those to validate with, if any.

    Parameters
    ----------
    cloner : BaseCloner
        Its parameters say how; it knows the features and outputs of the samples.
    samples : Samples
        All that there are.
    told : Told
        What the user says of it.

    Returns
    -------
    train : Samples
    validation : Samples or None

    Raises
    ------
    ValueError, TypeError
        If what was told is not as described, if there are too few samples or episodes
        on one side, or all of one side weigh nothing.
    """
    for name, other in (("X_val", told.y_val), ("y_val", told.X_val)):
        if getattr(told, name) is None and other is not None:
            given = "y_val" if name == "X_val" else "X_val"
            raise ValueError(f"{name}: expected it together with {given}, got None")
    if told.X_val is not None:
        return samples, _validate_apart(cloner, samples, told)
    if not cloner.early_stopping:
        return samples, None
    fraction = cloner.validation_fraction
    rng = check_random_state(cloner.random_state)
    if told.groups is None or samples.episodes is None:
        held_out = _hold_out_rows(len(samples), fraction, rng)
    else:
        held_out = _hold_out_episodes(samples.episodes, fraction, rng)
    sides = [samples.take(np.flatnonzero(side)) for side in (~held_out, held_out)]
    for part, use in zip(sides, ("train on", "validate with"), strict=True):
        if part.weight is not None and not part.weight.any():
            raise ValueError(
                "sample_weight: expected positive weights on both sides of the split "
                f"that early stopping makes, got zeros alone for the {len(part)} "
                f"samples to {use} (validation_fraction={fraction} of {len(samples)})"
            )
    return sides[0], sides[1]


def _validate_apart(cloner: Any, samples: Samples, told: Told) -> Samples:
    """Check the validation data that the user gave."""
    if not cloner.early_stopping:
        raise ValueError(
            "X_val, y_val: expected None with early_stopping=False, which validates "
            "with nothing; got data (set early_stopping=True)"
        )
    assert told.X_val is not None
    assert told.y_val is not None
    before = dict(vars(cloner))
    with naming_validation_data():
        X, y = cloner._validate_targets(told.X_val, told.y_val, reset=False)
    put_back(cloner, before)  # actions have the shape of y, not of y_val
    expected = samples.y.shape[1]
    if y.shape[1] != expected:
        raise ValueError(
            f"y_val: expected {expected} outputs as in y, got {y.shape[1]}"
        )
    if len(X) < 2:
        raise ValueError("X_val: expected at least 2 samples, got 1")
    weight = cloner._weigh(y, None)
    with naming("groups_val", instead_of="groups"):
        episodes = cloner._episodes(told.groups_val, len(X))
    given = told.X_val, told.y_val, None
    return Samples(X, y, weight, given, episodes=episodes)


@contextmanager
def naming_validation_data() -> Iterator[None]:
    """Call X and y in messages what they are here."""
    try:
        yield
    except (ValueError, TypeError) as error:
        message = re.sub(r"\b([Xy])\b", r"\1_val", str(error))
        raise type(error)(message) from None


def _hold_out_rows(
    n_samples: int, fraction: float, rng: np.random.RandomState
) -> NDArray[np.bool_]:
    """Draw blocks of neighbouring rows, one from each fifth of all.

    Neighbouring rows are mostly successive steps of an episode, which are nearly equal:
    single rows drawn from among them would test what has all but been seen. One block
    would show one part of one episode; the last rows would always be an ending.
    """
    n_held_out = int(np.ceil(fraction * n_samples))
    if n_held_out < 2 or n_held_out >= n_samples:
        raise ValueError(
            f"validation_fraction: early stopping needs 2 samples to validate and 1 to "
            f"train, got {n_held_out} and {n_samples - n_held_out} ({fraction} of "
            f"{n_samples} samples)"
        )
    held_out = np.zeros(n_samples, dtype=bool)
    lengths = [len(part) for part in np.array_split(range(n_held_out), _N_BLOCKS)]
    for part, length in zip(
        np.array_split(np.arange(n_samples), _N_BLOCKS), lengths, strict=True
    ):
        start = rng.randint(len(part) - length + 1)
        held_out[part[start : start + length]] = True
    return held_out


def _hold_out_episodes(
    episodes: NDArray[np.intp], fraction: float, rng: np.random.RandomState
) -> NDArray[np.bool_]:
    """Draw a part of the episodes, as scikit-learn's GroupShuffleSplit counts them."""
    lengths = np.bincount(episodes)
    n_episodes = len(lengths)
    if n_episodes < 2:
        raise ValueError(
            "groups: early stopping needs 2 episodes, 1 to validate and 1 to train, "
            f"got {n_episodes}"
        )
    n_held_out = min(int(np.ceil(fraction * n_episodes)), n_episodes - 1)
    drawn = rng.permutation(n_episodes)
    # R² of a single sample is not defined; an episode may be one.
    while lengths[drawn[:n_held_out]].sum() < 2 and n_held_out < n_episodes - 1:
        n_held_out += 1
    n_samples = int(lengths[drawn[:n_held_out]].sum())
    if n_samples < 2:
        raise ValueError(
            "groups: early stopping needs 2 samples to validate and 1 to train, got "
            f"{n_samples} and {len(episodes) - n_samples} in {n_held_out} and "
            f"{n_episodes - n_held_out} episodes"
        )
    return np.isin(episodes, drawn[:n_held_out])
