"""Acting on one observation: against a scikit-learn Pipeline and stable-baselines3.

And the mean of four networks in one call, against a call of each.
"""

import harness  # first: it limits the threads

# isort: split
from typing import Any

import gymnasium
import numpy as np
import torch
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from stable_baselines3 import PPO

from skimitate import BehaviorCloner

torch.set_num_threads(1)


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare the time of one action."""
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, size=(2000, 11))
    y = np.tanh(X[:, :3] - 3)
    cloner = BehaviorCloner(max_iter=20, random_state=0, **harness.AS_PEERS).fit(X, y)
    mlp = MLPRegressor(hidden_layer_sizes=(50, 50), max_iter=50, random_state=0)
    pipeline = make_pipeline(StandardScaler(), mlp).fit(X, y)
    ppo = PPO(
        "MlpPolicy",
        gymnasium.make("Hopper-v5"),
        policy_kwargs={"net_arch": [50, 50], "activation_fn": torch.nn.ReLU},
        device="cpu",
    )
    one, row = X[0].copy(), X[:1].copy()
    calls = 200 if quick else 1000

    def check() -> tuple[str, bool]:
        difference = np.abs(cloner.act(one) - cloner.predict(row)[0]).max()
        return "networks of one size; `act` is `predict`", difference < 1e-12

    peers = (
        ("`Pipeline(StandardScaler, MLPRegressor).predict`", pipeline.predict, row, 70),
        ("stable-baselines3 `policy.predict`", ppo.policy.predict, one, 50),
    )
    rows = [
        harness.contest(
            "`act`, one observation of 11",
            name,
            harness.repeated(lambda: cloner.act(one), calls),
            harness.repeated(lambda p=predict, o=observation: p(o), calls),
            at_least=at_least,
            repetitions=5 if quick else 15,
            per=calls,
            check=check,
        )
        for name, predict, observation, at_least in peers
    ]
    return [*rows, four_networks(X, y, calls, 5 if quick else 15)]


def four_networks(
    X: np.ndarray, y: np.ndarray, calls: int, repetitions: int
) -> dict[str, Any]:
    """Compare the time of one action of the mean of four networks."""
    options: dict[str, Any] = {"max_iter": 5, **harness.AS_PEERS}
    together = BehaviorCloner(n_networks=4, random_state=0, **options).fit(X, y)
    alone = [BehaviorCloner(random_state=i, **options).fit(X, y) for i in range(4)]
    one = X[0].copy()

    def act_by_each() -> None:
        for cloner in alone:
            cloner.act(one)

    def check() -> tuple[str, bool]:
        difference = np.abs(together.act(one) - together.predict(X[:2])[0]).max()
        return "networks of one size; `act` is `predict`", difference < 1e-12

    return harness.contest(
        "`act` of `n_networks=4`, one observation of 11",
        "four cloners' `act`",
        harness.repeated(lambda: together.act(one), calls),
        harness.repeated(act_by_each, calls),
        at_least=1.0,
        repetitions=repetitions,
        per=calls,
        check=check,
    )


if __name__ == "__main__":
    harness.main("act", run)
