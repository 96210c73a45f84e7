"""What DAgger is for any kind of actions: the checks, the rounds, the decision."""

import copy
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from skimitate._sklearn import (
    CallbackContext,
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    clone_parametrized,
    fit_context,
)
from skimitate._validation import (
    check_weights,
    in_container_of,
    unchanged_on_error,
    validate_pairs,
)
from skimitate.cloning._groups import validate_groups
from skimitate.cloning._regressor import BehaviorCloner
from skimitate.dagger._aggregate import Aggregate
from skimitate.dagger._fit_params import (
    check_episodes,
    check_keywords,
    check_validation_data,
)
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._loop import DaggerLoop
from skimitate.dagger._metadata import (
    check_takes_groups,
    check_takes_weights,
    route,
    routing_of,
)
from skimitate.dagger._plan import (
    Plan,
    betas_of_rounds,
    check_given,
    weight_of_demonstrations,
    weights_of_rounds,
)
from skimitate.dagger._report import decision_report
from skimitate.dagger._tags import may_take_nan
from skimitate.environments._make import EnvLike, env_widths, shared_env
from skimitate.policies._as_policy import as_policy

# As what demonstrations count whose episodes nobody tells: blocks of successive rows.
_N_BLOCKS = 20


class BaseDAgger(CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """Runs DAgger, with the parameters of :class:`skimitate.DAggerRegressor`."""

    estimator: Any
    env: Any
    expert: Any

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
        "beta": [Interval(Real, 0, 1, closed="both"), callable, None],
        "round_weight": [StrOptions({"uniform"}), callable],
        "incremental": ["boolean"],
        "n_eval_episodes": [Interval(Integral, 1, None, closed="left")],
        "keep": [StrOptions({"best", "last"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

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
        """Run DAgger.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or None, default=None
            Observations of demonstrations. Without them, ``n_episodes_per_round``
            episodes of the expert are collected first.
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
            and the step. Environments are closed in every case.
        """
        with (
            unchanged_on_error(self),
            shared_env(self.env, self.n_jobs) as env,
        ):
            plan = self._plan_rounds(X, y, sample_weight, groups, fit_params)
            start = self._validate_start(env, plan, X, y, sample_weight, groups)
            check_validation_data(self, self._prototype, plan.fit_params)
            return self._run(env, plan, start, X)

    def _run(
        self,
        env: EnvLike | None,
        plan: Plan,
        start: Aggregate | None,
        X: ArrayLike | None,
    ) -> Self:
        """Run DAgger in an environment that is open."""
        loop = DaggerLoop(self, env, self._prototype, start, self._y_ndim, plan)
        self.history_ = loop.history
        shown = {
            "X": lambda: in_container_of(self, X, loop.aggregate.X),
            "y": loop.labels,
        }
        # Not a number: the start, the rounds and the decision are nothing alike.
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self)
        if start is None:
            loop.collect_demonstrations(context)
        self.expert_return_ = loop.expert_return
        loop.train_first(context.subcontext(task_name="start"))
        self.estimator_ = loop.learner
        if env is None:
            kept = loop.current()
        else:
            self._run_rounds(context, loop, plan.betas, shown)
            kept = self._decide(context, loop)
        self.estimator_ = kept.learner
        self.best_round_ = kept.round
        context.call_on_fit_task_end(
            estimator=self, **shown, reconstruction_attributes=dict
        )
        return self

    @property
    def _prototype(self) -> Any:
        return BehaviorCloner() if self.estimator is None else self.estimator

    def _plan_rounds(
        self,
        X: object,
        y: object,
        sample_weight: object,
        groups: object,
        fit_params: dict[str, Any],
    ) -> Plan:
        """Check the parameters together, and settle what happens in each round."""
        check_given(self, X, y, sample_weight=sample_weight, groups=groups)
        is_weighted = sample_weight is not None or callable(self.round_weight)
        if is_weighted:
            check_takes_weights(self._prototype, incremental=self.incremental)
        if groups is not None:
            check_takes_groups(self._prototype)
        n_rounds = 0 if self.env is None else self.n_rounds
        if n_rounds > 0:
            _check_expert(self.expert)
        betas = betas_of_rounds(self.beta, n_rounds) if n_rounds > 0 else []
        weights = weights_of_rounds(self.round_weight, n_rounds)
        fit_params = route(self, fit_params)
        check_keywords(self._prototype, fit_params)
        return Plan(betas, weights, is_weighted, fit_params)

    def _validate_start(
        self,
        env: EnvLike | None,
        plan: Plan,
        X: ArrayLike | None,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
    ) -> Aggregate | None:
        """Check the demonstrations, and that the environment fits them."""
        if X is None or y is None:
            assert env is not None
            self.__dict__.pop("feature_names_in_", None)
            self.n_features_in_, self.n_outputs_ = env_widths(env)
            self._y_ndim = 2
            return None
        nan = "allow-nan" if may_take_nan(self._prototype) else True
        observations, actions = validate_pairs(
            self, X, y, reset=True, ensure_all_finite=nan
        )
        self._y_ndim = actions.ndim
        actions = actions.reshape(len(actions), -1)
        self.n_outputs_ = actions.shape[1]
        if env is not None:
            found = env_widths(env)
            expected = observations.shape[1], actions.shape[1]
            if found != expected:
                raise ValueError(
                    f"env: expected {expected[0]} observation and {expected[1]} action "
                    f"dimensions as in X and y, got {found[0]} and {found[1]}"
                )
        weight = weight_of_demonstrations(
            check_weights(sample_weight, observations), plan.weights[0]
        )
        n = len(observations)
        episodes = np.arange(n) * min(_N_BLOCKS, n) // n
        if groups is not None:
            episodes = validate_groups(groups, n)
            check_episodes(self._prototype, episodes, plan.fit_params)
        return Aggregate(observations, actions, weight, episodes)

    def _run_rounds(
        self,
        context: CallbackContext,
        loop: DaggerLoop,
        betas: Sequence[float],
        shown: dict[str, Any],
    ) -> None:
        """Run the rounds, until a callback asks to stop."""
        rounds = context.subcontext(task_name="rounds", max_subtasks=len(betas))
        rounds.call_on_fit_task_begin(estimator=self)
        for i, beta in enumerate(betas, start=1):
            # Not a number: episodes and epochs are nothing alike.
            task = rounds.subcontext(task_name="round", max_subtasks=None)
            task.call_on_fit_task_begin(estimator=self)
            loop.run_round(i, beta, task)
            self.estimator_ = loop.learner
            stop = task.call_on_fit_task_end(
                estimator=self,
                **shown,
                reconstruction_attributes=lambda kept=i: {
                    "estimator_": copy.deepcopy(loop.learner),
                    "best_round_": kept,
                },
            )
            if stop:
                break
        rounds.call_on_fit_task_end(estimator=self)

    def _decide(self, context: CallbackContext, loop: DaggerLoop) -> Candidate:
        """Evaluate the candidates and return the one to keep."""
        candidates = loop.candidates()
        # These names are shown to people: they say what is done.
        evaluated_ones = "the best rounds" if len(candidates) > 1 else "the last round"
        evaluation = context.subcontext(
            task_name=f"evaluation of {evaluated_ones}", max_subtasks=len(candidates)
        )
        evaluation.call_on_fit_task_begin(estimator=self)
        evaluated = []
        for candidate in candidates:
            name = f"evaluating {evaluated_ones}"
            evaluated.append(loop.evaluate(candidate, evaluation, name))
        evaluation.call_on_fit_task_end(estimator=self)
        kept = max(evaluated, key=lambda candidate: (candidate.score, candidate.round))
        if self.verbose:
            print(decision_report(loop.history, len(evaluated), kept.round), flush=True)
        return kept

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
            Those of the learner that None stands for can be set as well: it becomes a
            :class:`skimitate.BehaviorCloner` of its own.

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
            params["estimator"] = BehaviorCloner().set_params(**own)
        return super().set_params(**params)

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


def _check_expert(expert: Any) -> None:
    """Raise if the expert cannot act, or is an estimator that knows nothing."""
    try:
        as_policy(expert, "expert")
    except NotFittedError as error:
        raise NotFittedError(
            f"{error} (a search clones the values of its grid: put an expert in there "
            "as FrozenEstimator(expert))"
        ) from None
