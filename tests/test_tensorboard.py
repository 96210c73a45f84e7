"""TensorBoard: what its own readers find of a fit is what the fit came to."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
from boards import (
    ended_well,
    runs_in,
    session_start,
    steps_and_values,
    tags_in,
    values,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - its import enables
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import OneActionEnv, PointEnv, expert, lean

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    TensorBoardCallback,
    load_demonstrations,
)


@pytest.fixture(scope="module")
def data():
    X, y = load_demonstrations("Reacher-v5", return_X_y=True)
    return X[:300], y[:300], X[300:400], y[300:400]


def close(expected):
    """TensorBoard keeps single precision."""
    return pytest.approx(expected, rel=1e-6)


def cloner(**options):
    return BehaviorCloner((8,), **{"max_iter": 3, "random_state": 0} | options)


def dagger(learner=None, env=PointEnv, **options):
    options = {
        "n_rounds": 3,
        "n_epochs_per_round": 2,
        "n_eval_episodes": 2,
        "random_state": 0,
    } | options
    learner = cloner() if learner is None else learner
    return DAggerRegressor(learner, env=env, expert=expert, **options)


def brake(observations):
    return -2.0 * observations[:, 1:2]


def test_a_cloner_is_written_down_epoch_by_epoch(data, tmp_path):
    X, y, X_val, y_val = data
    board = TensorBoardCallback(tmp_path / "new", X_val=X_val, y_val=y_val)
    fitted = cloner(early_stopping=True, n_iter_no_change=9).set_callbacks(board)
    fitted.fit(X, y)
    assert runs_in(tmp_path / "new") == {"BehaviorCloner"}
    run = tmp_path / "new" / "BehaviorCloner"
    assert board.run_dir == run
    assert steps_and_values(run, "loss/training") == (
        [1, 2, 3],
        close(fitted.loss_curve_),
    )
    assert values(run, "score/validation") == close(fitted.validation_scores_)
    seconds = values(run, "seconds/epoch")
    assert len(seconds) == 3
    assert min(seconds) > 0
    assert ended_well(run)


def test_the_loss_on_held_out_data_is_that_of_the_policy(data, tmp_path):
    X, y, X_val, y_val = data
    board = TensorBoardCallback(tmp_path, X_val=X_val, y_val=y_val)
    fitted = cloner().set_callbacks(board).fit(X, y)
    losses = values(tmp_path / "BehaviorCloner", "loss/validation")
    assert len(losses) == 3
    assert losses[-1] == close(np.mean((fitted.predict(X_val) - y_val) ** 2))
    shorter = cloner(max_iter=1).fit(X, y)
    assert losses[0] == close(np.mean((shorter.predict(X_val) - y_val) ** 2))


def test_held_out_data_go_through_a_pipeline(data, tmp_path):
    X, y, X_val, y_val = (pd.DataFrame(array) for array in data)
    board = TensorBoardCallback(tmp_path, X_val=X_val, y_val=y_val[0])
    pipeline = make_pipeline(StandardScaler(), StandardScaler(), cloner())
    pipeline.set_callbacks(board).fit(X, y[0])
    assert runs_in(tmp_path) == {"Pipeline"}
    losses = values(tmp_path / "Pipeline", "loss/validation")
    expected = np.mean((pipeline.predict(X_val) - y_val[0]) ** 2)
    assert losses[-1] == close(expected)
    _, parameters = session_start(tmp_path / "Pipeline")
    assert parameters["behaviorcloner__max_iter"] == 3
    assert parameters["standardscaler-1__with_mean"] is True


def test_each_fit_is_a_run_and_what_goes_on_goes_on_in_it(data, tmp_path):
    X, y = data[:2]
    board = TensorBoardCallback(tmp_path, name="tanh")
    fitted = cloner(activation="tanh").set_callbacks(board).fit(X, y)
    fitted.fit(X, y)
    assert runs_in(tmp_path) == {"tanh", "tanh-2"}
    fitted.partial_fit(X, y)
    fitted.continue_fit(X, y, n_epochs=2)
    fitted.set_params(warm_start=True).fit(X, y)
    assert runs_in(tmp_path) == {"tanh", "tanh-2"}
    assert steps_and_values(tmp_path / "tanh-2", "loss/training") == (
        list(range(1, 10)),
        close(fitted.loss_curve_),
    )
    other = TensorBoardCallback(tmp_path, name="tanh")
    cloner().set_callbacks(other).fit(X, y)
    assert other.run_dir == tmp_path / "tanh-3"


def test_parameters_are_what_the_dashboard_takes(data, tmp_path):
    board = TensorBoardCallback(tmp_path)
    cloner(ema_decay=None, alpha=np.float64(0.5)).set_callbacks(board).fit(*data[:2])
    group, parameters = session_start(tmp_path / "BehaviorCloner")
    assert group == "BehaviorCloner"
    assert set(parameters) == set(BehaviorCloner().get_params())
    expected = {
        "hidden_layer_sizes": "(8,)",
        "ema_decay": "None",
        "alpha": 0.5,
        "max_iter": 3.0,
        "normalize": True,
        "activation": "tanh",
    }
    assert expected.items() <= parameters.items()


@pytest.mark.parametrize("learner", ["cloner", "pipeline", "anew"])
def test_dagger_is_written_down_round_by_round(learner, tmp_path):
    learners = {
        "cloner": cloner(),
        "pipeline": make_pipeline(StandardScaler(), cloner()),
        "anew": cloner(),
    }
    fitted = dagger(learners[learner], incremental=learner != "anew")
    fitted.set_callbacks(TensorBoardCallback(tmp_path)).fit()
    run, history = tmp_path / "DAggerRegressor", fitted.history_
    assert runs_in(tmp_path) == {"DAggerRegressor", "DAggerRegressor/expert"}
    for tag, key in {
        "round/beta": "beta",
        "round/samples": "n_samples",
        "round/expert_queries": "n_expert_queries",
        "round/loss": "loss",
        "seconds/round": "seconds",
    }.items():
        expected = close([record[key] for record in history])
        assert steps_and_values(run, tag) == ([0, 1, 2, 3], expected)
    n_epochs = 12 if learner == "anew" else 9
    steps, _ = steps_and_values(run, "loss/training")
    assert steps == list(range(1, n_epochs + 1))
    assert ended_well(run)
    _, parameters = session_start(run)
    assert parameters["env"] == "PointEnv"
    assert parameters["expert"] == "expert"
    assert parameters["n_rounds"] == 3
    assert "estimator" not in parameters


def test_returns_are_drawn_over_rounds_beside_the_experts(tmp_path):
    fitted = dagger(n_episodes_per_round=3).set_callbacks(TensorBoardCallback(tmp_path))
    fitted.fit()
    run = tmp_path / "DAggerRegressor"
    steps, on_the_way = steps_and_values(run, "return/mean")
    assert steps == [0, 1, 2, 3]
    assert on_the_way[-1] == close(fitted.history_[-1]["mean_return"])
    evaluated = {r["round"]: r for r in fitted.history_ if r["evaluated"]}
    assert {r["n_eval_episodes"] for r in evaluated.values()} == {2}
    steps, found = steps_and_values(run, "return/evaluation")
    assert steps == list(evaluated)
    assert fitted.best_round_ in steps
    assert found == close([r["mean_return"] for r in evaluated.values()])
    level = steps_and_values(run / "expert", "return/mean")
    assert level == ([0, 1, 2, 3], close([fitted.expert_return_] * 4))
    assert steps_and_values(run / "expert", "return/evaluation") == (
        steps,
        close([fitted.expert_return_] * len(steps)),
    )


def test_a_round_measured_in_as_many_episodes_was_not_evaluated(tmp_path):
    board = TensorBoardCallback(tmp_path)
    fitted = dagger(
        cloner(max_iter=1), n_episodes_per_round=1, n_eval_episodes=1, keep="last"
    )
    fitted.set_callbacks(board).fit()
    assert [r["n_eval_episodes"] for r in fitted.history_] == [1] * 4
    for run in (board.run_dir, board.run_dir / "expert"):
        assert steps_and_values(run, "return/evaluation")[0] == [3]
        assert steps_and_values(run, "return/mean")[0] == [0, 1, 2, 3]


def test_demonstrations_that_were_given_tell_no_level(tmp_path):
    X = np.random.default_rng(0).normal(size=(20, 2))
    board = TensorBoardCallback(tmp_path)
    fitted = dagger().set_callbacks(board).fit(X, expert(X))
    assert fitted.expert_return_ is None
    assert runs_in(tmp_path) == {"DAggerRegressor"}
    told = TensorBoardCallback(tmp_path, name="told", expert_return=-3)
    dagger().set_callbacks(told).fit(X, expert(X))
    assert values(tmp_path / "told" / "expert", "return/mean") == [-3.0] * 4


@pytest.mark.parametrize("learner", [cloner(), Ridge()], ids=["cloner", "ridge"])
def test_the_validation_loss_of_dagger_follows_each_round(learner, tmp_path):
    X_val = np.random.default_rng(1).normal(size=(50, 2))
    y_val = lean(X_val)
    board = TensorBoardCallback(tmp_path, X_val=X_val, y_val=y_val)
    fitted = DAggerRegressor(
        learner,
        env=OneActionEnv,
        expert=lean,
        n_rounds=2,
        n_epochs_per_round=2,
        n_eval_episodes=1,
        keep="last",
        random_state=0,
    )
    fitted.set_callbacks(board).fit()
    steps, losses = steps_and_values(board.run_dir, "loss/validation")
    # The axis counts epochs; what shows none is counted by rounds.
    assert steps == ([1, 2, 3] if isinstance(learner, Ridge) else [3, 5, 7])
    assert losses[-1] == pytest.approx(
        np.mean((fitted.predict(X_val) - y_val) ** 2), rel=1e-6, abs=1e-12
    )


def test_a_clone_by_way_of_dagger_is_written_down_as_well(data, tmp_path):
    board = TensorBoardCallback(tmp_path)
    DAggerRegressor(cloner()).set_callbacks(board).fit(*data[:2])
    assert len(values(board.run_dir, "loss/training")) == 3
    assert len(values(board.run_dir, "round/loss")) == 1
    assert "return/mean" not in tags_in(board.run_dir)


@pytest.mark.parametrize(
    "n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)], ids=["here", "two"]
)
def test_a_search_has_a_run_for_each_fit(n_jobs, data, tmp_path):
    X, y, X_val, y_val = data
    board = TensorBoardCallback(tmp_path, X_val=X_val, y_val=y_val)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), cloner()),
        {"behaviorcloner__hidden_layer_sizes": [(4,), (8, 8)]},
        cv=KFold(2),
        n_jobs=n_jobs,
        scoring={"r2": "r2", "mse": "neg_mean_squared_error"},
        refit="r2",
    )
    search.set_callbacks(board).fit(X, y)
    root = tmp_path / "GridSearchCV"
    fits = {f"candidate-{i}/split-{j}" for i in (0, 1) for j in (0, 1)}
    assert runs_in(root) == fits | {"refit"}
    for i, text in enumerate(["(4,)", "(8, 8)"]):
        for j in (0, 1):
            run = root / f"candidate-{i}" / f"split-{j}"
            parameters = {"behaviorcloner__hidden_layer_sizes": text}
            assert session_start(run) == (f"GridSearchCV/candidate-{i}", parameters)
            for name in ("r2", "mse"):
                score = search.cv_results_[f"split{j}_test_{name}"][i]
                assert values(run, f"score/test_{name}") == [close(score)]
            assert len(values(run, "loss/training")) == 3
            assert ended_well(run)
    losses = values(root / "refit", "loss/validation")
    assert losses[-1] == close(np.mean((search.predict(X_val) - y_val) ** 2))


@pytest.mark.parametrize("kind", ["random", "halving"])
def test_other_searches_number_their_candidates_as_their_results_do(
    kind, data, tmp_path
):
    grid = {"alpha": [0.0, 0.1, 0.2, 0.3]}
    search = {
        "random": RandomizedSearchCV(cloner(), grid, n_iter=3, cv=2, random_state=0),
        "halving": HalvingGridSearchCV(cloner(), grid, cv=2, random_state=0, factor=2),
    }[kind]
    board = TensorBoardCallback(tmp_path)
    search.set_callbacks(board).fit(*data[:2])
    results = search.cv_results_
    assert len(results["params"]) == (3 if kind == "random" else 4 + 2 + 1)
    for i, parameters in enumerate(results["params"]):
        for j in (0, 1):
            run = board.run_dir / f"candidate-{i}" / f"split-{j}"
            assert session_start(run)[1] == parameters
            score = results[f"split{j}_test_score"][i]
            assert values(run, "score/test_score") == [close(score)]
            assert len(values(run, "loss/training")) == 3


@pytest.mark.slow
def test_a_search_over_dagger_has_its_rounds_in_each_run(tmp_path):
    search = GridSearchCV(
        DAggerRegressor(
            cloner(),
            env="Pendulum-v1",
            expert=brake,
            n_rounds=2,
            n_epochs_per_round=2,
            n_eval_episodes=1,
            random_state=0,
        ),
        {"estimator__activation": ["relu", "tanh"]},
        cv=2,
        n_jobs=2,
    )
    X = np.random.default_rng(0).normal(size=(40, 3))
    board = TensorBoardCallback(tmp_path, expert_return=-150.0)
    search.set_callbacks(board).fit(X, brake(X))
    for run in [*(f"candidate-{i}/split-{j}" for i in (0, 1) for j in (0, 1)), "refit"]:
        folder = tmp_path / "GridSearchCV" / run
        assert len(values(folder, "round/loss")) == 3
        assert len(values(folder, "loss/training")) == 3 + 2 * 2
        assert values(folder / "expert", "return/mean") == [-150.0] * 3


@pytest.mark.filterwarnings("ignore:The estimator Ridge does not support callbacks")
def test_a_search_over_what_shows_nothing_has_its_scores(data, tmp_path):
    search = GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, cv=2)
    search.set_callbacks(TensorBoardCallback(tmp_path)).fit(*data[:2])
    for i, alpha in enumerate([1.0, 2.0]):
        run = tmp_path / "GridSearchCV" / f"candidate-{i}" / "split-1"
        assert session_start(run) == (f"GridSearchCV/candidate-{i}", {"alpha": alpha})
        score = search.cv_results_["split1_test_score"][i]
        assert values(run, "score/test_score") == [close(score)]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_candidate_that_fails_has_no_score(data, tmp_path):
    search = GridSearchCV(cloner(), {"learning_rate_init": [1e-3, 1e30]}, cv=2)
    search.set_callbacks(TensorBoardCallback(tmp_path)).fit(*data[:2])
    good, bad = (
        tmp_path / "GridSearchCV" / f"candidate-{i}" / "split-0" for i in (0, 1)
    )
    assert "score/test_score" in tags_in(good)
    assert "score/test_score" not in tags_in(bad)
    assert not ended_well(bad)
    assert session_start(bad)[1] == {"learning_rate_init": 1e30}


def test_a_search_within_dagger_has_a_folder_for_each_round(tmp_path):
    learner = GridSearchCV(cloner(max_iter=1), {"alpha": [0.0, 0.1]}, cv=2)
    board = TensorBoardCallback(tmp_path)
    dagger(learner, n_rounds=2).set_callbacks(board).fit()
    found = runs_in(board.run_dir)
    assert {"candidate-1/split-0", "round-2/candidate-1/split-0"} <= found
    for folder in ("candidate-1/split-0", "round-2/candidate-1/split-0"):
        _, parameters = session_start(board.run_dir / folder)
        assert parameters == {"alpha": 0.1}
        assert len(values(board.run_dir / folder, "loss/training")) == 1
        assert len(values(board.run_dir / folder, "score/test_score")) == 1
    assert len(values(board.run_dir, "round/loss")) == 3


@pytest.mark.slow
def test_copies_in_other_processes_do_not_meet(data, tmp_path):
    X, y = data[:2]
    fitted = cloner().set_callbacks(TensorBoardCallback(tmp_path))
    found = cross_validate(fitted, X, y, cv=4, n_jobs=2, return_estimator=True)
    names = {"BehaviorCloner", *(f"BehaviorCloner-{i}" for i in (2, 3, 4))}
    assert runs_in(tmp_path) == names
    curves = [tuple(values(tmp_path / name, "loss/training")) for name in names]
    expected = [e.loss_curve_ for e in found["estimator"]]
    assert sorted(curves) == [close(curve) for curve in sorted(expected)]


class Interrupting:
    """Ends a fit at the beginning of an epoch, by an exception."""

    def __init__(self, exception, epoch=2):
        self.exception = exception
        self.epoch = epoch

    def setup(self, estimator, context):
        """Nothing to prepare."""

    def teardown(self, estimator, context):
        """Nothing to clear away."""

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch" and context.task_id == self.epoch:
            raise self.exception

    def on_fit_task_end(self, estimator, context):
        """Let it end."""


@pytest.mark.parametrize("exception", [KeyboardInterrupt, RuntimeError])
def test_what_was_written_stays_when_a_fit_ends_early(exception, data, tmp_path):
    X, y = data[:2]
    board = TensorBoardCallback(tmp_path)
    fitted = cloner(max_iter=9).set_callbacks(board, Interrupting(exception))
    with pytest.raises(exception):
        fitted.fit(X, y)
    losses = values(tmp_path / "BehaviorCloner", "loss/training")
    assert len(losses) == 2
    assert not ended_well(tmp_path / "BehaviorCloner")
    assert not open_files_in(tmp_path)
    if exception is KeyboardInterrupt:  # after which it can go on
        assert losses == close(fitted.loss_curve_)
        fitted.set_callbacks(board).partial_fit(X, y)
        assert runs_in(tmp_path) == {"BehaviorCloner"}
        assert values(board.run_dir, "loss/training") == close(fitted.loss_curve_)


def open_files_in(folder):
    fds = "/proc/self/fd"
    links = [os.path.join(fds, fd) for fd in os.listdir(fds)]
    files = [os.readlink(link) for link in links if os.path.islink(link)]
    return [file for file in files if file.startswith(str(folder))]


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_what_it_wrote(tmp_path):
    script = f"""
    import os, signal
    from skimitate import BehaviorCloner, TensorBoardCallback
    import numpy as np

    class Killer:
        setup = teardown = on_fit_task_begin = lambda self, estimator, context: None

        def on_fit_task_end(self, estimator, context):
            if context.task_id == 2:
                os.kill(os.getpid(), signal.SIGKILL)

    X = np.eye(4)
    callbacks = TensorBoardCallback({str(tmp_path)!r}), Killer()
    BehaviorCloner().set_callbacks(*callbacks).fit(X, X)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert done.returncode == -9
    assert len(values(tmp_path / "BehaviorCloner", "loss/training")) == 3


