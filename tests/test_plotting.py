"""Displays: what is drawn is what was recorded."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import PointEnv, expert

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    LossCurveDisplay,
    ReturnCurveDisplay,
    collect_rollouts,
)
from skimitate.callbacks._validation_loss import ValidationLoss
from skimitate.displays._axes import axes_of_a_file


@pytest.fixture(autouse=True)
def no_figures():
    """Leaves none open, and finds none."""
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted(rollouts):
    """A cloner that has learnt something."""
    cloner = BehaviorCloner(max_iter=4, random_state=0)
    return cloner.fit(rollouts[0].observations, rollouts[0].actions)


@pytest.fixture(scope="module")
def rollouts():
    return [
        collect_rollouts(PointEnv, expert, n_episodes=20, random_state=seed)
        for seed in (0, 1)
    ]


def dagger(estimator=None, **options):
    return DAggerRegressor(
        estimator or BehaviorCloner(max_iter=2),
        env=PointEnv,
        expert=expert,
        n_rounds=3,
        n_epochs_per_round=4,
        n_eval_episodes=1,
        random_state=0,
        **options,
    )


def test_validation_loss_of_a_cloner_by_epoch(rollouts):
    train, held_out = rollouts
    cloner = BehaviorCloner(max_iter=6, random_state=0)
    X_val, y_val = held_out.observations, held_out.actions
    display = LossCurveDisplay.from_estimator(
        cloner, train.observations, train.actions, X_val, y_val
    )
    assert not hasattr(cloner, "network_")
    assert_allclose(display.epochs, range(1, 7))
    for n_epochs in (1, 6):
        shorter = BehaviorCloner(max_iter=n_epochs, random_state=0)
        shorter.fit(train.observations, train.actions)
        expected = np.mean((shorter.predict(X_val) - y_val) ** 2)
        assert_allclose(display.losses[n_epochs - 1], expected, rtol=1e-6)
    assert_allclose(display.line_.get_ydata(), display.losses)
    (text,) = display.ax_.get_legend().get_texts()
    assert text.get_text() == "BehaviorCloner"


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_validation_loss_of_one_action_of_a_frame_with_weights(rollouts, shape):
    train, held_out = (
        (pd.DataFrame(part.observations, columns=["x", "y"]), part.actions[:, 0])
        for part in rollouts
    )
    validation = ValidationLoss(held_out[0], held_out[1].reshape(shape))
    cloner = BehaviorCloner(max_iter=3, random_state=0)
    cloner.set_callbacks(validation.callback)
    cloner.fit(train[0], train[1].reshape(shape), sample_weight=np.ones(100))
    history = validation.history()
    assert [record["epoch"] for record in history] == [1, 2, 3]
    errors = cloner.predict(held_out[0]).ravel() - held_out[1]
    assert_allclose(history[-1]["loss"], np.mean(errors**2), rtol=1e-6)


def test_validation_loss_of_dagger_by_epoch_on_the_same_axes(rollouts):
    train, held_out = rollouts
    validation = held_out.observations, held_out.actions
    clone = LossCurveDisplay.from_estimator(
        BehaviorCloner(max_iter=3), train.observations, train.actions, *validation
    )
    display = LossCurveDisplay.from_estimator(
        dagger(), None, None, *validation, name="DAgger", ax=clone.ax_
    )
    assert_allclose(display.epochs, [6, 10, 14])
    fitted = dagger(keep="last").fit()
    expected = np.mean((fitted.predict(validation[0]) - validation[1]) ** 2)
    assert_allclose(display.losses[-1], expected, rtol=1e-6)
    assert len(clone.ax_.lines) == 2
    assert clone.figure_ is display.figure_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "learner",
    [
        Ridge(),
        MultiOutputRegressor(SGDRegressor()),
        MLPRegressor(max_iter=1),  # counts anew in each partial_fit
    ],
)
def test_a_learner_that_does_not_count_epochs_is_drawn_by_round(rollouts, learner):
    _, held_out = rollouts
    display = LossCurveDisplay.from_estimator(
        dagger(learner), None, None, held_out.observations, held_out.actions
    )
    assert list(display.epochs) == [1, 2, 3]


def test_rounds_are_counted_anew_in_each_fit(rollouts):
    _, held_out = rollouts
    validation = ValidationLoss(held_out.observations, held_out.actions)
    learner = MultiOutputRegressor(SGDRegressor())
    estimator = dagger(learner).set_callbacks(validation.callback)
    for _ in range(2):
        estimator.fit()
        assert [record["epoch"] for record in validation.history()] == [1, 2, 3]


def test_return_by_round():
    fitted = dagger().fit()
    levels = {"expert": -1.0, "clone": -4.0}
    display = ReturnCurveDisplay.from_estimator(fitted, levels=levels)
    measured = [r for r in fitted.history_ if r["n_eval_episodes"]]
    assert_allclose(display.rounds, [r["round"] for r in measured])
    assert_allclose(display.mean_returns, [r["mean_return"] for r in measured])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert {"expert", "clone", f"kept: round {fitted.best_round_}"} <= set(labels)
    heights = {line.get_label(): line.get_ydata()[0] for line in display.ax_.lines}
    assert heights["expert"] == -1.0


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    history = [{"epoch": 1, "loss": 1.0}]
    with pytest.raises(ImportError, match=r"pip install skimitate\[plot\]"):
        LossCurveDisplay.from_history(history)


def test_pictures_without_names_have_no_legend_of_them():
    losses = LossCurveDisplay([1, 2], [1.0, 0.5]).plot()
    assert losses.ax_.get_legend() is None
    returns = ReturnCurveDisplay([0, 1], [1.0, 2.0], [0.1, 0.1]).plot()
    (text,) = returns.ax_.get_legend().get_texts()
    assert text.get_text() == "policy after the round"


def test_a_display_shows_by_itself_and_through_pyplot(fitted):
    display = LossCurveDisplay.from_estimator(fitted)
    # What a notebook shows at the end of a cell, and plt.show().
    assert plt.get_fignums() == [display.figure_.number]
    assert plt.gcf() is display.figure_
    returns = ReturnCurveDisplay([0, 1], [1.0, 2.0], [0.1, 0.1]).plot()
    assert plt.gca() is returns.ax_
    LossCurveDisplay.from_estimator(fitted, ax=returns.ax_)
    assert len(plt.get_fignums()) == 2


def test_pictures_for_files_stay_out_of_pyplot(fitted, tmp_path):
    for i in range(25):
        display = LossCurveDisplay.from_estimator(fitted, ax=axes_of_a_file())
        if i == 0:
            display.figure_.savefig(tmp_path / "losses.png")
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_training_loss_of_a_fitted_cloner_without_a_refit(fitted):
    before = fitted.network_
    display = LossCurveDisplay.from_estimator(fitted)
    assert fitted.network_ is before
    assert_allclose(display.line_.get_xdata(), [1, 2, 3, 4])
    assert_allclose(display.line_.get_ydata(), fitted.loss_curve_)
    assert display.ax_.get_xlabel() == "epoch"
    assert display.ax_.get_ylabel() == "training loss"
    (text,) = display.ax_.get_legend().get_texts()
    assert text.get_text() == "BehaviorCloner"
    same = LossCurveDisplay.from_history(fitted.loss_curve_, name="mine")
    assert_allclose(same.line_.get_ydata(), fitted.loss_curve_)
    assert same.ax_.get_ylabel() == "training loss"


def test_training_and_validation_loss_on_the_same_axes(fitted, rollouts):
    train, held_out = rollouts
    display = LossCurveDisplay.from_estimator(fitted, name="training")
    LossCurveDisplay.from_estimator(
        fitted,
        *(train.observations, train.actions, held_out.observations, held_out.actions),
        name="validation",
        ax=display.ax_,
    )
    assert display.ax_.get_ylabel() == "training loss, validation loss"
    assert display.ax_.get_xlabel() == "epoch"
    training, validation = display.ax_.lines
    assert_allclose(training.get_xdata(), validation.get_xdata())


def test_training_loss_inside_of_what_is_around_a_cloner(rollouts):
    X, y = rollouts[0].observations, rollouts[0].actions
    cloner = BehaviorCloner(max_iter=3, random_state=0)
    around = TransformedTargetRegressor(cloner, transformer=StandardScaler())
    pipeline = make_pipeline(StandardScaler(), around).fit(X, y)
    display = LossCurveDisplay.from_estimator(pipeline)
    assert_allclose(display.losses, pipeline[-1].regressor_.loss_curve_)
    search = GridSearchCV(cloner, {"alpha": [0.0, 0.1]}, cv=2).fit(X, y)
    display = LossCurveDisplay.from_estimator(search)
    assert_allclose(display.losses, search.best_estimator_.loss_curve_)


def test_training_loss_of_dagger_is_that_of_its_rounds():
    estimator = dagger().fit()
    losses = [record["loss"] for record in estimator.history_]
    for display in (
        LossCurveDisplay.from_estimator(estimator),
        LossCurveDisplay.from_history(estimator.history_),
    ):
        assert_allclose(display.line_.get_xdata(), [0, 1, 2, 3])
        assert_allclose(display.line_.get_ydata(), losses)
        assert display.ax_.get_ylabel() == "training loss"
        assert "round" in display.ax_.get_xlabel()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda X, y: LinearRegression().fit(X, y),
            TypeError,
            "estimator: expected a fitted BehaviorCloner or DAggerRegressor, or one "
            "with loss_curve_, got LinearRegression$",
        ),
        (
            lambda X, y: BehaviorCloner(),
            NotFittedError,
            "estimator: expected a fitted .*, got BehaviorCloner unfitted .*X_val",
        ),
        (
            lambda X, y: make_pipeline(StandardScaler(), BehaviorCloner()),
            NotFittedError,
            "estimator: expected a fitted .*, got Pipeline unfitted",
        ),
        (lambda X, y: BehaviorCloner, TypeError, "got the class BehaviorCloner$"),
        (lambda X, y: [0.1, 0.2], TypeError, "estimator: .*, got list$"),
    ],
)
def test_who_has_no_training_loss_is_told_what_is_needed(
    rollouts, make, error, message
):
    estimator = make(rollouts[0].observations, rollouts[0].actions)
    with pytest.raises(error, match=message):
        LossCurveDisplay.from_estimator(estimator)
    assert plt.get_fignums() == []


def test_missing_data_are_named(fitted, rollouts):
    X, y = rollouts[0].observations, rollouts[0].actions
    with pytest.raises(ValueError, match=r"^X_val: expected held-out data .*got None"):
        LossCurveDisplay.from_estimator(fitted, X, y)
    with pytest.raises(ValueError, match=r"^y_val: expected held-out data"):
        LossCurveDisplay.from_estimator(fitted, X, y, X)
    with pytest.raises(ValueError, match=r"requires y to be passed"):
        LossCurveDisplay.from_estimator(fitted, X, None, X, y)
    with pytest.raises(
        TypeError, match=r"^estimator: expected a BehaviorCloner .*got LinearRegression"
    ):
        LossCurveDisplay.from_estimator(LinearRegression(), X, y, X, y)


@pytest.mark.parametrize(
    ("history", "error", "message"),
    [
        (["what", "ever"], TypeError, "dicts with loss and either epoch .*got 'what'"),
        (
            [0.5, {"epoch": 1, "loss": 0.1}],
            TypeError,
            r"numbers alone, or .* got 0\.5 and {",
        ),
        ([{"epoch": 1}], TypeError, "numbers alone, or dicts.* got {'epoch': 1}"),
        (
            [{"epoch": 1, "loss": 1.0}, {"round": 1, "loss": 1.0}],
            TypeError,
            "either epoch or round, got {'epoch.*'round': 1",
        ),
        ([], ValueError, "history: expected at least one loss, got none"),
        (0.5, TypeError, "history: expected a list .*got float"),
        ({"epoch": 1, "loss": 1.0}, TypeError, "history: expected a list .*got dict"),
        (BehaviorCloner(), TypeError, "history: .*got BehaviorCloner unfitted"),
    ],
)
def test_nonsense_instead_of_losses_is_named(history, error, message):
    with pytest.raises(error, match=message):
        LossCurveDisplay.from_history(history)
    assert plt.get_fignums() == []


def test_returns_are_dagger_s_alone(fitted):
    needed = "estimator: expected a fitted DAggerRegressor, got "
    for estimator, came in (
        (BehaviorCloner(), "BehaviorCloner unfitted"),
        (fitted, "BehaviorCloner"),
        (DAggerRegressor, "the class DAggerRegressor"),
    ):
        with pytest.raises(TypeError, match=f"^{needed}{came}$"):
            ReturnCurveDisplay.from_estimator(estimator)
    with pytest.raises(NotFittedError, match=f"^{needed}DAggerRegressor unfitted$"):
        ReturnCurveDisplay.from_estimator(DAggerRegressor())


def test_returns_that_nobody_measured_are_missed(rollouts):
    X, y = rollouts[0].observations, rollouts[0].actions
    alone = DAggerRegressor(BehaviorCloner(max_iter=2)).fit(X, y)
    message = "^history: expected a round whose return was measured, got none in 1 rec"
    with pytest.raises(ValueError, match=message):
        ReturnCurveDisplay.from_estimator(alone)
    for nonsense in ([0.1, 0.2], [{"round": 1}], "history", None):
        with pytest.raises(
            TypeError, match=r"^history: expected the history_ of a DAg"
        ):
            ReturnCurveDisplay.from_history(nonsense)


def test_returns_of_a_searched_dagger(rollouts):
    X, y = rollouts[0].observations, rollouts[0].actions
    search = GridSearchCV(dagger(), {"keep": ["best", "last"]}, cv=2).fit(X, y)
    display = ReturnCurveDisplay.from_estimator(search)
    assert display.best_round == search.best_estimator_.best_round_
