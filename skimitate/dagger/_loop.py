"""The loop of DAgger: collect, label, measure, train, decide."""

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from skimitate._seeds import spawn_seeds
from skimitate._threads import one_thread
from skimitate.cloning._regressor import BehaviorCloner
from skimitate.dagger._aggregate import Aggregate
from skimitate.environments._actors import Actor
from skimitate.environments._rollouts import PolicyDriver
from skimitate.environments._run import EnvLike, Episode, run_episodes

# How many of the rounds with the best returns so far are evaluated in the end.
_N_LEADERS = 5


class Candidate(NamedTuple):
    """A round's policy."""

    round: int
    learner: Any
    score: float


class Mixture:
    """Driver of episodes that labels each step by the expert and lets one of two drive.

    Parameters
    ----------
    expert : callable or object with act or predict
        Asked exactly once for each step.
    learner : callable or object with act or predict or None
        None lets the expert drive.
    beta : float
        Probability of each step that the expert drives nevertheless.
    """

    def __init__(self, expert: Any, learner: Any, beta: float) -> None:
        self.expert = Actor(expert, "expert")
        self.learner = None if learner is None else Actor(learner, "estimator")
        self.beta = beta

    def begin_episode(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.expert.reset()
        if self.learner is not None:
            self.learner.reset()

    def __call__(self, observation: NDArray, n_outputs: int) -> tuple[NDArray, NDArray]:
        label = self.expert(observation, n_outputs)
        if self.learner is None or self.rng.random() < self.beta:
            return label, label
        return label, self.learner(observation, n_outputs)


class DaggerLoop:
    """What DAgger holds while it runs, and gives up when it is done.

    Parameters
    ----------
    dagger : object
        With the parameters of :class:`skimitate.DAggerRegressor`.
    env : str, EnvSpec, callable, gymnasium.Env or None
        Where episodes are run.
    prototype : regressor
        The learner, not fitted.
    start : tuple of ndarrays (X, y) or None
        Demonstrations, y of shape (n_samples, n_outputs); None to collect them.
    y_ndim : int
        Number of dimensions of the y that the learner is given.
    """

    def __init__(
        self,
        dagger: Any,
        env: EnvLike | None,
        prototype: Any,
        start: tuple[NDArray, NDArray] | None,
        y_ndim: int,
    ) -> None:
        self.dagger = dagger
        self.env = env
        self.y_ndim = y_ndim
        demonstrations, rounds, evaluation, learning = spawn_seeds(
            dagger.random_state, 4
        )
        self._demonstration_seeds = demonstrations
        self._round_seeds = rounds.spawn(dagger.n_rounds)
        self._eval_seeds = evaluation.spawn(dagger.n_eval_episodes)
        self.prototype = _seeded_clone(prototype, learning)
        if start is not None:
            self.aggregate = Aggregate(*start)
        self.n_queries = 0
        self.round = 0
        self.history: list[dict[str, Any]] = []
        self._leaders: list[Candidate] = []
        self._began = time.perf_counter()

    def collect_demonstrations(self) -> None:
        """Let the expert drive, to have something to start from."""
        seeds = self._demonstration_seeds.spawn(self.dagger.n_episodes_per_round)
        episodes = self._run(Mixture(self.dagger.expert, None, 1.0), seeds, "round 0, ")
        self.aggregate = Aggregate(*_labels(episodes))
        self.n_queries += len(self.aggregate)

    def train_first(self) -> None:
        """Fit the learner to the demonstrations."""
        self._fit_anew()
        self._record(beta=1.0)

    def run_round(self, number: int, beta: float) -> None:
        """Collect episodes, label them, measure who drove, and train on all labels."""
        dagger = self.dagger
        self._began = time.perf_counter()
        seeds = self._round_seeds[number - 1].spawn(dagger.n_episodes_per_round)
        driver = Mixture(dagger.expert, self.learner, beta)
        episodes = self._run(driver, seeds, f"round {number}, ")
        if beta == 0.0:
            self._measure([episode.rewards.sum() for episode in episodes])
        elif dagger.keep == "best":
            self._measure(self._evaluate(self.learner, self.round))
        X, y = _labels(episodes)
        self.aggregate.append(X, y)
        self.n_queries += len(X)
        self.round = number
        self._train()
        self._record(beta)

    def _train(self) -> None:
        """Train on all labels: further, or anew."""
        n_epochs = self.dagger.n_epochs_per_round
        if not self.dagger.incremental or not hasattr(self.learner, "partial_fit"):
            self._fit_anew()
        elif isinstance(self.learner, BehaviorCloner):
            with self._naming_the_learner():
                X, y = self.aggregate.X, self.targets()
                self.learner.continue_fit(X, y, n_epochs=n_epochs)
        else:
            with self._naming_the_learner():
                for _ in range(n_epochs):
                    self.learner.partial_fit(self.aggregate.X, self.targets())

    def _fit_anew(self) -> None:
        with self._naming_the_learner():
            learner = clone(self.prototype)
            self.learner = learner.fit(self.aggregate.X, self.targets())

    @contextmanager
    def _naming_the_learner(self) -> Iterator[None]:
        """Say whose error it was, and when."""
        try:
            yield
        except Exception as error:
            raise ValueError(
                f"estimator: raised {error!r} (training in round {self.round})"
            ) from error

    def targets(self) -> NDArray[np.float64]:
        """Return all labels in the shape that the learner is given.

        Regressors expect a single output without a second axis.
        """
        y = self.aggregate.y
        return y.ravel() if self.y_ndim == 1 or y.shape[1] == 1 else y

    def _run(
        self, driver: Any, seeds: Sequence[np.random.SeedSequence], where: str
    ) -> list[Episode]:
        assert self.env is not None
        n_jobs = self.dagger.n_jobs
        return run_episodes(self.env, driver, seeds, n_jobs=n_jobs, where=where)

    def _evaluate(self, learner: Any, number: int) -> list[float]:
        """Return the learner's returns in the episodes kept for evaluation."""
        driver = PolicyDriver(learner, "estimator")
        episodes = self._run(
            driver, self._eval_seeds, f"evaluation of round {number}, "
        )
        return [episode.rewards.sum() for episode in episodes]

    def _record(self, beta: float) -> None:
        """Write down the round, before anything has measured its policy."""
        with one_thread():
            predicted = np.asarray(self.learner.predict(self.aggregate.X))
        errors = predicted.reshape(self.aggregate.y.shape) - self.aggregate.y
        self.history.append(
            {
                "round": self.round,
                "beta": beta,
                "n_samples": len(self.aggregate),
                "n_expert_queries": self.n_queries,
                "loss": float(np.mean(errors**2)),
                "mean_return": np.nan,
                "std_return": np.nan,
                "n_eval_episodes": 0,
                "seconds": time.perf_counter() - self._began,
            }
        )
        if self.dagger.verbose:
            before = self.history[-2:-1]
            measured = "".join(
                f", return of round {r['round']}: {r['mean_return']:.1f}"
                for r in before
            )
            print(
                f"Round {self.round}: {len(self.aggregate)} samples, "
                f"loss = {self.history[-1]['loss']:.4g}{measured}",
                flush=True,
            )

    def _measure(self, returns: list[float]) -> None:
        """Note the returns of the current policy; remember it if it leads."""
        self._note(self.round, returns)
        if self.dagger.keep == "last":
            return
        score = float(np.mean(returns))
        if len(self._leaders) == _N_LEADERS:
            worst = min(self._leaders, key=lambda leader: leader.score)
            if score < worst.score:
                return
            self._leaders.remove(worst)
        # The learner itself goes on training.
        self._leaders.append(Candidate(self.round, copy.deepcopy(self.learner), score))

    def _note(self, number: int, returns: list[float]) -> None:
        self.history[number] |= {
            "mean_return": float(np.mean(returns)),
            "std_return": float(np.std(returns)),
            "n_eval_episodes": len(returns),
        }

    def current(self) -> Candidate:
        """Return the policy as it stands."""
        return Candidate(self.round, self.learner, np.nan)

    def candidates(self) -> list[Candidate]:
        """Return the policies to choose from: the last, and the leaders if asked."""
        last = self.current()
        return [last] if self.dagger.keep == "last" else [*self._leaders, last]

    def evaluate(self, candidate: Candidate) -> Candidate:
        """Return a candidate with what it earns in the episodes kept for evaluation."""
        returns = self._evaluate(candidate.learner, candidate.round)
        self._note(candidate.round, returns)
        return candidate._replace(score=float(np.mean(returns)))

    def fitted_state(self) -> dict[str, Any]:
        """Return what a copy of the estimator needs to act as the learner does now."""
        return {"estimator_": copy.deepcopy(self.learner)}


def _labels(episodes: Sequence[Episode]) -> tuple[NDArray, NDArray]:
    """Join the observations and the expert's actions of some episodes."""
    return (
        np.concatenate([episode.observations for episode in episodes]),
        np.concatenate([episode.actions for episode in episodes]),
    )


def _seeded_clone(estimator: Any, seed: np.random.SeedSequence) -> Any:
    """Clone an estimator and set each random_state in it that is None."""
    copied = clone(estimator)
    rng = check_random_state(int(seed.generate_state(1)[0]))
    seeds = {
        name: rng.randint(np.iinfo(np.int32).max)
        for name, value in sorted(copied.get_params(deep=True).items())
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    }
    return copied.set_params(**seeds) if seeds else copied
