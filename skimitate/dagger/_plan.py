"""What is settled before the first episode: who drives, and what labels weigh."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate._callers import levels_to_the_user
from skimitate.dagger._expert import Expert
from skimitate.dagger._queries import Query


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
    dagger: Any,
    X: object,
    y: object,
    sample_weight: object,
    groups: object,
    *,
    in_person: bool,
) -> None:
    """Raise if what is given does not belong together.

    Parameters
    ----------
    dagger : object
        With ``env`` and ``expert``.
    X, y, sample_weight, groups : array-like or None
        What it was given.
    in_person : bool
        Whether the expert answers itself.

    Raises
    ------
    ValueError
        If one of two is missing, or there is nothing to learn from.
    """
    if not in_person and dagger.env is None:
        raise ValueError("env: expected one whose states are asked about, got None")
    if in_person and (dagger.env is None) != (dagger.expert is None):
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
            stacklevel=levels_to_the_user(),
        )
    return betas


def check_drivers(betas: Sequence[float], expert: Expert | None) -> None:
    """Raise if an expert is to drive, and there is none.

    Parameters
    ----------
    betas : sequence of float
        Of the rounds, from 1 on.
    expert : Expert or None
        None where labels come from elsewhere.

    Raises
    ------
    ValueError
        Its name is ``expert``.
    """
    first = next((i for i, beta in enumerate(betas, start=1) if beta > 0.0), None)
    if first is not None and expert is None:
        raise ValueError(
            "expert: expected one because beta lets it drive (with probability "
            f"{betas[first - 1]} in round {first}), got None"
        )


def check_query(query: Query, betas: Sequence[float], expert: Expert | None) -> None:
    """Raise if nothing would ever be labelled.

    Parameters
    ----------
    query : "all", int, float or callable
        As given to :class:`skimitate.DAggerRegressor`.
    betas : sequence of float
        Of the rounds.
    expert : Expert or None
        None where labels come from elsewhere.

    Raises
    ------
    ValueError, TypeError
        The name is ``query``.
    """
    if isinstance(query, bool):
        raise TypeError(f'query: expected "all", a number or a callable, got {query!r}')
    drives = any(beta > 0.0 for beta in betas)
    intervenes = expert is not None and expert.intervenes
    if isinstance(query, Integral) and query == 0 and not (drives or intervenes):
        raise ValueError(
            "query: expected a positive number, because no expert ever drives (beta is "
            "0, and there is none with a should_intervene), got 0"
        )


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
