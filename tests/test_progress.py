"""Progress: how far, how long, how much longer."""

import re
import sys

import pytest
from toy import PointEnv, expert

from skimitate import BehaviorCloner, DAggerRegressor
from skimitate.callbacks._progress import FitProgress, Progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes two seconds further each time that it is looked at."""
    times = iter(range(0, 10**6, 2))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))


def test_a_log_gets_a_line_at_every_tenth(clock, capsys):
    progress = Progress("Walking", "step")
    for i in range(1, 41):
        progress(i, 40)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[0] == "Walking: step 4/40, 8 s, 72 s left"
    assert lines[-1] == "Walking: step 40/40, 80 s, 0 s left"


def test_what_is_quick_gets_one_line(capsys):
    progress = Progress("Walking", "step")
    for i in range(1, 41):
        progress(i, 40, "loss 1")
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "Walking: step 40/40, loss 1, 0 s, 0 s left"


def test_a_terminal_gets_one_line_that_changes(clock, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    progress = Progress("Walking", "step")
    for i in range(1, 4):
        progress(i, 3)
    printed = capsys.readouterr().out
    assert printed.count("\r") == 3
    assert printed.endswith("\n")
    assert printed.count("\n") == 1


def test_a_fit_shows_its_epochs_rounds_and_evaluations(capsys):
    dagger = DAggerRegressor(
        BehaviorCloner(max_iter=3),
        env=PointEnv,
        expert=expert,
        n_rounds=4,
        n_eval_episodes=1,
        random_state=0,
    )
    dagger.set_callbacks(FitProgress("DAgger")).fit()
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"DAgger: round 4/4, 25 labels, return -\d+, 0 s, 0", lines[0])
    assert re.match(r"DAgger: candidate (\d)/\1, 0 s, 0 s left", lines[1])
    cloner = BehaviorCloner(max_iter=3).set_callbacks(FitProgress("BC"))
    cloner.fit([[0.0], [1.0]], [[0.0], [1.0]])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("BC: epoch 3/3, loss ")
