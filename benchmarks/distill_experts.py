"""Distil the bundled experts from the expert files of Berkeley's CS294-112.

Each expert becomes a small network by skimitate's own DAgger, and is written to
skimitate/data/experts, with a card beside it that says where it comes from and what it
earns.

    python benchmarks/distill_experts.py FOLDER_OF_CS294_FILES [Hopper-v5 ...]
"""

import argparse
import importlib.metadata
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from skimitate import BehaviorCloner, DAggerRegressor, evaluate_policy, load_expert
from skimitate.experts import NetworkExpert
from skimitate.studies._post import POST

DATA = Path(__file__).resolve().parent.parent / "skimitate" / "data" / "experts"
EVALUATION = {"n_episodes": 50, "random_state": 20_000}


def distil(expert: Any, env: str, seed: int, n_jobs: int) -> DAggerRegressor:
    """Imitate an expert by DAgger."""
    learner = BehaviorCloner((64, 64), activation="tanh")
    return DAggerRegressor(
        learner,
        env=env,
        expert=expert,
        n_rounds=40,
        n_episodes_per_round=2,
        n_epochs_per_round=2,
        n_eval_episodes=20,
        n_jobs=n_jobs,
        random_state=seed,
        verbose=True,
    ).fit()


def as_expert(cloner: BehaviorCloner) -> NetworkExpert:
    """Take the arrays out of a fitted cloner, the unit of its actions included."""
    linears = cloner.network_.linears
    weights = [linear.weight[0].detach().double().numpy().T for linear in linears]
    biases = [linear.bias[0].detach().double().numpy() for linear in linears]
    weights[-1] = weights[-1] * cloner.action_scale_
    biases[-1] = biases[-1] * cloner.action_scale_ + cloner.action_mean_
    return NetworkExpert(
        cloner.normalizer_.mean_,
        cloner.normalizer_.scale_,
        weights,
        biases,
        cloner.activation,
    )


def summary(returns: np.ndarray) -> dict[str, float]:
    """Mean and standard deviation of returns, as the card gives them."""
    return {
        "mean_return": round(float(returns.mean()), 2),
        "std_return": round(float(returns.std()), 2),
    }


def main() -> None:
    """Distil what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of the CS294 expert files")
    parser.add_argument("envs", nargs="*", default=list(POST), help="environment ids")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    for env in args.envs:
        began = time.perf_counter()
        source = args.folder / f"{env.split('-')[0]}-v1.pkl"
        teacher = load_expert(source)
        dagger = distil(teacher, env, args.seed, args.jobs)
        as_expert(dagger.estimator_).save(DATA / f"{env}.npz")
        bundled = load_expert(env)
        teacher_returns = evaluate_policy(env, teacher, n_jobs=args.jobs, **EVALUATION)
        bundled_returns = evaluate_policy(env, bundled, n_jobs=args.jobs, **EVALUATION)
        card = {
            "env": env,
            "origin": (
                f"distilled by skimitate's DAggerRegressor from {source.name}, the "
                "expert policy of Berkeley CS294-112 homework 1, Fall 2017 (policies "
                "by Jonathan Ho, MIT license)"
            ),
            "command": f"python benchmarks/distill_experts.py FOLDER {env}",
            "network": str(bundled),
            **summary(bundled_returns),
            "cs294_expert": summary(teacher_returns),
            "evaluation": EVALUATION,
            "n_expert_queries": dagger.history_[-1]["n_expert_queries"],
            "versions": {
                name: importlib.metadata.version(name)
                for name in ("gymnasium", "mujoco")
            },
        }
        (DATA / f"{env}.json").write_text(json.dumps(card, indent=2) + "\n")
        print(json.dumps(card, indent=2))
        print(f"{env}: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
