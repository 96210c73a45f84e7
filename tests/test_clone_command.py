"""What a user has in a file, cloned from the command line."""

import csv
import re

import joblib
import numpy as np
import pytest

from skimitate import BehaviorCloner, load_policy
from skimitate.cli._main import main
from skimitate.datasets._files import read_steps

N_EPISODES, N_STEPS = 10, 20
RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, size=(N_EPISODES * N_STEPS, 3))
Y = np.column_stack([X[:, 0] - X[:, 1]])
IDS = np.repeat(np.arange(N_EPISODES), N_STEPS)
FEW = ["--epochs", "3", "--jobs", "1"]


def by_episode(array):
    return array.reshape(N_EPISODES, N_STEPS, -1)


def flags(at):
    marked = np.zeros((N_EPISODES, N_STEPS), dtype=bool)
    marked[:, at] = True
    return marked.ravel()


def write_csv(path, columns, separator=","):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


LOG = {
    "t": np.tile(np.arange(N_STEPS), N_EPISODES),
    "episode": [f"run {i}" for i in IDS],
    **{f"obs_{i}": X[:, i] for i in range(3)},
    "action": Y[:, 0],
    "reward": np.zeros(len(X)),
}
SENSORS = {
    "x": X[:, 0],
    "y": X[:, 1],
    "angle": X[:, 2],
    "u": Y[:, 0],
    "done": flags(-1),
}


@pytest.mark.parametrize(
    "arrays",
    [
        {"observations": X, "actions": Y, "episode_ids": IDS},
        {"observations": X, "actions": Y, "episode_ids": IDS + 7, "rewards": IDS},
        {"obs": by_episode(X), "acts": by_episode(Y)},
        {"obs": by_episode(X), "acts": by_episode(Y)[..., 0]},
        {"states": X, "actions": Y[:, 0], "dones": flags(-1)},
        {"obs": X, "actions": Y, "episode_starts": flags(0)},
        {"X": X.astype(np.float32), "y": Y.astype(np.float32), "episode": IDS},
    ],
)
def test_arrays_of_other_people_are_understood(tmp_path, arrays):
    np.savez(tmp_path / "mine.npz", **arrays)
    steps = read_steps(tmp_path / "mine.npz")
    np.testing.assert_allclose(steps.observations, X, rtol=1e-6)
    np.testing.assert_allclose(steps.actions, Y, rtol=1e-5)
    np.testing.assert_array_equal(steps.episode_ids, IDS)


def test_arrays_without_episodes(tmp_path):
    np.savez(tmp_path / "mine.npz", seen=X, done_by_hand=Y)
    steps = read_steps(
        tmp_path / "mine.npz", observations=["seen"], actions=["done_by_hand"]
    )
    np.testing.assert_array_equal(steps.actions, Y)
    assert steps.episode_ids is None


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_that_say_what_they_are(tmp_path, separator):
    steps = read_steps(write_csv(tmp_path / "log.csv", LOG, separator))
    np.testing.assert_array_equal(steps.observations, X)
    np.testing.assert_array_equal(steps.actions, Y)
    np.testing.assert_array_equal(steps.episode_ids, IDS)


