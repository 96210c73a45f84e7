"""Curves, boards and the main job where actions are classes."""

import json

import joblib
import numpy as np
import pytest
from boards import tags_in, values
from numpy.testing import assert_allclose
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerClassifier,
    DriftDisplay,
    LossCurveDisplay,
    ReturnCurveDisplay,
    TensorBoardCallback,
    as_policy,
    collect_rollouts,
    load_expert,
    save_policy,
)
from skimitate.callbacks._validation_loss import ValidationLoss
from skimitate.cli._main import main
from skimitate.experts._check import check_widths

pytestmark = pytest.mark.usefixtures("no_figures")

ENV = "CartPole-v1"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
CODES = (X[:, 0] > X[:, 1]).astype(int) + (X[:, 2] > 1)
NAMES = np.array(["brake", "coast", "drive"])[CODES]
SEVERAL = np.column_stack([CODES, X[:, 3] > 0])
TRAIN, HELD_OUT = slice(200), slice(200, None)


def cloner(**options):
    return BehaviorCloningClassifier(
        (8,), **{"max_iter": 3, "random_state": 0} | options
    )


def dagger(learner=None, **options):
    options = {"n_rounds": 2, "n_epochs_per_round": 2, "n_eval_episodes": 1} | options
    return DAggerClassifier(
        cloner() if learner is None else learner,
        env=ENV,
        expert=load_expert(ENV),
        query=20,
        random_state=0,
        **options,
    )


def cross_entropy(model, observations, y):
    """As scikit-learn has it, of all outputs together."""
    answers, classes = model.predict_proba(observations), model.classes_
    if y.ndim == 1:
        return log_loss(y, answers, labels=classes)
    triples = zip(y.T, answers, classes, strict=True)
    return sum(log_loss(*pair, labels=labels) for *pair, labels in triples)


@pytest.mark.parametrize("y", [CODES, NAMES, NAMES.astype(object), SEVERAL])
@pytest.mark.parametrize("way", ["curve", "board"])
def test_the_loss_on_held_out_data_is_the_cross_entropy(tmp_path, y, way):
    held_out = X[HELD_OUT], y[HELD_OUT]
    if way == "curve":
        display = LossCurveDisplay.from_estimator(
            cloner(), X[TRAIN], y[TRAIN], *held_out
        )
        losses = display.losses
        assert display.ax_.get_ylabel() == "validation loss (cross-entropy)"
        assert display.ax_.get_yscale() == "log"
    else:
        board = TensorBoardCallback(tmp_path, X_val=held_out[0], y_val=held_out[1])
        pipeline = make_pipeline(StandardScaler(), cloner(normalize=False))
        pipeline.set_callbacks(board).fit(X[TRAIN], y[TRAIN])
        losses = values(board.run_dir, "loss/validation")
        expected = cross_entropy(pipeline, *held_out)
        assert_allclose(losses[-1], expected, rtol=1e-5)
    for n_epochs in (1, 3) if way == "curve" else ():
        model = cloner(max_iter=n_epochs).fit(X[TRAIN], y[TRAIN])
        assert_allclose(
            losses[n_epochs - 1], cross_entropy(model, *held_out), rtol=1e-6
        )
    assert len(losses) == 3


def test_a_class_that_was_not_met_costs_much_and_not_all(tmp_path):
    y = np.where(np.arange(300) < 250, CODES % 2, 7)
    validation = ValidationLoss(X[HELD_OUT], y[HELD_OUT])
    cloner().set_callbacks(validation.callback).fit(X[TRAIN], y[TRAIN])
    losses = [record["loss"] for record in validation.history()]
    assert all(18 < loss < 20 for loss in losses), "half of 36 for half of the rows"


def test_the_training_loss_of_a_classifier():
    model = cloner().fit(X, NAMES)
    display = LossCurveDisplay.from_estimator(model)
    assert_allclose(display.losses, model.loss_curve_)
    assert display.ax_.get_ylabel() == "training loss (cross-entropy)"
    alone = LossCurveDisplay.from_history(model.loss_curve_)
    assert alone.ax_.get_ylabel() == "training loss"


@pytest.fixture(scope="module")
def fitted():
    return dagger().fit()


def test_dagger_s_training_loss_is_the_part_that_is_wrong(fitted):
    display = LossCurveDisplay.from_estimator(fitted)
    assert display.ax_.get_ylabel() == "training loss (part of wrong actions)"
    assert_allclose(display.losses, [record["loss"] for record in fitted.history_])


def test_no_loss_of_0_is_left_out():
    tree = dagger(DecisionTreeClassifier()).fit()
    display = LossCurveDisplay.from_estimator(tree, name="tree")
    assert (display.losses == 0).all(), "a tree learns by heart"
    assert display.ax_.get_yscale() == "linear"
    both = LossCurveDisplay.from_history([0.5, 0.1], name="more", ax=display.ax_)
    assert both.ax_.get_yscale() == "linear"
    assert LossCurveDisplay.from_history([0.5, 0.1]).ax_.get_yscale() == "log"


