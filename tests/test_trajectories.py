"""Trajectories of one's own and of other libraries, in the forms in which they come."""

import json
import pickle
import re
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path

import gymnasium
import minari
import numpy as np
import pandas as pd
import pytest
import torch
from minari.data_collector import EpisodeBuffer
from numpy.testing import assert_array_equal
from toy import PointEnv, expert

from skimitate import BehaviorCloner, Rollouts, collect_rollouts
from skimitate.environments._fields import NAMES

N_STEPS = (4, 6, 1)
rng = np.random.default_rng(0)
SEEN = [rng.normal(size=(n + 1, 3)) for n in N_STEPS]
ACTIONS = [rng.normal(size=(n, 2)) for n in N_STEPS]
REWARDS = [rng.normal(size=n) for n in N_STEPS]
EPISODES = list(zip(SEEN, ACTIONS, REWARDS, strict=True))
# One of them.
S, A, R = EPISODES[0]
STEPS = [{"obs": o, "act": a} for o, a in zip(S, A, strict=False)]


@dataclass(frozen=True)
class Trajectory:
    """As imitation has them, with the last observation in a row of its own."""

    obs: np.ndarray
    acts: np.ndarray
    infos: np.ndarray | None
    terminal: bool


@dataclass(frozen=True)
class TrajectoryWithRew(Trajectory):
    rews: np.ndarray


class DictObs:
    """A dict in disguise, as imitation has them for Dict spaces."""

    def __init__(self, **arrays):
        self._d = arrays

    def __len__(self):
        return len(next(iter(self._d.values())))

    def __getitem__(self, key):
        return DictObs(**{name: array[key] for name, array in self._d.items()})

    def keys(self):
        return self._d.keys()


class Transition(namedtuple("Transition", "state action next_state reward")):
    """As in many a replay buffer."""


Sight = namedtuple("Sight", "picture move")


class Demo:
    """Somebody's class; it can replay, too."""

    def __init__(self, **parts):
        self.__dict__.update(parts)

    def act(self, observation):
        raise AssertionError("a method is no array of actions")


def as_json(episodes):
    dicts = [
        {"observations": s[:-1].tolist(), "actions": a.tolist(), "rewards": r.tolist()}
        for s, a, r in episodes
    ]
    return json.loads(json.dumps(dicts))


def ends(actions):
    return np.arange(len(actions)) == len(actions) - 1


FORMS = {
    "dicts from a JSON file": as_json,
    "dicts from a pickle": lambda episodes: pickle.loads(
        pickle.dumps([{"obs": s, "acts": a, "rews": r} for s, a, r in episodes])
    ),
    "dicts with much else": lambda episodes: [
        {"states": s[:-1], "action": a, "reward": r, "infos": [{}] * len(a), "id": 3}
        for s, a, r in episodes
    ],
    "dicts in an array": lambda episodes: np.array(
        [{"obs": s, "acts": a, "rews": r} for s, a, r in episodes], dtype=object
    ),
    "tuples": lambda episodes: [(s[:-1], a, r) for s, a, r in episodes],
    "lists": lambda episodes: [[s.tolist(), a.tolist(), [*r]] for s, a, r in episodes],
    "a generator": lambda episodes: ((s, a, r) for s, a, r in episodes),
    "arrays that are zipped": lambda episodes: zip(SEEN, ACTIONS, REWARDS, strict=True),
    "objects": lambda episodes: [
        Demo(observations=s[:-1], actions=a, rewards=r[:, np.newaxis])
        for s, a, r in episodes
    ],
    "imitation's": lambda episodes: [
        TrajectoryWithRew(s, a, None, terminal=True, rews=r) for s, a, r in episodes
    ],
    "dicts for each step": lambda episodes: [
        [
            {"observation": s[t], "action": a[t], "reward": r[t], "done": done}
            for t, done in enumerate(ends(a))
        ]
        for s, a, r in episodes
    ],
    "tuples for each step": lambda episodes: [
        list(zip(s[:-1], a, r, strict=True)) for s, a, r in episodes
    ],
    "objects for each step": lambda episodes: [
        tuple(Transition(s[t], a[t], s[t + 1], r[t]) for t in range(len(a)))
        for s, a, r in episodes
    ],
    "data frames of arrays": lambda episodes: [
        pd.DataFrame({"obs": [*s[:-1]], "action": [*a], "reward": r})
        for s, a, r in episodes
    ],
    "tensors": lambda episodes: [
        (torch.tensor(s), [torch.tensor(row) for row in a], torch.tensor(r))
        for s, a, r in episodes
    ],
}