def test_without_the_extra_it_is_not_made(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r"pip install skimitate\[tensorboard\]"):
        TensorBoardCallback(tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("below", [False, True])
def test_a_log_dir_that_is_a_file_is_refused(below, tmp_path):
    file = tmp_path / "runs"
    file.write_text("taken")
    log_dir = file / "new" if below else file
    with pytest.raises(OSError, match=r"log_dir: expected a folder that can be writ"):
        TensorBoardCallback(log_dir)
    assert file.read_text() == "taken"


def test_a_log_dir_without_permission_is_refused():
    # root may write anywhere, but in here nobody can.
    with pytest.raises(OSError, match=r"log_dir: .* got /proc/runs \("):
        TensorBoardCallback("/proc/runs")


@pytest.mark.parametrize(
    ("X_val", "y_val", "message"),
    [
        (np.ones((3, 2)), None, "y_val: expected one because X_val is given"),
        (None, np.ones(3), "X_val: expected one because y_val is given"),
        (np.ones((3, 2)), np.ones(4), "y_val: expected 3 actions"),
        (np.ones(3), np.ones(3), r"X_val, y_val: .* got shapes \(3,\) and \(3,\)"),
    ],
)
def test_held_out_data_that_do_not_belong_together(X_val, y_val, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        TensorBoardCallback(tmp_path / "runs", X_val=X_val, y_val=y_val)
    assert not (tmp_path / "runs").exists()


def test_held_out_data_of_other_features(data, tmp_path):
    X, y, X_val, y_val = data
    board = TensorBoardCallback(tmp_path, X_val=X_val[:, 1:], y_val=y_val)
    fitted = cloner().set_callbacks(board)
    with pytest.raises(ValueError, match=f"X_val: expected {X.shape[1]} features as"):
        fitted.fit(X, y)
    assert not hasattr(fitted, "n_iter_")


def test_training_is_the_same_with_it(data, tmp_path):
    X, y, X_val, y_val = data
    board = TensorBoardCallback(tmp_path, X_val=X_val, y_val=y_val)
    watched = cloner().set_callbacks(board).fit(X, y)
    assert watched.loss_curve_ == cloner().fit(X, y).loss_curve_
    assert r2_score(y, watched.predict(X)) == cloner().fit(X, y).score(X, y)
