"""What DAgger is for any kind of actions: a run, from its start to the decision."""

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import MetaEstimatorMixin
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from skimitate._sklearn import (
    CallbackContext,
    CallbackSupportMixin,
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    clone_parametrized,
    fit_context,
)
from skimitate._validation import put_back
from skimitate._versions import VersionedEstimator
from skimitate.dagger._checkpoint import Checkpoint, begin, checked_folder
from skimitate.dagger._identity import identity_of
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._queries import Query
from skimitate.dagger._run import Run, seeds_of_run
from skimitate.dagger._runner import Runner
from skimitate.dagger._settled import Given, plan_rounds, settle
from skimitate.dagger._stages import decide, learn_first, run_rounds, shown_of
from skimitate.dagger._targets import Targets
from skimitate.environments._make import EnvLike, shared_env
from skimitate.files._checked_folder import CheckedFolder
from skimitate.formats._estimator_bytes import format_of
from skimitate.learners._metadata import routing_of


class BaseDAgger(CallbackSupportMixin, MetaEstimatorMixin, VersionedEstimator):
    """Runs DAgger, with the parameters of :class:`skimitate.DAggerRegressor`.

    A class that derives from it says what actions are (``_targets_class``), and what
    learns where nobody says it (``_default_learner``).
    """

    _targets_class: type[Targets]
    _default_learner: Callable[[], Any]
    _run: Run  # while one is open: begun, and not finished

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "env": "no_validation",
        "expert": "no_validation",
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "n_episodes_per_round": [Interval(Integral, 1, None, closed="left")],
        "n_epochs_per_round": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "query": [
            StrOptions({"all"}),
            Interval(Integral, 0, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
            callable,
        ],
        "beta": [Interval(Real, 0, 1, closed="both"), callable, None],
        "round_weight": [StrOptions({"uniform"}), callable],
        "incremental": ["boolean"],
        "n_eval_episodes": [Interval(Integral, 1, None, closed="left")],
        "keep": [StrOptions({"best", "last"})],
        "n_jobs": [Integral, None],
        "checkpoint_dir": [str, os.PathLike, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any = None,
        env: EnvLike | None = None,
        expert: Any = None,
        *,
        n_rounds: int = 40,
        n_episodes_per_round: int = 1,
        n_epochs_per_round: int | Literal["auto"] = "auto",
        query: Query = "all",
        beta: float | Callable[[int], float] | None = None,
        round_weight: Literal["uniform"] | Callable[[int], float] = "uniform",
        incremental: bool = True,
        n_eval_episodes: int = 10,
        keep: Literal["best", "last"] = "best",
        n_jobs: int | None = None,
        checkpoint_dir: str | os.PathLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.estimator = estimator
        self.env = env
        self.expert = expert
        self.n_rounds = n_rounds
        self.n_episodes_per_round = n_episodes_per_round
        self.n_epochs_per_round = n_epochs_per_round
        self.query = query
        self.beta = beta
        self.round_weight = round_weight
        self.incremental = incremental
        self.n_eval_episodes = n_eval_episodes
        self.keep = keep
        self.n_jobs = n_jobs
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        self.verbose = verbose

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

        It begins anew: a run that :meth:`ask` has opened is dropped.

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
            it, :meth:`ask` and :meth:`tell` go on with it.
        """
        given = Given(X, y, sample_weight, groups, fit_params)
        with self._attempt(), self._at_work() as (env, folder):
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
    def _attempt(self) -> Iterator[dict[str, Any]]:
        """If something fails, give the object back the attributes that are yielded.

        A run that has learnt from a round stays open where it stopped.
        """
        before = dict(vars(self))
        try:
            yield before
        except BaseException as error:
            run = self._open_run
            put_back(self, before)
            if run is not None and run.round >= 0:
                self._run = run
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
        if folder is not None:
            begun_by = "fit" if in_person else "ask"
            identity = identity_of(self, prototype, given, begun_by=begun_by)
            seeds = begin(folder, identity, seeds)
        self._run = Run(self, prototype, settled, seeds)
        self._take_up(self._run, folder)
        return self._run

    def _take_up(self, run: Run, folder: CheckedFolder | None) -> None:
        """Let a run be where its folder says: another process may have gone on."""
        if folder is not None:
            run.take_up(Checkpoint(folder, format_of(self._prototype)), self)

    def _begin_task(self, run: Run) -> CallbackContext:
        self.__dict__.pop("feature_names_in_", None)
        self.__dict__.update(run.settled.learnt)
        self.history_ = run.records.history
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

    @property
    def _prototype(self) -> Any:
        return self._default_learner() if self.estimator is None else self.estimator

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what of ``fit``'s metadata is for the learner.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            ``sample_weight`` and ``groups`` are this object's own requests.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return routing_of(self, self._prototype, mapping)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the learner included (``estimator__max_iter``).

        Parameters
        ----------
        **params : dict
            Those of the learner that None stands for can be set as well: it becomes one
            of its own.

        Returns
        -------
        DAggerRegressor
            The object itself.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        prefix = "estimator__"
        nested = {n.removeprefix(prefix) for n in params if n.startswith(prefix)}
        if nested and params.get("estimator", self.estimator) is None:
            own = {name: params.pop(prefix + name) for name in nested}
            params["estimator"] = self._default_learner().set_params(**own)
        return super().set_params(**params)

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

    def __sklearn_clone__(self) -> Self:
        """Clone all parameters but the expert, which is shared.

        scikit-learn would unfit an expert that is an estimator, and copy any other
        one, however large it is or whatever connection it holds.
        """
        bare = copy.copy(self)
        bare.expert = None
        cloned = clone_parametrized(bare)
        cloned.expert = self.expert
        return cloned
