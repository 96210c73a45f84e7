"""Progress on the terminal: of episodes, and of fits as a scikit-learn callback."""

import sys
import time
from typing import Any


class Progress:
    """Shows how far something is, and the time left.

    On a terminal it is one line that keeps changing; elsewhere, such as in a log, a
    line at every tenth of the way, but at most one a second besides the last.

    Parameters
    ----------
    label : str
        What is being done.
    unit : str
        What is counted.
    """

    def __init__(self, label: str, unit: str) -> None:
        self.label = label
        self.unit = unit
        self._began = time.perf_counter()
        self._tenths = 0
        self._printed = self._began

    def __call__(self, done: int, total: int, state: str = "") -> None:
        """Show that so many of a total are done, and what else there is to say."""
        now = time.perf_counter()
        seconds = now - self._began
        left = seconds / done * (total - done)
        line = ", ".join(
            [
                f"{self.label}: {self.unit} {done}/{total}",
                *([state] if state else []),
                f"{seconds:.0f} s",
                f"{left:.0f} s left",
            ]
        )
        if sys.stdout.isatty():
            end = "\n" if done == total else ""
            print(f"\r{line:<78}", end=end, flush=True)
        elif done == total or (
            10 * done // total > self._tenths and now > self._printed + 1.0
        ):
            self._tenths, self._printed = 10 * done // total, now
            print(line, flush=True)


class FitProgress:
    """Callback that shows the progress of a fit: its epochs, or rounds and evaluations.

    Parameters
    ----------
    label : str
        What is being fitted.
    """

    def __init__(self, label: str) -> None:
        self.label = label

    def setup(self, estimator: Any, context: Any) -> None:
        """Forget the last fit."""
        self._shown: dict[str, Progress] = {}

    def teardown(self, estimator: Any, context: Any) -> None:
        """Leave what was printed."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Start the clock of a kind of tasks."""
        if context.parent is not None and context.task_name not in self._shown:
            self._shown[context.task_name] = Progress(self.label, context.task_name)

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Show a task that is done."""
        if context.parent is not None and not context.max_subtasks:
            name = context.task_name
            state = "" if name == "candidate" else _state_of(estimator)
            self._shown[name](context.task_id + 1, context.parent.max_subtasks, state)


def _state_of(estimator: Any) -> str:
    """Say what an estimator has reached."""
    if not hasattr(estimator, "history_"):
        return f"loss {estimator.loss_curve_[-1]:.2e}"
    history = estimator.history_
    measured = [record for record in history if record["n_eval_episodes"] > 0]
    state = f"{history[-1]['n_samples']} labels"
    return f"{state}, return {measured[-1]['mean_return']:.0f}" if measured else state
