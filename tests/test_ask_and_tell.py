"""DAgger in two halves: the same as in one, whoever answers and whenever."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal, assert_equal
from runs import by_hand, curved, dagger, demonstrations, is_over, same_run
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from toy import OneActionEnv, PointEnv, Recorder, lean, logged

from skimitate import (
    BehaviorCloner,
    as_policy,
    evaluate_policy,
)

pytestmark = pytest.mark.usefixtures("empty_logs")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_episodes_per_round": 3},
        {"n_episodes_per_round": 2, "query": 2},
        {"query": 0.3, "keep": "last"},
        {"query": lambda observations, learner: [4, 0]},
        {"beta": lambda i: 1.0 if i == 1 else 0.0},
        {"beta": 0.5, "n_episodes_per_round": 2, "query": 1},
    ],
    ids=["all", "episodes", "int", "float", "callable", "driven", "beta"],
)
@pytest.mark.parametrize("given", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_two_halves_are_fit(options, given):
    data = demonstrations() if given else ()
    whole = dagger(expert=curved, **options).fit(*data)
    halves = dagger(expert=curved, **options)
    # Of some rounds the expert has driven each step.
    same_run(answered_where_asked(halves, *data), whole)


def answered_where_asked(model, *data):
    asked = model.ask(*data)
    model.tell(asked.ids, curved(asked.observations))
    while not is_over(model):
        asked = model.ask()
        model.tell(asked.ids, curved(asked.observations))
    return model


def test_with_demonstrations_no_expert_is_needed():
    data = demonstrations()
    whole = dagger(expert=curved).fit(*data)
    same_run(by_hand(dagger(), *data), whole)


@pytest.mark.parametrize("incremental", [True, False])
def test_a_network_that_goes_on_is_the_same_network(incremental):
    learner = BehaviorCloner((4,), max_iter=2)
    options = {"query": 3, "incremental": incremental}
    whole = dagger(learner, expert=curved, **options).fit()
    through = by_hand(
        dagger(learner, expert=curved, **options),
        between=lambda model: pickle.loads(pickle.dumps(model)),
    )
    same_run(through, whole)


def test_weights_and_episodes_of_demonstrations_are_given_to_the_first_call():
    X, y = demonstrations()
    given = {"sample_weight": np.arange(12.0), "groups": np.repeat([0, 1], 6)}
    learner = BehaviorCloner((4,), max_iter=2, early_stopping=True)
    options = {"round_weight": lambda i: 2.0**i, "incremental": False}
    whole = dagger(learner, expert=curved, **options).fit(X, y, **given)
    same_run(by_hand(dagger(learner, **options), X, y, **given), whole)


def test_ids_may_come_in_any_order():
    whole = dagger(expert=curved, n_episodes_per_round=2, query=3).fit()
    model = dagger(expert=curved, n_episodes_per_round=2, query=3)
    rng = np.random.default_rng(0)
    while not hasattr(model, "history_") or not is_over(model):
        asked = model.ask()
        order = rng.permutation(len(asked.ids))
        model.tell(asked.ids[order], curved(asked.observations[order]))
    same_run(model, whole)


@pytest.mark.parametrize("as_what", [list, tuple, pd.Series, np.array])
def test_ids_and_actions_may_be_lists_or_frames(as_what):
    model, array = (dagger(expert=curved) for _ in range(2))
    asked, same = model.ask(), array.ask()
    actions = curved(asked.observations)
    array.tell(same.ids, actions)
    if as_what is pd.Series:
        model.tell(pd.Series(asked.ids), pd.DataFrame(actions))
    else:
        model.tell(as_what(asked.ids.tolist()), as_what(actions.tolist()))
    assert_array_equal(model.estimator_.coef_, array.estimator_.coef_)


def test_what_is_missing_is_no_label_and_counts_as_asked():
    X, y = demonstrations()
    parts, rows, nones = (dagger(Recorder()) for _ in range(3))
    for model in (parts, rows, nones):
        asked = model.ask(X, y)
        assert len(asked.ids) == 5
        actions = curved(asked.observations)
        if model is parts:
            model.tell(asked.ids[[4, 1]], actions[[4, 1]])
        elif model is rows:
            known = [None, actions[1], None, None, actions[4]]
            model.tell(asked.ids, known)
        else:
            known = np.empty(5, dtype=object)
            known[1], known[4] = list(actions[1]), list(actions[4])
            model.tell(asked.ids, known)
        assert model.history_[1]["n_samples"] == 14
        assert model.history_[1]["n_expert_queries"] == 5
        _, X_seen, y_seen = Recorder.log[-1]
        assert_array_equal(X_seen[12:], asked.observations[[1, 4]])
        assert_array_equal(y_seen[12:], actions[[1, 4]])
        # The ids of the states of a run go on.
        assert model.ask().ids.min() == asked.ids.max() + 1


def test_what_is_asked_is_what_was_visited():
    model = dagger(n_episodes_per_round=2, query=3)
    asked = model.ask(*demonstrations())
    states = np.array([position for position, _ in logged("step")]).reshape(2, 5, 2)
    assert asked.ids.dtype.kind == "i"
    assert len(set(asked.ids.tolist())) == 6
    assert_array_equal(asked.episode_ids, [0, 0, 0, 1, 1, 1])
    assert_array_equal(asked.observations, states[asked.episode_ids, asked.steps])
    assert (np.diff(asked.steps.reshape(2, 3), axis=1) > 0).all()
    seen = set(asked.ids.tolist())
    model.tell(asked.ids, curved(asked.observations))
    assert not seen & set(model.ask().ids.tolist())


def test_asked_again_it_is_the_same_whatever_was_done_to_it():
    model = dagger(query=3)
    asked = model.ask(*demonstrations())
    kept = copy.deepcopy(asked)
    n_steps = len(logged("step"))
    for array in asked:
        if array.flags.writeable:
            array[:] = 0
    again = model.ask()
    assert_equal(list(again), list(kept))
    assert len(logged("step")) == n_steps
    model.tell(again.ids, curved(again.observations))
    assert not np.array_equal(model.ask().observations, kept.observations)


def test_without_demonstrations_and_expert_the_first_episodes_are_random():
    model = dagger(n_episodes_per_round=2, n_rounds=2)
    first = model.ask()
    actions = np.array([action for _, action in logged("step")])
    assert len(np.unique(actions)) == 20
    assert np.abs(actions).max() <= 0.5
    assert len(first.ids) == 10
    assert_equal(list(first), list(dagger(n_episodes_per_round=2).ask()))
    other = dagger(n_episodes_per_round=2, random_state=1).ask()
    assert not np.array_equal(first.observations, other.observations)
    with pytest.raises(NotFittedError):
        model.predict(np.zeros((1, 2)))
    with pytest.raises(NotFittedError):
        as_policy(model)
    with pytest.raises(ValueError, match=r"finish: .* nothing was told yet"):
        model.finish()
    model.tell(first.ids, curved(first.observations))
    (record,) = model.history_
    assert (record["round"], record["beta"]) == (0, 0.0)
    assert record["n_samples"] == record["n_expert_queries"] == 10
    assert model.expert_return_ is None
    for _ in range(2):
        asked = model.ask()
        model.tell(asked.ids, curved(asked.observations))
    assert [r["round"] for r in model.history_] == [0, 1, 2]
    with pytest.raises(ValueError, match=r"ask: .* one that is over"):
        model.ask()


def test_the_random_start_asks_by_query_with_no_learner():
    seen = []

    def query(observations, learner):
        seen.append(learner)
        return [1, 3]

    model = dagger(query=query)
    assert_array_equal(model.ask().steps, [1, 3])
    assert seen == [None]
    assert len(dagger(query=2).ask().ids) == 2


def test_after_the_last_round_the_best_is_kept_as_in_fit():
    data = demonstrations()
    model = dagger(n_rounds=2)
    asked = model.ask(*data)
    assert model.best_round_ == 0  # it acts as it stands
    model.tell(asked.ids, curved(asked.observations))
    assert model.best_round_ == 1
    assert not model.history_[1]["evaluated"]
    asked = model.ask()
    model.tell(asked.ids, curved(asked.observations))
    assert model.history_[-1]["evaluated"]
    means = {r["round"]: r["mean_return"] for r in model.history_ if r["evaluated"]}
    assert means[model.best_round_] == max(means.values())
    returns = evaluate_policy(PointEnv, model, n_episodes=3, random_state=0)
    assert len(returns) == 3
    with pytest.raises(ValueError, match=r"^tell: expected a call of ask before.* no"):
        model.tell(asked.ids, curved(asked.observations))
    with pytest.raises(ValueError, match=r"^ask: .* one that is over: round . of 2 is"):
        model.ask()
    with pytest.raises(ValueError, match=r"^finish: .* none is open"):
        model.finish()
    again = clone(model)
    same_run(by_hand(again, *data), model)


@pytest.mark.parametrize("flat", [True, False])
def test_one_action_dimension(flat):
    X = np.random.default_rng(0).normal(size=(12, 2))
    y = lean(X)[:, 0] if flat else lean(X)
    options = {"env": OneActionEnv, "n_rounds": 2, "query": 3}
    whole = dagger(expert=lean, **options).fit(X, y)
    for answer in (
        lean,
        lambda seen: lean(seen)[:, 0],
        lambda seen: lean(seen).tolist(),
    ):
        model = by_hand(dagger(**options), X, y, answer=answer)
        same_run(model, whole)
        assert model.predict(X).shape == y.shape
        assert model.act(X[0]).shape == (() if flat else (1,))


def test_names_of_features_are_kept():
    X, y = demonstrations()
    frame = pd.DataFrame(X, columns=["x", "y"])
    model = dagger(n_rounds=2)
    asked = model.ask(frame, y)
    assert list(model.feature_names_in_) == ["x", "y"]
    model = pickle.loads(pickle.dumps(model))
    model.tell(asked.ids, curved(asked.observations))
    model.predict(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"x": "z"}))
    asked = model.ask()
    model.tell(asked.ids, curved(asked.observations))
    assert list(model.feature_names_in_) == ["x", "y"]


def test_a_live_environment_is_lent():
    env = PointEnv()
    try:
        model = by_hand(dagger(env=env), *demonstrations())
        assert logged("closed") == []
    finally:
        env.close()
    same_run(model, dagger(expert=curved).fit(*demonstrations()))


def test_who_is_told_less_than_asked_prints_its_rounds(capsys):
    model = dagger(n_rounds=1, verbose=True)
    asked = model.ask(*demonstrations())
    model.tell(asked.ids[:2], curved(asked.observations[:2]))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["Round 0", "Round 1"]
    assert "14 samples" in lines[1]
    assert lines[-1].startswith("Evaluated 2 rounds")


def test_what_the_learner_validates_with_is_given_to_the_first_call():
    X, y = demonstrations()
    learner = BehaviorCloner((4,), max_iter=2, early_stopping=True)
    given = {"X_val": X[:4], "y_val": y[:4]}
    options = {"incremental": False, "n_rounds": 1}
    whole = dagger(learner, expert=curved, **options).fit(X, y, **given)
    model = by_hand(dagger(learner, **options), X, y, **given)
    same_run(model, whole)
    scores = model.estimator_.validation_scores_
    assert scores == whole.estimator_.validation_scores_
