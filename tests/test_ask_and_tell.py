"""DAgger in two halves: the same as in one, whoever answers and whenever."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import gymnasium
import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal, assert_equal
from runs import curved, demonstrations, same_run
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from toy import OneActionEnv, PointEnv, Recorder, lean, logged

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    as_policy,
    evaluate_policy,
    load_policy,
    save_policy,
)


@pytest.fixture(autouse=True)
def _empty_logs():
    PointEnv.log.clear()
    Recorder.log.clear()
    yield
    assert len(logged("made")) == len(logged("closed"))


def dagger(learner=None, **options):
    options = {"n_rounds": 3, "n_eval_episodes": 2, "n_epochs_per_round": 1} | options
    options = {"env": PointEnv, "random_state": 0} | options
    return DAggerRegressor(Ridge() if learner is None else learner, **options)


def by_hand(model, *data, answer=curved, between=lambda model: model, **given):
    """What fit does, in two halves."""
    asked = model.ask(*data, **given)
    while True:
        model = between(model)
        model.tell(asked.ids, answer(asked.observations))
        model = between(model)
        if is_over(model):
            return model
        asked = model.ask()


def is_over(model):
    return len(model.history_) == model.n_rounds + 1


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
@pytest.mark.parametrize("given", [True, False])
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


def holds_no_run(model):
    fresh = dagger(expert=curved).fit(*demonstrations())
    assert set(vars(model)) == set(vars(fresh))
    assert not any("_run" in name for name in vars(model))
    assert not any(isinstance(v, gymnasium.Env) for v in vars(model).values())


def test_a_run_that_is_over_is_not_held():
    X, y = demonstrations(2000)
    model = dagger(n_rounds=1)
    asked = model.ask(X, y)
    assert len(pickle.dumps(model)) > X.nbytes
    model.tell(asked.ids, curved(asked.observations))
    holds_no_run(model)
    assert len(pickle.dumps(model)) < 10_000


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


COPIES = {
    "joblib": lambda model, tmp_path: through_a_file(model, tmp_path / "run.joblib"),
    "deepcopy": lambda model, tmp_path: copy.deepcopy(model),
    "copy": lambda model, tmp_path: copy.copy(model),
}


def through_a_file(model, path):
    joblib.dump(model, path)
    return joblib.load(path)


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_goes_on_where_the_run_is(kind, tmp_path):
    options = {"query": 3, "n_episodes_per_round": 2}
    whole = dagger(expert=curved, **options).fit()
    model = by_hand(
        dagger(expert=curved, **options),
        between=lambda model: COPIES[kind](model, tmp_path),
    )
    same_run(model, whole)


@pytest.mark.parametrize("kind", ["joblib", "deepcopy"])
def test_a_copy_is_a_run_of_its_own(kind, tmp_path):
    model = dagger(n_rounds=2)
    asked = model.ask(*demonstrations())
    other = COPIES[kind](model, tmp_path)
    other.tell(asked.ids, -curved(asked.observations))
    assert len(model.history_) == 1
    model.tell(asked.ids, curved(asked.observations))
    assert_array_equal(model.ask().ids, other.ask().ids)
    assert not np.array_equal(model.estimator_.coef_, other.estimator_.coef_)


def test_a_clone_has_no_run():
    model = dagger()
    asked = model.ask(*demonstrations())
    cloned = clone(model)
    with pytest.raises(ValueError, match="no run is open"):
        cloned.tell(asked.ids, curved(asked.observations))
    assert set(vars(cloned)) == set(model.get_params(deep=False))
    model.tell(asked.ids, curved(asked.observations))


def test_between_the_halves_it_acts_as_it_stands(tmp_path):
    X, y = demonstrations()
    model = dagger(BehaviorCloner((4,), max_iter=2))
    asked = model.ask(X, y)
    for n_told in range(2):
        policy = as_policy(model)
        expected = model.predict(X)
        np.testing.assert_allclose(policy.act(X), expected, rtol=1e-5)
        np.testing.assert_allclose(model.act(X), expected, rtol=1e-5)
        save_policy(model, tmp_path / "policy.safetensors")
        loaded = load_policy(tmp_path / "policy.safetensors")
        np.testing.assert_allclose(loaded.act(X), expected, rtol=1e-5)
        assert model.best_round_ == n_told
        assert model.get_params()["estimator__max_iter"] == 2
        model.tell(asked.ids, curved(asked.observations))
        asked = model.ask()


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


ASK = """
import joblib, numpy as np
from test_ask_and_tell import dagger, demonstrations
begins = {begins}
model = dagger(query=3) if begins else joblib.load("run")
asked = model.ask(*(demonstrations() if begins else ()))
joblib.dump(model, "run")
np.savez("asked.npz", ids=asked.ids, observations=asked.observations)
"""
TELL = """
import joblib, numpy as np
from test_ask_and_tell import curved
model, asked = joblib.load("run"), np.load("asked.npz")
model.tell(asked["ids"][::-1], curved(asked["observations"][::-1]))
joblib.dump(model, "run")
"""


@pytest.mark.slow
def test_another_process_goes_on(tmp_path):
    """Each half in a process of its own, with what is asked in a file between them."""
    paths = [str(Path(__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    for i in range(3):
        for half in (ASK.format(begins=i == 0), TELL):
            command = [sys.executable, "-c", half]
            subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    whole = dagger(query=3, expert=curved).fit(*demonstrations())
    same_run(joblib.load(tmp_path / "run"), whole)


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
