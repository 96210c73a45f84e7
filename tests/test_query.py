"""Which visited states the expert is asked about, and what becomes of the others."""

from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from runs import curved, numbers, same_run
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from toy import PointEnv, QuickRidge, Recorder, StatefulExpert, logged

from skimitate import BehaviorCloner, DAggerRegressor

pytestmark = pytest.mark.usefixtures("empty_logs")


class Watched:
    """An expert that keeps what it is asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, observations):
        self.asked.append(observations.copy())
        return curved(observations)


def dagger(learner=None, n_steps=20, **options):
    options = {"n_rounds": 3, "n_eval_episodes": 1, "keep": "last"} | options
    options = {"expert": curved, "random_state": 0} | options
    learner = Recorder() if learner is None else learner
    return DAggerRegressor(learner, partial(PointEnv, n_steps), **options)


def visited():
    """What was seen before each step."""
    return np.array([position for position, _ in logged("step")])


@pytest.mark.parametrize(
    ("query", "n"),
    [(3, 3), (0.25, 5), (1.0, 20), (1, 1), (50, 20), (0.001, 1), ("all", 20)],
)
def test_so_many_states_of_each_episode_are_labelled(query, n):
    watched = Watched()
    model = dagger(query=query, n_episodes_per_round=2, expert=watched).fit()
    # The demonstrations are the expert's own steps.
    assert numbers(model, "n_samples") == [40 + 2 * n * i for i in range(4)]
    assert numbers(model, "n_expert_queries") == numbers(model, "n_samples")
    # One call for all that was chosen of an episode.
    assert [len(batch) for batch in watched.asked] == [1] * 40 + [n] * 6
    states = visited()[: 4 * 40].reshape(8, 20, 2)
    for asked, episode in zip(watched.asked[40:], states[2:], strict=True):
        rows = [int(np.flatnonzero((episode == x).all(axis=1))[0]) for x in asked]
        assert len(set(rows)) == n  # without replacement
        assert rows == sorted(rows)


def test_the_labels_are_the_experts_own_for_the_states_chosen():
    watched = Watched()
    dagger(query=4, expert=watched).fit()
    _, X, y = Recorder.log[-1]
    assert_array_equal(X, np.concatenate(watched.asked))
    assert_array_equal(y, curved(X))


def chosen_steps(**options):
    """The steps that are asked about, of each episode after the demonstrations."""
    PointEnv.log.clear()
    watched = Watched()
    dagger(expert=watched, **options).fit()
    n_episodes = options.get("n_episodes_per_round", 1)
    states = visited().reshape(-1, 20, 2)[n_episodes:]
    batches = watched.asked[20 * n_episodes :]
    return [
        tuple(int(np.flatnonzero((episode == x).all(axis=1))[0]) for x in asked)
        for asked, episode in zip(batches, states, strict=False)
    ]


@pytest.mark.parametrize("query", [4, 0.2])
def test_rows_are_drawn_anew_for_each_episode_and_by_random_state(query):
    options = {"query": query, "n_episodes_per_round": 2}
    rows = chosen_steps(**options)
    assert len(rows) == 6
    assert len(set(rows)) > 4
    assert chosen_steps(**options) == rows
    assert chosen_steps(**options, random_state=1) != rows
    many = chosen_steps(**options, n_rounds=20)
    assert {step for row in many for step in row} == set(range(20))


@pytest.mark.parametrize("n_jobs", [2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("query", [4, 0.3, lambda observations, learner: [0, 3]])
def test_threads_ask_what_one_job_asks(query, n_jobs):
    options = {"query": query, "n_episodes_per_round": 3}
    options |= {"beta": lambda i: 0.5 if i == 1 else 0.0}
    alone = dagger(QuickRidge(), **options).fit()
    with parallel_config("threading"):
        together = dagger(QuickRidge(), n_jobs=n_jobs, **options).fit()
    same_run(alone, together)


@pytest.mark.slow
def test_processes_ask_what_one_job_asks():
    options = {"query": 4, "n_episodes_per_round": 3, "expert": StatefulExpert()}
    alone = dagger(QuickRidge(), **options).fit()
    with parallel_config("multiprocessing"):  # which starts without delay
        same_run(alone, dagger(QuickRidge(), n_jobs=2, **options).fit())


@pytest.mark.parametrize("incremental", [False, True])
def test_all_is_each_row(incremental):
    def every(observations, learner):
        return np.arange(len(observations))[::-1]  # in any order

    learner = BehaviorCloner((8,), max_iter=2)
    options = {"incremental": incremental, "n_epochs_per_round": 2}
    models = [dagger(learner, query=q, **options).fit() for q in ("all", every, 1.0)]
    same_run(models[0], models[1])
    same_run(models[0], models[2])


def test_a_callable_is_given_whole_episodes_and_the_learner_that_drove():
    seen = []

    def query(observations, learner):
        seen.append((observations.copy(), learner.coef_.copy()))
        observations[:] = np.nan  # what is kept stays as it is
        return [5, 2]

    dagger(query=query, n_episodes_per_round=2).fit()
    # Not about the demonstrations, which are labelled anyway.
    assert len(seen) == 3 * 2
    episodes = visited()[:160].reshape(8, 20, 2)[2:]
    for (observations, _), episode in zip(seen, episodes, strict=True):
        assert_array_equal(observations, episode)
    coefs = [coef for _, coef in seen]
    fits = [np.linalg.lstsq(X, y, rcond=None)[0] for _, X, y in Recorder.log]
    for i in range(3):
        assert_array_equal(coefs[2 * i], fits[i])
        assert_array_equal(coefs[2 * i], coefs[2 * i + 1])
    _, X, _ = Recorder.log[-1]
    assert_array_equal(X[40:42], episodes[0][[2, 5]])


def test_a_callable_may_choose_another_number_in_each_episode():
    sizes = iter([3, 1, 7])
    model = dagger(query=lambda observations, learner: range(next(sizes))).fit()
    assert numbers(model, "n_samples") == [20, 23, 24, 31]


def by_hundreds(observations):
    """An expert of small steps, which the learner can be told from."""
    return -0.01 * observations


class Lost(LinearRegression):
    def predict(self, X):
        return np.full((len(X), 2), 0.3)


@pytest.mark.filterwarnings("ignore:beta never reaches 0")
@pytest.mark.parametrize("query", [2, 0.25, lambda observations, learner: [0, 1]])
def test_steps_that_the_expert_drove_are_labelled_anyway(query):
    model = dagger(
        Lost(), 40, query=query, expert=by_hundreds, beta=lambda i: 0.5, n_rounds=1
    ).fit()
    _, second = (logged("step")[i : i + 40] for i in (0, 40))
    learner_drove = np.array([np.allclose(action, 0.3) for _, action in second])
    assert 5 < learner_drove.sum() < 35
    n_free = int(learner_drove.sum())
    n_chosen = {2: 2, 0.25: max(1, round(n_free / 4))}.get(query)
    if n_chosen is None:  # rows that were driven are not asked about again
        n_chosen = int(learner_drove[:2].sum())
    assert numbers(model, "n_samples") == [40, 40 + 40 - n_free + n_chosen]
    assert numbers(model, "n_expert_queries") == numbers(model, "n_samples")


@pytest.mark.filterwarnings("ignore:beta never reaches 0")
def test_where_the_expert_drove_each_step_there_is_nothing_to_choose():
    def query(observations, learner):
        raise AssertionError("nothing is left to ask about")

    model = dagger(query=query, beta=lambda i: 1.0).fit()
    assert numbers(model, "n_samples") == [20, 40, 60, 80]


def test_no_rows_may_be_asked_about_where_the_expert_drives():
    model = dagger(query=0, beta=0.5).fit()
    samples = numbers(model, "n_samples")
    assert 20 < samples[1] < 40
    assert numbers(model, "n_expert_queries") == samples
    with pytest.raises(ValueError, match=r"^query: expected a positive number.* got 0"):
        dagger(query=0).fit()


class Weighed(RegressorMixin, BaseEstimator):
    """Notes what it is fitted to, weights and episodes included."""

    log: list = []

    def fit(self, X, y, sample_weight=None, groups=None):
        self.log.append((X.copy(), np.array(sample_weight), np.array(groups)))
        self.coef_ = np.linalg.lstsq(X, y, rcond=None)[0]
        return self

    def predict(self, X):
        return X @ self.coef_


def test_a_label_has_the_weight_of_its_round_and_the_group_of_its_episode():
    Weighed.log.clear()
    X = np.random.default_rng(0).normal(size=(6, 2))
    options = {"query": 3, "n_episodes_per_round": 2, "n_rounds": 2}
    dagger(Weighed(), round_weight=lambda i: 10.0**i, **options).fit(
        X, curved(X), sample_weight=np.arange(1.0, 7), groups=[0, 0, 0, 1, 1, 1]
    )
    rows, weight, groups = Weighed.log[-1]
    assert_array_equal(weight[:6], np.arange(1.0, 7))
    assert_array_equal(weight[6:], [10.0] * 6 + [100.0] * 6)
    assert_array_equal(groups, np.repeat(np.arange(6), 3))
    # The group of each label is the episode that its state was visited in.
    episodes = visited()[:80].reshape(4, 20, 2)
    for row, group in zip(rows[6:], groups[6:], strict=True):
        assert (episodes[group - 2] == row).all(axis=1).any()


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        ([0, 20], "got 20"),
        ([-1], "got -1"),
        ([3, 1, 3], "got 3 more than once"),
        ([], "got none at all"),
        (None, "got None"),
        ([0.0, 1.0], r"got \[0.0, 1.0\]"),
        ({0, 1}, r"got \{0, 1\}"),
        ([[True, False]], r"got \[\[True, False\]\]"),
        (np.ones(20, dtype=bool), "got array.*np.flatnonzero"),
        ([True, False] * 10, r"got \[True.*np.flatnonzero"),
        ([[0, 1], [2]], r"got \[\[0, 1\], \[2\]\]"),
        ([[0, 1]], r"got \[\[0, 1\]\]"),
        (7, "got 7"),
        ("all", "got 'all'"),
        (["a"], r"got \['a'\]"),
    ],
)
def test_a_callable_that_gives_no_rows_is_named_and_nothing_is_lost(
    two_rows, answer, got
):
    def query(observations, learner):
        asked.append(1)
        return answer if len(asked) == 4 else [0, 1]

    asked = []
    model = dagger(QuickRidge(), query=query, n_episodes_per_round=2)
    message = f"^query: expected row numbers from 0 to 19, each once, {got}"
    match = rf"(?s){message}.* \(round 2, episode 1\)\n"
    with pytest.raises(ValueError, match=match) as caught:
        model.fit()
    # What is no mask does not become rows by it.
    assert ("flatnonzero" in str(caught.value)) == ("flatnonzero" in got)
    # It goes on in round 2 of 3 as if nothing had happened.
    assert not hasattr(model, "history_")
    model.set_params(query=lambda observations, learner: [0, 1])
    for _ in range(2):
        asked = model.ask()
        model.tell(asked.ids, curved(asked.observations))
    same_run(model, two_rows)


@pytest.fixture(scope="module")
def two_rows():
    """What two rows of each episode come to."""

    def query(observations, learner):
        return [0, 1]

    return dagger(QuickRidge(), query=query, n_episodes_per_round=2).fit()


def test_a_callable_that_raises_is_named_and_nothing_is_lost():
    def query(observations, learner):
        asked.append(1)
        return [0, 1] if len(asked) < 4 else 1 // 0

    asked = []
    model = dagger(QuickRidge(), query=query, n_episodes_per_round=2)
    message = r"^query: raised ZeroDivisionError.* \(round 2, episode 1\)\n"
    with pytest.raises(ValueError, match=message) as caught:
        model.fit()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert any("finish()" in note for note in caught.value.__notes__)
    model.finish()
    assert numbers(model, "n_samples") == [40, 44]
    assert model.best_round_ == 1
    first = dagger(
        QuickRidge(), query=lambda *_: [0, 1], n_episodes_per_round=2, n_rounds=1
    )
    same_run(model, first.fit())


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        (-1, ValueError, "'query' parameter .* Got -1"),
        (0.0, ValueError, "'query' parameter .* Got 0.0"),
        (1.5, ValueError, "'query' parameter .* Got 1.5"),
        ("random", ValueError, "'query' parameter .* Got 'random'"),
        (None, ValueError, "'query' parameter .* Got None"),
        (True, TypeError, "^query: .* got True"),
        (False, TypeError, "^query: .* got False"),
    ],
)
def test_a_bad_query_is_an_error_before_any_work(query, error, message):
    model = dagger(query=query)
    with pytest.raises(error, match=message):
        model.fit()
    with pytest.raises(error, match=message):
        model.ask()
    assert logged("reset") == []
