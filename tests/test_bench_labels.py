"""The benchmark of labels: what counts as reached, and what is counted."""

import math
from functools import partial

import numpy as np
import pytest
from benches import benchmark_modules
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from toy import PointEnv, expert


@pytest.fixture(scope="module")
def bench():
    with benchmark_modules("label_run", "label_settings") as modules:
        yield modules


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
        ((2, 4), 8, 0.4, 2),
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


def test_demonstrations_are_the_first_steps_or_all(bench):
    Start = bench.label_settings.Start
    make = partial(bench.label_run.demonstrations, PointEnv(), expert)
    whole, labels = make(Start(2), 0)
    assert_array_equal(labels, expert(whole))
    first, _ = make(Start(2, 3), 0)
    assert_array_equal(first, whole[[0, 1, 2, 5, 6, 7]])


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
    others = [seed_of(seed, purpose=p) for seed in range(10) for p in (1, 2)]
    assert len({*measuring, *others}) == len(measuring) + len(others) == 2020
