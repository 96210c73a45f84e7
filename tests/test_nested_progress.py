"""Progress within progress: candidates, rounds, episodes, epochs."""

import re
import sys
from functools import partial

import gymnasium
import numpy as np
import pytest
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import PointEnv, expert

from skimitate import BehaviorCloner, DAggerRegressor
from skimitate.callbacks._progress import Progress
from skimitate.cli._main import main

SHORT = partial(gymnasium.make, "Pendulum-v1", max_episode_steps=20)


def brake(observations):
    return -2.0 * np.asarray(observations)[:, 1:2]


def test_the_episodes_of_dagger_show_as_well(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    options = {"n_episodes_per_round": 4, "n_epochs_per_round": 2, "beta": 0.5}
    learner = make_pipeline(StandardScaler(), BehaviorCloner(max_iter=3))
    fitted = DAggerRegressor(
        learner,
        env=PointEnv,
        expert=expert,
        n_rounds=4,
        n_eval_episodes=2,
        random_state=0,
        **options,
    )
    fitted.set_callbacks(Progress("DAgger")).fit()
    shown = re.split(r"[\r\n]+", capsys.readouterr().out)
    for task in (
        "episode 3/4, ",  # demonstrations
        "fit-final-estimator 2/2, epoch 2/3, ",
        "round 2/4, episode 3/4, ",
        "round 2/4, episode 1/2, ",  # that measure the round before
        "round 2/4, epoch 1/2, ",
        "evaluating the best rounds 2/5, episode 1/2, ",
    ):
        assert sum(line.startswith(f"DAgger: {task}") for line in shown) == 1, task


@pytest.mark.parametrize(
    "n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)], ids=["here", "two"]
)
def test_the_bars_of_scikit_learn_reach_down_to_epochs_and_episodes(n_jobs, capsys):
    learner = make_pipeline(StandardScaler(), BehaviorCloner(max_iter=2))
    options = {"n_rounds": 2, "n_epochs_per_round": 2, "n_episodes_per_round": 2}
    search = GridSearchCV(
        DAggerRegressor(
            learner,
            env=SHORT,
            expert=brake,
            n_eval_episodes=1,
            random_state=0,
            **options,
        ),
        {"keep": ["last"]},
        cv=2,
        n_jobs=n_jobs,
    )
    X = [[float(i), 0.0, 1.0] for i in range(8)]
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, brake(X))
    printed = capsys.readouterr().out
    fits = "candidate-split-evaluation | DAggerRegressor - fit #"
    assert all(f"{fits}{i} " in printed for i in range(2))
    for task in ("collection #0", "train | BehaviorCloner - fit #1"):
        n_fits = 3  # the last is the refit
        assert printed.count(f"DAggerRegressor - {task}") == 2 * n_fits


@pytest.mark.parametrize("command", ["evaluate", "clone"])
def test_commands_that_run_episodes_show_them(command, tmp_path, capsys):
    options = {"evaluate": ["Reacher-v5"], "clone": ["--env", "Reacher-v5"]}[command]
    if command == "clone":
        rng = np.random.default_rng(0)
        path = tmp_path / "data.npz"
        np.savez(path, obs=rng.normal(size=(50, 10)), acts=rng.normal(size=(50, 2)))
        options += [str(path), "--epochs", "1"]
    assert main([command, *options, "--episodes", "3", "--jobs", "1"]) == 0
    assert "Evaluating: episode 3/3, " in capsys.readouterr().out