def test_columns_that_are_named(tmp_path):
    path = write_csv(tmp_path / "log.csv", SENSORS)
    steps = read_steps(path, actions=["u"])
    np.testing.assert_array_equal(steps.observations, X)
    assert steps.origin["observations"] == "x, y, angle"
    steps = read_steps(path, actions=["u"], observations=["angle", "x"])
    np.testing.assert_array_equal(steps.observations, X[:, [2, 0]])


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("x,y,u\n1,2,3\n", [], "columns of actions, .*begin with act, or that --act"),
        ("x,y,u\n1,2,3\n", ["--actions", "v,u"], "no column v .*columns are x, y, u"),
        ("1,2,3\n4,5,6\n", [], "a header with the names of the columns, got '1,2,3'"),
        ("obs,act\n1,fast\n", [], "actions: expected numbers, but .*fast"),
        ("obs,act\n1,2\nnan,2\n", [], "observations: .*finite numbers, .*in row 1"),
    ],
)
def test_a_csv_file_that_is_not_understood(tmp_path, capsys, content, options, message):
    path = tmp_path / "log.csv"
    path.write_text(content)
    assert main(["clone", str(path), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(f"skimitate: error: DATA: {path}: .*{message}", line)


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"a": X, "b": Y}, [], "observations called observations or .*found a, b"),
        ({"obs": X, "b": Y}, ["--actions", "c"], "actions called c, and found obs, b"),
        ({"obs": X, "acts": Y[:-1]}, [], "as many actions as observations, got 199"),
        ({"obs": X, "acts": Y.astype(str)}, [], "actions: expected numbers"),
        ({"obs": X, "acts": Y, "episode": IDS[:3]}, [], r"200 steps, got shape \(3,\)"),
        ({"obs": X[None, None], "acts": Y}, [], "as many actions as observations"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, capsys, arrays, options, message):
    path = tmp_path / "mine.npz"
    np.savez(path, **arrays)
    assert main(["clone", str(path), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(f"skimitate: error: DATA: {path}: .*{message}", line)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.npz"], "DATA: no such file: no.npz"),
        (
            ["notes.txt"],
            "DATA: expected a file that ends in .npz or .csv, got notes.txt",
        ),
        (["bad.npz"], "DATA: bad.npz: expected an npz file of arrays"),
        (
            ["log.csv", "--out", "x.pt"],
            "--out: expected a file that ends in .joblib or",
        ),
        (["log.csv", "--out", "no/x.joblib"], "--out: no such folder: no"),
        (["log.csv", "--env", "Hoper-v5"], "--env: cannot make 'Hoper-v5'"),
        (["log.csv", "--env-arg", "a=1"], "--env-arg: expected --env beside it"),
        (
            ["log.csv", "--env", "Hopper-v5"],
            "--env: Hopper-v5 has 11 observation and 3 action dimensions, and log.csv "
            "has 3 and 1",
        ),
    ],
)
def test_what_else_may_be_wrong(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "bad.npz").write_text("nothing")
    write_csv(tmp_path / "log.csv", LOG)
    assert main(["clone", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"skimitate: error: {message}")
    assert "epoch" not in shown.out


def test_whole_episodes_are_held_out(tmp_path, capsys):
    path = write_csv(tmp_path / "log.csv", LOG)
    assert main(["clone", str(path), *FEW]) == 0
    printed = capsys.readouterr().out
    assert "200 rows" in printed
    assert "observations, 3 wide: obs_0, obs_1, obs_2" in printed
    assert "actions, 1 wide: action" in printed
    assert "10 of them, by episode" in printed
    held_out, score = re.search(r"held out (.*): R² (\S+) of", printed).groups()
    assert held_out == "2 of 10 episodes (40 rows)"
    # Every split of this data gives nearly the same score.
    rest = IDS < 8
    clone = BehaviorCloner(max_iter=3, random_state=0).fit(X[rest], Y[rest, 0])
    assert float(score) == pytest.approx(clone.score(X[~rest], Y[~rest, 0]), abs=0.15)
    assert "Nothing is kept: --out FILE keeps the clone." in printed
    assert [entry.name for entry in tmp_path.iterdir()] == ["log.csv"]


def test_without_episodes_the_last_rows_are_held_out(tmp_path, capsys):
    np.savez(tmp_path / "mine.npz", obs=X, acts=Y)
    assert main(["clone", str(tmp_path / "mine.npz"), *FEW]) == 0
    printed = capsys.readouterr().out
    assert "held out the last 40 rows (episodes are not known): R²" in printed
    np.savez(tmp_path / "mine.npz", obs=X, acts=Y, episode=np.zeros(200))
    assert main(["clone", str(tmp_path / "mine.npz"), *FEW]) == 0
    assert "last 40 rows (one episode is all)" in capsys.readouterr().out
    np.savez(tmp_path / "mine.npz", obs=X[:2], acts=Y[:2])
    assert main(["clone", str(tmp_path / "mine.npz"), *FEW]) == 0
    assert "No score: there is too little" in capsys.readouterr().out


def test_the_clone_of_everything_is_kept_and_run(tmp_path, capsys):
    demonstrations = tmp_path / "demonstrations.npz"
    collect = ["collect", "Reacher-v5", "--episodes", "4", "--jobs", "1"]
    assert main([*collect, "--out", str(demonstrations)]) == 0
    for name in ("clone.joblib", "clone.safetensors"):
        out = tmp_path / name
        env = ["--env", "Reacher-v5", "--env-arg", "reward_dist_weight=0.0"]
        options = [*env, "--episodes", "3", *FEW, "--out", str(out)]
        assert main(["clone", str(demonstrations), *options]) == 0
        printed = capsys.readouterr().out
        assert "4 of them, by episode_ids" in printed
        assert "Reacher-v5(reward_dist_weight=0.0): -" in printed
        assert f"over 3 episodes\nKept in {out}\n" in printed
        evaluate = ["evaluate", "Reacher-v5", "--policy", str(out), *env[2:]]
        assert main([*evaluate, "--episodes", "3", "--jobs", "1"]) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last in printed, "what was kept earns what was said"
    steps = read_steps(demonstrations)
    clone = BehaviorCloner(max_iter=3, random_state=0)
    expected = clone.fit(steps.observations, steps.actions).predict(steps.observations)
    for kept in (
        joblib.load(tmp_path / "clone.joblib"),
        load_policy(tmp_path / "clone.safetensors"),
    ):
        np.testing.assert_allclose(kept.act(steps.observations), expected, rtol=1e-6)
