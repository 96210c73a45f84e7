"""What it costs to let workers run episodes."""

import time

from joblib.parallel import BACKENDS, get_active_backend

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
