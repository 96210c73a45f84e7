"""What goes wrong between ask and tell is named, and nothing is lost by it."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal, assert_equal
from runs import curved, dagger, demonstrations, holds_no_run, is_over, same_run
from sklearn.exceptions import NotFittedError
from toy import OneActionEnv, PointEnv, logged

pytestmark = pytest.mark.usefixtures("empty_logs")


@pytest.fixture(scope="module")
def whole():
    """What fit comes to."""
    return dagger(expert=curved).fit(*demonstrations())


def test_it_may_be_finished_early():
    X, y = demonstrations()
    model = dagger(n_rounds=9)
    asked = model.ask(X, y)
    model.tell(asked.ids, curved(asked.observations))
    model.ask()  # which is dropped
    assert model.finish() is model
    assert len(model.history_) == 2
    assert model.history_[-1]["evaluated"]
    one = dagger(expert=curved, n_rounds=1).fit(X, y)
    assert_array_equal(model.predict(X), one.predict(X))
    with pytest.raises(ValueError, match=r"^ask: .* one that is over"):
        model.ask()


def test_fit_begins_anew_and_needs_an_expert():
    data = demonstrations()
    model = dagger()
    asked = model.ask(*data)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^expert: expected one because env is"):
            model.fit(*data)
    # What was open is open still.
    model.tell(asked.ids, curved(asked.observations))
    model.set_params(expert=curved).fit(*data)
    same_run(model, dagger(expert=curved).fit(*data))
    holds_no_run(model)


@pytest.mark.parametrize("beta", [0.5, lambda i: max(0.0, 1 - i / 2)])
def test_a_beta_needs_an_expert(beta):
    with pytest.raises(ValueError, match=r"^expert: expected one because beta .*, got"):
        dagger(beta=beta).ask(*demonstrations())
    assert logged("reset") == []


def test_an_environment_is_needed():
    with pytest.raises(ValueError, match=r"^env: expected one whose states .* None"):
        dagger(env=None).ask(*demonstrations())


@pytest.mark.parametrize(
    ("ids", "actions", "error", "message"),
    [
        (
            [12, 99],
            np.zeros((2, 2)),
            ValueError,
            "^ids: .*5 of them from 12 to 16.* 99",
        ),
        (
            [12, 11],
            np.zeros((2, 2)),
            ValueError,
            "^ids: .* got 11, which is not among them$",
        ),
        ([-1], np.zeros((1, 2)), ValueError, "^ids: .* got -1"),
        ([13, 12, 13], np.zeros((3, 2)), ValueError, "^ids: .* 13 more than once"),
        ([12.0], np.zeros((1, 2)), TypeError, r"^ids: .* integers, got \[12.0\]"),
        (["a"], np.zeros((1, 2)), TypeError, "^ids: .* integers, got"),
        ([True], np.zeros((1, 2)), TypeError, "^ids: .* integers, got"),
        (12, np.zeros((1, 2)), TypeError, "^ids: .* integers, got 12"),
        (None, np.zeros((1, 2)), TypeError, "^ids: .* integers, got None"),
        ([[12], [13]], np.zeros((2, 2)), TypeError, "^ids: .* integers, got"),
        ([12, 13], np.zeros((3, 2)), ValueError, "^actions: .* 2 ids, got 3"),
        ([12, 13], np.zeros((2, 3)), ValueError, r"^actions: .*\(2, 2\).*\(2, 3\)"),
        ([12, 13], np.zeros(2), ValueError, r"^actions: .*\(2, 2\).*\(2, 1\)"),
        ([12], np.zeros((1, 2, 1)), ValueError, "^actions: expected actions of shape"),
        ([12], 3.0, TypeError, "^actions: expected one for each of ids, got 3.0"),
        ([12], None, TypeError, "^actions: expected one for each of ids, got None"),
        ([12], [[np.nan, 0.0]], ValueError, "^actions: expected finite.*nan"),
        ([12], [[np.nan, np.nan]], ValueError, "^actions: expected finite.*nan"),
        (
            [14, 12, 13],
            [None, [1, 2], [np.nan, np.nan]],
            ValueError,
            r"^actions: expected finite actions, got \[nan nan\] for id 13 \(None, or "
            r"an id left out, is no label\)$",
        ),
        (
            [14, 12, 13],
            pd.DataFrame({"x": [1.0, np.nan, 1.0], "y": [2.0, np.nan, np.nan]}),
            ValueError,
            r"^actions: .* for id 12 \(None, or an id left out, is no label\)$",
        ),
        ([12, 13], [[0, 0], [np.inf, 0]], ValueError, r"^actions: .*0\.\] for id 13$"),
        ([12], [["left", 0.0]], ValueError, "^actions: expected an array .*'left'"),
        ([12, 13], [[0, 1], [2]], ValueError, "^actions: expected an array"),
        ([], [], ValueError, "^actions: expected at least one.* 5 states .* round 1"),
        ([12], [None], ValueError, "^actions: expected at least one.* got none"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_lost(
    whole, ids, actions, error, message
):
    data = demonstrations()
    model = dagger()
    asked = model.ask(*data)
    before = model.predict(data[0])
    with pytest.raises(error, match=message):
        model.tell(ids, actions)
    assert_array_equal(model.predict(data[0]), before)
    assert len(model.history_) == 1
    assert_equal(list(model.ask()), list(asked))
    model.tell(asked.ids, curved(asked.observations))
    while not is_over(model):
        asked = model.ask()
        model.tell(asked.ids, curved(asked.observations))
    same_run(model, whole)


def test_tell_needs_ask():
    with pytest.raises(ValueError, match=r"^tell: expected a call of ask .* no run is"):
        dagger().tell([0], [[0.0, 0.0]])
    model = dagger()
    asked = model.ask(*demonstrations())
    model.tell(asked.ids, curved(asked.observations))
    with pytest.raises(ValueError, match=r"^tell: .* all of that was told"):
        model.tell(asked.ids, curved(asked.observations))
    assert len(model.history_) == 2


def test_finish_needs_something_learnt():
    with pytest.raises(ValueError, match=r"^finish: .* none is open"):
        dagger().finish()


def test_demonstrations_are_for_the_first_call_alone():
    X, y = demonstrations()
    model = dagger()
    asked = model.ask(X, y)
    for given in ({"X": X, "y": y}, {"sample_weight": np.ones(12)}, {"X_val": X}):
        with pytest.raises(ValueError, match=r"^X: expected None, because a run is op"):
            model.ask(**given)
    assert_equal(list(model.ask()), list(asked))


def test_what_is_set_between_the_halves_holds_from_there_on():
    model = dagger(n_rounds=3)
    asked = model.ask(*demonstrations())
    assert len(asked.ids) == 5
    model.set_params(query=2, n_episodes_per_round=3)
    assert len(model.ask().ids) == 5
    model.tell(asked.ids, curved(asked.observations))
    assert len(model.ask().ids) == 6
    model.set_params(query="none")
    with pytest.raises(ValueError, match="'query' parameter"):
        model.ask()


def test_labels_are_told_without_an_environment_until_it_decides():
    model = dagger(n_rounds=2)
    asked = model.ask(*demonstrations())
    n_made = len(logged("made"))
    model.tell(asked.ids, curved(asked.observations))
    assert len(logged("made")) == n_made
    asked = model.ask()
    model.tell(asked.ids, curved(asked.observations))
    assert len(logged("made")) > n_made


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"env": None}, ValueError, "^env: expected one, because a run is open, got N"),
        (
            {"env": OneActionEnv},
            ValueError,
            "^env: expected 2 .* when the .* and 1",
        ),
        ({"expert": None}, ValueError, r"^expert: .* 0.25 in round 2\), got None"),
        ({"query": 0.0}, ValueError, "'query' parameter"),
        ({"query": True}, TypeError, "^query: .* got True"),
    ],
)
def test_what_is_set_between_the_halves_has_to_fit(changes, error, message):
    options = {"n_rounds": 2, "beta": 0.5}
    model = answered_once(dagger(expert=curved, **options))
    before = model.get_params(deep=False)
    with pytest.raises(error, match=message):
        model.set_params(**changes).ask()
    model.set_params(**before)
    asked = model.ask()
    model.tell(asked.ids, curved(asked.observations))
    same_run(model, dagger(expert=curved, **options).fit(*demonstrations()))


def answered_once(model):
    asked = model.ask(*demonstrations())
    return model.tell(asked.ids, curved(asked.observations))


def test_the_decision_needs_an_environment():
    model = answered_once(dagger(n_rounds=2))
    asked = model.ask()
    model.set_params(env=None)
    with pytest.raises(ValueError, match="env: expected one, because a run"):
        model.tell(asked.ids, curved(asked.observations))
    assert len(model.history_) == 3  # the round is learnt from
    with pytest.raises(ValueError, match="env: expected one, because a run"):
        model.finish()
    model.set_params(env=PointEnv).finish()
    same_run(model, dagger(expert=curved, n_rounds=2).fit(*demonstrations()))


def test_no_rows_may_be_asked_about_in_rounds_after_those_that_the_expert_drove():
    options = {"query": 0, "n_rounds": 2, "beta": lambda i: 1.0 if i == 1 else 0.0}
    model = answered_once(dagger(expert=curved, **options))
    asked = model.ask()
    assert len(asked.ids) == 0
    model.tell([], [])
    same_run(model, dagger(expert=curved, **options).fit(*demonstrations()))


def test_is_open_tells_whether_a_run_waits():
    model = dagger(n_rounds=2)
    assert not model.is_open
    asked, n_told = model.ask(*demonstrations()), 0
    while model.is_open:
        model.tell(asked.ids, curved(asked.observations))
        n_told += 1
        asked = model.ask() if model.is_open else asked
    assert n_told == 2
    holds_no_run(model)


def test_another_number_of_rounds_is_an_error_and_not_ignored():
    model = dagger(n_rounds=2)
    asked = model.ask(*demonstrations())
    model.tell(asked.ids, curved(asked.observations)).set_params(n_rounds=5)
    with pytest.raises(ValueError, match=r"^n_rounds: expected 2, .* got 5 \(finish"):
        model.ask()
    assert len(model.set_params(n_rounds=2).ask().ids) > 0


def test_a_fit_that_failed_says_what_saves_its_rounds():
    def tired(observations):
        if len(observations) > 1:
            raise RuntimeError("coffee")
        return curved(observations)

    model = dagger(expert=tired)
    with pytest.raises(ValueError, match="coffee"):
        model.fit()
    with pytest.raises(NotFittedError, match=r"learnt up to round 0: finish\(\)"):
        model.predict(np.zeros((1, 2)))
    assert model.is_open
    assert len(model.finish().history_) == 1
