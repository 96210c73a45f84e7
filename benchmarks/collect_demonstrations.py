"""Collect the bundled demonstrations from the bundled experts.

python benchmarks/collect_demonstrations.py [Hopper-v5 ...]
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from skimitate import collect_rollouts, load_expert
from skimitate.data._bundled import bundled_card
from skimitate.studies._machine import package_versions

DATA = Path(__file__).resolve().parent.parent / "skimitate/data/demonstrations"
SEED = 30_000

N_EPISODES = {"HalfCheetah-v5": 5, "Hopper-v5": 10, "Reacher-v5": 100}

# The names of Gymnasium's documentation, in a few words.
PLANAR = ["height of torso", "angle of torso"]
HOPPER_JOINTS = ["thigh", "leg", "foot"]
CHEETAH_JOINTS = [
    f"{end} {part}" for end in ("back", "front") for part in ("thigh", "shin", "foot")
]
NAMES = {
    "Hopper-v5": (PLANAR, HOPPER_JOINTS),
    "HalfCheetah-v5": (PLANAR, CHEETAH_JOINTS),
}


def feature_names(env: str) -> list[str]:
    """Return the names of an environment's observations."""
    if env == "Reacher-v5":
        arms = ("first arm", "second arm")
        return [
            *(f"cosine of {arm}" for arm in arms),
            *(f"sine of {arm}" for arm in arms),
            *(f"target {axis}" for axis in "xy"),
            *(f"velocity of {arm}" for arm in arms),
            *(f"fingertip minus target {axis}" for axis in "xy"),
        ]
    torso, joints = NAMES[env]
    return [
        *torso,
        *(f"angle of {joint}" for joint in joints),
        "velocity of torso x",
        "velocity of torso z",
        "velocity of torso angle",
        *(f"velocity of {joint}" for joint in joints),
    ]


def target_names(env: str) -> list[str]:
    """Return the names of an environment's actions."""
    joints = ["shoulder", "elbow"] if env == "Reacher-v5" else NAMES[env][1]
    return [f"torque at {joint}" for joint in joints]


def main() -> None:
    """Collect what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("envs", nargs="*", default=list(N_EPISODES))
    DATA.mkdir(exist_ok=True)
    for env in parser.parse_args().envs:
        rollouts = collect_rollouts(
            env, load_expert(env), n_episodes=N_EPISODES[env], random_state=SEED
        )
        # float32 halves the size; its rounding is far below what a clone can learn.
        replace(
            rollouts,
            observations=rollouts.observations.astype(np.float32),
            actions=rollouts.actions.astype(np.float32),
            rewards=rollouts.rewards.astype(np.float32),
        ).save(DATA / f"{env}.npz")
        card = {
            "env": env,
            "origin": (
                f"{N_EPISODES[env]} episodes of skimitate's bundled expert for {env}, "
                f"{bundled_card('experts', env)['origin']}"
            ),
            "command": f"python benchmarks/collect_demonstrations.py {env}",
            "feature_names": feature_names(env),
            "target_names": target_names(env),
            "versions": package_versions(),
        }
        (DATA / f"{env}.json").write_text(json.dumps(card, indent=2) + "\n")
        print(f"{env}: {len(rollouts)} steps, {rollouts.returns.mean():.1f}")


if __name__ == "__main__":
    main()
