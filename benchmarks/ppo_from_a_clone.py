"""PPO that begins as a clone, against PPO without a warm-up and PPO from scratch.

For each seed, a clone of four of the expert's episodes in Pendulum-v1, and three ways
on with the same settings: from the clone, its value function first (as
``examples/ppo_from_a_clone.py`` does), from the clone at once, and from nothing. All
are shown the same number of steps, warm-up included, and are looked at in the same 20
fresh episodes. Whether PPO falls below the clone is told by the differences to it,
seed by seed.

    python benchmarks/ppo_from_a_clone.py [--seeds 5]

It writes results/ppo_from_a_clone.json, and the table beside it.
"""

import argparse
import sys
import time
from typing import Any

import numpy as np
from harness import RESULTS  # first: it limits the threads
from scipy.stats import t
from stable_baselines3 import PPO

from skimitate import evaluate_policy, to_stable_baselines3
from skimitate.files._json import write_json
from skimitate.studies._machine import describe_machine
from skimitate.studies._markdown import markdown_table

sys.path.append(str(RESULTS.parents[1]))
from examples import ppo_from_a_clone as example

N_EPISODES = 20
# The policy and the value function of the clone's model.
FROM_SCRATCH = {"net_arch": {"pi": [64, 64], "vf": [64, 64]}}
WAYS = ("warm-up", "at once", "from scratch")


def mean_return(policy: Any, seed: int) -> float:
    """Run the episodes that all are looked at in."""
    returns = evaluate_policy(
        example.ENV, policy, n_episodes=N_EPISODES, random_state=1000 + seed
    )
    return float(returns.mean())


def started(way: str, clone: Any, seed: int) -> PPO:
    """Return the model that a way begins with."""
    env, options = example.training_env(seed), example.PPO_OPTIONS | {"seed": seed}
    if way == "from scratch":
        return PPO("MlpPolicy", env, policy_kwargs=FROM_SCRATCH, **options)
    options["exploration"] = example.EXPLORATION
    return to_stable_baselines3(clone, PPO, env, **options)


def curve(way: str, clone: Any, seed: int) -> dict[str, list[float]]:
    """Train, and look at the returns from time to time."""
    model = started(way, clone, seed)
    if way == "warm-up":
        example.warm_up(model, example.N_WARM_UP)
    else:
        # The steps that the other spends on its value function.
        model.learn(example.N_WARM_UP)
    steps, returns = [model.num_timesteps], [mean_return(model, seed)]
    for _ in range(example.N_LOOKS):
        model.learn(example.N_STEPS, reset_num_timesteps=False)
        steps.append(model.num_timesteps)
        returns.append(mean_return(model, seed))
    return {"steps": steps, "returns": returns}


def of_seed(seed: int) -> dict[str, Any]:
    """Return all that is measured with a seed."""
    began = time.perf_counter()
    expert, clone = example.clone_of_few(seed)
    row: dict[str, Any] = {
        "seed": seed,
        "expert": mean_return(expert, seed),
        "clone": mean_return(clone, seed),
    }
    for way in WAYS:
        row[way] = curve(way, clone, seed)
        print(seed, way, row["clone"], row[way]["returns"], flush=True)
    return row | {"seconds": time.perf_counter() - began}


def interval(values: list[float]) -> tuple[float, float]:
    """Return the mean over seeds, and half of its 95 % interval."""
    n = len(values)
    half = t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    return float(np.mean(values)), float(half)


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, of each way and look, what is earned and how far that is from the clone.

    Differences are of the same seed, and so of the same episodes.
    """
    looks = []
    for way in WAYS:
        for i, steps in enumerate(rows[0][way]["steps"]):
            earned = [row[way]["returns"][i] for row in rows]
            ahead = [row[way]["returns"][i] - row["clone"] for row in rows]
            mean, half = interval(ahead)
            look = {"way": way, "steps": steps, "return": float(np.mean(earned))}
            ends = {"ahead": mean, "low": mean - half, "high": mean + half}
            looks.append(look | ends | {"worst": min(ahead)})
    return looks


def _whole(number: float) -> str:
    """Return a number without its fraction, and zero without a sign."""
    return str(round(number))


def table_of(looks: list[dict[str, Any]]) -> str:
    """Return the looks in Markdown."""
    head = ["PPO", "steps", "return", "ahead of the clone", "95 %", "worst seed"]
    lines = [
        [
            look["way"],
            str(look["steps"]),
            f"{look['return']:.0f}",
            _whole(look["ahead"]),
            f"{_whole(look['low'])} to {_whole(look['high'])}",
            _whole(look["worst"]),
        ]
        for look in looks
    ]
    return markdown_table([head, *lines])


def main() -> None:
    """Measure all seeds and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    n_seeds = parser.parse_args().seeds
    rows = [of_seed(seed) for seed in range(n_seeds)]
    looks = summary(rows)
    result = {
        "env": example.ENV,
        "n_episodes": N_EPISODES,
        "options": example.PPO_OPTIONS | {"exploration": example.EXPLORATION},
        "machine": describe_machine("stable-baselines3"),
        "seeds": rows,
        "looks": looks,
    }
    write_json(result, RESULTS / "ppo_from_a_clone.json")
    means = {who: np.mean([row[who] for row in rows]) for who in ("expert", "clone")}
    text = ", ".join(f"{who} {mean:.0f}" for who, mean in means.items())
    page = f"{n_seeds} seeds, {N_EPISODES} episodes: {text}\n\n{table_of(looks)}\n"
    (RESULTS / "ppo_from_a_clone.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
