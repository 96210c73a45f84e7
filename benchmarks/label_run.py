"""One run: rounds of labels, each measured, until the expert counts as imitated."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from label_settings import N_ROUNDS, N_SUSTAINED, Setting, Start, Task, dagger_of
from numpy.typing import NDArray
from query_rules import make_rule

from skimitate import as_policy, collect_rollouts, evaluate_policy

N_EPISODES = 20
# Of the expert, for its mean.
N_EXPERT_EPISODES = 100
EXPERT_SEED = 20_000
# What else has a seed of its own in a run, beside each measurement.
DEMONSTRATIONS, ROUNDS = 1, 2


class Level(NamedTuple):
    """What the expert earns in 100 episodes that serve nothing else.

    Parameters
    ----------
    mean, best : float
        Of their returns.
    """

    mean: float
    best: float

    @classmethod
    def of(cls, returns: Sequence[float]) -> Self:
        """Return that of some episodes."""
        return cls(float(np.mean(returns)), float(np.max(returns)))


class Subject(Protocol):
    """What learns, round by round, and can be measured after each.

    Attributes
    ----------
    n_labels : int
        How many labels it has been given so far, from the first demonstration on.
    most : float
        What no mean of episodes is taken to exceed.
    """

    n_labels: int
    most: float

    def advance(self) -> None:
        """Go through one more round."""

    def score(self, n_episodes: int, random_state: int) -> Sequence[float]:
        """Return what each of some fresh episodes scores."""


def seed_of(seed: int, number: int = 0, part: int = 0, purpose: int = 0) -> int:
    """Return the seed of one thing in a run.

    Parameters
    ----------
    seed : int
        Of the run.
    number, part : int, default=0
        Of a measurement: the round, and how many of its episodes come before.
    purpose : int, default=0
        What it is for, if not for a measurement.
    """
    # All four always: to NumPy a key is the same with zeros behind it.
    key = (seed, number, part, purpose)
    return int(np.random.SeedSequence(key).generate_state(1)[0] >> 1)


def measure(subject: Subject, task: Task, seed: int, number: int) -> tuple[float, int]:
    """Return the mean score and the number of episodes: 20, or until it is too low.

    Parameters
    ----------
    subject : Subject
        As it stands.
    task : Task
        With the level.
    seed, number : int
        Of the run, and of the round.
    """
    scores: list[float] = []
    while len(scores) < N_EPISODES:
        # One by one: of a policy that falls, two or three tell that it cannot be.
        scores += subject.score(1, seed_of(seed, number, len(scores)))
        n_left = N_EPISODES - len(scores)
        if n_left and sum(scores) + n_left * subject.most < N_EPISODES * task.level:
            break
    return float(np.mean(scores)), len(scores)


def first_sustained(
    scores: Sequence[float], counts: Sequence[int], level: float
) -> int | None:
    """Return the first round that reaches the level as the two after it do, or None.

    Parameters
    ----------
    scores : sequence of float
        Mean score of each round.
    counts : sequence of int
        Of how many episodes; a mean of fewer than 20 reaches nothing.
    level : float
        What is to be reached.
    """
    streak = 0
    for i, (score, count) in enumerate(zip(scores, counts, strict=True)):
        streak = streak + 1 if score >= level and count == N_EPISODES else 0
        if streak == N_SUSTAINED:
            return i - N_SUSTAINED + 1
    return None


def follow(
    subject: Subject, task: Task, budget: int, seed: int, n_rounds: int = N_ROUNDS
) -> dict[str, Any]:
    """Let it learn until it has reached and held the level, or the budget is used up.

    A run whose last round reaches the level is not cut off by the budget: whether that
    is sustained is yet to be seen.

    Returns
    -------
    dict
        ``labels``, ``scores`` and ``episodes`` of each round, the start included, and
        ``reached``: the number of labels, or None.
    """
    labels: list[int] = []
    scores: list[float] = []
    episodes: list[int] = []
    while True:
        score, n_episodes = measure(subject, task, seed, len(labels))
        labels.append(subject.n_labels)
        scores.append(score)
        episodes.append(n_episodes)
        found = first_sustained(scores, episodes, task.level)
        used_up = labels[-1] >= budget or len(labels) > n_rounds
        if found is not None or (used_up and score < task.level):
            break
        subject.advance()
    return {
        "labels": labels,
        "scores": [round(score, 4) for score in scores],
        "episodes": episodes,
        "reached": None if found is None else labels[found],
    }


class OurDagger:
    """DAgger by ``ask`` and ``tell``, in one environment that stays open.

    Parameters
    ----------
    env : gymnasium.Env
        Where it learns and is measured.
    expert : callable
        Labels a batch of observations.
    level : Level
        What the expert earns.
    task : Task
        What an episode scores.
    setting : Setting
        How it asks and learns.
    seed : int
        Determines everything but the episodes that measure it.
    """

    def __init__(
        self,
        env: Any,
        expert: Any,
        level: Level,
        task: Task,
        setting: Setting,
        seed: int,
    ) -> None:
        self.env, self.expert, self.level, self.task = env, expert, level, task
        self.most = level.best / level.mean if task.kind == "part" else math.inf
        X, y = demonstrations(env, expert, setting.start, seed)
        self.dagger = dagger_of(setting).set_params(
            env=env, random_state=seed_of(seed, purpose=ROUNDS)
        )
        if setting.rule is not None:
            rule = make_rule(setting.rule, setting.dagger["query"], X)
            self.dagger.set_params(query=rule)
        self.n_labels = len(X)
        self._questions = self.dagger.ask(X, y)

    def advance(self) -> None:
        """Label what was asked, and train."""
        asked = self._questions or self.dagger.ask()
        self._questions = None
        self.dagger.tell(asked.ids, self.expert(asked.observations))
        self.n_labels += len(asked.ids)
        if self.n_labels != self.dagger.history_[-1]["n_samples"]:
            raise RuntimeError("labels that were given and not aggregated")

    def score(self, n_episodes: int, random_state: int) -> list[float]:
        """Return what the learner scores as it stands."""
        options = {"n_episodes": n_episodes, "random_state": random_state}
        policy = as_policy(self.dagger.estimator_)
        returns = evaluate_policy(self.env, policy, **options)
        if self.task.kind == "difference":
            of_expert = evaluate_policy(self.env, self.expert, **options)
            return (returns - of_expert).tolist()
        return (returns / self.level.mean).tolist()


def demonstrations(
    env: Any, expert: Any, start: Start, seed: int
) -> tuple[NDArray, NDArray]:
    """Return the observations that are labelled first, and their labels."""
    seed = seed_of(seed, purpose=DEMONSTRATIONS)
    demos = collect_rollouts(
        env, expert, n_episodes=start.n_episodes, random_state=seed
    )
    rows = np.concatenate(
        [
            np.flatnonzero(demos.episode_ids == number)[: start.n_rows]
            for number in range(start.n_episodes)
        ]
    )
    return demos.observations[rows], demos.actions[rows]
