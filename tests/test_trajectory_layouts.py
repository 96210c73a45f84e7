"""Trajectories without names: which list is of steps, of parts, of episodes."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from trajectories import REWARDS, A, R, S

from skimitate import Rollouts

# As many outputs as features, for two steps.
O2, A2 = S[:2].tolist(), S[2:4].tolist()
PAIRS = [[o, a] for o, a in zip(S.tolist(), A.tolist(), strict=False)]


@pytest.mark.parametrize(
    "steps",
    [
        PAIRS,
        PAIRS[:3],
        PAIRS[:2],
        PAIRS[:1],
        [[o, a[0]] for o, a in PAIRS[:2]],
        [[np.array(o), np.array(a)] for o, a in PAIRS],
        tuple(map(tuple, PAIRS)),
        [[o, o] for o, _ in PAIRS],
        [[o, o, 1.0] for o, _ in PAIRS[:2]],
        [*PAIRS[:3], [PAIRS[3][0], None]],
    ],
)
def test_pairs_in_lists_are_steps(steps):
    rollouts = Rollouts.from_trajectories([steps])
    actions = [step[1] for step in steps if step[1] is not None]
    assert_array_equal(rollouts.observations, [o for o, *_ in steps][: len(actions)])
    assert_array_equal(rollouts.actions, np.reshape(actions, (len(actions), -1)))


@pytest.mark.parametrize(
    "parts",
    [
        [S.tolist(), A.tolist()],
        [O2, [1.5, 2.5]],
        [O2, [[1.0], [2.0]], [0.5, 0.5]],
        [[*O2, O2[0]], A2],
        (O2, A2),
        # What zip(*steps) gives.
        list(zip(*PAIRS, strict=True)),
        [((0.1,), (0.2,), (0.3,), (0.4,)), (1.0, 2.0, 3.0, 4.0)],
        [[[0.1], [0.2], [0.3], [0.4]], [[1.0], [2.0], [3.0], [4.0]]],
    ],
)
def test_lists_of_observations_and_of_actions_are_parts(parts):
    rollouts = Rollouts.from_trajectories([parts])
    n_steps = len(parts[1])
    assert_array_equal(rollouts.observations, parts[0][:n_steps])
    assert_array_equal(rollouts.actions, np.reshape(parts[1], (n_steps, -1)))


@pytest.mark.parametrize(
    ("either", "shape"),
    [
        ([[[1, 2], [10.0, 20]], [[3, 4], [30, 40]]], "2, 2, 2"),
        ([O2, A2], "2, 2, 3"),
        (((O2[0], A2[0]), (O2[1], A2[1])), "2, 2, 3"),
        ([[[0.1], [1.0]], [[0.2], [2.0]], [[0.3], [3.0]]], "3, 2, 1"),
    ],
)
def test_what_may_be_steps_or_parts_has_to_be_made_clear(either, shape):
    message = rf"trajectories\[0\]: expected either .* \({shape}\), which may be both"
    with pytest.raises(ValueError, match=message):
        Rollouts.from_trajectories([either])
    steps = Rollouts.from_trajectories([[*map(tuple, either)]])
    assert_array_equal(steps.observations, [step[0] for step in either])
    assert_array_equal(steps.actions, [step[1] for step in either])
    parts = Rollouts.from_trajectories([tuple(map(list, either))])
    assert_array_equal(parts.observations, either[0])
    assert_array_equal(parts.actions, either[1])


@pytest.mark.parametrize(
    "unzipped",
    [
        # As wide and as long: each list might be one trajectory.
        [[S, S + 1], [S + 2, S + 3]],
        ([S.tolist(), S.tolist()], [S.tolist(), S.tolist()]),
        [[S, S], [S[:-1], S[:-1]]],
        # Nothing but pairs makes sense of these.
        [[S, S[1:]], [A, A[1:]]],
        [[S, S, S], [A, A, A]],
        [[S] * 9, [A] * 9],
        ((S, S), (A, A)),
        [[S, S], [A, A], [R, R]],
        [[S, S], [A[:, 0], A[:, 0]]],
    ],
)
def test_observations_of_all_and_actions_of_all_are_to_be_zipped(unzipped):
    message = r"^trajectories: .* zip\(observations, actions\) pairs them"
    with pytest.raises(ValueError, match=message):
        Rollouts.from_trajectories(unzipped)
    rollouts = Rollouts.from_trajectories(zip(*unzipped, strict=True))
    assert_array_equal(rollouts.lengths, [len(actions) for actions in unzipped[1]])
    again = Rollouts.from_trajectories(list(zip(*unzipped, strict=True)))
    assert again == rollouts


def test_pairs_that_are_clear_need_no_zip():
    for pairs in (
        [(S, S + 1), (S + 2, S + 3)],
        [[S, A], [S, A]],
        [[S, A, R], [S, A, R]],
        [[S, A[:, 0]], [S, A[:, 0]]],
    ):
        rollouts = Rollouts.from_trajectories(pairs)
        n_steps = len(pairs[0][1])
        assert_array_equal(rollouts.observations[:n_steps], pairs[0][0][:n_steps])
        assert_array_equal(rollouts.lengths, [n_steps, n_steps])


LOG = [
    {"obs": S[t].tolist(), "act": A[t].tolist(), "rew": float(R[t]), "episode": t // 2}
    for t in range(4)
]


def test_a_flat_log_is_to_be_grouped():
    way = r"group them, \[list\(steps\) .* step\['episode'\]\)\]$"
    with pytest.raises(TypeError, match=rf"got steps: .* 2 by 'episode': {way}"):
        Rollouts.from_trajectories(LOG)
    with pytest.raises(ValueError, match=rf"^trajectories\[0\]: .* {way}"):
        Rollouts.from_trajectories([LOG])
    grouped = [
        list(steps)
        for _, steps in itertools.groupby(LOG, key=lambda step: step["episode"])
    ]
    assert_array_equal(Rollouts.from_trajectories(grouped).lengths, [2, 2])
    with pytest.raises(ValueError, match=r"itertools.groupby\(sorted\(log, key="):
        Rollouts.from_trajectories([[LOG[0], LOG[2], LOG[1], LOG[3]]])


def test_a_flat_table_is_to_be_grouped():
    table = pd.DataFrame(LOG)
    way = r"\[steps for _, steps in log.groupby\('episode'\)\]$"
    with pytest.raises(TypeError, match=way):
        Rollouts.from_trajectories(table)
    with pytest.raises(ValueError, match=rf"^trajectories\[0\]: .* {way}"):
        Rollouts.from_trajectories([table])
    with pytest.raises(TypeError, match=r"got DataFrameGroupBy: give \[steps for"):
        Rollouts.from_trajectories(table.groupby("episode"))
    grouped = [steps for _, steps in table.groupby("episode")]
    assert_array_equal(Rollouts.from_trajectories(grouped).lengths, [2, 2])
    arrays = {"obs": S, "act": A, "episode": [0, 0, 1, 1]}
    with pytest.raises(ValueError, match="got 2 by 'episode': cut the arrays where"):
        Rollouts.from_trajectories([arrays])


def test_the_number_of_one_episode_is_passed_over():
    steps = [{**step, "episode": 3} for step in LOG]
    arrays = {"obs": S, "act": A, "rew": R, "episode": 4}
    ragged = np.empty(4, dtype=object)
    ragged[:] = [*S[:-1]]
    objects = {"obs": ragged, "act": A, "rew": REWARDS[0], "episode": 5}
    rollouts = Rollouts.from_trajectories([objects, arrays, steps])
    assert_array_equal(rollouts.lengths, [4, 4, 4])
    assert_array_equal(rollouts.observations[4:8], S[:-1])
