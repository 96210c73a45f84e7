"""Progress on the terminal, or in a log."""

from typing import Any

from skimitate.callbacks._clock import Clock
from skimitate.callbacks._line import Line
from skimitate.callbacks._tasks import name_of, numbers_of, path_of
from skimitate.environments._report import short

# A task of fewer subtasks is rather made of stages, which take unequal times.
_MANY = 3


class Progress:
    """Callback that shows how far a fit is, and the time left.

    What is shown of a task that ends are its number and those of the tasks that it is
    part of, such as ``round 3/40, epoch 7/20``. The time left is that of the outermost
    task of many subtasks, and is shown once a few of these tell it. On a terminal it is
    one line that keeps changing, no wider than the terminal; elsewhere, such as in a
    log, a line at every tenth of the way, but at most one a second besides the last,
    and more where a tenth takes long.

    scikit-learn's own :class:`~sklearn.callback.ProgressBar` needs rich, and prints
    nothing to a log before the end.

    Parameters
    ----------
    label : str
        What is being done.
    max_propagation_depth : int or None, default=None
        Down to which estimators within estimators tasks are shown; None for all.
    """

    def __init__(self, label: str, max_propagation_depth: int | None = None) -> None:
        self.label = label
        self.max_propagation_depth = max_propagation_depth
        self._shown: dict[tuple[int, ...], tuple[Clock, Line]] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        """Forget the last fit."""
        self._shown = {}

    def teardown(self, estimator: Any, context: Any) -> None:
        """Leave what was printed, on a line of its own."""
        for _, line in self._shown.values():
            line.leave()

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Start the clock of a task that has subtasks."""
        if context.max_subtasks != 0:
            self._shown[numbers_of(context)] = Clock(), Line(self.label)

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Show a task that is done."""
        if ended := self._shown.get(numbers_of(context)):
            ended[1].leave()
        path = path_of(context)
        # One of one is a number only where there is nothing else to count.
        counted = [t for t in path if _n_siblings(t) > 1 or path[:-1] == [t.parent]]
        counted = [task for task in counted if _n_siblings(task) > 0]
        if not counted or counted[-1] is not context:
            return
        many = [task for task in counted if _n_siblings(task) >= _MANY]
        outermost = many[0] if many else context
        done = 1.0
        for task in reversed(counted[counted.index(outermost) :]):
            done = (task.task_id + done) / _n_siblings(task)
        key = numbers_of(outermost.parent)
        if key not in self._shown:  # what began in another process
            self._shown[key] = Clock(), Line(self.label)
        clock, line = self._shown[key]
        n_parts = _n_siblings(outermost)
        clock.look(done * n_parts)
        line.show(
            [f"{name_of(t)} {t.task_id + 1}/{_n_siblings(t)}" for t in counted],
            _state_of(estimator),
            clock.seconds,
            clock.left(n_parts),
            done=done,
            last=done == 1 and context is outermost,
        )


def _n_siblings(task: Any) -> int:
    """Return the number of tasks beside a task, itself included; 0 if nobody knows."""
    return 0 if task.parent is None else task.parent.max_subtasks or 0


def _state_of(estimator: Any) -> list[str]:
    """Say what an estimator has reached."""
    if history := getattr(estimator, "history_", []):
        state = [f"{history[-1]['n_samples']} labels"]
        measured = [record for record in history if record["n_eval_episodes"] > 0]
        if measured:
            state.append(f"return {short(measured[-1]['mean_return'])}")
        return state
    losses = getattr(estimator, "loss_curve_", [])
    return [f"loss {losses[-1]:.2e}"] if losses else []
