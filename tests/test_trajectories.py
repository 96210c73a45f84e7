"""Trajectories of one's own and of other libraries, in the forms in which they come."""

import json
import pickle
import re
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
from trajectories import (
    ACTIONS,
    EPISODES,
    N_STEPS,
    REWARDS,
    SEEN,
    STEPS,
    A,
    Demo,
    R,
    S,
    TrajectoryWithRew,
    Transition,
    ends,
)

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    Rollouts,
    collect_rollouts,
)
from skimitate.environments._fields import NAMES


def as_json(episodes):
    dicts = [
        {"observations": s[:-1].tolist(), "actions": a.tolist(), "rewards": r.tolist()}
        for s, a, r in episodes
    ]
    return json.loads(json.dumps(dicts))


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
    "lists for each step, as in JSON": lambda episodes: json.loads(
        json.dumps(
            [
                [[s[t].tolist(), a[t].tolist(), r[t]] for t in range(len(a))]
                for s, a, r in episodes
            ]
        )
    ),
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
    "tensors that want a gradient": lambda episodes: [
        [(wanted(s[t]), 1.0 * wanted(a[t]), wanted(r[t])) for t in range(len(a))]
        for s, a, r in episodes
    ],
}


def wanted(array):
    return torch.tensor(array, requires_grad=True)


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
        [(S[t], A[t], None, S[t + 1]) for t in range(4)],
        (S[:-1], A, None, S[1:]),
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


@pytest.mark.parametrize(
    ("flags", "terminated", "truncated"),
    [((True,), None, None), ((False, True), False, True), ((True, False), True, False)],
)
def test_steps_of_a_replay_buffer(flags, terminated, truncated):
    going_on = (False,) * len(flags)
    steps = [
        (S[t], A[t], R[t], S[t + 1], *(flags if t == 3 else going_on)) for t in range(4)
    ]
    columns = tuple(map(np.array, zip(*steps, strict=True)))
    for trajectory in (steps, columns):
        rollouts = Rollouts.from_trajectories([trajectory])
        assert_array_equal(rollouts.observations, S[:-1])
        assert_array_equal(rollouts.actions, A)
        assert_array_equal(rollouts.rewards, R)
        assert_array_equal(rollouts.last_observations, S[-1:])
        assert rollouts.episodes[0].terminated is terminated
        assert rollouts.episodes[0].truncated is truncated


def test_nothing_follows_on_the_last_step_of_a_replay_buffer():
    steps = [(S[t], A[t], R[t], S[t + 1], False) for t in range(3)]
    rollouts = Rollouts.from_trajectories([[*steps, (S[3], A[3], R[3], None, True)]])
    assert_array_equal(rollouts.observations, S[:-1])
    assert rollouts.last_observations is None


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
    assert rollouts.observations.dtype == np.float64
    assert rollouts.actions.dtype == np.int64
    assert_array_equal(rollouts.observations[-1], [4, 5])


def test_tensors_keep_their_precision():
    single = torch.tensor(S, dtype=torch.float32, requires_grad=True)
    half = torch.tensor(A, dtype=torch.bfloat16)
    rollouts = Rollouts.from_trajectories([(single, half)])
    assert rollouts.observations.dtype == np.float32
    assert_array_equal(rollouts.observations, S[:-1].astype(np.float32))
    assert_array_equal(rollouts.actions, half.double().numpy())


def test_one_output_needs_no_second_dimension():
    rollouts = Rollouts.from_trajectories([(S, A[:, 0]), (S, [0, 0, 1, 0])])
    assert_array_equal(rollouts.actions[:4], A[:, :1])
    assert_array_equal(rollouts.actions[4:, 0], [0, 0, 1, 0])
    logged = [(o, float(a)) for o, a in zip(S[:-1], A[:, 0], strict=True)]
    assert_array_equal(Rollouts.from_trajectories([logged]).actions, A[:, :1])


@pytest.mark.parametrize(
    "actions",
    [
        [-250, 400, 0, 7],
        [[0], [1], [0], [1]],
        [[0, 1], [2, 0], [1, 1], [0, 0]],
        np.array([True, False] * 2),
        np.array([0, 1, 1, 0], dtype=np.uint8),
        torch.tensor([3, 1, 1, 0]),
    ],
)
def test_integers_stay_integers_in_the_shape_that_they_have(actions):
    rollouts = Rollouts.from_trajectories([{"obs": S, "act": actions}] * 2)
    assert rollouts.actions.dtype == np.int64
    assert_array_equal(rollouts.actions, np.concatenate([np.asarray(actions)] * 2))
    policy = BehaviorCloningClassifier(max_iter=1)
    policy.fit(rollouts.observations, rollouts.actions)
    assert policy.predict(rollouts.observations).shape == rollouts.actions.shape


def test_whole_numbers_are_continuous_actions_to_a_regressor():
    rollouts = Rollouts.from_trajectories([{"obs": S, "act": [-250, 400, 0, 7]}])
    policy = BehaviorCloner(max_iter=1).fit(rollouts.observations, rollouts.actions)
    assert policy.act(S[:2]).shape == (2,)


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
