"""The loop of DAgger: collect, label, measure, train."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate._seeds import spawn_seeds
from skimitate._sklearn import CallbackContext, is_watched
from skimitate._threads import one_thread
from skimitate.dagger._aggregate import Aggregate, Labels
from skimitate.dagger._leaders import Candidate, Leaders
from skimitate.dagger._learner import Learner
from skimitate.dagger._mixture import Mixture
from skimitate.dagger._plan import Plan
from skimitate.dagger._report import round_report
from skimitate.dagger._tags import takes_single_output
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._episode import Episode
from skimitate.environments._make import EnvLike
from skimitate.environments._run import return_of, run_episodes


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
    start : Aggregate or None
        Demonstrations; None to collect them.
    y_ndim : int
        Number of dimensions of the y that the user gave.
    plan : Plan
        What was settled of the rounds.

    Attributes
    ----------
    aggregate : Aggregate
        All labels so far.
    history : list of dict
        A record of each round.
    expert_return : float or None
        Mean return of the demonstrations, if it collected them.
    """

    def __init__(
        self,
        dagger: Any,
        env: EnvLike | None,
        prototype: Any,
        start: Aggregate | None,
        y_ndim: int,
        plan: Plan,
    ) -> None:
        self.dagger = dagger
        self.plan = plan
        self.env = env
        self.y_ndim = y_ndim
        demonstrations, rounds, evaluation, learning = spawn_seeds(
            dagger.random_state, 4
        )
        self._demonstration_seeds = demonstrations
        self._round_seeds = rounds.spawn(dagger.n_rounds)
        self._eval_seeds = evaluation.spawn(dagger.n_eval_episodes)
        self._ravels = takes_single_output(prototype)
        self._learner = Learner(
            prototype,
            incremental=dagger.incremental,
            seed=learning,
            owner=dagger,
            fit_params=plan.fit_params,
        )
        if start is not None:
            self.aggregate = start
        self.n_queries = 0
        self.round = 0
        self.history: list[dict[str, Any]] = []
        self.expert_return: float | None = None
        self._leaders = Leaders()
        self._began = time.perf_counter()

    @property
    def learner(self) -> Any:
        """The fitted learner as it stands."""
        return self._learner.fitted

    def collect_demonstrations(self, context: CallbackContext) -> None:
        """Let the expert drive, to have something to start from.

        Parameters
        ----------
        context : CallbackContext
            Of the task that this is a part of.
        """
        seeds = self._demonstration_seeds.spawn(self.dagger.n_episodes_per_round)
        driver = Mixture(self.dagger.expert, None, 1.0)
        with self._episodes_of(context, "demonstrations", len(seeds)) as report:
            episodes = self._run(driver, seeds, "round 0, ", report=report)
        X, y, numbers = _labels(episodes)
        self.aggregate = Aggregate(X, y, self.plan.weights[0], numbers)
        self.expert_return = float(np.mean([return_of(e) for e in episodes]))
        self.n_queries += len(self.aggregate)

    def train_first(self, context: CallbackContext) -> None:
        """Fit the learner to the demonstrations.

        Parameters
        ----------
        context : CallbackContext
            Of this task.
        """
        with self._naming_the_round():
            training = self._learner.start(self._training_set(), context)
        self._record(1.0, training)

    def run_round(self, number: int, beta: float, context: CallbackContext) -> None:
        """Collect episodes, label them, measure who drove, and train on all labels.

        Parameters
        ----------
        number : int
            Of the round, from 1.
        beta : float
            Probability of each step that the expert drives.
        context : CallbackContext
            Of this round.
        """
        dagger = self.dagger
        self._began = time.perf_counter()
        seeds = self._round_seeds[number - 1].spawn(dagger.n_episodes_per_round)
        driver = Mixture(dagger.expert, self.learner, beta)
        with self._episodes_of(context, "collection", len(seeds)) as report:
            episodes = self._run(driver, seeds, f"round {number}, ", report=report)
        if beta == 0.0:
            self._measure([return_of(episode) for episode in episodes])
        elif dagger.keep == "best":
            name = f"evaluating round {self.round}"
            self._measure(self._evaluate(self.current(), context, name))
        X, y, numbers = _labels(episodes)
        self.aggregate.append(X, y, self.plan.weights[number], numbers)
        self.n_queries += len(X)
        self.round = number
        task = context.subcontext(task_name="train")
        with self._naming_the_round():
            training = self._learner.train(
                self._training_set(), dagger.n_epochs_per_round, task
            )
        self._record(beta, training)

    @contextmanager
    def _naming_the_round(self) -> Iterator[None]:
        """Say when the learner failed."""
        try:
            yield
        except ValueError as error:
            raise ValueError(
                f"{error} (training in round {self.round})"
            ) from error.__cause__

    def _training_set(self) -> Labels:
        """Return all that there is to learn."""
        aggregate = self.aggregate
        weight = aggregate.weight if self.plan.is_weighted else None
        # One episode alone has to be cut by whoever wants a part of it.
        groups = aggregate.episodes if aggregate.n_episodes > 1 else None
        return Labels(aggregate.X, self.targets(), weight, groups)

    def targets(self) -> NDArray[np.float64]:
        """Return all labels in the shape that the learner is given.

        Most regressors expect a single output without a second axis.
        """
        y = self.aggregate.y
        return y.ravel() if y.shape[1] == 1 and self._ravels else y

    def labels(self) -> NDArray[np.float64]:
        """Return all labels in the shape that the user gave them."""
        return self.aggregate.y.ravel() if self.y_ndim == 1 else self.aggregate.y

    def _run(
        self,
        driver: Any,
        seeds: Sequence[np.random.SeedSequence],
        where: str,
        **options: Any,
    ) -> list[Any]:
        assert self.env is not None
        options |= {"n_jobs": self.dagger.n_jobs, "where": where}
        return run_episodes(self.env, driver, seeds, **options)

    @contextmanager
    def _episodes_of(
        self, context: CallbackContext, name: str, n_episodes: int
    ) -> Iterator[Callable[[int, int], None] | None]:
        """Make a task of some episodes; yields what is told how many are done."""
        task = context.subcontext(task_name=name, max_subtasks=n_episodes)
        task.call_on_fit_task_begin(estimator=self.dagger)
        # Where episodes are reported, workers take them in more and smaller parts.
        yield self._reporter(task) if is_watched(self.dagger) else None
        task.call_on_fit_task_end(estimator=self.dagger)

    def _reporter(self, task: CallbackContext) -> Callable[[int, int], None]:
        n_reported = 0

        def report(done: int, total: int) -> None:
            nonlocal n_reported
            for _ in range(n_reported, done):
                episode = task.subcontext(task_name="episode")
                episode.call_on_fit_task_begin(estimator=self.dagger)
                episode.call_on_fit_task_end(estimator=self.dagger)
            n_reported = done

        return report

    def _evaluate(
        self, candidate: Candidate, context: CallbackContext, name: str
    ) -> list[float]:
        """Return a policy's returns in the episodes kept for evaluation."""
        driver = PolicyDriver(candidate.learner, "estimator")
        where = f"evaluation of round {candidate.round}, "
        seeds = self._eval_seeds
        with self._episodes_of(context, name, len(seeds)) as report:
            return self._run(driver, seeds, where, keep=return_of, report=report)

    def _record(self, beta: float, training: str) -> None:
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
                "training": training,
                "loss": float(np.mean(errors**2)),
                "mean_return": np.nan,
                "std_return": np.nan,
                "n_eval_episodes": 0,
                "evaluated": False,
                "seconds": time.perf_counter() - self._began,
            }
        )
        if self.dagger.verbose:
            print(round_report(self.history), flush=True)

    def _measure(self, returns: list[float]) -> None:
        """Note the returns of the current policy, which may be kept for them."""
        self._note(self.round, returns)
        if self.dagger.keep == "best":
            score = float(np.mean(returns))
            self._leaders.propose(self.current()._replace(score=score))

    def _note(self, number: int, returns: list[float]) -> None:
        self.history[number] |= {
            "mean_return": float(np.mean(returns)),
            "std_return": float(np.std(returns)),
            "n_eval_episodes": len(returns),
        }

    def current(self) -> Candidate:
        """Return the policy as it stands."""
        return Candidate(self.round, self.learner)

    def candidates(self) -> list[Candidate]:
        """Return the policies to choose from: the leaders if asked, and the last."""
        return [*self._leaders.candidates, self.current()]

    def evaluate(
        self, candidate: Candidate, context: CallbackContext, name: str
    ) -> Candidate:
        """Return a candidate with what it earns in the episodes kept for evaluation.

        Parameters
        ----------
        candidate : Candidate
            A policy.
        context : CallbackContext
            Of the task that this is a part of.
        name : str
            What this task is called.

        Returns
        -------
        Candidate
        """
        returns = self._evaluate(candidate, context, name)
        self._note(candidate.round, returns)
        self.history[candidate.round]["evaluated"] = True
        return candidate._replace(score=float(np.mean(returns)))


def _labels(episodes: Sequence[Episode]) -> tuple[NDArray, NDArray, NDArray]:
    """Join the observations, the expert's actions and the numbers of some episodes."""
    lengths = [len(episode.observations) for episode in episodes]
    return (
        np.concatenate([episode.observations for episode in episodes]),
        np.concatenate([episode.actions for episode in episodes]),
        np.repeat(np.arange(len(episodes)), lengths),
    )
