"""One thread for numerical libraries, where results must not depend on their number."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController


class _BlasLimit:
    """The limit of BLAS, which is the process's: for as long as any thread needs it.

    threadpoolctl lets a limit be lifted by the thread that has set it alone. The first
    thread to come may leave before the others do; so one thread sets and lifts limits
    for all, and does nothing else.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="skimitate-limit")
        self._n_inside = 0
        self._limit: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._limit = self._keeper.submit(self._set).result()
            self._n_inside += 1

    def leave(self) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._keeper.submit(self._limit.__exit__, None, None, None).result()

    @staticmethod
    def _set() -> Any:
        limit = _libraries().select(user_api="blas").limit(limits=1)
        limit.__enter__()
        return limit


_blas_limit = _BlasLimit()


def _start_anew() -> None:
    """Forget, in a forked process, a lock and a thread that only its parent has."""
    global _blas_limit
    _blas_limit = _BlasLimit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)


@lru_cache
def _libraries() -> ThreadpoolController:
    """Find the numerical libraries, once: it takes a millisecond."""
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS and OpenMP work in one thread.

    A sum over many numbers depends in its last digit on how many threads share it.
    Training repeats that a million times and a closed loop amplifies it. Nor is there
    much to gain: the matrices of an imitation learner are small, and several fits or
    episodes at once use the cores better. A limit that the caller has set by
    threadpoolctl stays in force.
    """
    limit = _blas_limit
    limit.enter()
    try:
        # The limit of OpenMP is that of the calling thread.
        with _libraries().select(user_api="openmp").limit(limits=1):
            yield
    finally:
        limit.leave()
