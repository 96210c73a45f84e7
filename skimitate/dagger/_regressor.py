"""DAgger: the estimators that ask an expert where their own policy leads."""

import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    MultiOutputMixin,
    RegressorMixin,
)
from sklearn.utils.validation import check_is_fitted

from skimitate._sklearn import (
    CallbackContext,
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
)
from skimitate._validation import check_observations, check_pairs, unchanged_on_error
from skimitate.cloning._regressor import BehaviorCloner
from skimitate.dagger._loop import Candidate, DaggerLoop
from skimitate.environments._actors import as_policy
from skimitate.environments._run import EnvLike, env_widths, shared_env


class DAggerRegressor(
    CallbackSupportMixin,
    MetaEstimatorMixin,
    MultiOutputMixin,
    RegressorMixin,
    BaseEstimator,
):
    """Imitate an expert by asking it what to do where the learner's policy leads.

    A clone of demonstrations sees only the states that the expert visits, and its
    errors lead it out of them. DAgger (dataset aggregation) lets the learner drive,
    labels each state that it visits with the expert's action there, and trains on all
    the labels so far, for a number of rounds.

    Parameters
    ----------
    estimator : regressor or None, default=None
        The learner: any regressor, a :class:`~sklearn.pipeline.Pipeline` included.
        None means ``BehaviorCloner()``. Normalization belongs in here: the expert
        always sees raw observations.
    env : str, EnvSpec, callable, gymnasium.Env or None, default=None
        A Gymnasium id, a specification, or a picklable callable without arguments that
        makes an environment; with one-dimensional Box spaces. A live environment is
        taken where nothing has to be cloned or pickled.
    expert : callable or object with act or predict or None, default=None
        From a batch of observations (n, n_features) to a batch of actions
        (n, n_outputs). It is asked once for each step, with one observation. An expert
        with a ``reset()`` has it called at the start of each episode.
    n_rounds : int, default=40
        Number of rounds of collecting, labeling and training.
    n_episodes_per_round : int, default=1
        Number of episodes collected in each round.
    n_epochs_per_round : int, default=20
        With ``incremental``, number of passes over all the labels in each round.
    beta : float, callable or None, default=None
        Probability, at each step, that the expert drives: a number is raised to the
        power of the round, a callable gets the round (from 1), and None means 0: the
        parameter-free choice of Ross et al., where the expert drives only in the
        demonstrations that come before round 1.
    incremental : bool, default=True
        Whether a learner with ``partial_fit`` goes on from round to round. Otherwise,
        and for other learners, each round fits a new clone to all the labels.
    n_eval_episodes : int, default=10
        Number of episodes in which a candidate for keeping is evaluated. Their seeds
        serve nothing else, and are the same for all candidates.
    keep : {"best", "last"}, default="best"
        Which round's policy to keep: that with the best mean return, or the last.
    n_jobs : int or None, default=None
        Number of processes that run episodes, in joblib's terms.
    random_state : int, RandomState instance or None, default=None
        Determines everything, whatever ``n_jobs``; a ``random_state`` of the learner
        that is None is set too.
    verbose : bool, default=False
        Whether to print a line for each round. For progress bars, see
        ``set_callbacks`` and :mod:`sklearn.callback`.

    Attributes
    ----------
    estimator_ : regressor
        The learner of the round that was kept.
    history_ : list of dict
        A record of each round, the start (round 0) included: ``round``; ``beta``;
        ``n_samples``, the labels trained on; ``n_expert_queries``, how often the expert
        has been asked so far; ``loss``, the mean squared error on these samples after
        training; ``mean_return`` and ``std_return`` of the episodes that measured the
        round's policy and ``n_eval_episodes``, their number; ``seconds``.
    best_round_ : int
        The round that was kept; 0 is the clone that DAgger started from.
    n_features_in_ : int
        Number of observation dimensions.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had any.

    Notes
    -----
    The episodes that the learner drives alone measure the policy of the round before
    at no extra cost. The rounds with the best of these returns, and the last one, are
    then evaluated in ``n_eval_episodes`` episodes each. Policies that no such episode
    measures are evaluated as they come, if the best is to be kept; else their returns
    are NaN.

    References
    ----------
    .. [1] Ross, Gordon, Bagnell: "A reduction of imitation learning and structured
       prediction to no-regret online learning", AISTATS 2011, algorithm 3.1.
    .. [2] Cheng, Boots: "Convergence of value aggregation for imitation learning",
       AISTATS 2018: the last policy need not be the best.

    Examples
    --------
    >>> from skimitate import BehaviorCloner, DAggerRegressor, load_expert
    >>> dagger = DAggerRegressor(
    ...     BehaviorCloner(max_iter=5),
    ...     env="Hopper-v5",
    ...     expert=load_expert("Hopper-v5"),
    ...     n_rounds=2,
    ...     n_eval_episodes=1,
    ...     random_state=0,
    ... ).fit()
    >>> [record["round"] for record in dagger.history_]
    [0, 1, 2]
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "env": "no_validation",
        "expert": "no_validation",
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "n_episodes_per_round": [Interval(Integral, 1, None, closed="left")],
        "n_epochs_per_round": [Interval(Integral, 1, None, closed="left")],
        "beta": [Interval(Real, 0, 1, closed="both"), callable, None],
        "incremental": ["boolean"],
        "n_eval_episodes": [Interval(Integral, 1, None, closed="left")],
        "keep": [StrOptions({"best", "last"})],
        "n_jobs": [Integral, None],
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
        n_epochs_per_round: int = 20,
        beta: float | Callable[[int], float] | None = None,
        incremental: bool = True,
        n_eval_episodes: int = 10,
        keep: Literal["best", "last"] = "best",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.estimator = estimator
        self.env = env
        self.expert = expert
        self.n_rounds = n_rounds
        self.n_episodes_per_round = n_episodes_per_round
        self.n_epochs_per_round = n_epochs_per_round
        self.beta = beta
        self.incremental = incremental
        self.n_eval_episodes = n_eval_episodes
        self.keep = keep
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike | None = None, y: ArrayLike | None = None) -> Self:
        """Run DAgger.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or None, default=None
            Observations of demonstrations. Without them, ``n_episodes_per_round``
            episodes of the expert are collected first.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs) or None
            The expert's action for each observation.

        Returns
        -------
        DAggerRegressor
            The object itself. With neither ``env`` nor ``expert`` it is a clone of
            ``X, y``, and no round is run.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described; or if the expert, the
            learner or the environment fails or gives what cannot be used, with the
            round, the episode and the step. Environments are closed in every case.
        """
        with (
            unchanged_on_error(self),
            shared_env(self.env, self.n_jobs) as env,
        ):
            return self._fit(env, X, y)

    def _fit(
        self, env: EnvLike | None, X: ArrayLike | None, y: ArrayLike | None
    ) -> Self:
        """Run DAgger in an environment that is open."""
        betas = self._check_setting(X, y)
        start = self._check_start(env, X, y)
        prototype = BehaviorCloner() if self.estimator is None else self.estimator
        loop = DaggerLoop(self, env, prototype, start, self._y_ndim)
        self.history_ = loop.history
        context = self._init_callback_context(max_subtasks=2 if betas else 0)
        context.call_on_fit_task_begin(estimator=self)
        if start is None:
            loop.collect_demonstrations()
        loop.train_first()
        if env is None:
            kept = loop.current()
        else:
            self._run_rounds(context, loop, betas)
            kept = self._decide(context, loop)
        self.estimator_ = kept.learner
        self.best_round_ = kept.round
        context.call_on_fit_task_end(
            estimator=self,
            X=loop.aggregate.X,
            y=loop.targets(),
            reconstruction_attributes=dict,
        )
        return self

    def _check_setting(self, X: object, y: object) -> list[float]:
        """Check the parameters together, and return beta of each round."""
        if (self.env is None) != (self.expert is None):
            given, missing = (
                ("env", "expert") if self.expert is None else ("expert", "env")
            )
            raise ValueError(
                f"{missing}: expected one because {given} is given, got None (with "
                "neither, X and y are cloned)"
            )
        if y is None and (X is not None or self.env is None):
            raise ValueError(
                "DAggerRegressor requires y to be passed, but the target y is None"
            )
        if X is None and y is not None:
            raise ValueError("X: expected the observations that belong to y, got None")
        if self.env is None:
            return []
        as_policy(self.expert, "expert")
        return self._betas()

    def _betas(self) -> list[float]:
        rounds = range(1, self.n_rounds + 1)
        if self.beta is None:
            return [0.0 for _ in rounds]
        if not callable(self.beta):
            return [float(self.beta) ** i for i in rounds]
        betas = [float(self.beta(i)) for i in rounds]
        for i, beta in zip(rounds, betas, strict=True):
            if not 0.0 <= beta <= 1.0:
                raise ValueError(
                    f"beta: expected a probability from the callable, got {beta} for "
                    f"round {i}"
                )
        if min(betas) > 0.0:
            warnings.warn(
                f"beta never reaches 0 over the {self.n_rounds} rounds (it ends at "
                f"{betas[-1]}): the learner never drives alone",
                UserWarning,
                stacklevel=5,
            )
        return betas

    def _check_start(
        self, env: EnvLike | None, X: ArrayLike | None, y: ArrayLike | None
    ) -> tuple[NDArray, NDArray] | None:
        """Check the demonstrations, and that the environment fits them."""
        if X is None or y is None:
            assert env is not None
            self.__dict__.pop("feature_names_in_", None)
            self.n_features_in_, _ = env_widths(env)
            self._y_ndim = 2
            return None
        observations, actions = check_pairs(self, X, y, reset=True)
        self._y_ndim = actions.ndim
        actions = actions.reshape(len(actions), -1)
        if env is not None:
            found = env_widths(env)
            expected = observations.shape[1], actions.shape[1]
            if found != expected:
                raise ValueError(
                    f"env: expected {expected[0]} observation and {expected[1]} action "
                    f"dimensions as in X and y, got {found[0]} and {found[1]}"
                )
        return observations, actions

    def _run_rounds(
        self, context: CallbackContext, loop: DaggerLoop, betas: Sequence[float]
    ) -> None:
        """Run the rounds, until a callback asks to stop."""
        rounds = context.subcontext(task_name="rounds", max_subtasks=len(betas))
        rounds.call_on_fit_task_begin(estimator=self)
        for i, beta in enumerate(betas, start=1):
            task = rounds.subcontext(task_name="round")
            task.call_on_fit_task_begin(estimator=self)
            loop.run_round(i, beta)
            stop = task.call_on_fit_task_end(
                estimator=self,
                X=loop.aggregate.X,
                y=loop.targets(),
                reconstruction_attributes=loop.fitted_state,
            )
            if stop:
                break
        rounds.call_on_fit_task_end(estimator=self)

    def _decide(self, context: CallbackContext, loop: DaggerLoop) -> Candidate:
        """Evaluate the candidates and return the one to keep."""
        candidates = loop.candidates()
        evaluation = context.subcontext(
            task_name="evaluation", max_subtasks=len(candidates)
        )
        evaluation.call_on_fit_task_begin(estimator=self)
        evaluated = []
        for candidate in candidates:
            task = evaluation.subcontext(task_name="candidate")
            task.call_on_fit_task_begin(estimator=self)
            evaluated.append(loop.evaluate(candidate))
            task.call_on_fit_task_end(estimator=self)
        evaluation.call_on_fit_task_end(estimator=self)
        return max(evaluated, key=lambda candidate: (candidate.score, candidate.round))

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the kept policy's actions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Raw observations.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Actions, in the shape that ``y`` had; with two dimensions without ``y``.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X is not as described.
        """
        check_is_fitted(self)
        observations = check_observations(self, X, reset=False)
        actions = np.asarray(self.estimator_.predict(observations), dtype=np.float64)
        return (
            actions.ravel() if self._y_ndim == 1 else actions.reshape(len(actions), -1)
        )

    def act(self, observation: NDArray) -> NDArray[np.float64]:
        """Return the action that :meth:`predict` gives, as fast as the learner can.

        Parameters
        ----------
        observation : ndarray of shape (n_features,) or (n_samples, n_features)
            One raw observation or a batch; not checked.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_samples, n_outputs)
            One action or a batch. Without the last axis if ``y`` had one dimension.
        """
        observations = np.asarray(observation)
        batch = np.atleast_2d(observations)
        actions = np.asarray(as_policy(self.estimator_)(batch), dtype=np.float64)
        actions = actions.reshape((-1,) if self._y_ndim == 1 else (len(batch), -1))
        return actions[0] if observations.ndim == 1 else actions
