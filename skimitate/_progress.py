"""Progress on the terminal, as a scikit-learn callback."""

import sys
import time
from typing import Any


class ProgressLine:
    """Callback that shows how far the epochs or rounds of a fit are.

    On a terminal it is one line that keeps changing; elsewhere, such as in a log, a
    line at every tenth of the way.

    Parameters
    ----------
    label : str
        What is being fitted.
    """

    def __init__(self, label: str) -> None:
        self.label = label

    def setup(self, estimator: Any, context: Any) -> None:
        """Start the clock."""
        self._began = time.perf_counter()
        self._shown = 0

    def teardown(self, estimator: Any, context: Any) -> None:
        """Leave the line."""
        if sys.stdout.isatty():
            print()

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Say that the whole fit begins; its tasks are shown when they are done."""
        if context.parent is None:
            print(f"{self.label}: fitting ...", flush=True)

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Show a task that is done."""
        if context.parent is None:
            return
        done, total = context.task_id + 1, context.parent.max_subtasks
        seconds = time.perf_counter() - self._began
        left = seconds / done * (total - done)
        line = (
            f"{self.label}: {context.task_name} {done}/{total}, "
            f"{_state_of(estimator)}, {seconds:.0f} s, {left:.0f} s left"
        )
        if sys.stdout.isatty():
            print(f"\r{line:<78}", end="", flush=True)
        elif 10 * done // total > self._shown:
            self._shown = 10 * done // total
            print(line, flush=True)
        if done == total and hasattr(estimator, "history_"):
            print(f"\n{self.label}: evaluating the best rounds ...", flush=True)


def _state_of(estimator: Any) -> str:
    """Say what an estimator has reached."""
    if hasattr(estimator, "history_"):
        history = estimator.history_
        return (
            f"{history[-1]['n_samples']} labels, "
            f"return {history[-2]['mean_return']:.0f}"
        )
    return f"loss {estimator.loss_curve_[-1]:.2e}"
