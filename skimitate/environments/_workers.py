"""What it costs to let workers run episodes, and what becomes of them."""

import pickle
import time
from collections.abc import Mapping
from typing import Any

from joblib import wrap_non_picklable_objects
from joblib.parallel import BACKENDS, get_active_backend

from skimitate._errors import EpisodeError

# Seconds that processes of joblib's loky take until they have imported what an episode
# needs, and that it takes to reach those that have. On two cores 1.9 were measured,
# and half of that speed is nothing unusual.
_START = 3.0
_REACH = 0.1

# joblib ends workers that were idle for 300 seconds.
_IDLE = 240.0

# How many workers episodes were run by last, and when: joblib reuses them.
_last: tuple[int, float] = (0, 0.0)


def cost_of_workers(n_workers: int) -> float:
    """Return how many seconds it takes until workers of the active backend work.

    Parameters
    ----------
    n_workers : int
        How many.

    Returns
    -------
    float
        0 for threads, for processes that are forked, and for workers of a cluster,
        which are there already.
    """
    backend, _ = get_active_backend()
    if not isinstance(backend, BACKENDS["loky"]):
        return 0.0
    n_last, when = _last
    return _REACH if n_last >= n_workers and time.monotonic() - when < _IDLE else _START


def note_workers(n_workers: int) -> None:
    """Remember that workers have just run something."""
    global _last
    backend, _ = get_active_backend()
    if n_workers > 1 and isinstance(backend, BACKENDS["loky"]):
        _last = n_workers, time.monotonic()


def trouble_of_workers(error: Exception, sent: Mapping[str, Any]) -> str | None:
    """Return what kept workers from their work, as an error has it.

    Parameters
    ----------
    error : Exception
        What was raised where they worked.
    sent : dict of str to object
        What they were sent, by name.

    Returns
    -------
    str or None
        None if it is an error of what they did.
    """
    global _last
    if isinstance(error, (EpisodeError, BrokenPipeError)) or (
        # As what makes and opens environments raises them.
        isinstance(error, (TypeError, ValueError)) and str(error).startswith("env: ")
    ):
        return None
    for name, thing in sent.items():
        try:
            # As loky does, which can pickle more than others.
            pickle.dumps(wrap_non_picklable_objects([thing]))
        except Exception as reason:
            return (
                f"n_jobs: expected 1, since {name} cannot be pickled and sent to "
                f"workers ({reason!r})"
            )
    _last = 0, 0.0  # joblib starts others the next time
    first_line = str(error).strip().partition("\n")[0]
    return f"n_jobs: the workers failed: {type(error).__name__}: {first_line}"
