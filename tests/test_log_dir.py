"""``--log-dir``: what commands write down for TensorBoard."""

import json
import sys

import numpy as np
import pytest
from boards import runs_in, steps_and_values, tags_in, values

from skimitate import load_demonstrations
from skimitate.cli._main import main


@pytest.fixture
def demonstrations(tmp_path):
    """A file of four episodes."""
    X, y = load_demonstrations("Reacher-v5", return_X_y=True)
    path = tmp_path / "demonstrations.npz"
    np.savez(path, obs=X[:200], acts=y[:200], episode=np.repeat(range(4), 50))
    return path


def test_clone_writes_down_both_of_its_fits(demonstrations, tmp_path, capsys):
    log_dir = tmp_path / "runs"
    options = ["--epochs", "3", "--log-dir", str(log_dir)]
    assert main(["clone", str(demonstrations), *options]) == 0
    assert runs_in(log_dir) == {"clone-of-the-rest", "clone-of-everything"}
    rest, everything = (log_dir / f"clone-of-{of}" for of in ("the-rest", "everything"))
    for run in (rest, everything):
        assert steps_and_values(run, "loss/training")[0] == [1, 2, 3]
    assert len(values(rest, "loss/validation")) == 3
    assert "loss/validation" not in tags_in(everything)


@pytest.mark.parametrize("command", ["run", "clone"])
@pytest.mark.parametrize("missing", ["folder", "library"])
def test_where_nothing_can_be_written(
    command, missing, demonstrations, tmp_path, monkeypatch, capsys
):
    log_dir = tmp_path / "taken"
    if missing == "folder":
        log_dir.write_text("by a file")
        message = f"--log-dir: expected a folder that can be written to, got {log_dir}"
    else:
        monkeypatch.setitem(sys.modules, "tensorboard", None)
        message = "--log-dir: event files need tensorboard; pip install skimitate["
    subject = {"run": "Reacher-v5", "clone": str(demonstrations)}[command]
    assert main([command, subject, "--log-dir", str(log_dir)]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == f"{command}: loading ...\n"  # no work was done


@pytest.mark.slow
def test_the_main_job_draws_clone_dagger_and_expert_on_shared_axes(tmp_path, capsys):
    log_dir, out = tmp_path / "runs", tmp_path / "out"
    options = ["--episodes", "1", "--rounds", "2", "--jobs", "1"]
    folders = ["--log-dir", str(log_dir), "--out", str(out)]
    assert main(["run", "Reacher-v5", *options, *folders]) == 0
    assert runs_in(log_dir) == {"BC", "DAgger", "DAgger/expert"}
    results = json.loads((out / "results.json").read_text())

    for name, kept in (("BC", "clone"), ("DAgger", "dagger")):
        losses = json.loads((out / f"{kept}_losses.json").read_text())
        steps, found = steps_and_values(log_dir / name, "loss/validation")
        expected = [(record["epoch"], record["loss"]) for record in losses]
        # The policy that DAgger starts from is in the board alone.
        drawn = list(zip(steps, found, strict=True))[-len(expected) :]
        assert drawn == [(e, pytest.approx(loss, rel=1e-6)) for e, loss in expected]

    level = {name: np.mean(returns) for name, returns in results["returns"].items()}
    steps, found = steps_and_values(log_dir / "BC", "return/mean")
    assert steps == [0, 2]
    assert found == pytest.approx([level["BC"]] * 2, rel=1e-6)
    steps, found = steps_and_values(log_dir / "DAgger" / "expert", "return/mean")
    assert steps == [0, 1, 2]
    assert found == pytest.approx([level["Expert"]] * 3, rel=1e-6)
    assert steps_and_values(log_dir / "DAgger", "return/mean")[0] == [0, 1, 2]

    # What is kept from before is not fitted, and so not written down, again.
    assert main(["run", "Reacher-v5", *options, *folders]) == 0
    assert runs_in(log_dir) == {"BC", "DAgger", "DAgger/expert"}
