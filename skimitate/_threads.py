"""One thread for numerical libraries, where results must not depend on their number."""

import os
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
    for all, and does nothing else. Nor does an interruption ever reach it in between.
    """

    def __init__(self) -> None:
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="skimitate-limit")
        self._inside: set[object] = set()
        self._limit: Any = None

    def enter(self, who: object) -> None:
        self._keeper.submit(self._let_in, who).result()

    def leave(self, who: object) -> None:
        self._keeper.submit(self._let_out, who).result()

    def _let_in(self, who: object) -> None:
        if not self._inside:
            self._limit = _libraries().select(user_api="blas").limit(limits=1)
            self._limit.__enter__()
        self._inside.add(who)

    def _let_out(self, who: object) -> None:
        if who in self._inside:
            self._inside.remove(who)
            if not self._inside:
                self._limit.__exit__(None, None, None)


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
    limit, who = _blas_limit, object()
    # The limit of OpenMP is that of the calling thread.
    openmp = _libraries().select(user_api="openmp").lib_controllers
    before = [library.get_num_threads() for library in openmp]

    def leave() -> None:
        for library, n_threads in zip(openmp, before, strict=True):
            library.set_num_threads(n_threads)
        limit.leave(who)

    try:
        limit.enter(who)
        for library in openmp:
            library.set_num_threads(1)
        yield
    finally:
        try:
            leave()
        except KeyboardInterrupt:
            leave()  # which does no harm if it was done
            raise
