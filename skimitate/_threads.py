"""One thread for numerical libraries, where results must not depend on their number."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_blas_limit: Any = None


@lru_cache
def _controller() -> ThreadpoolController:
    """Find the numerical libraries, once: it takes a millisecond."""
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS and OpenMP work in one thread.

    A sum over many numbers depends in its last digit on how many threads share it.
    Training repeats that a million times and a closed loop amplifies it. Nor is there
    much to gain: the matrices of an imitation learner are small, and several fits or
    episodes at once use the cores better.

    The limit of OpenMP is that of the calling thread, and is set and restored there.
    That of BLAS is the process's: the first of several threads that are inside sets
    it, and the last restores it.
    """
    global _inside, _blas_limit
    libraries = _controller()
    with _lock:
        if _inside == 0:
            _blas_limit = libraries.select(user_api="blas").limit(limits=1)
            _blas_limit.__enter__()
        _inside += 1
    try:
        with libraries.select(user_api="openmp").limit(limits=1):
            yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _blas_limit.__exit__(None, None, None)
