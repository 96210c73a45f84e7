"""What scikit-learn's callbacks are shown, by every estimator and in every method."""

import numpy as np
import pandas as pd
import pytest
from sklearn.callback import ScoringMonitor
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import OneActionEnv, PointEnv, expert, lean

from skimitate import BehaviorCloner, DAggerRegressor, RunningNormalizer

COLUMNS = ["left", "right"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    return X, np.column_stack([X.sum(axis=1), X[:, 0] * 3 + 5])


class Diary:
    """Writes down the path of every task, and what it is shown at its end."""

    def __init__(self, max_propagation_depth=None):
        self.max_propagation_depth = max_propagation_depth
        self.paths = []
        self.begun = []
        self.shown = []

    def setup(self, estimator, context):
        self.n_set_up = getattr(self, "n_set_up", 0) + 1

    def teardown(self, estimator, context):
        self.n_set_up -= 1

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(path_of(context))

    def on_fit_task_end(self, estimator, context, *, X, y, metadata):
        self.paths.append(path_of(context))
        self.shown.append((X, y, metadata))


class Witness(Diary):
    """The same, seen by the estimator that it is set on alone."""

    def __init__(self):
        super().__init__(max_propagation_depth=0)


def path_of(context):
    names = []
    while context is not None:
        names.append(context.source_task_name or context.task_name)
        context = context.parent
    return " > ".join(reversed(names))


def mean_squared_errors(estimator, task, *fit):
    """Fit, and return what a monitor logged for the tasks of a name."""
    monitor = ScoringMonitor(
        scoring=make_scorer(mean_squared_error, greater_is_better=False)
    )
    estimator.set_callbacks(monitor).fit(*fit)
    rows = monitor.get_logs().data
    return [-row["score"] for row in rows if row["task_name"] == task]


@pytest.mark.parametrize(
    ("shape", "early_stopping"),
    [
        ((-1,), True),
        ((-1, 1), False),
        pytest.param((-1,), False, marks=pytest.mark.slow),
        pytest.param((-1, 1), True, marks=pytest.mark.slow),
    ],
)
def test_a_monitor_scores_a_cloner_of_one_action(data, shape, early_stopping):
    X, y = data[0], data[1][:, 1].reshape(shape)
    cloner = BehaviorCloner(
        max_iter=30,
        learning_rate_init=2e-3,
        early_stopping=early_stopping,
        n_iter_no_change=30,
        random_state=0,
    )
    logged = mean_squared_errors(cloner, "epoch", X, y)
    assert len(logged) == 30
    expected = mean_squared_error(y, cloner.predict(X))
    assert logged[-1] == pytest.approx(expected, rel=0 if not early_stopping else 1)
    assert logged[-1] < 0.5 < logged[0]


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_a_monitor_scores_dagger_of_one_action(shape):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), rng.normal(size=40).reshape(shape)
    dagger = DAggerRegressor(Ridge())
    (logged,) = mean_squared_errors(dagger, "fit", X, y)
    assert logged == pytest.approx(mean_squared_error(y, dagger.predict(X)))


@pytest.mark.parametrize("shape", [(-1,), (-1, 1), None])
def test_a_monitor_scores_each_round_in_the_shape_of_the_users_labels(shape):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    demonstrations = () if shape is None else (X, lean(X).reshape(shape))
    dagger = DAggerRegressor(
        BehaviorCloner((), max_iter=30, learning_rate_init=0.05),
        env=OneActionEnv,
        expert=lean,
        n_rounds=2,
        n_epochs_per_round=10,
        n_eval_episodes=1,
        random_state=0,
    )
    logged = mean_squared_errors(dagger, "round", *demonstrations)
    assert len(logged) == 2
    assert max(logged) < 0.05


def test_weights_are_metadata_and_frames_stay_frames(data):
    X = pd.DataFrame(data[0], columns=COLUMNS)
    weight = np.arange(80.0)
    diary = Diary()
    cloner = BehaviorCloner(max_iter=2, early_stopping=True, random_state=0)
    cloner.set_callbacks(diary).fit(X, data[1], sample_weight=weight)
    for shown_X, shown_y, metadata in diary.shown:
        assert list(shown_X.columns) == COLUMNS
        rows = shown_X.index
        assert len(rows) == 72
        np.testing.assert_array_equal(shown_y, data[1][rows])
        np.testing.assert_array_equal(metadata["sample_weight"], weight[rows])
    diary = Diary()
    cloner.set_params(early_stopping=False).set_callbacks(diary)
    cloner.partial_fit(X, data[1])
    assert all(shown[0] is X and shown[2] is None for shown in diary.shown)


