"""A score for scikit-learn's searches that is what people want: the return."""

from collections.abc import Callable, Sequence
from functools import partial
from numbers import Real
from typing import Any, Literal

import numpy as np

from skimitate._public import public
from skimitate._seeds import draw_seed, spawn_seeds
from skimitate._sklearn import BaseScorer
from skimitate._validation import check_count
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._make import EnvLike, env_widths, is_live
from skimitate.environments._outcome import Outcome, outcome_of
from skimitate.environments._run import run_episodes
from skimitate.environments._success import successes_of
from skimitate.policies._actions import StepError
from skimitate.policies._as_policy import Policy, as_policy

Metric = Literal["return", "success"]
_METRICS = ("return", "success")


@public
def make_return_scorer(
    env: EnvLike,
    *,
    metric: Metric = "return",
    n_episodes: int = 10,
    max_steps: int | None = None,
    discount: float = 1.0,
    normalize: tuple[float, float] | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> "ReturnScorer":
    """Make a scorer that lets an estimator act, and scores what it earns.

    It goes where scikit-learn takes a ``scoring``: in searches, :func:`cross_validate
    <sklearn.model_selection.cross_validate>`, :class:`sklearn.callback.ScoringMonitor`;
    alone, or with others as ``scoring={"r2": "r2", "return": scorer}``,
    ``refit="return"``. The data that are held out do not matter to it: every estimator
    is run through the same episodes.

    Parameters
    ----------
    env : str, EnvSpec or callable
        A Gymnasium id, a specification, or a picklable callable without arguments that
        makes an environment or a vector environment; as :func:`collect_rollouts` takes
        them. One is made now, to see whether that works, and one for each score. A live
        environment is refused: a search copies its scorer and sends it to its workers.
    metric : {"return", "success"}, default="return"
        What is averaged over the episodes: the return; or whether the environment
        reported ``is_success`` in its info at the last step, as the part of the
        episodes that succeeded.
    n_episodes : int, default=10
        Number of episodes.
    max_steps : int or None, default=None
        Where to cut an episode that the environment has not ended.
    discount : float, default=1.0
        What a reward counts for, against that of the step before; above 0 and at
        most 1.
    normalize : (float, float) or None, default=None
        The mean returns of a random policy and of the expert: the score is then
        ``(mean - random) / (expert - random)``, 0 for the one and 1 for the other.
        With a ``discount`` they are to be discounted too.
    n_jobs : int or None, default=None
        Number of workers that run the episodes; see :func:`collect_rollouts`. Where a
        search has workers of its own, leave it at None.
    random_state : int, RandomState instance or None, default=None
        Determines the episodes, which are the same for every estimator. None draws
        them once, now.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X=None, y=None)`` returns a float; greater is better. The
        estimator is any that :func:`as_policy` takes. X, y and metadata such as
        ``sample_weight`` are taken, and ignored. It can be pickled if ``env`` can.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not as described, or no such environment can be made. By the
        scorer: if the environment does not fit the estimator, before any episode; if
        one of the two fails, or gives what cannot be used; if no success is reported.

    Notes
    -----
    With their default ``error_score=nan``, scikit-learn's searches turn an error of a
    scorer into a warning and a score of NaN, as they do for an estimator that does not
    fit. A diverged candidate then ranks last. To have a mistake stop the search, set
    ``error_score="raise"``.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV, GroupKFold
    >>> from skimitate import BehaviorCloner, load_demonstrations, make_return_scorer
    >>> demos = load_demonstrations("Reacher-v5")
    >>> search = GridSearchCV(
    ...     BehaviorCloner(max_iter=2, random_state=0),
    ...     {"activation": ["relu", "tanh"]},
    ...     scoring=make_return_scorer("Reacher-v5", n_episodes=2, random_state=0),
    ...     cv=GroupKFold(2),
    ... ).fit(demos.data, demos.target, groups=demos.episode_ids)
    >>> search.cv_results_["mean_test_score"].shape
    (2,)
    """
    if metric not in _METRICS:
        raise ValueError(f"metric: expected one of {_METRICS}, got {metric!r}")
    check_count("n_episodes", n_episodes)
    check_count("max_steps", max_steps, optional=True)
    _check_discount(discount)
    levels = _validate_levels(normalize)
    _check_success_alone(metric, discount, levels)
    _check_jobs(n_jobs)
    if is_live(env):
        raise TypeError(
            "env: expected an id, an EnvSpec or a callable that makes an environment, "
            f"got the live environment {env}: a search copies its scorer and sends it "
            "to its workers, where no live environment can follow"
        )
    if random_state is None:
        random_state = draw_seed(None)
    try:
        seeds = spawn_seeds(random_state, n_episodes)
    except (TypeError, ValueError) as error:
        raise type(error)(f"random_state: {error}") from None
    return ReturnScorer(
        env,
        env_widths(env),
        seeds,
        metric,
        max_steps,
        discount,
        levels,
        n_jobs,
        random_state,
    )


class ReturnScorer(BaseScorer):
    """What :func:`make_return_scorer` returns, of parameters that it checked.

    Parameters
    ----------
    env : str, EnvSpec or callable
        Where the estimators act.
    widths : (int, int)
        Its number of observation and of action dimensions.
    seeds : sequence of numpy.random.SeedSequence
        Determine the episodes.
    metric, max_steps, discount, normalize, n_jobs, random_state
        See :func:`make_return_scorer`; not None as the ``random_state``.
    """

    # Weights are taken along wherever data are weighted, and change no episode.
    __metadata_request__score = {"sample_weight": True}

    def __init__(
        self,
        env: EnvLike,
        widths: tuple[int, int],
        seeds: Sequence[np.random.SeedSequence],
        metric: Metric,
        max_steps: int | None,
        discount: float,
        normalize: tuple[float, float] | None,
        n_jobs: int | None,
        random_state: Any,
    ) -> None:
        score: Callable[[Sequence[Outcome]], float] = success_rate
        if metric == "return":
            score = partial(mean_return, normalize=normalize)
        super().__init__(score, 1, {}, "predict")
        self._env = env
        self._widths = widths
        self._seeds = seeds
        self._keep = partial(outcome_of, discount=discount)
        self._max_steps = max_steps
        self._n_jobs = n_jobs
        self._shown = {
            "metric": metric,
            "n_episodes": len(seeds),
            "max_steps": max_steps,
            "discount": discount,
            "normalize": normalize,
            "n_jobs": n_jobs,
            "random_state": random_state,
        }

    def __call__(
        self, estimator: Any, X: Any = None, y_true: Any = None, **metadata: Any
    ) -> float:
        """Let an estimator act, and return its score.

        Parameters
        ----------
        estimator : fitted estimator, or whatever :func:`as_policy` takes
            Acts.
        X, y_true, **metadata : object
            Ignored; scorers are given them.

        Returns
        -------
        float
        """
        policy = as_policy(estimator, "estimator")
        self._check_fit(policy)
        outcomes = run_episodes(
            self._env,
            PolicyDriver(policy, "estimator"),
            self._seeds,
            max_steps=self._max_steps,
            n_jobs=self._n_jobs,
            keep=self._keep,
        )
        return float(self._score_func(outcomes))

    def _score(
        self,
        method_caller: Callable[..., Any],
        estimator: Any,
        X: Any = None,
        y_true: Any = None,
        **metadata: Any,
    ) -> float:
        """Score as one of several scorers, which share predictions that have no use."""
        return self(estimator)

    def _check_fit(self, policy: Policy) -> None:
        """Raise if an estimator is not one for this environment."""
        n_features, n_outputs = self._widths
        found = policy.n_features, policy.n_outputs
        if found[0] in (None, n_features) and found[1] is None:
            # It does not tell how wide its actions are: it is shown an observation.
            found = n_features, _width_of_action(policy, n_features)
        if found not in ((n_features, n_outputs), (None, n_outputs)):
            raise ValueError(
                f"env: expected one that fits the estimator, which has {_told(found)}, "
                f"got {self._env!r} with {_told(self._widths)}"
            )

    def _accept_sample_weight(self) -> bool:
        """Tell scikit-learn not to warn of weights: none of them is missed."""
        return True

    def __repr__(self) -> str:
        usual = {"metric": "return", "discount": 1.0}
        usual |= dict.fromkeys(("max_steps", "normalize", "n_jobs"))
        told = [
            f", {name}={value!r}"
            for name, value in self._shown.items()
            if name not in usual or value != usual[name]
        ]
        return f"make_return_scorer({self._env!r}{''.join(told)})"


def mean_return(
    outcomes: Sequence[Outcome], normalize: tuple[float, float] | None
) -> float:
    """Return the mean of the returns, on a scale from 0 to 1 if its ends are given."""
    mean = np.mean([outcome.value for outcome in outcomes])
    low, high = normalize or (0.0, 1.0)
    return float((mean - low) / (high - low))


def success_rate(outcomes: Sequence[Outcome]) -> float:
    """Return the part of the episodes that succeeded."""
    told = [outcome.is_success for outcome in outcomes]
    return float(successes_of(told, "metric='success'").mean())


def _width_of_action(policy: Policy, n_features: int) -> int:
    try:
        action = policy.act(np.zeros(n_features))
    except StepError as error:
        raise ValueError(f"estimator: {error}") from error.__cause__
    return len(action)


def _told(widths: tuple[int | None, int | None]) -> str:
    n_features, n_outputs = ("unknown" if n is None else n for n in widths)
    return f"{n_features} observation and {n_outputs} action dimensions"


def _check_discount(discount: Any) -> None:
    if isinstance(discount, bool) or not isinstance(discount, Real):
        raise TypeError(f"discount: expected a number, got {discount!r}")
    if not 0.0 < float(discount) <= 1.0:
        raise ValueError(
            f"discount: expected a number above 0 and at most 1, got {discount}"
        )


def _validate_levels(normalize: Any) -> tuple[float, float] | None:
    """Return the returns of a random policy and of an expert, which is better."""
    if normalize is None:
        return None
    expected = "normalize: expected the mean returns (random, expert), two numbers"
    try:
        levels = np.asarray(normalize)
    except ValueError:  # of parts of different lengths
        levels = np.empty(0)
    if levels.shape != (2,) or levels.dtype.kind not in "fiu":
        raise TypeError(f"{expected}, got {normalize!r}")
    if not (np.isfinite(levels).all() and levels[0] < levels[1]):
        raise ValueError(
            f"{expected} that are finite, the expert's above the other, "
            f"got {normalize!r}"
        )
    return float(levels[0]), float(levels[1])


def _check_success_alone(metric: Metric, discount: float, normalize: Any) -> None:
    """Raise if something is said of returns, and successes are to be counted."""
    for name, value, usual in (
        ("discount", discount, 1.0),
        ("normalize", normalize, None),
    ):
        if metric == "success" and value is not usual and value != usual:
            raise ValueError(
                f"{name}: expected {usual} with metric='success', which has no "
                f"returns, got {value!r}"
            )


def _check_jobs(n_jobs: Any) -> None:
    if n_jobs is None:
        return
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, (int, np.integer)):
        raise TypeError(f"n_jobs: expected an integer or None, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs: expected a number of workers, got 0")
