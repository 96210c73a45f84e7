"""Clone whoever made your own arrays, and learn how good the clone is.

All that is needed is a log: a row for each step with what was seen and what was done,
and the number of the episode that the step belongs to. Here people steer a vehicle to
a goal, each a little differently.

What it shows: neighbouring steps of an episode are nearly equal, so a split by rows
tests the clone on what it has all but seen. A split by episodes tells how well it
steers for a goal that is new.
"""

import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.model_selection import GroupKFold, KFold, cross_val_score

from skimitate import BehaviorCloner


def read_log(n_episodes=24, n_steps=60):
    """Stand in for your own files: observations, actions, episodes."""
    rng = np.random.default_rng(0)
    observations, actions = [], []
    for _ in range(n_episodes):
        position, velocity, goal = rng.uniform(-1, 1, size=(3, 2))
        stiffness, damping = rng.uniform(2.0, 4.0), rng.uniform(1.5, 2.5)
        for _ in range(n_steps):
            force = np.tanh(stiffness * (goal - position) - damping * velocity)
            observations.append(np.concatenate([position, velocity, goal]))
            actions.append(force)
            velocity = velocity + 0.05 * force
            position = position + 0.05 * velocity
    episodes = np.repeat(np.arange(n_episodes), n_steps)
    return np.array(observations), np.array(actions), episodes


def main():
    """Score a clone by rows and by episodes, then keep it and let it act."""
    X, y, episodes = read_log()
    print(f"{len(X)} steps of {episodes[-1] + 1} episodes")

    cloner = BehaviorCloner(max_iter=60, random_state=0)
    by_rows = cross_val_score(cloner, X, y, cv=KFold(4, shuffle=True, random_state=0))
    by_episodes = cross_val_score(cloner, X, y, groups=episodes, cv=GroupKFold(4))
    print(f"R² of a split by rows:     {by_rows.mean():.3f}  (too good to be true)")
    print(f"R² of a split by episodes: {by_episodes.mean():.3f}")

    cloner.fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clone.joblib"
        joblib.dump(cloner, path)
        print(f"saved in {path.stat().st_size / 1000:.0f} kB")
        policy = joblib.load(path)

    # `predict` checks what it is given; `act` is for a control loop.
    began = time.perf_counter()
    for observation in X:
        action = policy.act(observation)
    seconds = (time.perf_counter() - began) / len(X)
    print(f"one action: {action.round(2)}, in {1e6 * seconds:.0f} µs")


if __name__ == "__main__":
    main()