@pytest.mark.parametrize("form", FORMS)
def test_the_steps_come_in_whatever_the_form(form):
    rollouts = Rollouts.from_trajectories(FORMS[form](EPISODES))
    assert_array_equal(rollouts.observations, np.concatenate([s[:-1] for s in SEEN]))
    assert_array_equal(rollouts.actions, np.concatenate(ACTIONS))
    assert_array_equal(rollouts.rewards, np.concatenate(REWARDS))
    assert_array_equal(rollouts.lengths, N_STEPS)
    policy = BehaviorCloner(max_iter=1).fit(rollouts.observations, rollouts.actions)
    assert policy.act(rollouts.observations).shape == rollouts.actions.shape


@pytest.mark.parametrize(
    "trajectory",
    [
        (S, A),
        {"observations": S, "actions": A},
        {"obs": S[:-1], "acts": A, "next_obs": S[1:]},
        {"obs": S[:-1], "acts": A, "last_obs": S[-1].tolist()},
        [*({"obs": s, "act": a} for s, a in zip(S, A, strict=False)), {"obs": S[-1]}],
        [*zip(S, A, strict=False), (S[-1], None)],
        [Transition(*row, None) for row in zip(S[:-1], A, S[1:], strict=True)],
    ],
)
def test_the_last_observation_may_be_told_in_many_ways(trajectory):
    rollouts = Rollouts.from_trajectories([trajectory])
    assert_array_equal(rollouts.last_observations, S[-1:])
    assert_array_equal(rollouts.observations, S[:-1])
    assert rollouts.rewards is rollouts.terminated is rollouts.truncated is None


@pytest.mark.parametrize(
    ("flags", "terminated", "truncated"),
    [
        ({"terminated": True, "truncated": False}, True, False),
        ({"terminations": [False] * 4, "truncations": ends(A)}, False, True),
        ({"terminals": [0, 0, 0, 1.0], "timeouts": [0, 0, 0, 0]}, True, False),
        ({"terminated": [[False]] * 3 + [[True]]}, True, None),
        # What a wrapper that counts steps, and gym before 0.26, call done.
        ({"done": True}, None, None),
        ({"terminal": False}, False, None),
        ({"dones": ends(A), "truncated": ends(A)}, False, True),
        ({"dones": ends(A), "truncated": False}, True, False),
        ({"dones": [False, *ends(A)]}, None, None),
        ({}, None, None),
    ],
)
def test_what_is_known_of_the_end(flags, terminated, truncated):
    rollouts = Rollouts.from_trajectories([{"obs": S, "acts": A, **flags}])
    assert rollouts.episodes[0].terminated is terminated
    assert rollouts.episodes[0].truncated is truncated


def test_how_the_last_of_the_steps_ended():
    steps = [{"obs": S[t], "act": A[t], "done": False} for t in range(4)]
    going_on = Rollouts.from_trajectories([steps])
    assert_array_equal(going_on.terminated, [False])
    over = Rollouts.from_trajectories([[*steps, {"obs": S[4], "done": True}]])
    assert over.terminated is None
    cut = Rollouts.from_trajectories([[*STEPS, {"obs": S[4], "truncated": True}]])
    assert_array_equal(cut.truncated, [True])
    assert_array_equal(over.last_observations, S[-1:])


