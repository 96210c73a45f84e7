"""Answers that do not come."""

import contextvars
import threading
from collections.abc import Callable
from typing import Any

from sklearn import config_context, get_config


class NoAnswer(Exception):
    """Nothing came back in time."""


def within(seconds: float | None, ask: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call returns, if it does so in time.

    Parameters
    ----------
    seconds : float or None
        How long to wait; None for as long as it takes, and in the same thread.
    ask : callable
        Called in a thread of its own. Python ends no thread: one that hangs stays, but
        does not keep the process from ending.
    *arguments
        What it is given.

    Returns
    -------
    object

    Raises
    ------
    NoAnswer
        If it takes longer.
    BaseException
        What the call raises.
    """
    if seconds is None:
        return ask(*arguments)
    came: dict[str, Any] = {}
    # NumPy's and scikit-learn's settings for this thread hold for that one.
    context, config = contextvars.copy_context(), get_config()

    def answer() -> None:
        try:
            with config_context(**config):
                came["answer"] = context.run(ask, *arguments)
        # Whatever it is: it is raised where somebody waits for it.
        except BaseException as error:
            came["error"] = error

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise NoAnswer
    if "error" in came:
        raise came["error"]
    return came["answer"]
