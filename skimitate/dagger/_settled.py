"""What is settled before the first episode: the plan, and the demonstrations."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError

from skimitate._sklearn import safe_indexing
from skimitate._validation import check_weights
from skimitate.cloning._groups import validate_groups
from skimitate.dagger._aggregate import Aggregate
from skimitate.dagger._expert import Expert
from skimitate.dagger._fit_params import (
    check_episodes,
    check_keywords,
    check_validation_data,
)
from skimitate.dagger._metadata import (
    check_takes_groups,
    check_takes_weights,
    route,
)
from skimitate.dagger._plan import (
    Plan,
    betas_of_rounds,
    check_drivers,
    check_given,
    check_query,
    weight_of_demonstrations,
    weights_of_rounds,
)
from skimitate.dagger._targets import Targets
from skimitate.environments._drivers import Actions
from skimitate.environments._make import EnvLike, env_widths, spaces_of
from skimitate.learners._metadata import innermost
from skimitate.learners._parameters import check_parameters
from skimitate.learners._tags import check_kind, learns_sequences, may_take_nan
from skimitate.policies._as_policy import check_can_remember

# As what demonstrations count whose episodes nobody tells: blocks of successive rows.
_N_BLOCKS = 20


class Given(NamedTuple):
    """What a user gave to begin with.

    Parameters
    ----------
    X, y, sample_weight, groups, fit_params
        See :meth:`skimitate.DAggerRegressor.fit`.
    """

    X: ArrayLike | None = None
    y: ArrayLike | None = None
    sample_weight: ArrayLike | None = None
    groups: ArrayLike | None = None
    fit_params: dict[str, Any] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was given."""
        return not self.fit_params and all(part is None for part in self[:4])


class Settled(NamedTuple):
    """What was settled before the first episode, which no round changes.

    Parameters
    ----------
    plan : Plan
        What happens in each round.
    demonstrations : Aggregate
        Empty if they are to be collected.
    X : data frame or None
        No rows of the data frame that the user gave, if it was one.
    y_ndim : int
        Number of dimensions of the y that the user gave.
    learnt : dict
        The attributes of the estimator that tell what it was shown.
    targets : Targets
        What the labels are.
    space : ContinuousActions, DiscreteActions or None
        Where actions belong; None without an environment.
    """

    plan: Plan
    demonstrations: Aggregate
    X: Any
    y_ndim: int
    learnt: dict[str, Any]
    targets: Targets
    space: Actions | None

    @property
    def taken(self) -> Actions:
        """Where the actions of those belong who are asked in an environment."""
        assert self.space is not None
        return self.space


def plan_rounds(dagger: Any, learner: Any, given: Given, *, in_person: bool) -> Plan:
    """Check the parameters together, and settle what happens in each round.

    Parameters
    ----------
    dagger : estimator
        With the parameters of :class:`skimitate.DAggerRegressor`.
    learner : regressor
        Not fitted.
    given : Given
        What the user gave.
    in_person : bool
        Whether the expert answers itself; otherwise there need not be one.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError, TypeError
        If something does not belong together.
    """
    check_kind(learner, dagger)
    check_parameters(learner)
    check_given(dagger, *given[:4], in_person=in_person)
    is_weighted = given.sample_weight is not None or callable(dagger.round_weight)
    if is_weighted:
        check_takes_weights(learner, incremental=dagger.incremental)
    if given.groups is not None:
        check_takes_groups(learner)
    if dagger.env is not None:
        check_can_remember(learner, "estimator")
    n_rounds = 0 if dagger.env is None else dagger.n_rounds
    betas = betas_of_rounds(dagger.beta, n_rounds) if n_rounds > 0 else []
    if n_rounds > 0:
        expert = _check_expert(dagger.expert)
        check_drivers(betas, expert)
        check_query(dagger.query, betas, expert)
    weights = weights_of_rounds(dagger.round_weight, n_rounds)
    fit_params = route(dagger, given.fit_params)
    check_keywords(learner, fit_params)
    return Plan(betas, weights, is_weighted, fit_params)


