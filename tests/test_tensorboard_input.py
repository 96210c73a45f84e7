"""TensorBoardCallback: what it is given, and what it says of what it cannot use."""

import threading

import numpy as np
import pytest
from boards import runs_in, session_start, tags_in
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from toy import OneActionEnv, lean

from skimitate import BehaviorCloner, DAggerRegressor, TensorBoardCallback
from skimitate.callbacks._hyperparameters import as_values
from skimitate.files._durable import check_writable

X = np.random.default_rng(0).normal(size=(40, 3))
y = X[:, :1]


def cloner():
    return BehaviorCloner((4,), max_iter=1, random_state=0)


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_log_dir_that_is_gone_bad_since_is_named(goes_on, tmp_path):
    log_dir = tmp_path / "runs"
    board = TensorBoardCallback(log_dir)
    fitted = cloner().set_callbacks(board)
    if goes_on:
        fitted.fit(X, y)
    log_dir.rename(tmp_path / "moved")
    log_dir.write_text("taken")
    with pytest.raises(OSError, match=r"log_dir: expected a folder .* got .*/runs \("):
        fitted.partial_fit(X, y)
    assert getattr(fitted, "n_iter_", None) == (1 if goes_on else None)
    log_dir.unlink()
    fitted.fit(X, y)
    assert runs_in(log_dir) == {"BehaviorCloner"}


def test_threads_that_probe_the_same_folder_do_not_meet(tmp_path):
    failed = []

    def probe():
        try:
            for _ in range(300):
                check_writable(tmp_path, "log_dir")
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=probe) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.mark.parametrize(
    ("name", "exception"),
    [
        ("../escaped", ValueError),
        ("/abs", ValueError),
        ("a/b", ValueError),
        ("a/", ValueError),
        ("..", ValueError),
        (".", ValueError),
        ("", ValueError),
        ("a\0b", ValueError),
        (3, TypeError),
        (b"name", TypeError),
    ],
)
def test_a_name_is_that_of_one_folder(name, exception, tmp_path):
    with pytest.raises(exception, match=r"^name: expected .*, got "):
        TensorBoardCallback(tmp_path / "runs", name=name)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad, tmp_path):
    y_val = y.copy()
    y_val[7] = bad
    with pytest.raises(ValueError, match=f"y_val: expected finite actions, got {bad}"):
        TensorBoardCallback(tmp_path / "runs", X_val=X, y_val=y_val)
    message = f"expert_return: expected a finite number, got {bad}"
    with pytest.raises(ValueError, match=message):
        TensorBoardCallback(tmp_path / "runs", expert_return=bad)
    assert not (tmp_path / "runs").exists()


def test_what_is_no_number_is_refused(tmp_path):
    with pytest.raises(ValueError, match="y_val: expected an array of actions"):
        TensorBoardCallback(tmp_path / "runs", X_val=X[:2], y_val=[["a"], [[]]])
    for missing in (None, np.nan):
        labels = np.array(["a", missing], dtype=object)
        with pytest.raises(ValueError, match="y_val: expected finite actions, got"):
            TensorBoardCallback(tmp_path / "runs", X_val=X[:2], y_val=labels)
    with pytest.raises(TypeError, match="expert_return: expected a number or None, go"):
        TensorBoardCallback(tmp_path / "runs", expert_return="a")
    assert not (tmp_path / "runs").exists()


def test_classes_are_nothing_to_a_regressor(tmp_path):
    board = TensorBoardCallback(tmp_path, X_val=X[:2], y_val=["a", "b"])
    with pytest.raises(ValueError, match="y_val: expected an array of numbers"):
        cloner().set_callbacks(board).fit(X, y)
    assert all(tags_in(board.run_dir / run) == set() for run in runs_in(board.run_dir))


@pytest.mark.parametrize("kind", ["cloner", "pipeline", "dagger"])
def test_held_out_actions_of_another_width(kind, tmp_path):
    estimator, X_val, data = {
        "cloner": (cloner(), X, (X, y)),
        "pipeline": (make_pipeline(StandardScaler(), cloner()), X, (X, y)),
        "dagger": (
            DAggerRegressor(cloner(), env=OneActionEnv, expert=lean, n_rounds=1),
            X[:, :2],
            (),
        ),
    }[kind]
    board = TensorBoardCallback(tmp_path, X_val=X_val, y_val=np.hstack([y, y]))
    with pytest.raises(
        ValueError, match="y_val: expected 1 action dimensions as in y, got 2"
    ):
        estimator.set_callbacks(board).fit(*data)
    assert all(tags_in(board.run_dir / run) == set() for run in runs_in(board.run_dir))


def test_flat_actions_are_of_one_dimension(tmp_path):
    board = TensorBoardCallback(tmp_path, X_val=X, y_val=np.hstack([y, y]))
    wide = cloner().set_callbacks(board).fit(X, np.hstack([y, y]))
    assert "loss/validation" in tags_in(board.run_dir)
    board = TensorBoardCallback(tmp_path, X_val=X, y_val=y.ravel())
    with pytest.raises(ValueError, match="y_val: expected 2 action dimensions"):
        wide.set_callbacks(board).fit(X, np.hstack([y, y]))
    wide.fit(X, y)  # what was fitted before does not count
    assert "loss/validation" in tags_in(board.run_dir)


def test_a_pipeline_may_be_fitted_to_other_features_than_before(tmp_path):
    pipeline = make_pipeline(StandardScaler(), cloner()).fit(X, y)
    board = TensorBoardCallback(tmp_path, X_val=X[:, :2], y_val=y)
    pipeline.set_callbacks(board).fit(X[:, :2], y)
    assert "loss/validation" in tags_in(board.run_dir)


def test_values_that_differ_are_told_apart():
    differing = {
        "arrays": [np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.ones((2, 1))],
        "estimators": [Ridge(), Ridge(alpha=2.0), cloner(), BehaviorCloner((5,))],
        "functions": [lambda i: i, lambda i: 2 * i, np.tanh, np.exp],
        "dicts": [{"a": 1}, {"a": 2}, {}],
    }
    for values in differing.values():
        texts = list(as_values(dict(enumerate(values))).values())
        assert len(set(texts)) == len(values)
        assert all(isinstance(text, str) and "\n" not in text for text in texts)


def test_values_are_the_same_in_each_run():
    def made_anew():
        return {
            "within": FunctionTransformer(func=lambda X: X),
            "in a list": [lambda i: i],
            "alone": lambda i: i,
        }

    first, second = made_anew(), made_anew()
    assert as_values(first) == as_values(second)
    assert "0x" not in str(as_values(first))
    assert as_values({"a": np.array([1.0, 2.0])}) == {"a": "[1.0, 2.0]"}
    assert as_values({"a": Ridge}) == {"a": "Ridge"}


def test_a_search_over_estimators_says_which(tmp_path):
    pipeline = make_pipeline(StandardScaler(), cloner())
    scalers = [StandardScaler(), StandardScaler(with_std=False)]
    search = GridSearchCV(pipeline, {"standardscaler": scalers}, cv=2)
    board = TensorBoardCallback(tmp_path)
    search.set_callbacks(board).fit(X, y)
    told = [
        session_start(board.run_dir / f"candidate-{i}" / "split-0")[1] for i in (0, 1)
    ]
    assert told == [
        {"standardscaler": "StandardScaler()"},
        {"standardscaler": "StandardScaler(with_std=False)"},
    ]
