"""Fitting classes: BehaviorCloningClassifier against MLPClassifier."""

import harness  # first: it limits the threads

# isort: split
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

from skimitate import BehaviorCloningClassifier

N_CLASSES = 4


def problem(n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return standardized observations, and classes that a network can learn."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 11)).astype(np.float32)
    hidden = np.tanh(X @ rng.normal(size=(11, 20)) / np.sqrt(11))
    return X, (hidden @ rng.normal(size=(20, N_CLASSES))).argmax(axis=1)


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare the time of as many gradient steps."""
    X, y = problem(10_000)
    epochs = 3 if quick else 10
    fitted: dict[str, Any] = {}
    shared: dict[str, Any] = {
        "hidden_layer_sizes": (50, 50),
        "batch_size": 32,
        "max_iter": epochs,
        "random_state": 0,
    }

    def ours() -> None:
        fitted["ours"] = BehaviorCloningClassifier(**shared, **harness.AS_PEERS).fit(
            X, y
        )

    def theirs() -> None:
        fitted["theirs"] = MLPClassifier(
            **shared, alpha=0, tol=0, n_iter_no_change=10**9
        ).fit(X, y)

    def check() -> tuple[str, bool]:
        scores = [fitted[side].score(X, y) for side in ("theirs", "ours")]
        text = f"accuracy {scores[0]:.4f} and {scores[1]:.4f}"
        return text, scores[1] > scores[0] - 0.02

    return [
        harness.contest(
            f"fit 10,000 x 11 to {N_CLASSES} classes, (50, 50), batch 32",
            "`MLPClassifier`",
            ours,
            theirs,
            at_least=10,
            repetitions=3 if quick else 7,
            per=epochs * -(-len(X) // 32),
            check=check,
        )
    ]


if __name__ == "__main__":
    harness.main("classifier", run)
