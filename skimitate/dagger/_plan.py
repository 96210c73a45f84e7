"""What is settled before the first episode: who drives, and what labels weigh."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Plan:
    """What happens in each round.

    Parameters
    ----------
    betas : list of float
        From round 1 on: the probability of each step that the expert drives.
    weights : list of float
        From round 0 on: what a label of the round weighs.
    is_weighted : bool
        Whether the learner is given weights at all.
    fit_params : dict
        What the learner's ``fit`` is given beside its labels.
    """

    betas: list[float]
    weights: list[float]
    is_weighted: bool
    fit_params: dict[str, Any] = field(default_factory=dict)


def check_given(
    dagger: Any, X: object, y: object, *, sample_weight: object, groups: object
) -> None:
    """Raise if what is given does not belong together.

    Parameters
    ----------
    dagger : object
        With ``env`` and ``expert``.
    X, y, sample_weight, groups : array-like or None
        What its ``fit`` was given.

    Raises
    ------
    ValueError
        If one of two is missing, or there is nothing to learn from.
    """
    if (dagger.env is None) != (dagger.expert is None):
        given, missing = (
            ("env", "expert") if dagger.expert is None else ("expert", "env")
        )
        raise ValueError(
            f"{missing}: expected one because {given} is given, got None (with "
            "neither, X and y are cloned)"
        )
    if y is None and (X is not None or dagger.env is None):
        raise ValueError(
            f"{type(dagger).__name__} requires y to be passed, but the target y is None"
        )
    for name, told in (("y", y), ("sample_weight", sample_weight), ("groups", groups)):
        if X is None and told is not None:
            raise ValueError(
                f"X: expected the observations that belong to {name}, got None"
            )


def betas_of_rounds(
    beta: float | Callable[[int], float] | None, n_rounds: int
) -> list[float]:
    """Return the probability, in each round from 1 on, that the expert drives.

    Parameters
    ----------
    beta : float, callable or None
        As given to :class:`skimitate.DAggerRegressor`.
    n_rounds : int
        How many.

    Returns
    -------
    list of float

    Raises
    ------
    ValueError
        If a callable returns no probability.

    Warns
    -----
    UserWarning
        If it never reaches 0.
    """
    rounds = range(1, n_rounds + 1)
    if beta is None:
        return [0.0 for _ in rounds]
    if not callable(beta):
        return [float(beta) ** i for i in rounds]
    betas = [float(beta(i)) for i in rounds]
    for i, probability in zip(rounds, betas, strict=True):
        if not 0.0 <= probability <= 1.0:
            raise ValueError(
                f"beta: expected a probability from the callable, got {probability} "
                f"for round {i}"
            )
    if min(betas) > 0.0:
        warnings.warn(
            f"beta never reaches 0 over the {n_rounds} rounds (it ends at "
            f"{betas[-1]}): the learner never drives alone",
            UserWarning,
            stacklevel=5,
        )
    return betas


def weights_of_rounds(
    round_weight: str | Callable[[int], float], n_rounds: int
) -> list[float]:
    """Return what a label weighs in each round, from 0 on.

    Parameters
    ----------
    round_weight : "uniform" or callable
        As given to :class:`skimitate.DAggerRegressor`.
    n_rounds : int
        How many there are after the start.

    Returns
    -------
    list of float

    Raises
    ------
    ValueError
        If a callable returns anything but a positive number.
    """
    rounds = range(n_rounds + 1)
    if not callable(round_weight):
        return [1.0 for _ in rounds]
    weights = []
    for i in rounds:
        weight = round_weight(i)
        weights.append(_as_float(weight))
        if not 0.0 < weights[-1] < math.inf:
            raise ValueError(
                "round_weight: expected a positive number from the callable, got "
                f"{weight!r} for round {i}"
            )
    return weights


def _as_float(number: object) -> float:
    """Return a number, NaN for what is none, and infinity for one that is too large."""
    if not isinstance(number, Real) or isinstance(number, bool):
        return math.nan
    try:
        return float(number)
    except OverflowError:
        return math.inf


def weight_of_demonstrations(
    sample_weight: NDArray[np.float64] | None, round_weight: float
) -> NDArray[np.float64] | float:
    """Return what the demonstrations weigh in training.

    Parameters
    ----------
    sample_weight : ndarray of shape (n_samples,) or None
        What the user says of each.
    round_weight : float
        Of round 0.

    Returns
    -------
    ndarray of shape (n_samples,) or float

    Raises
    ------
    ValueError
        If a product is infinite, or none is positive.
    """
    if sample_weight is None:
        return round_weight
    with np.errstate(over="ignore", under="ignore"):
        weight = sample_weight * round_weight
    if not (np.isfinite(weight).all() and weight.any()):
        raise ValueError(
            "sample_weight, round_weight: expected finite products, not all of them "
            f"zero, got up to {weight.max()}: {sample_weight.max()} times "
            f"{round_weight} for round 0"
        )
    return weight
