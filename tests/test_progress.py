"""Progress: how far, how long, how much longer."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
from contextlib import closing
from itertools import pairwise

import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from toy import PointEnv, expert

from skimitate import BehaviorCloner, DAggerRegressor
from skimitate.callbacks._clock import Clock
from skimitate.callbacks._line import Line
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


class Terminal:
    """A pseudo-terminal of a width, and what has been printed to it."""

    def __init__(self):
        self.reader, writer = pty.openpty()
        self.stdout = os.fdopen(writer, "w")

    def resize(self, columns):
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(self.stdout, termios.TIOCSWINSZ, size)

    def read(self):
        """Return what was printed since the last time."""
        self.stdout.flush()
        printed = b""
        while select.select([self.reader], [], [], 0)[0]:
            printed += os.read(self.reader, 4096)
        return printed.decode()

    def close(self):
        self.stdout.close()
        os.close(self.reader)


@pytest.fixture
def screen(monkeypatch):
    """Makes a terminal of a width of where a test prints to."""
    with closing(Terminal()) as screen:

        def print_to_it(columns):
            screen.resize(columns)
            monkeypatch.setattr(sys, "stdout", screen.stdout)
            monkeypatch.setattr(sys, "__stdout__", screen.stdout)
            monkeypatch.delenv("COLUMNS", raising=False)
            return screen

        yield print_to_it
        monkeypatch.undo()


def seen(printed):
    """What stands in the line after each piece that begins at its first column."""
    line, lines = "", []
    for piece in printed.replace("\r\n", "\n").rstrip("\n").split("\r")[1:]:
        line = piece + line[len(piece) :]
        lines.append(line)
    return lines


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
    assert re.match(r"DAgger: round 4/4, 25 labels, return -\d+\.\d, 0 s, 0 s", rounds)
    evaluation = r"DAgger: evaluating the best rounds (\d)/\1, 25 labels, return"
    assert re.match(evaluation, decision)


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


def test_a_log_gets_a_line_where_a_tenth_takes_long(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    with followed("step", 1000, Progress("Walking")) as report:
        for i in range(1, 100):
            now += 3.0
            report(i, 1000)
    lines = capsys.readouterr().out.splitlines()
    seconds = [int(re.search(r", (\d+) s", line)[1]) for line in lines]
    assert seconds[0] <= 12
    waits = [later - sooner for sooner, later in pairwise(seconds)]
    assert 10 <= min(waits) <= max(waits) <= 18  # a twentieth of 300 is 15


def test_a_learner_without_callbacks_shows_the_rounds(capsys):
    dagger(Ridge()).set_callbacks(Progress("DAgger")).fit()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("DAgger: round 4/4")


def test_a_search_shows_its_candidates_and_what_is_inside(
    terminal, capsys, monkeypatch
):
    terminal()
    monkeypatch.setenv("COLUMNS", "120")
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
    learner = BehaviorCloner(max_iter=3)
    dagger(learner, n_epochs_per_round=5).set_callbacks(progress).fit()
    assert "epoch" not in capsys.readouterr().out


def nested(progress):
    """Have DAgger's rounds and the epochs in them shown."""
    learner = BehaviorCloner(max_iter=3)
    dagger(learner, n_epochs_per_round=5).set_callbacks(progress).fit()


@pytest.mark.parametrize("columns", [200, 80, 60, 45, 30])
def test_the_line_is_never_wider_than_the_terminal(screen, columns):
    screen = screen(columns)
    nested(Progress("DAgger"))
    lines = [line.rstrip() for line in seen(screen.read())]
    assert max(map(len, lines)) < columns
    assert len(lines) > 20
    rounds = [line for line in lines if "round 4/4" in line]
    assert rounds
    # The label, what is counted and the time left outlive the others.
    assert all(re.match(r"DAgger: .*\d+ s left$", line) for line in rounds)
    whole = r"round 4/4, epoch 5/5, loss \S+, 0 s, 0 s left$"
    assert any(re.search(whole, line) for line in rounds) == (columns >= 60)
    assert any("epoch" in line for line in rounds) == (columns > 30)


def test_the_line_fits_a_terminal_that_changes_its_width(screen, monkeypatch):
    screen = screen(60)
    monkeypatch.setattr("time.perf_counter", lambda: 0.0)
    with followed("step", 3, Progress("Walking on a long road")) as report:
        report(1, 3)
        assert seen(screen.read()) == ["Walking on a long road: step 1/3, 0 s"]
        screen.resize(20)
        report(2, 3)
        assert seen(screen.read()) == ["Walking o: step 2/3"]
        screen.resize(60)
        report(3, 3)
    assert seen(screen.read()) == ["Walking on a long road: step 3/3, 0 s, 0 s left"]


def test_no_rest_of_a_longer_line_is_left(screen):
    screen, line = screen(60), Line("Walking")
    line.show(["step 1/3"], ["return -123"], 0.0, 17.0, done=1 / 3, last=False)
    line.show(["step 2/3"], [], 0.0, None, done=2 / 3, last=False)
    first, second = seen(screen.read())
    assert first == "Walking: step 1/3, return -123, 0 s, 17 s left"
    assert second.rstrip() == "Walking: step 2/3, 0 s"


def test_a_log_is_not_cut(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")
    walk(40)
    assert capsys.readouterr().out == "Walking: step 40/40, 0 s, 0 s left\n"


@pytest.mark.parametrize(
    "waits",
    [
        pytest.param([(2, 1)] * 20, id="one by one"),
        # Two workers that hand over two episodes at a time, three seconds after all.
        pytest.param([(5, 2), (0, 2), *[(2, 2), (0, 2)] * 8], id="workers start"),
        # The first episode here, then workers.
        pytest.param([(1, 1), (4, 1), (0, 1), *[(1, 1), (0, 1)] * 9], id="probed"),
        pytest.param([(30, 1)] + [(1, 1)] * 20, id="a library is imported"),
    ],
)
def test_the_time_left_does_not_count_what_happens_once(waits, monkeypatch, screen):
    screen, now = screen(80), 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    n_parts, end, done = sum(n for _, n in waits), sum(s for s, _ in waits), 0
    told = []
    with followed("episode", n_parts, Progress("Evaluating")) as report:
        for seconds, n in waits:
            now, done = now + seconds, done + n
            report(done, n_parts)
            shown = seen(screen.read())
            left = [re.search(r", (\d+) s left", line) for line in shown]
            told += [(int(found[1]), end - now) for found in left if found]
    assert all(truth / 2 - 1 <= left <= truth * 2 + 1 for left, truth in told)
    assert any(truth >= end / 10 for _, truth in told)


def test_nothing_is_foretold_from_one_part(monkeypatch, screen):
    screen, now = screen(80), 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    with followed("episode", 10, Progress("Evaluating")) as report:
        now = 6.0  # the workers have started
        report(2, 10)
    assert seen(screen.read())[-1] == "Evaluating: episode 2/10, 6 s"


def test_a_part_under_way_is_taken_off_the_time_left(monkeypatch):
    times = iter((0.0, 10.0, 20.0, 26.0, 90.0))
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    clock = Clock()
    for done in (1.0, 2.0, 2.3):
        clock.look(done)
    assert clock.left(5) == pytest.approx(24.0)
    clock.look(2.9)  # it has taken longer than it should
    assert clock.left(5) == pytest.approx(20.0)
