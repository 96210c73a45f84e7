"""The curve of losses: what is drawn is what was recorded."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose
from pictures import dagger, point_rollouts
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import BehaviorCloner, LossCurveDisplay
from skimitate.callbacks._validation_loss import ValidationLoss

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture(scope="module")
def rollouts():
    return [point_rollouts(seed) for seed in (0, 1)]


@pytest.fixture(scope="module")
def fitted(rollouts):
    """A cloner that has learnt something."""
    cloner = BehaviorCloner(max_iter=4, random_state=0)
    return cloner.fit(rollouts[0].observations, rollouts[0].actions)


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
            "estimator: expected a fitted cloner or DAgger estimator, or one with "
            "loss_curve_, got LinearRegression$",
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
        TypeError, match=r"^estimator: expected a cloner or .*got LinearRegression"
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "step"}, "unit: expected 'epoch' or 'round', got 'step'"),
        ({"data": "test"}, "data: expected 'validation' or 'training', got 'test'"),
    ],
)
def test_what_losses_are_of_and_by_is_checked(options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        LossCurveDisplay([1, 2], [1.0, 0.5], **options)
