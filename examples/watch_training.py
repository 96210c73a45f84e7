"""Watch a fit: what each epoch and each round scores, and a picture of it.

scikit-learn's callbacks are how skimitate tells what goes on. ``ScoringMonitor`` calls
any scorer at the end of each epoch of a cloner and each round of DAgger, and keeps a
log. The displays draw such logs.

What it shows: a scorer may look at other data than those of the training, and may let
the policy walk. The loss on an episode that was held out falls smoothly; the return
jumps.

    python examples/watch_training.py [FOLDER_FOR_THE_PICTURE]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.callback import ScoringMonitor

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    LossCurveDisplay,
    ReturnCurveDisplay,
    evaluate_policy,
    load_demonstrations,
    load_expert,
)

ENV = "Hopper-v5"


def main(folder):
    """Fit a cloner and a DAggerRegressor under observation, and draw both."""
    demos = load_demonstrations(ENV)
    X, y = demos.data, demos.target
    train, held_out = demos.episode_ids < 4, demos.episode_ids == 9

    def score(estimator, X_train, y_train):
        errors = estimator.predict(X[held_out]) - y[held_out]
        returns = evaluate_policy(ENV, estimator, n_episodes=1, random_state=1)
        return {"loss": np.mean(errors**2), "return": returns[0]}

    monitor = ScoringMonitor(scoring=score)
    cloner = BehaviorCloner(activation="relu", alpha=0.0, max_iter=20, random_state=0)
    cloner.set_callbacks(monitor).fit(X[train], y[train])
    history = [
        {"epoch": row["task_id"] + 1, **row}
        for row in monitor.get_logs().data
        if row["task_name"] == "epoch"
    ]
    for row in history[3::4]:
        print(f"epoch {row['epoch']:2d}: ", end="")
        print(f"loss {row['loss']:.5f}, return {row['return']:.0f}")

    expert = load_expert(ENV)
    dagger = DAggerRegressor(
        BehaviorCloner(max_iter=20, random_state=0),
        env=ENV,
        expert=expert,
        n_rounds=5,
        n_epochs_per_round=3,
        n_eval_episodes=2,
        random_state=0,
    ).fit(X[train], y[train])
    print(f"DAgger kept round {dagger.best_round_}")

    left, right = Figure(figsize=(11, 4.5), layout="constrained").subplots(1, 2)
    LossCurveDisplay.from_history(history, name="clone", ax=left)
    level = evaluate_policy(ENV, expert, n_episodes=2, random_state=1).mean()
    ReturnCurveDisplay.from_estimator(dagger, levels={"expert": level}, ax=right)
    path = Path(folder) / "watch_training.png"
    left.figure.savefig(path)
    print(f"picture: {path}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".")