def test_what_one_trajectory_lacks_is_none_for_all():
    rollouts = Rollouts.from_trajectories([(S, A, R), (S, A)])
    assert rollouts.rewards is None
    assert_array_equal(rollouts.last_observations, [S[-1], S[-1]])
    with pytest.raises(ValueError, match="rewards: expected one for each step"):
        print(rollouts.returns)


def test_kinds_of_numbers():
    singles = [(s.astype(np.float32), a.astype(np.float32)) for s, a, _ in EPISODES]
    rollouts = Rollouts.from_trajectories(singles)
    assert rollouts.observations.dtype == rollouts.actions.dtype == np.float32
    whole = [(np.arange(6, dtype=np.uint8).reshape(3, 2), [[1, 0], [0, 1], [1, 1]])]
    rollouts = Rollouts.from_trajectories(whole)
    assert rollouts.observations.dtype == rollouts.actions.dtype == np.float64
    assert_array_equal(rollouts.observations[-1], [4, 5])


def test_one_output_needs_no_second_dimension():
    rollouts = Rollouts.from_trajectories([(S, A[:, 0]), (S, [0, 0, 1, 0])])
    assert_array_equal(rollouts.actions[:4], A[:, :1])
    assert_array_equal(rollouts.actions[4:, 0], [0, 0, 1, 0])
    logged = [(o, float(a)) for o, a in zip(S[:-1], A[:, 0], strict=True)]
    assert_array_equal(Rollouts.from_trajectories([logged]).actions, A[:, :1])


def test_episodes_of_ours_go_in_again():
    demos = collect_rollouts(PointEnv, expert, n_episodes=3, random_state=0)
    assert Rollouts.from_trajectories(demos.episodes) == demos
    relabelled = [
        episode._replace(actions=(episode.observations[:, 0] + 1).tolist())
        for episode in demos.episodes
    ]
    rollouts = Rollouts.from_trajectories(relabelled)
    assert_array_equal(rollouts.actions, demos.observations[:, :1] + 1)
    assert_array_equal(rollouts.truncated, demos.truncated)


