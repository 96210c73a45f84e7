"""What a user has in a file, cloned from the command line."""

import re

import joblib
import numpy as np
import pytest
from boards import steps_and_values
from logs import FEW, IDS, LOG, X, Y, write_csv

from skimitate import BehaviorCloner, BehaviorCloningClassifier, load_policy
from skimitate.cli._main import main
from skimitate.datasets._files import read_steps

LOSS = "loss/validation"


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
            "DATA: expected a file that ends in .npz, .csv, .parquet, .hdf5 or .h5, "
            "got notes.txt",
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
        (
            ["log.csv", "--env", "CartPole-v1"],
            "--env: CartPole-v1 takes classes: expected numbers for actions such as",
        ),
        (
            ["text.csv", "--env", "CartPole-v1", "--observations", "a,b,c,d"],
            "--env: CartPole-v1 takes actions of the space Discrete(2), and text.csv "
            "has 'left'",
        ),
        (
            ["whole.npz", "--env", "CartPole-v1"],
            "--env: CartPole-v1 takes actions of the space Discrete(2), and whole.npz "
            "has 2",
        ),
        (
            ["text.csv", "--env", "Pendulum-v1", "--observations", "a,b,c"],
            "DATA: text.csv: actions: expected a number in column 'act', line 2, got '",
        ),
    ],
)
def test_what_else_may_be_wrong(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "bad.npz").write_text("nothing")
    write_csv(tmp_path / "log.csv", LOG)
    (tmp_path / "text.csv").write_text("a,b,c,d,act\n1,2,3,4,left\n")
    whole = np.arange(3)
    np.savez(tmp_path / "whole.npz", obs=np.ones((3, 4)), acts=whole)
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


def test_labels_become_a_classifier(tmp_path, capsys):
    labels = np.where(Y[:, 0] > 0, "left", "right")
    path = write_csv(tmp_path / "log.csv", LOG | {"action": labels})
    out = tmp_path / "clone.safetensors"
    assert main(["clone", str(path), *FEW, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "\n  actions are classes: left, right\n" in printed
    accuracy = float(re.search(r"rows\): accuracy (\S+) of the clone of", printed)[1])
    rest = IDS < 8
    clone = BehaviorCloningClassifier(max_iter=3, random_state=0).fit(X, labels)
    assert accuracy == pytest.approx(clone.score(X[~rest], labels[~rest]), abs=0.15)
    assert (load_policy(out).act(X)[:, 0] == clone.predict(X)).all()


@pytest.mark.parametrize(
    ("actions", "options", "told"),
    [
        (Y, [], "numbers\n"),
        (IDS % 2, [], "classes: 0, 1 (or else --actions-are numbers)\n"),
        (IDS % 2, ["--actions-are", "numbers"], "numbers\n"),
        (IDS % 2.0, [], "numbers (or else --actions-are classes)\n"),
        (IDS % 2.0, ["--actions-are", "classes"], "classes: 0, 1\n"),
        (
            np.column_stack([IDS % 2, np.arange(200) % 14]),
            [],
            "classes: 0, 1 | 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ... (or else",
        ),
    ],
)
def test_it_says_what_it_takes_actions_for(tmp_path, capsys, actions, options, told):
    np.savez(tmp_path / "mine.npz", obs=X, acts=actions, episode=IDS)
    assert main(["clone", str(tmp_path / "mine.npz"), *options, "--epochs", "1"]) == 0
    printed = capsys.readouterr().out
    assert f"\n  actions are {told}" in printed
    assert ("accuracy" if "classes:" in told else "R²") in printed


def test_a_class_that_only_the_held_out_part_has(tmp_path, capsys):
    arrays = {"obs": X, "acts": np.arange(200) // 190}
    np.savez(tmp_path / "mine.npz", **arrays)
    logs = ["--log-dir", str(tmp_path / "logs")]
    assert main(["clone", str(tmp_path / "mine.npz"), *FEW, *logs]) == 0
    assert "accuracy 0.7500 of the clone of the rest" in capsys.readouterr().out
    (loss,) = steps_and_values(tmp_path / "logs" / "clone-of-the-rest", LOSS)[1][-1:]
    assert loss == pytest.approx(-0.25 * np.log(np.finfo(float).eps), rel=0.01)


def test_what_an_environment_takes_is_learnt(tmp_path, capsys):
    demonstrations = tmp_path / "demonstrations.npz"
    collect = ["collect", "CartPole-v1", "--episodes", "2", "--jobs", "1"]
    assert main([*collect, "--out", str(demonstrations)]) == 0
    steps = read_steps(demonstrations)
    # As most libraries keep them.
    np.savez(
        tmp_path / "floats.npz",
        obs=steps.observations,
        acts=steps.actions.astype(np.float32),
        episode=steps.episode_ids,
    )
    for name in ("demonstrations.npz", "floats.npz"):
        out = tmp_path / "clone.joblib"
        options = ["--env", "CartPole-v1", "--episodes", "2", "--out", str(out)]
        assert main(["clone", str(tmp_path / name), *options, *FEW]) == 0
        printed = capsys.readouterr().out
        assert "actions are classes: 0, 1 (for CartPole-v1)" in printed
        assert "accuracy" in printed
        evaluate = ["evaluate", "CartPole-v1", "--policy", str(out), "--jobs", "1"]
        assert main([*evaluate, "--episodes", "2"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] in printed
    options = ["--env", "Pendulum-v1", "--observations", "X", "--actions", "acts"]
    np.savez(tmp_path / "torque.npz", X=X, acts=IDS % 2)
    assert main(["clone", str(tmp_path / "torque.npz"), *options, *FEW]) == 0
    assert "actions are numbers (for Pendulum-v1)" in capsys.readouterr().out
