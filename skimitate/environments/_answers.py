"""What environments answer, checked in one way."""

import math
from typing import Any

from skimitate.policies._actions import StepError


def expect_tuple(answer: Any, n: int, method: str) -> tuple:
    """Return an answer that is a tuple as long as Gymnasium has it.

    Parameters
    ----------
    answer : object
        Of the environment.
    n : int
        How long it should be.
    method : str
        The environment's method.

    Returns
    -------
    tuple

    Raises
    ------
    StepError
        If it is none.
    """
    if type(answer) is not tuple or len(answer) != n:
        raise StepError(
            f"env: expected a tuple of {n} from {method}, as Gymnasium has it, "
            f"got {answer!r}"
        )
    return answer


def check_reward(reward: Any) -> float:
    """Return a reward as a number.

    Parameters
    ----------
    reward : object
        Of the environment.

    Returns
    -------
    float

    Raises
    ------
    StepError
        If it is no number, or not finite.
    """
    try:
        number = float(reward)
    except (TypeError, ValueError):
        raise StepError(f"env: expected a number as reward, got {reward!r}") from None
    if not math.isfinite(number):
        raise StepError(f"env: expected a finite reward, got {number}")
    return number
