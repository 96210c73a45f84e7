"""Measure how much a split by rows flatters, on the bundled demonstrations.

Neighbouring steps of an episode are nearly equal. Rows that are drawn one by one to be
held out have their neighbours in training, and a clone is tested on what it has all but
seen.

What it shows: R² of a split by rows minus R² of a split by whole episodes, by
cross-validation, for few episodes and for more. It is large where each episode has
something of its own, as Reacher has a goal, and small where a gait repeats itself a
hundred times in each. Then what early stopping, which holds out a part by itself, is
told of the same clone: by shuffled rows, by blocks of rows, by episodes.
"""

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, cross_val_score

import skimitate as sk

DEMONSTRATIONS = [
    ("Reacher-v5", 10),
    ("Reacher-v5", 20),
    ("Reacher-v5", 60),
    ("Hopper-v5", 4),
    ("HalfCheetah-v5", 4),
]


def first_episodes(env_id, n_episodes):
    """Return observations, actions and episodes."""
    data = sk.load_demonstrations(env_id)
    kept = data.episode_ids < n_episodes
    return data.data[kept], data.target[kept], data.episode_ids[kept]


def cross_validated(cloner, X, y, episodes):
    """Return R² by rows and by episodes."""
    by_rows = cross_val_score(cloner, X, y, cv=KFold(4, shuffle=True, random_state=0))
    by_episodes = cross_val_score(cloner, X, y, groups=episodes, cv=GroupKFold(4))
    return by_rows.mean(), by_episodes.mean()


def told_to_early_stopping(cloner, X, y, episodes):
    """Return the best validation scores by shuffled rows, by blocks, by episodes."""
    cloner.set_params(early_stopping=True, validation_fraction=0.25)
    shuffled = np.random.default_rng(0).permutation(len(X))
    return (
        cloner.fit(X[shuffled], y[shuffled]).best_validation_score_,
        cloner.fit(X, y).best_validation_score_,
        cloner.fit(X, y, groups=episodes).best_validation_score_,
    )


def main():
    """Print a line for each environment and number of episodes."""
    print(
        "                episodes   by rows - by episodes   early stopping is told by"
    )
    print("                           (cross-validated R²)    rows    blocks  episodes")
    for env_id, n_episodes in DEMONSTRATIONS:
        X, y, episodes = first_episodes(env_id, n_episodes)
        cloner = sk.BehaviorCloner(max_iter=40, random_state=0)
        rows, whole = cross_validated(cloner, X, y, episodes)
        told = told_to_early_stopping(cloner, X, y, episodes)
        print(
            f"{env_id:14} {n_episodes:9}   {rows:.3f} - {whole:.3f} = "
            f"{rows - whole:6.3f}  " + "".join(f"{score:8.3f}" for score in told),
            flush=True,
        )


if __name__ == "__main__":
    main()