def test_a_frame_raises_no_warning_while_it_is_monitored(data):
    X = pd.DataFrame(data[0], columns=COLUMNS)
    y = expert(data[0])
    cloner = BehaviorCloner(max_iter=2, random_state=0)
    cloner.set_callbacks(ScoringMonitor(scoring="r2")).fit(X, y)
    dagger = DAggerRegressor(
        cloner.set_callbacks(),
        env=PointEnv,
        expert=expert,
        n_rounds=2,
        n_epochs_per_round=2,
        n_eval_episodes=1,
        random_state=0,
    )
    diary, monitor = Witness(), ScoringMonitor(scoring="r2")
    dagger.set_callbacks(diary, monitor).fit(X, y)
    rounds = zip(diary.paths, diary.shown, strict=True)
    shown = [X for path, (X, _, _) in rounds if path.endswith("> round")]
    assert [list(frame.columns) for frame in shown] == [COLUMNS] * 2
    assert [len(frame) for frame in shown] == [85, 90]


@pytest.mark.parametrize("method", ["fit", "partial_fit", "continue_fit"])
def test_every_training_opens_a_context(data, method):
    diary = Diary()
    cloner = BehaviorCloner(max_iter=1, random_state=0).fit(*data)
    getattr(cloner.set_callbacks(diary), method)(*data)
    assert diary.paths == ["fit > epoch", "fit"]
    assert not hasattr(cloner, "_callback_fit_ctx")


def test_search_candidate_fold_round_and_epoch_nest():
    dagger = DAggerRegressor(
        BehaviorCloner(max_iter=2),
        env=PointEnv,
        expert=expert,
        n_rounds=2,
        n_epochs_per_round=3,
        n_eval_episodes=1,
        random_state=0,
    )
    diary = Diary()
    search = GridSearchCV(dagger, {"beta": [None, 0.5]}, cv=2)
    X = np.random.default_rng(0).normal(size=(20, 2))
    search.set_callbacks(diary).fit(X, expert(X))
    epochs = [path for path in diary.paths if path.endswith("epoch")]
    n_fits, per_fit = 2 * 2 + 1, 2 + 2 * 3
    assert len(epochs) == n_fits * per_fit
    assert sorted(diary.paths) == sorted(diary.begun)
    assert diary.n_set_up == 0
    assert set(epochs) == {
        f"fit > {fit} > {training} > epoch"
        for fit in ("search > candidate-split-evaluation", "refit-with-best-params")
        for training in ("start", "rounds > round > train")
    }


@pytest.mark.parametrize(
    ("keep", "what"), [("best", "the best rounds"), ("last", "the last round")]
)
def test_the_names_of_the_decision_say_what_is_evaluated(keep, what):
    diary = Diary()
    dagger = DAggerRegressor(
        Ridge(), PointEnv, expert, n_rounds=2, n_eval_episodes=1, keep=keep
    )
    dagger.set_callbacks(diary).fit()
    decisions = {path for path in diary.paths if "evaluat" in path}
    assert decisions == {
        f"fit > evaluation of {what} > evaluating {what} > episode",
        f"fit > evaluation of {what} > evaluating {what}",
        f"fit > evaluation of {what}",
    }


def test_the_learner_in_a_pipeline_nests_when_it_goes_on_too():
    dagger = DAggerRegressor(
        make_pipeline(StandardScaler(), BehaviorCloner(max_iter=1)),
        env=PointEnv,
        expert=expert,
        n_rounds=1,
        n_epochs_per_round=2,
        n_eval_episodes=1,
        random_state=0,
    )
    diary = Diary()
    dagger.set_callbacks(diary).fit()
    assert diary.paths.count("fit > rounds > round > train > epoch") == 2
    assert next(p for p in diary.paths if p.endswith("epoch")).count(">") == 3


def test_a_learner_that_takes_no_callbacks_is_no_warning():
    dagger = DAggerRegressor(
        Ridge(),
        env=PointEnv,
        expert=expert,
        n_rounds=1,
        n_epochs_per_round=1,
        n_eval_episodes=1,
        random_state=0,
    )
    diary = Diary()
    dagger.set_callbacks(diary).fit()
    assert diary.paths.count("fit > rounds > round > train") == 1


def test_an_error_of_a_callback_is_its_own():
    class Failing(Witness):
        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "train":
                raise RuntimeError("the diary is full")

    failing = Failing()
    learner = BehaviorCloner(max_iter=1)
    dagger = DAggerRegressor(learner, PointEnv, expert, n_rounds=1)
    with pytest.raises(RuntimeError, match="the diary is full"):
        dagger.set_callbacks(failing).fit()
    assert failing.n_set_up == 0


def test_the_normalizer_takes_callbacks(data):
    diary = Diary()
    normalizer = RunningNormalizer().set_callbacks(diary).fit(data[0])
    normalizer.partial_fit(data[0], sample_weight=np.ones(80))
    assert diary.paths == ["fit", "fit"]
    assert diary.shown[0][0].shape == (80, 2)
    assert diary.shown[1][2]["sample_weight"].shape == (80,)
