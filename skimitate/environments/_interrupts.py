"""Who hears a Ctrl-C: one process, not all of them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def children_spared_interrupts() -> Iterator[None]:
    """Start processes that never hear an interrupt.

    A terminal sends Ctrl-C to all processes of a job. Workers that heard it would each
    print a traceback, some before any code of ours runs in them; whoever started them
    ends them. They inherit from this thread that interrupts are blocked, where the
    system knows that; here interrupts may come a moment late.
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
