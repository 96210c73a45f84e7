"""Work that is no estimator's fit, and that callbacks follow all the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from skimitate._sklearn import CallbackSupportMixin, callback_management_context


class _Work(CallbackSupportMixin):
    """What callbacks are told instead of an estimator."""


@contextmanager
def followed(
    unit: str, n_units: int, *callbacks: Any
) -> Iterator[Callable[[int, int], None]]:
    """Let callbacks follow work that consists of equal parts.

    Parameters
    ----------
    unit : str
        What the parts are called.
    n_units : int
        How many there are.
    *callbacks : callback instances
        As an estimator's ``set_callbacks`` takes them.

    Yields
    ------
    callable
        To be called with the number of parts that are done, and that of all.
    """
    work = _Work().set_callbacks(*callbacks)
    with callback_management_context(work):
        root = work._init_callback_context(
            task_name="work", max_subtasks=n_units, sequential_subtasks=False
        )
        root.call_on_fit_task_begin(estimator=work)

        def report(done: int, total: int) -> None:
            # What is done together is one task, with the number of the last part.
            part = root.subcontext(task_name=unit, task_id=done - 1)
            part.call_on_fit_task_begin(estimator=work)
            part.call_on_fit_task_end(estimator=work)

        yield report
        root.call_on_fit_task_end(estimator=work)
