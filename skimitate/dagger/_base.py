"""What DAgger is for any kind of actions: a run, from its start to the decision."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from skimitate._attributes import put_back
from skimitate._sklearn import CallbackContext, CallbackSupportMixin, fit_context
from skimitate.dagger._checkpoint import Checkpoint, begin, checked_folder
from skimitate.dagger._identity import identity_of
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._parameters import DAggerParameters
from skimitate.dagger._run import Run, seeds_of_run
from skimitate.dagger._runner import Runner
from skimitate.dagger._settled import Given, plan_rounds, settle
from skimitate.dagger._stages import decide, learn_first, run_rounds, shown_of
from skimitate.dagger._targets import Targets
from skimitate.environments._make import EnvLike, shared_env
from skimitate.files._checked_folder import CheckedFolder
from skimitate.formats._estimator_bytes import format_of


class BaseDAgger(CallbackSupportMixin, DAggerParameters):
    """Runs DAgger, with the parameters of :class:`skimitate.DAggerRegressor`.

    A class that derives from it says what actions are (``_targets_class``).
    """

    _targets_class: type[Targets]
    _run: Run  # while one is open: begun, and not finished

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Run DAgger: the demonstrations, ``n_rounds`` rounds, and which one is kept.

        It begins anew: a run that :meth:`ask` has opened is dropped. With a
        ``checkpoint_dir`` it goes on with the run that is kept there, if it is the same
        one; of one that is over it has what came of it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or None, default=None
            Raw observations of demonstrations. Without them, ``n_episodes_per_round``
            episodes of the expert are collected first, and all their steps are labels.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            The expert's action for each observation.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the demonstrations, each multiplied by the
            ``round_weight`` of round 0; a later label weighs what its round does. They
            reach every training of the learner, the innermost one of a pipeline.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each demonstration, in successive rows; see Notes.
        **fit_params : dict
            Passed on to the learner's ``fit``, whenever a new clone of it is fitted:
            ``X_val, y_val`` for one. With metadata routing, what it requests.

        Returns
        -------
        DAggerRegressor
            The object itself. With neither ``env`` nor ``expert`` it is a clone of
            ``X, y``, and no round is run.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described; if there is anything that
            the learner does not take; or if the expert, the learner or the
            environment fails or gives what cannot be used, with the round, the episode
            and the step. Environments are closed in every case. What was fitted before
            stays, and what this run has learnt is not lost: :meth:`finish` ends with
            it, :meth:`ask` and :meth:`tell` go on with it. Or if ``checkpoint_dir`` has
            another run, which differs in what the message says, or one at work.
        OSError
            If nothing can be written in ``checkpoint_dir``. What is there is good.
        KeyboardInterrupt
            If it is interrupted, by Ctrl-C for one. Once a round was learnt from,
            ``history_`` tells of the rounds so far, and the best of them, as far as
            they were measured, is what acts.

        Warns
        -----
        UserWarning
            If a file in ``checkpoint_dir`` is damaged: its copy is used, or what was in
            it is learnt again from the labels.
        """
        given = Given(X, y, sample_weight, groups, fit_params)
        with self._attempt(shows_best=True), self._at_work() as (env, folder):
            run = self._begin(env, given, folder, in_person=True)
            runner, context = Runner(self, env), self._begin_task(run)
            learn_first(run, runner, context, in_person=True)
            self._show(run, run.current())
            if env is not None and run.kept is None:
                run_rounds(run, runner, context)
            self._finish(run, runner, context)
            self._end_task(run, context)
        return self

    @contextmanager
    def _at_work(self) -> Iterator[tuple[Any, CheckedFolder | None]]:
        """Have the folder of checkpoints for oneself, and an environment open."""
        with (
            checked_folder(self.checkpoint_dir) as folder,
            shared_env(self.env, self.n_jobs) as env,
        ):
            yield env, folder

    @contextmanager
    def _attempt(self, *, shows_best: bool = False) -> Iterator[dict[str, Any]]:
        """If something fails, give the object back the attributes that are yielded.

        A run that has learnt from a round stays open where it stopped. Of one that is
        interrupted, the best round so far can act.
        """
        before = dict(vars(self))
        try:
            yield before
        except BaseException as error:
            run = self._open_run
            put_back(self, before)
            if run is not None and run.round >= 0:
                self._run = run
                if shows_best and isinstance(error, KeyboardInterrupt):
                    self._tell_of(run)
                    self._show(run, run.best())
                others = "" if run.is_complete else ", ask() and tell() go on with it"
                error.add_note(
                    f"What the run has learnt up to round {run.round} is kept: "
                    f"finish() ends with it{others}."
                )
            raise

    @property
    def _open_run(self) -> Run | None:
        return vars(self).get("_run")

    def _begin(
        self,
        env: EnvLike | None,
        given: Given,
        folder: CheckedFolder | None,
        *,
        in_person: bool,
    ) -> Run:
        """Begin a run, which is open from here on, or take up the one of a folder."""
        prototype = self._prototype
        plan = plan_rounds(self, prototype, given, in_person=in_person)
        settled = settle(self, prototype, env, plan, given)
        seeds = seeds_of_run(self.random_state)
        identity = None
        if folder is not None:
            begun_by = "fit" if in_person else "ask"
            identity = identity_of(self, prototype, given, begun_by=begun_by)
            seeds = begin(folder, identity, seeds)
        run = Run(self, prototype, settled, seeds)
        if folder is not None:
            run.identity = identity
            run.take_up(Checkpoint(folder, format_of(prototype)), self)
        self._run = run
        return run

    def _tell_of(self, run: Run) -> None:
        """Have the attributes that tell what a run is shown and has learnt."""
        self.__dict__.pop("feature_names_in_", None)
        self.__dict__.update(run.settled.learnt)
        self.history_ = run.records.history

    def _begin_task(self, run: Run) -> CallbackContext:
        self._tell_of(run)
        # Not a number: the start, the rounds and the decision are nothing alike.
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self)
        return context

    def _end_task(
        self, run: Run, context: CallbackContext, *, has_learnt: bool = True
    ) -> None:
        if not has_learnt:
            context.call_on_fit_task_end(estimator=self)
            return
        context.call_on_fit_task_end(
            estimator=self, **shown_of(run, self), reconstruction_attributes=dict
        )

    def _show(self, run: Run, kept: Candidate) -> None:
        """Let a policy of a run act."""
        self.expert_return_ = run.expert_return
        self.estimator_, self.best_round_ = kept.learner, kept.round

    def _finish(self, run: Run, runner: Runner, context: CallbackContext) -> None:
        """Decide which round is kept, and close the run."""
        if run.kept is not None:
            kept = run.candidate(run.kept)
        else:
            kept = run.current() if runner.env is None else decide(run, runner, context)
            run.decide(kept)
        self._show(run, kept)
        del self._run

    def __sklearn_is_fitted__(self) -> bool:
        # A run whose first labels are awaited has a history, and nobody who acts.
        return hasattr(self, "estimator_")

    def _check_acts(self) -> None:
        """Raise NotFittedError if nothing acts, and tell of what could."""
        message = (
            "This %(name)s instance is not fitted yet. Call 'fit' with appropriate "
            "arguments before using this estimator."
        )
        run = self._open_run
        if run is not None and run.round >= 0:
            message += (
                f" A run that was stopped has learnt up to round {run.round}: finish() "
                "ends with that."
            )
        check_is_fitted(self, msg=message)
