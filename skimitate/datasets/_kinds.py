"""Whether the actions of a file are numbers or classes."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skimitate.datasets._header import is_number
from skimitate.datasets._steps import Steps

ActionsAre = Literal["numbers", "classes"]

# Whole numbers of more values may be a setting as well as a choice. The largest choice
# that is common, of Atari's consoles, has 18.
MOST_CLASSES = 20


def with_kind(steps: Steps, actions_are: ActionsAre | None) -> Steps:
    """Return steps whose actions are what a user says, or what they look like.

    Parameters
    ----------
    steps : Steps
        From a file.
    actions_are : {"numbers", "classes"} or None
        None for their look: numbers with a fraction or written as if they might have
        one are numbers, and texts and a few whole numbers are classes.

    Returns
    -------
    Steps
        Classes as integers, bools or texts.

    Raises
    ------
    ValueError
        If they cannot be what they are said to be, or may be both. It begins with the
        name of the parameter.
    """
    actions = steps.actions
    if actions.dtype.kind == "U":
        _check_texts(actions, actions_are)
    if actions_are == "numbers":
        return replace(steps, actions=_as_numbers(actions), are_classes=False)
    if actions_are == "classes":
        return replace(steps, actions=_as_classes(actions), are_classes=True)
    if actions.dtype.kind in "iub":
        _check_few(actions)
    return replace(steps, are_classes=actions.dtype.kind != "f")


def _as_numbers(actions: NDArray) -> NDArray:
    """Return numbers, which may have been texts."""
    if actions.dtype.kind != "U":
        return actions
    numbers = actions.astype(np.float64)
    if not np.isfinite(numbers).all():
        odd = actions[~np.isfinite(numbers)][0]
        raise ValueError(f"actions_are: expected classes for {odd!r}, got numbers")
    return numbers


def _as_classes(actions: NDArray) -> NDArray:
    """Return integers, bools or texts."""
    if actions.dtype.kind in "iub":
        return actions
    numbers: Any = actions
    if actions.dtype.kind == "U":
        if not all(map(is_number, np.unique(actions))):
            return actions
        numbers = actions.astype(np.float64)
    odd = numbers[numbers != np.floor(numbers)]
    if len(odd):
        raise ValueError(
            f"actions_are: expected numbers for actions such as {odd[0]}, got classes"
        )
    return numbers.astype(np.int64)


def _check_texts(actions: NDArray, actions_are: ActionsAre | None) -> None:
    """Raise if texts may be numbers as well, or are said to be."""
    if actions_are == "classes":
        return
    texts = np.unique(actions).tolist()
    numbers = [text for text in texts if is_number(text)]
    others = [text for text in texts if not is_number(text)]
    if others and actions_are == "numbers":
        raise ValueError(
            f"actions_are: expected classes for texts such as {others[0]!r}, got "
            "numbers"
        )
    if others and numbers:
        raise ValueError(
            f"actions_are: expected classes for texts such as {others[0]!r} and "
            f"{numbers[0]!r}, got None"
        )
    if numbers and actions_are is None:
        raise ValueError(
            "actions_are: expected numbers or classes for texts that may be either, "
            f"such as {numbers[0]!r}, got None"
        )


def _check_few(actions: NDArray) -> None:
    n_values = max(len(np.unique(column)) for column in actions.T)
    if n_values > MOST_CLASSES:
        raise ValueError(
            "actions_are: expected numbers or classes for whole numbers of "
            f"{n_values} values, which may be either, got None"
        )
