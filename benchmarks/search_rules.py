"""Searches the weights of the bundled experts for Acrobot-v1 and MountainCar-v0.

The form of the rules is written by hand (skimitate/experts/_classic_control.py): a sum
of a few terms, whose sign is the action. Their weights come from the cross-entropy
method (Rubinstein 1999): draw many, run all of them through the same episodes, and draw
the next around those that did best. What is in the package came from such a search, and
is rounded. About two minutes.

    python benchmarks/search_rules.py
"""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from gymnasium.envs.classic_control import AcrobotEnv, MountainCarEnv
from numpy.typing import NDArray

N_CANDIDATES = 50
N_BEST = 8
N_EPISODES = 150


class Task(NamedTuple):
    """A task whose states are columns of an array: many episodes run at once."""

    start: Callable[[np.random.Generator, int], NDArray]
    terms: Callable[[NDArray], NDArray]
    step: Callable[[NDArray, NDArray], NDArray]
    is_over: Callable[[NDArray], NDArray]
    n_steps: int
    n_terms: int
    # Where the search begins: one term with its sign.
    first: tuple[int, float]


_ACROBOT, _CAR = AcrobotEnv(), MountainCarEnv()


def _acrobot_terms(states: NDArray) -> NDArray:
    angle, angle_2, speed, speed_2 = states
    return np.array(
        [
            np.sin(angle),
            np.sin(angle_2),
            np.sin(angle + angle_2),
            speed,
            speed_2,
            speed * np.cos(angle),
            speed_2 * np.cos(angle_2),
        ]
    )


def _acrobot_step(states: NDArray, signs: NDArray) -> NDArray:
    """Go on by a step of Runge and Kutta, as Gymnasium does for one episode."""

    def slope(at: NDArray) -> NDArray:
        return np.array(_ACROBOT._dsdt((*at, signs))[:-1])

    dt = _ACROBOT.dt
    k1 = slope(states)
    k2 = slope(states + dt / 2 * k1)
    k3 = slope(states + dt / 2 * k2)
    k4 = slope(states + dt * k3)
    after = states + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    angles = (after[:2] + np.pi) % (2 * np.pi) - np.pi
    limits = np.array([[_ACROBOT.MAX_VEL_1], [_ACROBOT.MAX_VEL_2]])
    return np.concatenate([angles, after[2:].clip(-limits, limits)])


def _car_step(states: NDArray, signs: NDArray) -> NDArray:
    position, velocity = states
    velocity = velocity + signs * _CAR.force - np.cos(3 * position) * _CAR.gravity
    velocity = velocity.clip(-_CAR.max_speed, _CAR.max_speed)
    position = (position + velocity).clip(_CAR.min_position, _CAR.max_position)
    stopped = (position == _CAR.min_position) & (velocity < 0)
    return np.array([position, np.where(stopped, 0.0, velocity)])


TASKS = {
    "Acrobot-v1": Task(
        start=lambda rng, n: rng.uniform(-0.1, 0.1, (4, n)),
        terms=_acrobot_terms,
        step=_acrobot_step,
        is_over=lambda s: -np.cos(s[0]) - np.cos(s[0] + s[1]) > 1,
        n_steps=500,
        n_terms=7,
        first=(3, -1.0),
    ),
    "MountainCar-v0": Task(
        start=lambda rng, n: np.array([rng.uniform(-0.6, -0.4, n), np.zeros(n)]),
        # The velocity in a unit in which it is as large as the others.
        terms=lambda s: np.array([np.ones_like(s[0]), s[0], 20 * s[1]]),
        step=_car_step,
        is_over=lambda s: s[0] >= _CAR.goal_position,
        n_steps=200,
        n_terms=3,
        first=(2, 1.0),
    ),
}


def returns_of(task: Task, weights: NDArray, starts: NDArray) -> NDArray[np.float64]:
    """Run all weights through the same episodes.

    Parameters
    ----------
    task : Task
        The task.
    weights : ndarray of shape (n_candidates, n_terms)
        Of each candidate.
    starts : ndarray of shape (n_state, n_episodes)
        Where the episodes begin.

    Returns
    -------
    ndarray of shape (n_candidates, n_episodes)
        Of Gymnasium's rewards: -1 for each step, but for Acrobot's last.
    """
    n_candidates, n_episodes = len(weights), starts.shape[1]
    states = np.tile(starts, n_candidates)
    mine = np.repeat(weights, n_episodes, axis=0)
    returns = np.full(n_candidates * n_episodes, -float(task.n_steps))
    left = np.arange(len(returns))
    free = 1 if task is TASKS["Acrobot-v1"] else 0
    for t in range(1, task.n_steps + 1):
        pushes = np.einsum("it,ti->i", mine[left], task.terms(states))
        states = task.step(states, np.where(pushes > 0, 1.0, -1.0))
        over = task.is_over(states)
        returns[left[over]] = free - t
        states, left = states[:, ~over], left[~over]
        if not len(left):
            break
    return returns.reshape(n_candidates, n_episodes)


def search(task: Task, n_generations: int, seed: int) -> NDArray[np.float64]:
    """Return the weights that the search ends at, the largest of them 1 or -1."""
    rng = np.random.default_rng(seed)
    mean, std = np.zeros(task.n_terms), np.ones(task.n_terms)
    mean[task.first[0]] = task.first[1]
    for _ in range(n_generations):
        weights = rng.normal(mean, std, (N_CANDIDATES, task.n_terms))
        weights[0] = mean
        earned = returns_of(task, weights, task.start(rng, N_EPISODES)).mean(axis=1)
        best = weights[np.argsort(earned)[-N_BEST:]]
        mean = 0.3 * mean + 0.7 * best.mean(axis=0)
        std = 0.3 * std + 0.7 * best.std(axis=0) + 0.005
    return mean / np.abs(mean).max()


def main() -> None:
    """Print the weights, and what they earn in episodes that were not searched in."""
    parser = argparse.ArgumentParser(description="search the weights of rules")
    parser.add_argument("--generations", type=int, default=35)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name, task in TASKS.items():
        weights = search(task, args.generations, args.seed)
        starts = task.start(np.random.default_rng(args.seed + 1000), 1000)
        earned = returns_of(task, weights[np.newaxis], starts)[0]
        print(f"{name}: {weights.round(2).tolist()}", end="")
        print(f", {earned.mean():.1f} ({earned.std():.1f}), lowest {earned.min():.0f}")


if __name__ == "__main__":
    main()
