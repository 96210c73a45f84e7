"""The benchmark of labels: what counts as reached, what is counted, what is kept."""

import importlib
import json
import math
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from toy import PointEnv, expert

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("label_run", "label_results", "label_report", "label_pictures", "query_rules")


@pytest.fixture(scope="module")
def bench():
    """The modules of the benchmark that leave the threads of this process alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        names = (*NAMES, "label_settings")
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})


@pytest.fixture
def task(bench):
    return bench.label_settings.Task("Point", 1_000, 100)


class Learner:
    """Scores what it is told for each round, and counts ten labels a round."""

    def __init__(self, *scores, most=1.0):
        self.scores = scores
        self.most = most
        self.n_labels = 10
        self.seeds = []

    def advance(self):
        self.n_labels += 10

    def score(self, n_episodes, random_state):
        self.seeds.append(random_state)
        return [self.scores[self.n_labels // 10 - 1]] * n_episodes


@pytest.mark.parametrize(
    ("scores", "first"),
    [
        ([1, 1, 1], 0),
        ([0, 1, 1, 0, 1, 1, 1, 1], 4),
        ([0, 0.95, 0.95, 0.95], 1),
        ([1, 1, 0.94, 1, 1], None),
        ([1, 1], None),
        ([], None),
    ],
)
def test_this_round_and_the_two_after_it(bench, scores, first):
    counts = [20] * len(scores)
    assert bench.label_run.first_sustained(scores, counts, 0.95) == first
    # A mean of few episodes reaches nothing, however high it is.
    few = [5] * len(scores)
    assert bench.label_run.first_sustained(scores, few, 0.95) is None


@given(st.lists(st.booleans(), max_size=12))
def test_the_first_of_three(bench, passed):
    scores = np.where(passed, 1.0, 0.0).tolist()
    threes = [i for i in range(len(passed) - 2) if all(passed[i : i + 3])]
    found = bench.label_run.first_sustained(scores, [20] * len(passed), 0.95)
    assert found == min(threes, default=None)


def test_a_run_ends_when_the_level_is_sustained(bench, task):
    learner = Learner(0.1, 1.0, 0.2, 0.96, 0.97, 0.98, 0.0)
    found = bench.label_run.follow(learner, task, 1_000, 0)
    assert found["reached"] == 40
    assert found["labels"] == [10, 20, 30, 40, 50, 60]
    assert found["scores"] == [0.1, 1.0, 0.2, 0.96, 0.97, 0.98]
    # Rounds that cannot reach it any more are measured in few episodes.
    assert found["episodes"] == [2, 20, 2, 20, 20, 20]
    assert len(set(learner.seeds)) == len(learner.seeds) == 2 + 20 + 2 + 3 * 20


def test_a_run_ends_when_the_labels_are_used_up(bench, task):
    learner = Learner(0.1, 0.9, 0.2, 0.3)
    found = bench.label_run.follow(learner, task, 30, 0)
    assert (found["reached"], found["labels"]) == (None, [10, 20, 30])
    few_rounds = bench.label_run.follow(Learner(*[0.0] * 9), task, 1_000, 0, n_rounds=4)
    assert (few_rounds["reached"], few_rounds["labels"][-1]) == (None, 50)


def test_the_budget_does_not_cut_off_what_may_be_sustained(bench, task):
    found = bench.label_run.follow(Learner(0, 0, 1, 1, 1), task, 30, 0)
    assert (found["reached"], found["labels"][-1]) == (30, 50)
    found = bench.label_run.follow(Learner(0, 0, 1, 0, 1, 1, 1), task, 30, 0)
    assert (found["reached"], found["labels"][-1]) == (None, 40)


def test_measuring_stops_when_the_rest_cannot_help(bench, task):
    measure = bench.label_run.measure
    # 3 x 0.5 + 17 x 1.0 is less than the 19 that are needed, 2 x 0.5 + 18 x 1.0 is not.
    assert measure(Learner(0.5), task, 0, 0) == (0.5, 3)
    assert measure(Learner(0.85), task, 0, 0) == (pytest.approx(0.85), 7)
    assert measure(Learner(0.85, most=1.1), task, 0, 0)[1] == 13
    # Where nobody knows the best there is, all are run.
    assert measure(Learner(-9.0, most=math.inf), task, 0, 0) == (-9.0, 20)


@pytest.mark.parametrize(
    ("start", "n_first", "query", "per_round"),
    [
        ((1, 3), 3, 2, 2),
        ((1,), 5, "all", 5),
        ((1, 100), 5, 2, 2),
        ((2, 4, True), 8, 0.4, 2),
        ((0,), 3, 3, 3),
    ],
)
def test_labels_are_counted_from_the_first_on(bench, start, n_first, query, per_round):
    Setting, Start = bench.label_settings.Setting, bench.label_settings.Start
    task = bench.label_settings.Task("Point", 100, 50, "difference", -0.5)
    few = {"max_iter": 1, "hidden_layer_sizes": 4}
    setting = Setting(Start(*start), {"query": query, "n_epochs_per_round": 1}, few)
    level = bench.label_run.Level(-10.0, -5.0)
    ours = bench.label_run.OurDagger(PointEnv(), expert, level, task, setting, 3)
    for i in range(3):
        assert ours.n_labels == n_first + i * per_round
        assert ours.dagger.history_[-1]["n_samples"] == ours.n_labels
        assert len(ours.dagger.history_) == i + 1
        assert len(ours.score(2, random_state=1)) == 2
        ours.advance()


def test_demonstrations_are_the_first_steps_or_any(bench):
    Start = bench.label_settings.Start
    make = partial(bench.label_run.demonstrations, PointEnv(), expert)
    whole, labels = make(Start(2), 0)
    assert_array_equal(labels, expert(whole))
    first, _ = make(Start(2, 3), 0)
    assert_array_equal(first, whole[[0, 1, 2, 5, 6, 7]])
    drawn, labels = make(Start(2, 3, True), 0)
    assert_array_equal(labels, expert(drawn))
    rows = [np.flatnonzero((whole == x).all(axis=1)).item() for x in drawn]
    assert np.bincount(np.array(rows) // 5).tolist() == [3, 3]
    assert sorted(rows) == rows != [0, 1, 2, 5, 6, 7]


def test_a_difference_is_that_to_the_expert_in_the_same_episodes(bench):
    Task, Setting = bench.label_settings.Task, bench.label_settings.Setting
    task = Task("Point", 100, 50, "difference", -0.5)
    setting = Setting(bench.label_settings.Start(1), {"query": 1}, {"max_iter": 1})
    level = bench.label_run.Level(-10.0, -5.0)
    ours = bench.label_run.OurDagger(PointEnv(), expert, level, task, setting, 0)
    ours.dagger.estimator_ = expert
    assert ours.score(3, random_state=0) == [0.0, 0.0, 0.0]
    assert ours.most == math.inf
    level = bench.label_run.Level(5.0, 8.0)
    part = bench.label_run.OurDagger(
        PointEnv(), expert, level, Task("Point", 100, 50), setting, 0
    )
    assert part.most == 1.6


def test_no_seed_serves_two_things(bench):
    seed_of = bench.label_run.seed_of
    measuring = [
        seed_of(seed, i, part)
        for seed in range(10)
        for i in range(50)
        for part in (0, 5, 10, 15)
    ]
    others = [seed_of(seed, purpose=p) for seed in range(10) for p in (1, 2, 3)]
    assert len({*measuring, *others}) == len(measuring) + len(others) == 2030


@pytest.fixture
def run(bench):
    return bench.label_results.Run("Hopper-v5", "random 25", 0)


def finished(reached=300, last=350):
    """What following a run returns."""
    found = {"labels": [100, last], "scores": [0.2, 1.0], "episodes": [5, 20]}
    return found | {"reached": reached, "expert": 3700.0}


@pytest.fixture
def folders(bench, tmp_path):
    """Make folders of runs, as processes do that share them."""

    def make(experts="CS294", name="runs"):
        results = tmp_path / "labels.json"
        return bench.label_results.RunFolder(tmp_path / name, results, experts)

    return make


def test_what_is_finished_is_not_done_again(folders, run):
    done = []
    for _ in range(2):
        kept = folders()
        kept.do(run, lambda run: done.append(run) or finished())
        kept.do(run._replace(seed=1), lambda run: done.append(run) or finished())
    assert done == [run, run._replace(seed=1)]
    assert [row["seed"] for row in folders().rows()] == [0, 1]


def test_a_run_that_is_killed_loses_itself_alone(folders, run):
    def killed(run):
        raise KeyboardInterrupt

    folders().do(run, lambda run: finished())
    with pytest.raises(KeyboardInterrupt):
        folders().do(run._replace(seed=1), killed)
    assert [row["seed"] for row in folders().rows()] == [0]
    assert not folders().has(run._replace(seed=1))


def test_processes_that_work_on_different_parts_lose_nothing(folders, run, tmp_path):
    one, other = folders(), folders()
    one.do(run, lambda run: finished())
    other.do(run._replace(env="Ant-v5"), lambda run: finished())
    one.summarize()
    other.do(run._replace(seed=5), lambda run: finished(None))
    assert other.summarize() == one.summarize() == folders().rows()
    rows = json.loads((tmp_path / "labels.json").read_text())["rows"]
    found = [(row["env"], row["seed"], row["reached"]) for row in rows]
    assert found == [("Hopper-v5", 0, 300), ("Hopper-v5", 5, None), ("Ant-v5", 0, 300)]


def test_a_new_folder_goes_on_from_what_was_summarized(folders, run):
    folders().do(run, lambda run: finished())
    before = folders().summarize()
    elsewhere = folders(name="elsewhere")
    assert elsewhere.has(run)
    elsewhere.do(run._replace(seed=1), lambda run: finished())
    assert elsewhere.summarize()[:1] == before
    assert len(elsewhere.rows()) == 2


def test_runs_of_another_protocol_count_as_none(folders, run, bench, monkeypatch):
    folders().do(run, lambda run: finished())
    folders().summarize()
    assert not folders("bundled").has(run)
    assert folders("bundled").rows() == []
    settings = bench.label_settings.SETTINGS
    monkeypatch.setitem(
        settings, run.setting, settings[run.setting]._replace(start=(3,))
    )
    assert not folders().has(run)
    folders().do(run, lambda run: finished(250))
    assert [row["reached"] for row in folders().rows()] == [250]


def test_a_damaged_file_is_said_and_done_again(folders, run, tmp_path, capsys):
    folders().do(run, lambda run: finished())
    (path,) = (tmp_path / "runs").glob("*.json")
    path.write_text("{")
    assert not folders().has(run)
    assert f"{path} is damaged" in capsys.readouterr().out
    folders().do(run, lambda run: finished())
    assert folders().has(run)


def rows_of(env, setting, *reached, first=0):
    return [
        {"env": env, "setting": setting, "seed": first + i}
        | finished(n, last=1_000 if n is None else n + 50)
        for i, n in enumerate(reached)
    ]


def test_the_table_has_medians_ranges_and_what_failed(bench):
    cell = bench.label_report.cell
    hopper = "Hopper-v5", "random 25"
    assert cell(rows_of(*hopper, 300, 275, 900, 350, 325)) == "**325** (275 to 900)"
    failed = cell(rows_of(*hopper, 300, None, 900, 350, None))
    assert failed == ("**900** (300 to 900); 2 of 5 not within 1,000, best 1.00, 1.00")
    assert cell(rows_of(*hopper, None)).startswith("not reached; 1 of 1 not within")
    assert cell(rows_of(*hopper, 300, 400)) == "**350** (300 to 400), 2 runs"
    rows = rows_of(*hopper, 300) + rows_of("Ant-v5", "default", 700, first=7)
    text = bench.label_report.as_markdown(rows)
    first, others = text.split("\n\nSeeds 5 to 9, which nothing was tuned to either:\n")
    assert "Hopper" in first
    assert "Ant" not in first
    assert "| default    | **700** (700 to 700), 1 run |" in others


def test_the_page_has_the_tables_that_are_kept(bench):
    folder = ROOT / "benchmarks"
    kept = json.loads((folder / "results" / "labels.json").read_text())
    table = bench.label_report.as_markdown(kept["rows"])
    assert kept["experts"] == "CS294"
    mark = "<!-- labels -->"
    assert f"{mark}\n{table}\n{mark}" in (ROOT / "docs" / "labels.md").read_text()


def test_a_rule_is_better_by_two_standard_errors_or_not(bench):
    env, control = "Hopper-v5", bench.label_settings.CONTROL
    rows = rows_of(env, control, 300, 400, 500, 600, None)
    rows += rows_of(env, "novelty", 200, 310, 390, 500, 900)
    rows += rows_of(env, "disagreement", 900, 310, 390, 500, 900)
    table = bench.label_report.against_chance(
        rows, ["novelty", "disagreement"], [*range(5)]
    )
    novelty, disagreement = (
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table.splitlines()[2:]
    )
    saved = np.array([100, 90, 110, 100, 100])
    error = 2 * saved.std(ddof=1) / np.sqrt(5)
    assert novelty[5:] == [f"{saved.mean():.0f} ± {error:.0f}", "yes", "no"]
    assert disagreement[6:] == ["no", "no"]


def test_the_median_of_curves_of_different_lengths(bench):
    runs = [
        {"labels": [100, 150, 200], "scores": [0.0, 0.5, 1.0]},
        {"labels": [100, 125], "scores": [0.2, 0.9]},
        {"labels": [110, 160], "scores": [0.4, 0.6]},
    ]
    labels, scores = bench.label_pictures.median_curve(runs)
    assert_array_equal(labels, [110, 125, 150, 160, 200])
    assert_array_equal(scores, [0.2, 0.4, 0.5, 0.6, 0.9])


def test_a_picture_of_each_environment(bench, tmp_path):
    rows = rows_of("Reacher-v5", "default", 300, None) + rows_of(
        "Reacher-v5", "every state", None, None, None
    )
    bench.label_pictures.draw(rows, tmp_path / "labels.png")
    assert (tmp_path / "labels.png").read_bytes().startswith(b"\x89PNG")


class Networks:
    """Four policies, which disagree as much as the first observation is large."""

    normalizer_ = SimpleNamespace(transform=lambda X: X / np.array([1.0, 10.0]))

    def predict(self, X, return_std):
        assert return_std
        return X, np.abs(X[:, :1]) * np.ones(2)


def test_novelty_asks_about_the_farthest_and_remembers_it(bench):
    visited = np.array([[0.0, 0.0], [3.0, 0.0], [3.1, 0.0], [0.0, 20.0], [0.0, 1.0]])
    rule = bench.query_rules.make_rule("novelty", 2, np.zeros((1, 2)), 0)
    # Not the two of one stretch; in the units of the learner 20 is 2.
    assert sorted(rule(visited, Networks())) == [2, 3]
    assert sorted(rule(visited, Networks())) == [1, 4]
    assert sorted(rule(visited[:1], Networks())) == [0]
    same = bench.query_rules.make_rule("novelty", 3, np.zeros((1, 2)), 0)
    assert sorted(same(np.ones((4, 2)), Networks())) == [0, 1, 2]


def test_disagreement_asks_where_the_networks_do(bench):
    visited = np.array([[0.0, 1.0], [-5.0, 2.0], [1.0, 1.0], [3.0, 3.0]])
    make = bench.query_rules.make_rule
    top = make("disagreement", 2, visited, 0)
    assert sorted(top(visited, Networks())) == [1, 3]
    assert sorted(top(visited[:1], Networks())) == [0]
    drawn = make("drawn by disagreement", 2, visited, 0)
    counts = np.bincount(
        np.concatenate([drawn(visited, Networks()) for _ in range(99)])
    )
    assert counts.sum() == 198
    assert counts.argmax() == 1
    assert counts[0] == 0
    again = make("drawn by disagreement", 2, visited, 0)
    other = make("drawn by disagreement", 2, visited, 0)
    assert_array_equal(again(visited, Networks()), other(visited, Networks()))
