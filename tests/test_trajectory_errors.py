"""Trajectories that cannot be read: what is said of them."""

import numpy as np
import pytest
from trajectories import (
    STEPS,
    A,
    Demo,
    DictObs,
    R,
    S,
    Sight,
    Trajectory,
    TrajectoryWithRew,
    Transition,
)

from skimitate import Rollouts

LIST = "expected a list of trajectories, got"


@pytest.mark.parametrize(
    ("trajectories", "message"),
    [
        ({"obs": S, "acts": A}, f"{LIST} dict .*'acts', .* put it into a list"),
        (Trajectory(S, A, None, True), f"{LIST} Trajectory .*: put it into a list"),
        ({"demo_0": (S, A)}, rf"{LIST} dict with the keys 'demo_0': .*\.values\(\)"),
        ({"demo_0": STEPS}, rf"{LIST} dict with the keys 'demo_0': .*\.values\(\)"),
        (
            {"joints": S, "torques": A},
            rf"{LIST} dict .* \[\(t\['joints'\], t\['torques'\]\)\] if it is one",
        ),
        ({"demos": [{"obs": S, "acts": A}]}, rf"{LIST} dict .* in it, data\['demos'\]"),
        ({"demos": [STEPS]}, rf"{LIST} dict .*: give the list in it, data\['demos'\]"),
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
        # As many as there are parts of a step.
        [(o, 1.0, 0.5, o, False) for o in S],
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
        ([[o] for o in [*S, *S]], "expected a dict or object .* list of length 10"),
        (Demo(seen=S), "expected a dict or object .*, got Demo .* attributes 'seen'"),
        (Rollouts.from_trajectories([(S, A)]), "expected one .* Rollouts of many"),
        ({"obs": S, "acts": A, "episode_ids": [0] * 4}, "expected one trajectory, got"),
        (Sight(S, A), "expected a dict .* got Sight with the fields 'picture', 'move'"),
        # Names.
        (
            {"obs": S, "labels": A},
            "expected actions, as one of actions, action, acts, act, got dict with the "
            r"keys 'obs', 'labels'. Or .*, as by \(t\['obs'\], t\['labels'\]\)",
        ),
        (
            {"joint_states": S, "torques": A, "id": 3},
            r"expected observations, .* Or give tuples of \(observations, actions\), "
            r"as by \(t\['joint_states'\], t\['torques'\]\)",
        ),
        (
            [{"joints": o, "torques": a} for o, a in zip(S, A, strict=False)],
            r"steps\[0\]: expected .* by \(t\['joints'\], t\['torques'\]\)",
        ),
        ({"a": S, "b": S, "c": A}, r"Or give tuples of \(observations, actions\)$"),
        ({"id": 3, "steps": STEPS}, r"expected .* may be the trajectory: t\['steps'\]"),
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
            [(o, a, 1.0, o, 0.5, False, {}) for o, a in zip(S, A, strict=False)],
            r"steps\[0\]: expected \(observation, action\), .* tuple of length 7; a d",
        ),
        (
            [(o, a, o, 1.0) for o, a in zip(S, A, strict=False)],
            r"steps\[0\]: .* in this order, got .* with 1.0 in the place of next_obs",
        ),
        (
            [(o, a, 1.0, o, False, {}) for o, a in zip(S, A, strict=False)],
            r"steps\[0\]: .* got .* dict with no keys in the place of truncated",
        ),
        (
            [(o, 1.0, 1.0) for o in S[0]],
            r"observations: expected shape .*, got \(3,\)",
        ),
        ([Transition(S[0], None, S[1], 0.0)], "expected actions"),
    ],
)
def test_what_is_wrong_with_a_trajectory_is_said_with_its_number(trajectory, message):
    with pytest.raises(ValueError, match=rf"^trajectories\[1\]: .*{message}"):
        Rollouts.from_trajectories([(S, A), trajectory])
