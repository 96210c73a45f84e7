"""Training as TensorBoard shows it."""

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from numpy.typing import ArrayLike

from skimitate._public import public
from skimitate._sklearn import BaseSearchCV
from skimitate.callbacks._held_out import HeldOut, check_level
from skimitate.callbacks._hyperparameters import hyperparameters_of
from skimitate.callbacks._log_dir import check_log_dir, check_run_name
from skimitate.callbacks._open_runs import OpenRuns
from skimitate.callbacks._run import Run
from skimitate.callbacks._run_folder import (
    Search,
    folder_of_search,
    folder_within,
    new_folder,
    search_of,
)
from skimitate.callbacks._search_scores import group_of_candidate, write_scores
from skimitate.callbacks._tasks import (
    CANDIDATE,
    HALVING,
    SEARCH,
    is_whole_fit,
    name_of,
    numbers_of,
    path_of,
)


@public
class TensorBoardCallback:
    """Callback that writes a fit down for TensorBoard.

    Set it on the outermost estimator, a search, a pipeline or DAgger, and look at
    ``tensorboard --logdir LOG_DIR`` while it is fitted or afterwards. The horizontal
    axis of what belongs to ``loss``, ``score`` and ``seconds/epoch`` is the epochs
    trained, through all rounds of DAgger, and that of the rest the rounds.

    ===================== ==========================================================
    tag                   what it is
    ===================== ==========================================================
    loss/training         mean loss of an epoch, ``loss_curve_``
    loss/validation       loss on ``X_val, y_val``, by epoch; of DAgger at the end of
                          each round
    score/validation      R² or accuracy on what early stopping sets aside
    return/mean           return of a round's policy, as it is measured on the way
    return/evaluation     return of the rounds that were evaluated in the end, in
                          ``n_eval_episodes`` episodes
    round/beta, samples,  the record of a round, ``history_``
    expert_queries, loss
    seconds/epoch, round  how long it took
    score/test_score, ... what a search found
    ===================== ==========================================================

    The loss on ``X_val, y_val`` is the mean squared error; where actions are classes
    it is the mean cross-entropy, or the part of the actions that are wrong if the
    learner has no ``predict_proba``.

    Parameters
    ----------
    log_dir : str or path-like
        Folder of all runs; made if it is not there.
    name : str or None, default=None
        What the run is called, the name of its folder in ``log_dir``; None for the
        class of the estimator.
    X_val : array-like of shape (n_samples, n_features) or None, default=None
        Held-out observations, as the outermost estimator takes them.
    y_val : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
        The expert's actions for them.
    expert_return : float or None, default=None
        The expert's mean return, drawn as a line beside DAgger's; None for
        ``expert_return_``, that of the demonstrations if DAgger collected them.

    Attributes
    ----------
    run_dir : Path or None
        Folder of the fit that was begun last in this process; None before the first.

    Raises
    ------
    ImportError
        If TensorBoard is not installed: ``pip install skimitate[tensorboard]``.
    OSError
        If ``log_dir`` is no folder that can be written to.
    ValueError
        If ``X_val`` and ``y_val`` do not belong together, ``y_val`` or
        ``expert_return`` is not finite, or ``name`` is a path. Fits raise it before the
        first epoch if ``X_val`` or ``y_val`` is not as wide as their data, or if
        ``y_val`` are no numbers for a regressor.
    TypeError
        If ``name`` is no text, or ``expert_return`` no number.

    Notes
    -----
    Each fit is a run in a folder of its own: ``BehaviorCloner``, then
    ``BehaviorCloner-2``. A cloner that goes on, by ``warm_start``, ``partial_fit`` or
    ``continue_fit``, goes on in the run of the fit before, if its callback is the same.
    So do the halves of DAgger, its ``ask`` and ``tell``, in another process as well.
    The fits of a search are ``GridSearchCV/candidate-0/split-0`` and so on, whatever
    process does them, and ``GridSearchCV/refit``; its dashboard of hyperparameters has
    a row for each candidate, with the mean of its splits. The expert's level is a run
    ``expert`` within DAgger's.

    What is written stays readable, however a fit ends. TensorBoard keeps numbers in
    single precision.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> import skimitate as sk
    >>> X, y = sk.load_demonstrations("Reacher-v5", return_X_y=True)
    >>> callback = sk.TensorBoardCallback(mkdtemp(), X_val=X[1000:], y_val=y[1000:])
    >>> cloner = sk.BehaviorCloner(max_iter=5).set_callbacks(callback)
    >>> _ = cloner.fit(X[:1000], y[:1000])
    >>> callback.run_dir.name
    'BehaviorCloner'
    """

    max_propagation_depth = None  # down to the epochs

    def __init__(
        self,
        log_dir: str | Path,
        *,
        name: str | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        expert_return: float | None = None,
    ) -> None:
        check_run_name(name)
        check_level(expert_return)
        given = X_val is not None or y_val is not None
        self._held_out = HeldOut(X_val, y_val) if given else None
        self.name = name
        self.expert_return = None if expert_return is None else float(expert_return)
        # Workers may have another working directory.
        self.log_dir = Path(log_dir).absolute()
        check_log_dir(self.log_dir, "TensorBoardCallback")
        self.run_dir: Path | None = None
        self._folders: dict[Any, Path] = {}
        self._searches: dict[Any, dict[tuple[int, ...], Search]] = {}
        self._open = OpenRuns()
        self._forget()

    def _forget(self) -> None:
        """Begin without what is known of fits in this process alone."""
        self._runs: dict[Path, Run] = {}
        self._fitted: WeakValueDictionary[Any, Any] = WeakValueDictionary()
        self._last: WeakKeyDictionary[Any, Run] = WeakKeyDictionary()

    def __getstate__(self) -> dict[str, Any]:
        here = ("_runs", "_fitted", "_last")
        return {name: value for name, value in vars(self).items() if name not in here}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def setup(self, estimator: Any, context: Any) -> None:
        """Find the folder of a fit, before it begins.

        Parameters
        ----------
        estimator : estimator
            That is fitted.
        context : sklearn.callback.CallbackContext
            Of its fit.

        Raises
        ------
        OSError
            If ``log_dir`` can no longer be written to.
        """
        check_log_dir(self.log_dir, "TensorBoardCallback")
        run = self._run_to_go_on(estimator)
        if run is not None:
            folder = run.file.folder
            self._runs[folder] = run
        else:
            folder = new_folder(self.log_dir, self.name or context.estimator_name)
        self._folders[context.root_uuid] = self.run_dir = folder

    def _run_to_go_on(self, estimator: Any) -> Run | None:
        """Return the run of a fit that this one goes on with."""
        if len(getattr(estimator, "loss_curve_", ())) > 0:
            return self._last.get(estimator)
        return self._open.find(estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Forget a fit that has ended; all that there is to write was written.

        Parameters
        ----------
        estimator : estimator
            That was fitted.
        context : sklearn.callback.CallbackContext
            Of its fit.
        """
        folder = self._folders.pop(context.root_uuid, None)
        if folder is None:
            return  # its setup failed, and that error is the one to be seen
        self._searches.pop(context.root_uuid, None)
        for run in [run for run in self._runs if run.is_relative_to(folder)]:
            del self._runs[run]

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Write what is set when a run begins.

        Parameters
        ----------
        estimator : estimator
            Whose task it is.
        context : sklearn.callback.CallbackContext
            Of the task.
        """
        path = path_of(context)
        if context.task_name in (SEARCH, HALVING):
            searches = self._searches.setdefault(context.root_uuid, {})
            searches[numbers_of(context)] = Search.beginning(estimator, context)
        if is_whole_fit(context):
            if self._held_out is not None:
                self._held_out.check_actions(estimator)
            self._fitted[context.root_uuid, numbers_of(context)] = estimator
            if self._begins_run(estimator, context):
                self._begin_run(estimator, path)
        if context.task_name == "epoch":
            self._run_of(path).begin_epoch()
        elif context.task_name == "rounds":
            self._note_rounds(estimator, path)

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Write what a task has come to.

        Parameters
        ----------
        estimator : estimator
            Whose task it is.
        context : sklearn.callback.CallbackContext
            Of the task.
        """
        path = path_of(context)
        if context.task_name == "epoch" and hasattr(estimator, "loss_curve_"):
            self._note_epoch(estimator, path)
        elif context.task_name == "round" and hasattr(estimator, "history_"):
            self._note_rounds(estimator, path)
        elif is_whole_fit(context):
            if hasattr(estimator, "history_") and hasattr(estimator, "best_round_"):
                self._note_rounds(estimator, path)
                if estimator.env is not None:
                    self._run_of(path).note_evaluation(
                        estimator.history_, self._level_beside(estimator)
                    )
            elif isinstance(estimator, BaseSearchCV):
                self._note_search(estimator, path)
            if self._begins_run(estimator, context) and not self._waits(estimator):
                self._run_of(path).file.add_success()

    def _begins_run(self, estimator: Any, context: Any) -> bool:
        """Tell whether a task is what a folder, and a row of the dashboard, is for."""
        if context.parent is None:
            return not isinstance(estimator, BaseSearchCV)
        return name_of(context) == CANDIDATE

    def _waits(self, estimator: Any) -> bool:
        """Tell whether a run of DAgger has not come to its decision."""
        self._open.drop_decided()
        return self._open.find(estimator) is not None

    def _folder_of(self, path: list[Any]) -> Path:
        uuid = path[-1].root_uuid
        return self._folders[uuid] / folder_within(path, self._searches.get(uuid, {}))

    def _run_of(self, path: list[Any]) -> Run:
        folder = self._folder_of(path)
        if folder not in self._runs:
            self._runs[folder] = Run(folder)
        return self._runs[folder]

    def _begin_run(self, estimator: Any, path: list[Any]) -> None:
        """Write the parameters, those that are searched over if it is in a search."""
        if self._held_out is not None:
            self._held_out.check_observations(estimator)
        run = self._run_of(path)
        if run.file.exists:
            return  # it goes on
        # With an environment there are rounds, and a decision in the end.
        is_decided = getattr(estimator, "env", None) is not None
        if is_decided and hasattr(estimator, "history_") and path[-1].parent is None:
            self._open.add(estimator, run)
        names, group = None, run.file.folder.name
        if path[-1].parent is not None:
            searches = self._searches.get(path[-1].root_uuid, {})
            names = search_of(path, searches).names
            group = group_of_candidate(run, self.log_dir)
        run.file.add_hyperparameters(hyperparameters_of(estimator, names), group)

    def _fitted_around(self, path: list[Any]) -> list[Any]:
        """Return the estimators of a run that are being fitted, from the outermost."""
        folder, uuid = self._folder_of(path), path[-1].root_uuid
        numbers = tuple(task.task_id for task in path)
        found = [
            self._fitted.get((uuid, numbers[: depth + 1]))
            for depth in range(len(path))
            if self._folder_of(path[: depth + 1]) == folder
        ]
        return [estimator for estimator in found if estimator is not None]

    def _note_epoch(self, cloner: Any, path: list[Any]) -> None:
        run, around = self._run_of(path), self._fitted_around(path)
        in_rounds = any(hasattr(estimator, "history_") for estimator in around)
        loss = None
        if self._held_out is not None and not in_rounds:
            loss = self._held_out.loss_of(around)
        run.note_epoch(cloner, goes_on=in_rounds, validation_loss=loss)
        self._last[cloner] = run

    def _note_rounds(self, dagger: Any, path: list[Any]) -> None:
        def validation_loss() -> float | None:
            if self._held_out is None:
                return None
            return self._held_out.loss_of(self._fitted_around(path))

        self._open.keep_only(dagger)
        self._run_of(path).note_rounds(
            dagger.history_, self._level_beside(dagger), validation_loss
        )

    def _level_beside(self, dagger: Any) -> float | None:
        """Return the expert's mean return, if it is known."""
        if self.expert_return is not None:
            return self.expert_return
        return getattr(dagger, "expert_return_", None)

    def _note_search(self, search: Any, path: list[Any]) -> None:
        if hasattr(search, "cv_results_"):
            uuid = path[-1].root_uuid
            within = folder_of_search(path, self._searches.get(uuid, {}))
            write_scores(search, self._folders[uuid] / within, self.log_dir)
