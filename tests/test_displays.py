"""Displays: where they draw, and where they say what is drawn."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from pictures import point_rollouts

from skimitate import BehaviorCloner, LossCurveDisplay, ReturnCurveDisplay
from skimitate.displays._axes import axes_of_a_file

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture(scope="module")
def fitted():
    """A cloner that has learnt something."""
    rollouts = point_rollouts(0)
    cloner = BehaviorCloner(max_iter=4, random_state=0)
    return cloner.fit(rollouts.observations, rollouts.actions)


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


def fully_inside(legend, ax):
    """Whether all of a legend is within the axes, where nothing cuts it off."""
    ax.figure.draw_without_rendering()
    corners = ax.transAxes.inverted().transform(legend.get_window_extent())
    return bool(np.all((corners >= 0) & (corners <= 1)))


RETURNS = {
    "rounds": [0, 1, 2],
    "mean_returns": [1.0, 2.0, 3.0],
    "std_returns": [0.1, 0.1, 0.1],
    "levels": {"expert": 3.5, "clone": 1.5},
    "best_round": 2,
}


def test_on_axes_of_a_figure_with_others_the_legends_are_inside(fitted, tmp_path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    LossCurveDisplay.from_estimator(fitted, ax=left)
    ReturnCurveDisplay(**RETURNS).plot(right)
    for ax in (left, right):
        assert fully_inside(ax.get_legend(), ax)
    figure.savefig(tmp_path / "both.png")


def test_on_axes_that_are_given_the_legend_is_inside():
    _, ax = plt.subplots()
    ReturnCurveDisplay(**RETURNS).plot(ax)
    assert fully_inside(ax.get_legend(), ax)


@pytest.mark.parametrize("ax", [None, "of a file"])
def test_in_a_figure_of_its_own_the_legend_is_below_and_whole(ax):
    ax = axes_of_a_file() if ax else None
    display = ReturnCurveDisplay(**RETURNS).plot(ax)
    display.figure_.draw_without_rendering()
    legend = display.ax_.get_legend().get_window_extent()
    assert legend.y1 < display.ax_.get_window_extent().y0
    figure = display.figure_.bbox
    assert figure.y0 <= legend.y0
    assert figure.x0 <= legend.x0 < legend.x1 <= figure.x1