def test_who_knows_no_probabilities_is_measured_by_what_is_wrong(tmp_path):
    demos = collect_rollouts(ENV, load_expert(ENV), n_episodes=1, random_state=0)
    held_out = demos.observations, demos.actions
    board = TensorBoardCallback(tmp_path, X_val=held_out[0], y_val=held_out[1])
    model = dagger(RidgeClassifier(), keep="last").set_callbacks(board).fit()
    wrong = values(board.run_dir, "loss/validation")[-1]
    assert wrong == pytest.approx(1 - model.score(*held_out), rel=1e-6)
    assert 0 < wrong < 1
    display = LossCurveDisplay.from_estimator(
        dagger(RidgeClassifier()), None, None, *held_out
    )
    assert display.ax_.get_ylabel() == "validation loss (part of wrong actions)"


def test_what_dagger_earned_is_drawn_and_written_down(fitted, tmp_path):
    display = ReturnCurveDisplay.from_estimator(fitted)
    measured = [r for r in fitted.history_ if r["n_eval_episodes"] > 0]
    assert_allclose(display.mean_returns, [r["mean_return"] for r in measured])
    board = TensorBoardCallback(tmp_path)
    dagger().set_callbacks(board).fit()
    assert {"return/mean", "round/loss", "loss/training"} <= tags_in(board.run_dir)


def test_early_stopping_writes_accuracies(tmp_path):
    board = TensorBoardCallback(tmp_path)
    model = cloner(early_stopping=True).set_callbacks(board).fit(X, NAMES)
    scores = values(board.run_dir, "score/validation")
    assert_allclose(scores, model.validation_scores_, rtol=1e-6)


def test_classes_drift_as_numbers_do(fitted):
    demos = collect_rollouts(ENV, load_expert(ENV), n_episodes=2, random_state=0)
    options = {"n_episodes": 3, "random_state": 1}
    display = DriftDisplay.from_estimator(fitted, ENV, demos, **options)
    policy = as_policy(fitted)
    again = DriftDisplay.from_estimator(policy, ENV, demos, ax=display.ax_, **options)
    for one, other in zip(display.distances, again.distances, strict=True):
        assert_allclose(one, other)


@pytest.mark.parametrize(
    ("classes", "env", "message"),
    [
        (
            [0, 1, 2],
            ENV,
            r"policy: cart takes .*Discrete\(2\), and this one gives 2 as",
        ),
        (
            ["l", "r"],
            ENV,
            "policy: cart takes .* and this one gives 'l' as well; give ",
        ),
        ([0.0, 1.0], ENV, None),
        ([-2, 2], "Pendulum-v1", None),
        (["l", "r"], "Pendulum-v1", r"Box\(.*, and this one gives 'l' as well"),
        (
            [[0, 1], [0, 1]],
            ENV,
            "4 observation and 1 action dimensions, and .*2 action",
        ),
    ],
)
def test_classes_that_an_environment_does_not_have(
    tmp_path, capsys, classes, env, message
):
    n_features = {ENV: 4, "Pendulum-v1": 3}[env]
    y = np.resize(classes, (300, *np.shape(classes)[1:]))
    policy = as_policy(cloner(max_iter=1).fit(X[:, :n_features], y))
    if message is None:
        check_widths(env, policy, "policy", "cart")
    else:
        with pytest.raises(ValueError, match=message):
            check_widths(env, policy, "policy", "cart")
    save_policy(policy, tmp_path / "policy.safetensors")
    command = ["evaluate", env, "--policy", str(tmp_path / "policy.safetensors")]
    status = main([*command, "--episodes", "1", "--jobs", "1", "--max-steps", "3"])
    assert status == (0 if message is None else 2)
    assert capsys.readouterr().err.startswith("skimitate: error: --policy: ") == (
        message is not None
    )


def test_a_cloner_of_numbers_is_no_policy_for_classes(tmp_path, capsys):
    regressor = BehaviorCloner((8,), max_iter=1).fit(X, X[:, :1])
    joblib.dump(regressor, tmp_path / "clone.joblib")
    command = ["evaluate", ENV, "--policy", str(tmp_path / "clone.joblib")]
    assert main([*command, "--episodes", "1", "--jobs", "1"]) == 2
    error = capsys.readouterr().err
    assert "--policy: expected actions of the space Discrete(2)" in error
    assert "BehaviorCloningClassifier learns such" in error


@pytest.mark.slow
def test_the_main_job(tmp_path, capsys):
    out, logs = tmp_path / "out", tmp_path / "logs"
    run = ["run", "MountainCar-v0", "--network", "post", "--rounds", "1", "--jobs", "1"]
    few = ["--episodes", "1", "--out", str(out), "--log-dir", str(logs)]
    assert main([*run, *few]) == 0
    assert "| MountainCar-v0" in capsys.readouterr().out
    for name in ("clone", "dagger"):
        assert isinstance(
            joblib.load(out / f"{name}.joblib"), BehaviorCloningClassifier
        )
        policy = ["--policy", str(out / f"{name}.safetensors"), "--jobs", "1"]
        assert main(["evaluate", "MountainCar-v0", *policy, "--episodes", "1"]) == 0
    losses = json.loads((out / "clone_losses.json").read_text())
    assert_allclose(
        values(logs / "BC", "loss/validation"),
        [record["loss"] for record in losses],
        rtol=1e-5,
    )
    returns = json.loads((out / "results.json").read_text())["returns"]
    assert np.mean(returns["Expert"]) > -115
    assert np.mean(returns["Random"]) == -200
