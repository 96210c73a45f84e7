"""Progress: how far, how long, how much longer."""

import re
import sys
from itertools import pairwise

import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from toy import PointEnv, expert

from skimitate import BehaviorCloner, DAggerRegressor
from skimitate.callbacks._progress import Progress
from skimitate.callbacks._work import followed


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes two seconds further each time that it is looked at."""
    times = iter(range(0, 10**6, 2))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))


@pytest.fixture
def terminal(monkeypatch):
    """Makes a terminal of where a test prints to."""
    return lambda: monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def walk(n_steps, reports=None):
    with followed("step", n_steps, Progress("Walking")) as report:
        for i in reports or range(1, n_steps + 1):
            report(i, n_steps)


def dagger(learner, **options):
    options = {"n_rounds": 4, "n_eval_episodes": 1, "random_state": 0} | options
    return DAggerRegressor(learner, env=PointEnv, expert=expert, **options)


def test_a_log_gets_a_line_at_every_tenth(clock, capsys):
    walk(40)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[0] == "Walking: step 4/40, 8 s, 72 s left"
    assert lines[-1] == "Walking: step 40/40, 80 s, 0 s left"


def test_what_is_quick_gets_one_line(capsys):
    walk(40)
    assert capsys.readouterr().out == "Walking: step 40/40, 0 s, 0 s left\n"
    walk(1)
    assert capsys.readouterr().out == "Walking: step 1/1, 0 s, 0 s left\n"


def test_parts_may_be_done_several_at_a_time(capsys):
    walk(7, reports=(3, 6, 7))
    assert capsys.readouterr().out == "Walking: step 7/7, 0 s, 0 s left\n"


def test_a_terminal_gets_one_line_that_changes(clock, terminal, capsys):
    terminal()
    walk(3)
    printed = capsys.readouterr().out
    assert printed.count("\r") == 3
    assert printed.endswith("\n")
    assert printed.count("\n") == 1


def test_what_stops_early_leaves_the_line_as_well(terminal, capsys):
    terminal()

    def give_up():
        with followed("step", 9, Progress("Walking")) as report:
            report(2, 9)
            raise RuntimeError("tired")

    with pytest.raises(RuntimeError, match="tired"):
        give_up()
    printed = capsys.readouterr().out
    assert "step 2/9" in printed
    assert printed.endswith("\n")


def test_a_cloner_shows_its_epochs(capsys):
    cloner = BehaviorCloner(max_iter=3).set_callbacks(Progress("BC"))
    cloner.fit([[0.0], [1.0]], [[0.0], [1.0]])
    (line,) = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"BC: epoch 3/3, loss \S+, 0 s, 0 s left", line)


def test_dagger_shows_its_start_its_rounds_and_the_decision(capsys):
    learner = BehaviorCloner(max_iter=3)
    dagger(learner, n_epochs_per_round=2).set_callbacks(Progress("DAgger")).fit()
    start, rounds, decision = capsys.readouterr().out.splitlines()
    assert re.match(r"DAgger: epoch 3/3, loss \S+, 0 s", start)
    assert re.match(r"DAgger: round 4/4, 25 labels, return -\d+, 0 s, 0 s", rounds)
    assert re.match(r"DAgger: candidate (\d)/\1, 25 labels, return", decision)


def test_rounds_and_epochs_show_together(clock, terminal, capsys):
    terminal()
    learner = BehaviorCloner(max_iter=3)
    dagger(learner, n_epochs_per_round=5).set_callbacks(Progress("DAgger")).fit()
    shown = re.split(r"[\r\n]+", capsys.readouterr().out)
    nested = [line for line in shown if "round 3/4, epoch 2/5" in line]
    assert len(nested) == 1
    left = [int(re.search(r"(\d+) s left", s)[1]) for s in shown if "round 3/4" in s]
    # A look at the clock takes two seconds.
    assert all(later <= sooner + 2 for sooner, later in pairwise(left))
    assert left[0] > left[-1] > 0


def test_a_learner_without_callbacks_shows_the_rounds(capsys):
    dagger(Ridge()).set_callbacks(Progress("DAgger")).fit()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("DAgger: round 4/4")


def test_a_search_shows_its_candidates_and_what_is_inside(terminal, capsys):
    terminal()
    search = GridSearchCV(
        dagger(BehaviorCloner(max_iter=2), n_epochs_per_round=3),
        {"keep": ["best", "last"]},
        cv=2,
    )
    X = [[float(i), 0.0] for i in range(8)]
    search.set_callbacks(Progress("Search")).fit(X, X)
    shown = re.split(r"[\r\n]+", capsys.readouterr().out)
    assert any(
        "candidate-split-evaluation 2/4, round 3/4, epoch 1/3" in line for line in shown
    )


def test_depth_limits_what_is_shown(capsys):
    progress = Progress("DAgger", max_propagation_depth=0)
    dagger(BehaviorCloner(max_iter=3)).set_callbacks(progress).fit()
    assert "epoch" not in capsys.readouterr().out