@pytest.fixture
def pendulum_dataset(tmp_path, monkeypatch):
    """A data set of Minari's, written by its own library."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    spaces = gymnasium.make("Pendulum-v1")
    buffers = [
        EpisodeBuffer(
            observations=s.astype(np.float32),
            actions=a[:, :1].astype(np.float32),
            rewards=r,
            terminations=np.zeros(len(a), dtype=bool),
            truncations=ends(a),
            infos={},
        )
        for s, a, r in EPISODES
    ]
    minari.create_dataset_from_buffers(
        "pendulum/noise-v0",
        buffers,
        env=spaces,
        eval_env=spaces,
        algorithm_name="noise",
        author="somebody",
        author_email="somebody@example.org",
        code_permalink="https://example.org",
        description="Three episodes of noise.",
    )
    spaces.close()


@pytest.mark.usefixtures("pendulum_dataset")
def test_a_minari_data_set_is_one_line():
    demos = Rollouts.from_trajectories(minari.load_dataset("pendulum/noise-v0"))
    seen = np.concatenate([s[:-1] for s in SEEN]).astype(np.float32)
    assert_array_equal(demos.observations, seen)
    assert_array_equal(demos.actions[:, 0], np.concatenate(ACTIONS)[:, 0].astype("f4"))
    assert_array_equal(demos.rewards, np.concatenate(REWARDS))
    assert_array_equal(demos.last_observations[0], S[-1].astype(np.float32))
    assert_array_equal(demos.truncated, [True] * 3)
    assert_array_equal(demos.terminated, [False] * 3)
    dataset = minari.load_dataset("pendulum/noise-v0")
    assert Rollouts.from_trajectories(dataset.iterate_episodes()) == demos
    with pytest.raises(TypeError, match=r"got EpisodeData .* put it into a list"):
        Rollouts.from_trajectories(dataset[0])


LIST = "expected a list of trajectories, got"


@pytest.mark.parametrize(
    ("trajectories", "message"),
    [
        ({"obs": S, "acts": A}, f"{LIST} dict .*'acts', .* put it into a list"),
        (Trajectory(S, A, None, True), f"{LIST} Trajectory .*: put it into a list"),
        ({"demo_0": (S, A)}, rf"{LIST} dict with the keys 'demo_0': .*\.values\(\)"),
        ({"obs": S, "states": S, "acts": A}, f"{LIST} one, of which expected one of"),
        (Rollouts.from_trajectories([(S, A)]), f"{LIST} Rollouts .* joined by"),
        ("demos.json", f"{LIST} 'demos.json': read the file first"),
        (3, f"{LIST} 3"),
        (np.array({"obs": S}), rf"{LIST} ndarray of shape \(\)"),
    ],
)
def test_what_is_no_list_of_trajectories(trajectories, message):
    with pytest.raises(TypeError, match=message):
        Rollouts.from_trajectories(trajectories)


@pytest.mark.parametrize(
    "trajectories",
    [
        (S, A),
        (S.tolist(), A.tolist()),
        (S[:2].tolist(), A[:2].tolist()),
        (S[:-1, 0], A),
        STEPS,
        [*zip(S, A, strict=False)],
        # As wide as what is seen, so that both might be columns.
        [*zip(A, A, strict=True)],
    ],
)
def test_one_trajectory_without_a_list_around_it_draws_a_hint(trajectories):
    with pytest.raises(ValueError, match=r"trajectories\[0\]: .* put it into a list"):
        Rollouts.from_trajectories(trajectories)


def test_there_are_no_rollouts_of_no_trajectories():
    for nothing in ([], iter(())):
        with pytest.raises(ValueError, match="trajectories: expected at least one"):
            Rollouts.from_trajectories(nothing)


HOLED = np.where(A[2] == A, np.nan, A)


@pytest.mark.parametrize(
    ("trajectory", "message"),
    [
        # Forms.
        (3, "expected a dict or object .*, got 3"),
        (np.zeros((2, 4, 3)), r"expected .*, got ndarray of shape \(2, 4, 3\)"),
        ([[o, a] for o, a in zip(S, A, strict=False)], "expected .* list of length 4"),
        (Demo(seen=S), "expected a dict or object .*, got Demo .* attributes 'seen'"),
        (Rollouts.from_trajectories([(S, A)]), "expected one .* Rollouts of many"),
        ({"obs": S, "acts": A, "episode_ids": [0] * 4}, "expected one trajectory, got"),
        (Sight(S, A), "expected a dict .* got Sight with the fields 'picture', 'move'"),
        # Names.
        (
            {"obs": S, "labels": A},
            "expected actions, as one of actions, action, acts, act, got dict with the "
            "keys 'obs', 'labels'",
        ),
        ({}, "expected observations, .* got dict with no keys"),
        (dict.fromkeys(range(12), 0), r"expected .* 9, \.\.\."),
        ({"obs": S, "acts": None}, "expected actions, as one of"),
        ({"obs": S, "states": S, "acts": A}, "got both 'obs' and 'states'"),
        # Lengths and widths.
        ([], "expected at least one step, got none"),
        (([], []), "actions: expected at least one step, got none"),
        ((S[:3], A), "observations: expected as many .*: 4 or 5, got 3"),
        ((S, A, R[:3]), r"rewards: expected one for each of the 4 .* shape \(3,\)"),
        ((S[:, :2], A), r"observations: expected 3 columns as in .*\[0\], got 2"),
        ((S, A[:, :1]), r"actions: expected 2 columns as in trajectories\[0\], got 1"),
        ((S[:, :0], A), r"observations: expected shape .*, got \(5, 0\)"),
        (
            {"obs": S[:-1], "acts": A, "next_obs": S},
            r"next_obs: expected shape \(4, 3\), got \(5, 3\)",
        ),
        (
            {"obs": S[:-1], "acts": A, "final_observation": S},
            r"final_observation: expected shape \(3,\), got \(5, 3\)",
        ),
        # Values.
        ((S, HOLED), r"actions: expected finite values, got nan at \[2, 0\]"),
        (
            (S, A, [0, 1, np.inf, 2]),
            r"rewards: expected finite values, got inf at \[2\]",
        ),
        (({"x": S, "v": S}, A), "observations: expected .* got dict with the keys 'x'"),
        (
            TrajectoryWithRew(DictObs(x=S, v=S), A, None, True, R),
            "obs: expected an array of numbers, got DictObs with the keys 'x', 'v'",
        ),
        ({"obs": [{"x": 1.0}] * 4, "acts": A}, "obs: expected .* dict with .* in it"),
        ((S, [*A[:3].tolist(), [None, 0.0]]), "actions: expected .* got None in it"),
        ((S, ["left"] * 4), "actions: expected an array of numbers, got 'left' in it"),
        ((S, [[1.0, 2.0], [3.0]]), "actions: expected .* rows of one length, got list"),
        ((torch.tensor(S, requires_grad=True), A), "observations: .* Use .*detach"),
        (([0, 1, 1, 0], A), r"observations: .*\(4,\).* Discrete space: one-hot"),
        ((np.zeros((4, 8, 8, 3)), A), r"observations: .*: reshape\(n_steps, -1\)"),
        # Ends.
        (
            {"obs": S, "acts": A, "dones": [0, 1, 0, 1]},
            "dones: expected True at the last step alone, got it at step 1 of 4",
        ),
        ({"obs": S, "acts": A, "done": [0, 1]}, r"done: expected .* shape \(2,\)"),
        ({"obs": S, "acts": A, "done": 2}, "done: expected True and False"),
        # Steps.
        (
            [*STEPS[:2], {"obs": S[2]}, STEPS[3]],
            r"steps\[2\]: expected 'act' in all steps or in none, got dict with the "
            "keys 'obs'",
        ),
        ([*STEPS, {"obs": S[4], "reward": 1.0}], r"steps\[4\]: expected 'act' in all"),
        ([*STEPS[:3], {"act": A[3]}], r"steps\[3\]: expected observations, as one of"),
        ([*STEPS[:3], Sight(S[3], A[3])], r"steps\[3\]: expected obs.* got Sight with"),
        ([*STEPS[:3], 7], r"steps\[3\]: expected observations, .* got 7"),
        ([{"obs": S[0]}], "expected actions, as one of"),
        (
            [(o, a, 1.0, o, False) for o, a in zip(S, A, strict=False)],
            r"steps\[0\]: expected \(observation, action\) or .* tuple of length 5",
        ),
        ([Transition(S[0], None, S[1], 0.0)], "expected actions"),
    ],
)
def test_what_is_wrong_with_a_trajectory_is_said_with_its_number(trajectory, message):
    with pytest.raises(ValueError, match=rf"^trajectories\[1\]: .*{message}"):
        Rollouts.from_trajectories([(S, A), trajectory])


def test_actions_of_a_discrete_space_are_not_taken_for_numbers():
    discrete = [{"obs": S, "acts": [0, 1, 1, 0]}, (S, np.array([0, 0, 2, 1]))]
    message = r"trajectories\[0\]: actions: .* whole numbers .* Discrete space"
    with pytest.raises(ValueError, match=message):
        Rollouts.from_trajectories(discrete)
    floats = [(S, np.array([0.0, 1.0, 1.0, 0.0]))]
    assert_array_equal(Rollouts.from_trajectories(floats).actions, [[0], [1], [1], [0]])


def test_the_page_lists_the_names_that_are_understood():
    docs = Path(__file__).resolve().parents[1] / "docs"
    page = (docs / "experts-and-demonstrations.md").read_text(encoding="utf-8")
    rows = [
        row.split(" | ")[:2]
        for row in page.split("## Your own trajectories")[1].splitlines()
        if row.startswith("| `")
    ]
    listed = [re.findall(r"`(\w+)`", " ".join(row)) for row in rows]
    assert listed == [list(names) for names in NAMES.values()]
