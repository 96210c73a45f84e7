"""GridSearchCV on two cores: BehaviorCloner in threads against MLPRegressor."""

import harness  # first: it limits the threads

# isort: split
from typing import Any

import numpy as np
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor

from skimitate import BehaviorCloner


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare 12 candidates in 5 folds."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000 if quick else 5000, 11)).astype(np.float32)
    y = np.tanh(X[:, :3] + X[:, 3:6])
    epochs = 5 if quick else 20
    grid = {
        "hidden_layer_sizes": [(20,), (50,), (50, 50)],
        "learning_rate_init": [1e-4, 3e-4, 1e-3, 3e-3],
    }
    found: dict[str, GridSearchCV] = {}

    def ours() -> None:
        cloner = BehaviorCloner(max_iter=epochs, random_state=0, **harness.AS_PEERS)
        with parallel_config("threading"):
            found["ours"] = GridSearchCV(cloner, grid, cv=5, n_jobs=2).fit(X, y)

    def theirs() -> None:
        mlp = MLPRegressor(
            batch_size=32,
            max_iter=epochs,
            alpha=0,
            tol=0,
            n_iter_no_change=10**9,
            random_state=0,
        )
        found["theirs"] = GridSearchCV(mlp, grid, cv=5, n_jobs=2).fit(X, y)

    def check() -> tuple[str, bool]:
        scores = found["theirs"].best_score_, found["ours"].best_score_
        text = f"60 fits; best R² {scores[0]:.4f} and {scores[1]:.4f}"
        return text, scores[1] > scores[0] - 0.02

    return [
        harness.contest(
            "`GridSearchCV`, 12 candidates x 5 folds, two jobs",
            "`MLPRegressor`",
            ours,
            theirs,
            at_least=11,
            repetitions=1 if quick else 3,
            check=check,
        )
    ]


if __name__ == "__main__":
    harness.main("grid_search", run)
