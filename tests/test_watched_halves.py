"""Callbacks see a run in two halves as they see one in one piece."""

import pickle

import numpy as np
import pytest
from boards import ended_well, runs_in, session_start, steps_and_values, tags_in
from runs import SilentCallback, curved, demonstrations
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.linear_model import Ridge
from toy import PointEnv

from skimitate import BehaviorCloner, DAggerRegressor, TensorBoardCallback
from skimitate.callbacks._progress import Progress


def dagger(learner=None, **options):
    options = {"n_rounds": 3, "n_epochs_per_round": 2, "n_eval_episodes": 2} | options
    options = {"env": PointEnv, "query": 3, "random_state": 0} | options
    return DAggerRegressor(Ridge() if learner is None else learner, **options)


def by_hand(model, *data, between=lambda model: model):
    asked = model.ask(*data)
    while True:
        model = between(model)
        model.tell(asked.ids, curved(asked.observations))
        if len(model.history_) > model.n_rounds:
            return model
        model = between(model)
        asked = model.ask()


def scalars(folder):
    return {
        tag: steps_and_values(folder, tag)
        for tag in tags_in(folder)
        if not tag.startswith("seconds")
    }


@pytest.mark.parametrize(
    "between",
    [lambda model: model, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["here", "saved"],
)
@pytest.mark.parametrize(
    "learner",
    [
        pytest.param(Ridge(), marks=pytest.mark.slow),
        BehaviorCloner((4,), max_iter=2),
    ],
)
def test_tensorboard_shows_one_run_that_is_that_of_fit(learner, between, tmp_path):
    X, y = demonstrations()
    X_val = X[::-1].copy()
    boards = [
        TensorBoardCallback(tmp_path, name=name, X_val=X_val, y_val=curved(X_val))
        for name in ("whole", "halves")
    ]
    dagger(learner, expert=curved).set_callbacks(boards[0]).fit(X, y)
    seen = []

    def looked_at(model):
        seen.append(ended_well(tmp_path / "halves"))
        return between(model)

    by_hand(dagger(learner).set_callbacks(boards[1]), X, y, between=looked_at)
    assert runs_in(tmp_path) == {"whole", "halves"}
    assert scalars(tmp_path / "halves") == scalars(tmp_path / "whole")
    assert len(steps_and_values(tmp_path / "halves", "round/samples")[0]) == 4
    assert not any(seen)
    assert ended_well(tmp_path / "halves")
    assert session_start(tmp_path / "halves")[1]["query"] == 3


def test_what_was_stopped_goes_on_in_its_run_and_another_is_one_of_its_own(tmp_path):
    X, y = demonstrations()
    board = TensorBoardCallback(tmp_path)

    def tired(observations):
        calls.append(1)
        return curved(observations) if len(calls) < 3 else None

    calls = []
    model = dagger(expert=tired).set_callbacks(board)
    with pytest.raises(ValueError, match="got none"):
        model.fit(X, y)
    assert not ended_well(tmp_path / "DAggerRegressor")
    while len(vars(model).get("history_", ())) <= 3:
        asked = model.ask()
        model.tell(asked.ids, curved(asked.observations))
    assert runs_in(tmp_path) == {"DAggerRegressor"}
    assert ended_well(tmp_path / "DAggerRegressor")
    model.set_params(expert=curved).fit(X, y)
    assert runs_in(tmp_path) == {"DAggerRegressor", "DAggerRegressor-2"}
    folders = [tmp_path / name for name in sorted(runs_in(tmp_path))]
    assert scalars(folders[0]) == scalars(folders[1])


def test_two_runs_with_one_callback_are_kept_apart(tmp_path):
    X, y = demonstrations()
    board = TensorBoardCallback(tmp_path)
    models = [dagger(Ridge(alpha=a)).set_callbacks(board) for a in (0.1, 10.0)]
    asked = [model.ask(X, y) for model in models]
    for _ in range(3):
        for model, questions in zip(models, asked, strict=True):
            model.tell(questions.ids, curved(questions.observations))
        if len(models[0].history_) <= 3:
            asked = [model.ask() for model in models]
    for model, name in zip(models, sorted(runs_in(tmp_path)), strict=True):
        losses = [record["loss"] for record in model.history_]
        shown = steps_and_values(tmp_path / name, "round/loss")
        assert shown == ([0, 1, 2, 3], pytest.approx(losses, rel=1e-6))


def tired():
    """An expert that has no answers from its third call on."""

    def answer(observations):
        calls.append(1)
        return curved(observations) if len(calls) < 3 else None

    calls = []
    return answer


def test_what_was_given_up_for_another_run_is_forgotten(tmp_path):
    board = TensorBoardCallback(tmp_path)
    model = dagger().set_callbacks(board)
    sizes = []
    for _ in range(3):
        with pytest.raises(ValueError, match="got none"):
            model.set_params(expert=tired()).fit(*demonstrations())
        board.run_dir = None  # its name grows
        sizes.append(len(pickle.dumps(board)))
    assert max(sizes) - min(sizes) < 20
    # The last one can go on all the same, and is forgotten when it is over.
    model.finish()
    assert runs_in(tmp_path) == {f"DAggerRegressor{n}" for n in ("", "-2", "-3")}
    assert ended_well(tmp_path / "DAggerRegressor-3")
    assert len(pickle.dumps(board)) < min(sizes) - 100


class Refusing(Ridge):
    def fit(self, X, y, sample_weight=None):
        raise ZeroDivisionError("enough")


def test_a_run_that_learns_nothing_takes_the_place_of_none(tmp_path):
    X, y = demonstrations()
    model = dagger(n_rounds=1).set_callbacks(TensorBoardCallback(tmp_path))
    asked = model.ask(X, y)
    with pytest.raises(ValueError, match="enough"):
        model.set_params(estimator=Refusing(), expert=curved).fit(X, y)
    model.tell(asked.ids, curved(asked.observations))
    assert runs_in(tmp_path) == {"DAggerRegressor", "DAggerRegressor-2"}
    assert ended_well(tmp_path / "DAggerRegressor")
    assert not ended_well(tmp_path / "DAggerRegressor-2")


@pytest.mark.parametrize("given", [True, False])
def test_a_monitor_scores_each_round(given):
    data = demonstrations() if given else ()
    whole, halves = (ScoringMonitor(scoring="r2") for _ in range(2))
    model = dagger(n_rounds=2)
    if given:
        fitted = dagger(n_rounds=2, expert=curved).set_callbacks(whole).fit(*data)
        by_hand(model.set_callbacks(halves), *data)
        expected = rounds_of(whole.get_logs("all"))
        assert rounds_of(halves.get_logs("all")) == expected
        assert len(fitted.history_) == len(model.history_)
        return
    # Before the first labels there is nobody to score.
    asked = model.set_callbacks(halves).ask()
    with pytest.raises(ValueError, match="No logs"):
        halves.get_logs()
    for _ in range(3):
        model.tell(asked.ids, curved(asked.observations))
        asked = model.ask() if len(model.history_) < 3 else None
    assert [number for number, _ in rounds_of(halves.get_logs("all"))] == [0, 1]


def rounds_of(logs):
    """The number and the score of each round."""
    rows = [row for log in logs for row in log.data if row["task_name"] == "round"]
    return [(row["task_id"], row["r2"]) for row in rows]


class StopAfter(SilentCallback):
    """Stops a run after some rounds."""

    def __init__(self, n):
        self.left = n

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name != "round":
            return False
        assert fitted_estimator.predict(np.zeros((1, 2))).shape == (1, 2)
        self.left -= 1
        return self.left == 0


def test_a_callback_may_stop_the_halves_as_it_stops_fit():
    X, y = demonstrations()
    whole = dagger(n_rounds=5, expert=curved).set_callbacks(StopAfter(2)).fit(X, y)
    model = dagger(n_rounds=5).set_callbacks(StopAfter(2))
    for _ in range(2):
        asked = model.ask(*(() if hasattr(model, "history_") else (X, y)))
        model.tell(asked.ids, curved(asked.observations))
    with pytest.raises(ValueError, match=r"^ask: .* one that is over: round . of 2 is"):
        model.ask()
    assert model.best_round_ == whole.best_round_
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))


def test_progress_counts_the_rounds_of_all_halves(capsys):
    by_hand(dagger().set_callbacks(Progress("a run")), *demonstrations())
    lines = capsys.readouterr().out.splitlines()
    shown = [line for line in lines if line.startswith("a run: round")]
    assert shown[-1].split()[3] == "3/3,"
    assert "evaluating the best rounds" in lines[-1]


@pytest.mark.parametrize("given", [True, False])
def test_bars_are_shown_and_closed(given, capsys):
    model = dagger(n_rounds=1).set_callbacks(ProgressBar())
    asked = model.ask(*(demonstrations() if given else ()))
    model.ask()
    with pytest.raises(ValueError, match="ids"):
        model.tell([-1], [[0.0, 0.0]])
    model.tell(asked.ids, curved(asked.observations))
    assert "DAggerRegressor" in capsys.readouterr().out
