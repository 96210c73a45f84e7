"""What the benchmark of labels compares: environments, goals and ways of asking."""

import json
from typing import Any, Literal, NamedTuple

from sklearn.base import BaseEstimator

from skimitate import BehaviorCloner, DAggerRegressor

# Whoever tunes a setting leaves these seeds alone: 1000 and up are for that.
SEEDS = range(5)
OTHER_SEEDS = range(5, 10)
# A run that takes more is given up: a round may label a single state.
N_ROUNDS = 600
# The round that reaches the level, and the two after it.
N_SUSTAINED = 3
# What does not decide what is learnt, and what a run has of its own.
_UNDECIDING = {
    "checkpoint_dir",
    "env",
    "estimator",
    "expert",
    "max_steps",  # ends only what would never end by itself
    "n_jobs",
    "query_timeout",
    "random_state",
    "verbose",
}


class Task(NamedTuple):
    """An environment, and when its expert counts as imitated.

    Parameters
    ----------
    env : str
        Its id.
    budget : int
        Number of labels at which a run is given up.
    goal : int
        Number of labels that is to be reached, the median over the seeds.
    kind : {"part", "difference"}, default="part"
        What an episode scores: its return as a part of the expert's mean; or, where
        returns are negative and depend on the episode, its return less the expert's in
        the same episode.
    level : float, default=0.95
        The mean score from which on the expert counts as imitated.
    """

    env: str
    budget: int
    goal: int
    kind: Literal["part", "difference"] = "part"
    level: float = 0.95


TASKS = {
    task.env: task
    for task in (
        Task("Hopper-v5", 5_000, 300),
        Task("HalfCheetah-v5", 5_000, 200),
        Task("Walker2d-v5", 12_000, 500),
        Task("Ant-v5", 6_000, 400),
        Task("Humanoid-v5", 12_000, 3_000),
        Task("Reacher-v5", 5_000, 400, "difference", -0.5),
    )
}


class Start(NamedTuple):
    """What is labelled before the learner drives; all of it counts.

    Parameters
    ----------
    n_episodes : int
        Number of the expert's episodes.
    n_rows : int or None, default=None
        How many states of each are labelled, the first ones; None for all.
    """

    n_episodes: int
    n_rows: int | None = None


class Setting(NamedTuple):
    """A way to run DAgger.

    Parameters
    ----------
    start : Start
        What it begins with.
    dagger : dict
        Parameters of :class:`skimitate.DAggerRegressor`.
    learner : dict
        Parameters of its :class:`skimitate.BehaviorCloner`.
    rule : str or None, default=None
        Name of the rule in ``query_rules`` that chooses the states in place of
        ``dagger["query"]``, which is how many it chooses.
    envs : tuple of str or None, default=None
        The only environments that it is run in; None for all.
    """

    start: Start
    dagger: dict[str, Any]
    learner: dict[str, Any]
    rule: str | None = None
    envs: tuple[str, ...] | None = None


class PeerSetting(NamedTuple):
    """A way to run imitation's ``SimpleDAggerTrainer``, on Hopper.

    Parameters
    ----------
    as_ours : bool
        Whether it starts from one episode of the expert, the learner alone drives one
        episode a round, and a network of (50, 50) ReLU units trains for at least 3,000
        gradient steps a round; else everything is imitation's default: three episodes
        a round, the expert drives less and less over 15 rounds, and a network of
        (32, 32) tanh units trains for 4 epochs.
    """

    as_ours: bool
    envs: tuple[str, ...] = ("Hopper-v5",)


PEER_BUDGET = 30_000
CONTROL = "mean of four"
# Of one episode: in Reacher that is all of its 50.
_FIRST_STEPS = Start(1, 100)
_FOUR: dict[str, Any] = {"n_networks": 4}
_RULED = ("Hopper-v5", "HalfCheetah-v5", "Walker2d-v5")
# Humanoid takes ten times as long as the others together, and falls with few labels of
# each of its many short episodes: it has a setting of its own.
_FIVE = (*_RULED, "Ant-v5", "Reacher-v5")
_HUMANOID = ("Humanoid-v5",)

SETTINGS: dict[str, Setting | PeerSetting] = {
    "imitation, defaults": PeerSetting(as_ours=False),
    "imitation, episode a round": PeerSetting(as_ours=True),
    "every state": Setting(_FIRST_STEPS, {"query": "all"}, {}, envs=_FIVE),
    "random 50, ReLU": Setting(
        _FIRST_STEPS, {"query": 50}, {"activation": "relu"}, envs=_FIVE
    ),
    "random 25": Setting(_FIRST_STEPS, {"query": 25}, {}, envs=_FIVE),
    "random 10": Setting(_FIRST_STEPS, {"query": 10}, {}, envs=_FIVE),
    "a tenth": Setting(_FIRST_STEPS, {"query": 0.1}, {}, envs=_FIVE),
    CONTROL: Setting(_FIRST_STEPS, {"query": 25}, _FOUR, envs=_FIVE),
    "a tenth, mean of four": Setting(_FIRST_STEPS, {"query": 0.1}, _FOUR, envs=_FIVE),
    "a tenth of two episodes, mean of four, alpha=0.01": Setting(
        Start(1),
        {"query": 0.1, "n_episodes_per_round": 2},
        _FOUR | {"alpha": 0.01},
        envs=_HUMANOID,
    ),
    # Against the control, which asks about as many states, drawn at random.
    "novelty": Setting(_FIRST_STEPS, {"query": 25}, _FOUR, "novelty", _RULED),
    "disagreement": Setting(_FIRST_STEPS, {"query": 25}, _FOUR, "disagreement", _RULED),
}
RULES = [name for name, s in SETTINGS.items() if getattr(s, "rule", None)]


def budget_of(task: Task, setting: Setting | PeerSetting) -> int:
    """Return the number of labels at which a run is given up."""
    return PEER_BUDGET if isinstance(setting, PeerSetting) else task.budget


def dagger_of(setting: Setting) -> DAggerRegressor:
    """Return what learns in a setting, but for its environment, rule and seed."""
    return DAggerRegressor(
        BehaviorCloner(**setting.learner),
        n_rounds=N_ROUNDS + N_SUSTAINED,
        keep="last",
        **setting.dagger,
    )


def parameters_of(estimator: BaseEstimator) -> dict[str, Any]:
    """Return, as JSON has them, the parameters that decide what an estimator learns.

    Also those that have their defaults. What it is made of, its environment and its
    seed are left out.
    """
    parameters = estimator.get_params(deep=False)
    own = {name: parameters[name] for name in parameters if name not in _UNDECIDING}
    return json.loads(json.dumps(own))


def protocol_of(task: Task, name: str, experts: str) -> dict[str, Any]:
    """Return what JSON can hold of what decides the result of a run, but for the seed.

    The library's defaults are part of it: a run that was made with others is another.
    """
    setting = SETTINGS[name]
    own = setting._asdict()
    own.pop("envs")
    if isinstance(setting, Setting):
        dagger = dagger_of(setting)
        own["dagger"] = parameters_of(dagger)
        own["learner"] = parameters_of(dagger.estimator)
    return own | {
        "peer": isinstance(setting, PeerSetting),
        "experts": experts,
        "level": task.level,
        "budget": budget_of(task, setting),
    }
