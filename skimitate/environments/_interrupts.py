"""Who hears a Ctrl-C: one process, not all of them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Hold back interrupts for a while, and for good from processes started meanwhile.

    A terminal sends Ctrl-C to all processes of a job. Workers that heard it would each
    print a traceback, some before any code of ours runs in them; whoever started them
    ends them. Nothing is held back where the system cannot do that.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Python's own helper lets interrupts through again once it has been started.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