def settle(
    dagger: Any, learner: Any, env: EnvLike | None, plan: Plan, given: Given
) -> Settled:
    """Check the demonstrations, and that the environment fits them.

    Parameters
    ----------
    dagger : estimator
        Learns the number and the names of its features, and what its outputs are.
    learner : estimator
        Not fitted.
    env : str, EnvSpec, callable, gymnasium.Env or None
        Where episodes are run.
    plan : Plan
        What was settled of the rounds.
    given : Given
        What the user gave.

    Returns
    -------
    Settled

    Raises
    ------
    ValueError, TypeError
        If the data are not as described, or do not fit the environment.
    """
    space = None if env is None else spaces_of(env).actions
    if given.X is None or given.y is None:
        assert env is not None
        assert space is not None
        targets = dagger._targets_class.of_space(space)
        _check_can_stop_early(learner, dagger.n_episodes_per_round)
        dagger.__dict__.pop("feature_names_in_", None)
        dagger.n_features_in_, dagger.n_outputs_ = env_widths(env)
        dagger._y_ndim = space.n_dims
        demonstrations = Aggregate(
            np.empty((0, dagger.n_features_in_)), np.empty((0, dagger.n_outputs_))
        )
    else:
        nan = "allow-nan" if may_take_nan(learner) else True
        targets, X, y = dagger._targets_class.of_pairs(
            dagger, given.X, given.y, space, ensure_all_finite=nan
        )
        dagger._y_ndim = y.ndim
        y = y.reshape(len(y), -1)
        dagger.n_outputs_ = y.shape[1]
        if env is not None:
            _check_widths(env, X.shape[1], y.shape[1], "in X and y")
        demonstrations = _weighed_demonstrations(X, y, learner, env, plan, given)
    vars(dagger).update(targets.learnt)
    check_validation_data(dagger, learner, plan.fit_params, targets)
    names = ("n_features_in_", "n_outputs_", "feature_names_in_", "_y_ndim")
    learnt = {name: vars(dagger)[name] for name in names if name in vars(dagger)}
    learnt |= targets.learnt
    is_framed = "feature_names_in_" in learnt
    frame = safe_indexing(given.X, slice(0, 0)) if is_framed else None
    return Settled(plan, demonstrations, frame, dagger._y_ndim, learnt, targets, space)


def _check_can_stop_early(learner: Any, n_episodes: int) -> None:
    """Raise if a learner of sequences is to split the one episode that it starts from.

    Others split blocks of an episode's rows.
    """
    inner = innermost(learner)
    if not learns_sequences(learner) or n_episodes > 1:
        return
    if getattr(innermost(getattr(inner, "estimator", inner)), "early_stopping", False):
        raise ValueError(
            "n_episodes_per_round: expected at least 2, because the estimator, "
            f"{type(inner).__name__}, learns sequences and early_stopping holds out "
            f"whole episodes of the first, got {n_episodes} (or X, y and groups)"
        )


def _weighed_demonstrations(
    X: NDArray,
    y: NDArray[np.float64],
    learner: Any,
    env: EnvLike | None,
    plan: Plan,
    given: Given,
) -> Aggregate:
    """Return demonstrations that were checked, with their weights and episodes."""
    weight = weight_of_demonstrations(
        check_weights(given.sample_weight, X), plan.weights[0]
    )
    n = len(X)
    episodes = np.arange(n) * min(_N_BLOCKS, n) // n
    if given.groups is not None:
        episodes = validate_groups(given.groups, n)
        check_episodes(learner, episodes, plan.fit_params)
    elif env is not None and learns_sequences(learner):
        raise ValueError(
            "groups: expected the episodes of X and y, because the estimator, "
            f"{type(innermost(learner)).__name__}, learns sequences, got None"
        )
    return Aggregate(X, y, weight, episodes)


def check_goes_on(env: EnvLike | None, settled: Settled) -> None:
    """Raise if a run cannot go on where episodes are run by now.

    Parameters
    ----------
    env : str, EnvSpec, callable, gymnasium.Env or None
        Where episodes are run.
    settled : Settled
        What was settled.

    Raises
    ------
    ValueError, TypeError
        Its name is ``env``.
    """
    if env is None:
        raise ValueError("env: expected one, because a run is open, got None")
    widths = settled.learnt["n_features_in_"], settled.learnt["n_outputs_"]
    _check_widths(env, *widths, "when the run began")


def check_next_round(dagger: Any, settled: Settled, n_rounds: int) -> None:
    """Raise if a round cannot be run with what was set since the run began.

    Parameters
    ----------
    dagger : estimator
        With the parameters of :class:`skimitate.DAggerRegressor`.
    settled : Settled
        What was settled.
    n_rounds : int
        How many rounds it has behind it.

    Raises
    ------
    ValueError, TypeError
        The names are ``n_rounds``, ``expert`` and ``query``.
    """
    betas = settled.plan.betas
    if dagger.n_rounds != len(betas):
        raise ValueError(
            f"n_rounds: expected {len(betas)}, with which the run began, got "
            f"{dagger.n_rounds} (finish() ends a run before its time)"
        )
    expert = _check_expert(dagger.expert)
    check_drivers([0.0] * n_rounds + betas[n_rounds:], expert)
    check_query(dagger.query, betas, expert)


def _check_widths(env: EnvLike, n_features: int, n_outputs: int, where: str) -> None:
    found = env_widths(env)
    if found != (n_features, n_outputs):
        raise ValueError(
            f"env: expected {n_features} observation and {n_outputs} action "
            f"dimensions as {where}, got {found[0]} and {found[1]}"
        )


def _check_expert(expert: Any) -> Expert | None:
    """Raise if the expert cannot act, or is an estimator that knows nothing."""
    if expert is None:
        return None
    try:
        return Expert(expert)
    except NotFittedError as error:
        raise NotFittedError(
            f"{error} (a search clones the values of its grid: put an expert in there "
            "as FrozenEstimator(expert))"
        ) from None
