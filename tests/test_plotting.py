"""Displays: what is drawn is what was recorded."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPRegressor
from toy import PointEnv, expert

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    LossCurveDisplay,
    ReturnCurveDisplay,
    collect_rollouts,
)
from skimitate.callbacks._validation_loss import ValidationLoss


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
