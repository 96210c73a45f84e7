"""What is imitated in the benchmark of tasks, by which learners."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import goal_task
import small_envs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skimitate
from skimitate import load_expert


class Task(NamedTuple):
    """What is imitated.

    Parameters
    ----------
    env : str or callable
        The environment.
    expert : callable
        Makes the expert.
    learners : sequence of str
        Keys of ``LEARNERS``.
    is_discrete : bool, default=False
        Whether actions are classes.
    seen : sequence of int or None, default=None
        The features that learners see; the expert sees all.
    n_demonstrations : int, default=20
        Of the clones.
    n_start : int, default=1
        Demonstrations that DAgger starts from.
    n_rounds : int, default=20
        Of DAgger.
    n_episodes_per_round : int, default=1
        Of DAgger.
    n_episodes : int, default=20
        In which a policy is measured.
    tells_success : bool, default=False
        Whether the environment reports ``is_success``.
    recurrent : mapping, default={}
        Parameters of the recurrent learner; the others are its defaults.
    """

    env: Any
    expert: Callable[[], Any]
    learners: Sequence[str] = ("plain",)
    is_discrete: bool = False
    seen: Sequence[int] | None = None
    n_demonstrations: int = 20
    n_start: int = 1
    n_rounds: int = 20
    n_episodes_per_round: int = 1
    n_episodes: int = 20
    tells_success: bool = False
    recurrent: Mapping[str, Any] = {}


def _plain(task: Task) -> Any:
    if task.is_discrete:
        return skimitate.BehaviorCloningClassifier()
    return skimitate.BehaviorCloner()


def _stacked(task: Task, n_steps: int) -> Any:
    if task.is_discrete:
        return skimitate.HistoryClassifier(_plain(task), n_steps)
    return skimitate.HistoryRegressor(_plain(task), n_steps)


def _recurrent(task: Task) -> Any:
    if task.is_discrete:
        return skimitate.RecurrentBehaviorCloningClassifier(**task.recurrent)
    return skimitate.RecurrentBehaviorCloner(**task.recurrent)


LEARNERS: dict[str, Callable[[Task], Any]] = {
    "plain": _plain,
    "stacked by 4": partial(_stacked, n_steps=4),
    "recurrent": _recurrent,
}
_MEMORY = tuple(LEARNERS)

TASKS = {
    "CartPole-v1": Task(
        "CartPole-v1",
        partial(load_expert, "CartPole-v1"),
        is_discrete=True,
        n_demonstrations=1,
        n_episodes=50,
    ),
    "Acrobot-v1": Task(
        "Acrobot-v1",
        partial(load_expert, "Acrobot-v1"),
        is_discrete=True,
        n_demonstrations=1,
        n_episodes=100,
    ),
    "MountainCar-v0": Task(
        "MountainCar-v0",
        partial(load_expert, "MountainCar-v0"),
        is_discrete=True,
        n_demonstrations=1,
        n_episodes=100,
    ),
    "Thrusters": Task(
        small_envs.Thrusters,
        lambda: small_envs.thruster_expert,
        is_discrete=True,
        n_demonstrations=5,
        n_episodes=100,
    ),
    "T-maze": Task(
        small_envs.TMaze,
        small_envs.TMazeExpert,
        _MEMORY,
        is_discrete=True,
        n_episodes=100,
    ),
    "GoalReacher": Task(
        goal_task.GoalReacher,
        lambda: goal_task.expert,
        n_demonstrations=200,
        n_start=20,
        n_rounds=40,
        n_episodes_per_round=10,
        n_episodes=100,
        tells_success=True,
    ),
    "Pendulum-v1 without velocity": Task(
        "Pendulum-v1",
        partial(load_expert, "Pendulum-v1"),
        _MEMORY,
        seen=(0, 1),
        n_rounds=60,
        # A memory of a few steps is enough for a velocity; with a longer one episodes
        # are learnt by heart before it is learnt when the expert switches.
        recurrent={
            "hidden_layer_sizes": (64,),
            "activation": "relu",
            "bptt_steps": 10,
            "batch_size": 20,
            "learning_rate_init": 3e-3,
        },
    ),
    "Hopper-v5 without velocities": Task(
        "Hopper-v5",
        partial(load_expert, "Hopper-v5"),
        _MEMORY,
        seen=range(5),
        n_rounds=60,
    ),
}


def learner_of(task: Task, name: str) -> Any:
    """Return a learner, not fitted, that sees what it may.

    Parameters
    ----------
    task : Task
        What it is to imitate.
    name : str
        A key of ``LEARNERS``.
    """
    learner = LEARNERS[name](task)
    if task.seen is None:
        return learner
    seen = FunctionTransformer(itemgetter((slice(None), list(task.seen))))
    return make_pipeline(seen, learner)
