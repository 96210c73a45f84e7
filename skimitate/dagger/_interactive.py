"""DAgger in two halves, for labels that come from elsewhere."""

from typing import Any, Self

from numpy.typing import ArrayLike

from skimitate._sklearn import fit_context
from skimitate.dagger._base import BaseDAgger
from skimitate.dagger._checkpoint import Checkpoint, check_holds, checked_folder
from skimitate.dagger._questions import Questions
from skimitate.dagger._run import Run
from skimitate.dagger._runner import Runner
from skimitate.dagger._settled import Given, check_goes_on, check_next_round
from skimitate.dagger._stages import learn_answered, learn_first, learn_told
from skimitate.environments._make import EnvLike, shared_env
from skimitate.files._checked_folder import CheckedFolder
from skimitate.formats._estimator_bytes import format_of


class InteractiveDAgger(BaseDAgger):
    """Asks and is told, round by round, what :meth:`fit` does with an expert at hand.

    The parameters are those of :class:`skimitate.DAggerRegressor`.
    """

    @property
    def is_open(self) -> bool:
        """Whether a run waits to go on: begun, or stopped by an error, and not over."""
        return self._open_run is not None

    @fit_context(prefer_skip_nested_validation=False)
    def ask(
        self,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Questions:
        """Run the episodes of the next round, and return what is to be labelled.

        The first call begins a run; asked again before :meth:`tell`, it gives the same.
        Between the two the object can be saved, and go on in another process.

        Parameters
        ----------
        X, y, sample_weight, groups, **fit_params
            Demonstrations, as :meth:`fit` takes them, with the first call alone: the
            learner is trained on them before it drives. Without them the expert drives
            the first episodes, as in :meth:`fit`; if there is none, a policy does whose
            actions are random, uniform over the action space, and these episodes are
            the first to be labelled, as round 0.

        Returns
        -------
        Questions
            A named tuple of arrays, with an entry for each state: ``ids``, which no
            other state of the run has; ``observations``, of shape (n, n_features), in
            the units of the environment; ``episode_ids``, numbered from 0 on in each
            round; and ``steps``, from 0 on in each episode. The ``expert``, if there is
            one, has labelled the steps that it drove: they are not among them.

        Raises
        ------
        ValueError, TypeError
            As :meth:`fit`; if there is no environment; or if the run is over. What was
            learnt so far stays.

        Notes
        -----
        ``n_rounds``, ``beta``, ``round_weight``, ``incremental``, ``random_state`` and
        the learner are settled by the first call; the other parameters may be set
        between the rounds. The run is over as soon as ``history_`` has
        ``n_rounds + 1`` records, or a callback asks to stop, or by :meth:`finish`.

        Examples
        --------
        >>> from skimitate import BehaviorCloner, DAggerRegressor, load_expert
        >>> dagger = DAggerRegressor(
        ...     BehaviorCloner(max_iter=5),
        ...     env="Reacher-v5",
        ...     query=10,
        ...     n_rounds=2,
        ...     n_epochs_per_round=5,
        ...     n_eval_episodes=1,
        ...     random_state=0,
        ... )
        >>> somebody = load_expert("Reacher-v5")
        >>> for _ in range(3):  # the first round, and n_rounds after it
        ...     questions = dagger.ask()
        ...     labels = somebody.act(questions.observations)
        ...     dagger = dagger.tell(questions.ids[:8], labels[:8])
        >>> questions.observations.shape
        (10, 10)
        >>> dagger.history_[-1]["n_samples"], dagger.history_[-1]["n_expert_queries"]
        (24, 30)
        """
        given = Given(X, y, sample_weight, groups, fit_params)
        run = self._open_run
        self._check_may_ask(run, given)
        if run is not None and run.pending is not None:
            return run.pending.questions.copied()
        with self._attempt(), self._at_work() as (env, folder):
            runner = Runner(self, env)
            if run is None:
                run = self._begin(env, given, folder, in_person=False)
            else:
                self._go_on(run, env, folder)
                check_next_round(self, run.settled, max(0, run.round))
            round_before, context = run.round, self._begin_task(run)
            learn_first(run, runner, context, in_person=False)
            is_over = run.kept is not None or learn_answered(run, self, context)
            if is_over:
                self._finish(run, runner, context)
            else:
                questions = run.ask(runner, context, in_person=False)
                if run.round >= 0:
                    self._show(run, run.current())
            self._end_task(run, context, has_learnt=run.round > round_before)
        if is_over:
            raise self._error_of_one_that_is_over()
        return questions.copied()

    def _go_on(
        self, run: Run, env: EnvLike | None, folder: CheckedFolder | None
    ) -> None:
        """Get ready to go on with a run that was begun before."""
        check_goes_on(env, run.settled)
        self._take_up(run, folder)

    def _take_up(self, run: Run, folder: CheckedFolder | None) -> None:
        """Let a run be where its folder says: another process may have gone on."""
        check_holds(folder, run.identity)
        if folder is not None:
            run.take_up(Checkpoint(folder, format_of(self._prototype)), self)

    def _check_may_ask(self, run: Run | None, given: Given) -> None:
        """Raise if a run is over, or was given already what it begins with."""
        if run is None and hasattr(self, "history_"):
            raise self._error_of_one_that_is_over()
        if run is None:
            return
        if not given.is_empty:
            raise ValueError(
                "X: expected None, because a run is open: what it begins with was "
                "given to its first call"
            )
        if run.is_complete:
            raise ValueError(
                f"ask: expected a run with rounds left, got one that has learnt from "
                f"all {run.round}, of which finish() keeps one"
            )

    def _error_of_one_that_is_over(self) -> ValueError:
        return ValueError(
            "ask: expected a run that is open, or none at all, got one that is over"
            f": round {self.best_round_} of {len(self.history_) - 1} is kept "
            "(what sklearn.base.clone gives begins another)"
        )

    @fit_context(prefer_skip_nested_validation=False)
    def tell(self, ids: ArrayLike, actions: ArrayLike) -> Self:
        """Take labels of what :meth:`ask` gave, and train on all labels so far.

        After round ``n_rounds``, or where a callback asks to stop, the round to keep is
        decided, as in :meth:`fit`. Until then ``estimator_`` is the learner as it
        stands.

        Parameters
        ----------
        ids : array-like of shape (n_answers,), int
            Some of the ids that :meth:`ask` gave, in any order. A state that is not
            among them gets no label, now or later, and counts as asked.
        actions : array-like of shape (n_answers, n_outputs) or (n_answers,)
            The expert's action for each, in the order of ``ids``. In a list, None in
            place of an action is no label.

        Returns
        -------
        DAggerRegressor
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If nothing was asked, an id was not asked about or comes twice, the actions
            do not fit or are not finite, there is none at all, or the learner fails.
            What was asked can still be told.
        """
        run = self._open_run
        if run is None or run.pending is None:
            known = "no run is open" if run is None else "all of that was told"
            if run is not None and run.is_complete:
                known += ", and finish() decides which round is kept"
            raise ValueError(
                "tell: expected a call of ask before, for labels belong to what it "
                f"gave; {known}"
            )
        with checked_folder(self.checkpoint_dir) as folder:
            self._take_up(run, folder)
            answers = run.read(ids, actions)
            with self._attempt() as before:
                context = self._begin_task(run)
                stop = learn_told(run, self, context, answers)
                self._show(run, run.current())
                # That is what it has learnt, whatever comes of the decision.
                before.update(vars(self))
                if run.is_complete or stop:
                    with shared_env(self.env, self.n_jobs) as env:
                        check_goes_on(env, run.settled)
                        self._finish(run, Runner(self, env), context)
                self._end_task(run, context)
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def finish(self) -> Self:
        """End a run that is open, with the rounds that it has learnt from.

        The round to keep is decided as in :meth:`fit`, which takes the episodes of the
        evaluation. After ``n_rounds`` rounds that is done without being called for. It
        also ends a :meth:`fit` that failed or was interrupted.

        Returns
        -------
        DAggerRegressor
            The object itself. What was asked and not told is dropped.

        Raises
        ------
        ValueError
            If no run is open, or nothing has been learnt.
        """
        run = self._open_run
        if run is None or run.round < 0:
            raise ValueError(
                "finish: expected a run that has learnt something, "
                f"{'none is open' if run is None else 'nothing was told yet'}"
            )
        with self._attempt(), self._at_work() as (env, folder):
            self._go_on(run, env, folder)
            context = self._begin_task(run)
            self._finish(run, Runner(self, env), context)
            self._end_task(run, context)
        return self
