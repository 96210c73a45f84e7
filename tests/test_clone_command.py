"""What a user has in a file, cloned from the command line."""

import re

import joblib
import numpy as np
import pytest
from logs import FEW, IDS, LOG, X, Y, write_csv

from skimitate import BehaviorCloner, load_policy
from skimitate.cli._main import main
from skimitate.datasets._files import read_steps


@pytest.mark.parametrize("names", ["", "x,,y", "a\nb"])
def test_names_that_are_none(capsys, names):
    with pytest.raises(SystemExit):
        main(["clone", "log.csv", "--actions", names])
    assert "--actions: expected names with commas betw" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.npz"], "DATA: no such file: no.npz"),
        (
            ["notes.txt"],
            "DATA: expected a file that ends in .npz or .csv, got notes.txt",
        ),
        (
            ["bad.npz"],
            "DATA: bad.npz: expected an npz file of arrays, but it is no npz file\n",
        ),
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
    assert "\n  episodes: not known\n" in printed
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
