"""The curve of returns: what is drawn is what was measured."""

import pytest
from numpy.testing import assert_allclose
from pictures import dagger, point_rollouts
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skimitate import BehaviorCloner, DAggerRegressor, ReturnCurveDisplay

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture(scope="module")
def rollouts():
    return point_rollouts(0)


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


def test_returns_are_dagger_s_alone(rollouts):
    cloner = BehaviorCloner(max_iter=1)
    fitted = cloner.fit(rollouts.observations, rollouts.actions)
    needed = "estimator: expected a fitted DAgger estimator, got "
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
    X, y = rollouts.observations, rollouts.actions
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
    X, y = rollouts.observations, rollouts.actions
    search = GridSearchCV(dagger(), {"keep": ["best", "last"]}, cv=2).fit(X, y)
    display = ReturnCurveDisplay.from_estimator(search)
    assert display.best_round == search.best_estimator_.best_round_
