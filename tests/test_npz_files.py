"""Arrays of other people in an npz file, as ``clone`` reads them."""

import re

import numpy as np
import pytest
from logs import FEW, IDS, X, Y, by_episode, flags, refused

from skimitate.cli._main import main
from skimitate.datasets._files import read_steps


@pytest.mark.parametrize(
    "arrays",
    [
        {"observations": X, "actions": Y, "episode_ids": IDS},
        {"observations": X, "actions": Y, "episode_ids": IDS + 7, "rewards": IDS},
        {"obs": by_episode(X), "acts": by_episode(Y)},
        {"obs": by_episode(X), "acts": by_episode(Y)[..., 0]},
        {"states": X, "actions": Y[:, 0], "dones": flags(-1)},
        {"obs": X, "actions": Y, "episode_starts": flags(0)},
        {"obs": X, "actions": Y, "terminals": flags(-1)[:, None]},
        {"obs": X, "actions": Y, "dones": flags(-1)[:, None], "timeouts": 0 * IDS},
        {"obs": X, "actions": Y, "episode": IDS[:, None], "infos": np.array([{}])},
        {
            "obs": by_episode(X),
            "acts": by_episode(Y),
            "dones": flags(-1).reshape(10, -1),
        },
        {"X": X.astype(np.float32), "y": Y.astype(np.float32), "episode": IDS},
    ],
)
def test_arrays_of_other_people_are_understood(tmp_path, arrays):
    np.savez(tmp_path / "mine.npz", **arrays)
    steps = read_steps(tmp_path / "mine.npz")
    np.testing.assert_allclose(steps.observations, X, rtol=1e-6)
    np.testing.assert_allclose(steps.actions, Y, rtol=1e-5)
    np.testing.assert_array_equal(steps.episode_ids, IDS)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["goal[0]", "goal[1]", "mode=0"], r" \(goal\[0\], goal\[1\], mode=0\)\n"),
        ([f"mode={i}" for i in range(13)], r" \(mode=0, .*, mode=11, \.\.\.\)\n"),
        (np.array([{}]), r"\n"),
        ([1, 2, 3], r"\n"),
    ],
)
def test_rollouts_tell_what_their_columns_are(tmp_path, capsys, names, told):
    arrays = {"observations": X, "actions": Y, "episode_ids": IDS}
    np.savez(tmp_path / "mine.npz", **arrays, feature_names=names)
    assert main(["clone", str(tmp_path / "mine.npz"), "--epochs", "1"]) == 0
    assert re.search(
        f"observations, 3 wide: observations{told}", capsys.readouterr().out
    )


def test_arrays_without_episodes(tmp_path):
    np.savez(tmp_path / "mine.npz", seen=X, done_by_hand=Y)
    steps = read_steps(
        tmp_path / "mine.npz", observations=["seen"], actions=["done_by_hand"]
    )
    np.testing.assert_array_equal(steps.actions, Y)
    assert steps.episode_ids is None


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"a": X, "b": Y}, [], "DATA: .*called one of observations, .*are a, b; --obs"),
        ({"obs": X, "b": Y}, ["--actions", "c"], "--actions: no array c; .* obs, b"),
        (
            {"a": X, "b": Y},
            ["--observations", "a,b"],
            "--observations: expected one ar",
        ),
        ({"obs": X, "acts": Y[:-2]}, [], "DATA: .*as many actions as .*, got 198"),
        ({"obs": X, "acts": Y.astype(str)}, [], "DATA: .*: actions: expected numbers"),
        ({"obs": X, "acts": np.array([{}])}, [], "DATA: .*'acts' is .* Python objects"),
        (
            {"obs": X, "acts": Y, "episode": IDS[:3]},
            [],
            r"DATA: .*200 steps, got shape \(3,\); --episode-ids names what to take",
        ),
        (
            {"obs": X, "acts": Y[1:], "dones": flags(-1)},
            [],
            "DATA: .* observations of 10 episodes, got 199 and one more",
        ),
        (
            {"obs": X, "acts": Y, "dones": flags(-1), "timeouts": True},
            [],
            "DATA: .*flags of one shape, got timeouts of bool and shape ",
        ),
        (
            {"obs": X[None, None], "acts": Y},
            [],
            r"DATA: .*row for each step, got shape",
        ),
        ({"obs": by_episode(X), "acts": Y}, [], r"DATA: .* got \(200, 1\) and \(10, 2"),
        ({"obs": X[0, 0], "acts": Y}, [], r"DATA: .*row for each step, got shape \(\)"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, capsys, arrays, options, message):
    path = tmp_path / "mine.npz"
    np.savez(path, **arrays)
    assert re.match(message, refused(capsys, path, *options))


@pytest.mark.parametrize(
    "arrays",
    [
        {"obs": X, "acts": Y[1:]},
        {"obs": X, "acts": Y[1:], "terminated": False, "truncated": True},
        {"obs": X, "acts": Y[1:], "dones": np.arange(199) == 198},
        {"obs": X, "acts": Y[1:], "episode": np.full((200, 1), 4)},
        {"obs": X[None], "acts": Y[None, 1:]},
    ],
)
def test_the_observation_after_the_last_action_is_left_out(tmp_path, capsys, arrays):
    path = tmp_path / "one.npz"
    np.savez(path, **arrays)
    steps = read_steps(path)
    np.testing.assert_array_equal(steps.observations, X[:-1])
    np.testing.assert_array_equal(steps.actions, Y[1:])
    assert steps.n_episodes == 1
    assert main(["clone", str(path), *FEW]) == 0
    printed = capsys.readouterr().out
    assert "wide: obs (that after the last action left out)\n" in printed
    assert "held out the last 40 rows (one episode is all)" in printed
