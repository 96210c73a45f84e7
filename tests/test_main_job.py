"""The main job from the command line, and what it keeps."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skimitate import BehaviorCloner, Rollouts, load_policy
from skimitate.cli._main import main


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The main job, small, in a process of its own."""
    out = tmp_path_factory.mktemp("run") / "out"
    command = [sys.executable, "-W", "error", "-m", "skimitate", "run", "Hopper-v5"]
    options = ["--episodes", "1", "--rounds", "3", "--jobs", "1", "--out", str(out)]
    job = subprocess.run(
        [*command, *options], check=True, capture_output=True, text=True
    )
    return job.stdout, out


@pytest.mark.slow
def test_the_main_job_shows_progress_and_a_table(finished):
    printed, _ = finished
    for line in ("episode 1/1, ", "BC: epoch 1875/1875", "DAgger: round 3/3"):
        assert line in printed
    rows = printed.splitlines()
    (row,) = [line for line in rows if line.startswith("| Hopper-v5")]
    assert row.count("(") == 3
    assert "| Environment       | Roll-outs | Expert Rewards" in printed
    assert "normalized return" in printed


@pytest.mark.slow
def test_the_main_job_keeps_what_it_made(finished):
    _, out = finished
    rollouts = Rollouts.load(out / "demonstrations.npz")
    assert rollouts.n_episodes == 1
    results = json.loads((out / "results.json").read_text())
    assert {name: len(r) for name, r in results["returns"].items()} == dict.fromkeys(
        ("Expert", "BC", "DAgger", "Random"), 20
    )
    means = {name: np.mean(r) for name, r in results["returns"].items()}
    expected = (means["DAgger"] - means["Random"]) / (means["Expert"] - means["Random"])
    assert results["normalized_return"]["DAgger"] == pytest.approx(expected)
    assert len(results["history"]) == 4
    dagger = joblib.load(out / "dagger.joblib")
    assert isinstance(dagger, BehaviorCloner)
    clone = joblib.load(out / "clone.joblib")
    X = rollouts.observations[:5]
    assert dagger.predict(X).shape == clone.predict(X).shape == (5, 3)
    for name, model, key in (("clone", clone, "BC"), ("dagger", dagger, "DAgger")):
        policy = load_policy(out / f"{name}.safetensors")
        assert_array_equal(policy.act(X), model.predict(X))
        assert policy.mean_return == pytest.approx(means[key])
    assert (out / "learning_curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_main_job_goes_on_where_it_stopped(finished, capsys):
    _, out = finished
    before = (out / "results.json").read_text()
    (out / "dagger.joblib").unlink()
    options = ["--episodes", "1", "--rounds", "3", "--jobs", "1"]
    assert main(["run", "Hopper-v5", *options, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "BC: kept from before" in printed
    assert "DAgger: round 3/3" in printed
    before, after = json.loads(before), json.loads((out / "results.json").read_text())
    assert after["returns"] == before["returns"]
    assert main(["run", "Hopper-v5", *options, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "DAgger: round" not in printed
    assert "| Hopper-v5" in printed
    again = json.loads((out / "results.json").read_text())
    assert again["seconds"] == after["seconds"]


@pytest.mark.slow
def test_the_table_of_one_row(tmp_path, capsys):
    options = ["--roll-outs", "2", "--rounds", "1", "--seeds", "2", "--jobs", "1"]
    out = tmp_path / "table"
    assert main(["table", "Reacher-v5", *options, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Reacher-v5, network: default, seed 1" in printed
    assert "Evaluating DAgger: episode 50/50" in printed
    assert (out / "table.md").read_text() in printed + "\n"
    rows = json.loads((out / "table.json").read_text())["rows"]
    assert [row["network"] for row in rows] == ["post", "default"]
    for row in rows:
        assert np.shape(row["returns"]["BC"]) == (2, 50)
    for folder in ("seed-0", "seed-1", "seed-0-default", "seed-1-default"):
        for picture in ("losses.png", "learning_curve.png"):
            path = out / "Reacher-v5" / folder / picture
            assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_results(finished, tmp_path):
    _, out = finished
    options = ["--episodes", "1", "--rounds", "3", "--jobs", "2"]
    assert main(["run", "Hopper-v5", *options, "--out", str(tmp_path)]) == 0
    one, two = (
        json.loads((d / "results.json").read_text())["returns"] for d in (out, tmp_path)
    )
    assert one == two


@pytest.mark.slow
def test_collect_and_evaluate(finished, tmp_path, capsys):
    _, out = finished
    path = tmp_path / "rollouts.npz"
    options = ["--episodes", "2", "--jobs", "1"]
    assert main(["collect", "Hopper-v5", *options, "--out", str(path)]) == 0
    rollouts = Rollouts.load(path)
    assert rollouts.n_episodes == 2
    assert main(["evaluate", "Hopper-v5", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("Hopper-v5: 37")
    assert main(["evaluate", "Hopper-v5", *options, "--seed", "3"]) == 0
    assert lines[-1] != capsys.readouterr().out.splitlines()[-1]
    policy = str(out / "clone.joblib")
    assert main(["evaluate", "Hopper-v5", *options, "--policy", policy]) == 0
    assert "over 2 episodes" in capsys.readouterr().out
    assert main(["evaluate", "Reacher-v5", "--policy", policy]) == 2
    message = (
        "--policy: Reacher-v5 has 10 observation and 2 action dimensions, and this"
    )
    assert message in capsys.readouterr().err
