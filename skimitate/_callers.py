"""Who called: where a warning should point."""

import sys

# What may stand between a user's call and the code that warns.
_BETWEEN = {"skimitate", "sklearn", "joblib", "contextlib"}


def levels_to_the_user() -> int:
    """Return the ``stacklevel`` of a warning for the line that called into skimitate.

    Returns
    -------
    int
        For a ``warnings.warn`` in the function that asks.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_between(frame.f_globals["__name__"]):
        level, frame = level + 1, frame.f_back
    return level


def _is_between(module: str) -> bool:
    return module.partition(".")[0] in _BETWEEN
