"""A goal to reach on MuJoCo: Dict observations, ``is_success``, a hand-written expert.

Reacher-v5's arm of two links, in the form of Gymnasium-Robotics, whose own tasks do not
run on MuJoCo 4: ``observation``, ``achieved_goal`` and ``desired_goal``, a sparse
reward, and ``is_success`` in the info of every step.

    python goal_task.py --episodes 200

prints what the expert earns, and how often it is there at the end.
"""

import argparse
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

# Metres from the goal within which it is reached; the arm is 0.21 long.
RADIUS = 0.02

# Lengths of the links, in metres.
_UPPER, _LOWER = 0.1, 0.11

# Stiffness and damping of the expert's joints, in torque (from -1 to 1) for each radian
# and for each radian a second.
_STIFFNESS = np.array([1.5, 0.8])
_DAMPING = np.array([0.15, 0.07])


class GoalReacher(gymnasium.Wrapper):
    """Reacher-v5 with a goal: its fingertip is to be where the target is, and to stay.

    Observations are a Dict of ``observation``, cosines, sines and velocities of the two
    joints; ``achieved_goal``, where the fingertip is; and ``desired_goal``, where it
    should be, both (x, y) in metres. The reward is 0 within ``RADIUS`` of the goal and
    -1 elsewhere. An episode has 50 steps.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(gymnasium.make("Reacher-v5", **options))

        def numbers(n: int) -> Box:
            return Box(-np.inf, np.inf, (n,), dtype=np.float64)

        self.observation_space = Dict(
            observation=numbers(6), achieved_goal=numbers(2), desired_goal=numbers(2)
        )

    def reset(self, **options: Any) -> tuple[dict[str, NDArray], dict[str, Any]]:
        """Begin an episode, with another goal."""
        row, info = self.env.reset(**options)
        shown = _as_dict(row)
        return shown, info | {"is_success": _is_reached(shown)}

    def step(
        self, action: NDArray
    ) -> tuple[dict[str, NDArray], float, bool, bool, dict[str, Any]]:
        """Apply torques to the two joints for 0.02 seconds."""
        row, _, terminated, truncated, info = self.env.step(action)
        shown = _as_dict(row)
        reached = _is_reached(shown)
        info = info | {"is_success": reached}
        return shown, float(reached) - 1.0, terminated, truncated, info


def _as_dict(row: NDArray) -> dict[str, NDArray]:
    """Sort what Reacher-v5 shows; its last two numbers are from the goal to the tip."""
    goal = row[4:6]
    return {
        "observation": np.concatenate([row[:4], row[6:8]]),
        "achieved_goal": goal + row[8:10],
        "desired_goal": goal.copy(),
    }


def _is_reached(shown: dict[str, NDArray]) -> bool:
    way = shown["desired_goal"] - shown["achieved_goal"]
    return bool(np.hypot(*way) < RADIUS)


def expert(observations: NDArray) -> NDArray[np.float64]:
    """Bend the arm as its goal asks for, each joint like a damped spring.

    Of the two ways to bend it, always the same is taken: neighbouring states then have
    neighbouring actions, except where the shoulder may turn either way.

    Parameters
    ----------
    observations : ndarray of shape (n, 10)
        As skimitate flattens them: ``observation``, ``achieved_goal``,
        ``desired_goal``.

    Returns
    -------
    ndarray of shape (n, 2)
        Torques, from -1 to 1.
    """
    cosines, sines, speeds, _, goals = np.split(observations, [2, 4, 6, 8], axis=1)
    shoulder, elbow = np.arctan2(sines, cosines).T
    distance = np.hypot(*goals.T)
    bend = (distance**2 - _UPPER**2 - _LOWER**2) / (2 * _UPPER * _LOWER)
    wanted_elbow = np.arccos(bend.clip(-1, 1))
    wanted_shoulder = np.arctan2(goals[:, 1], goals[:, 0]) - np.arctan2(
        _LOWER * np.sin(wanted_elbow), _UPPER + _LOWER * np.cos(wanted_elbow)
    )
    # The elbow does not go round; the shoulder does, and takes the shorter way.
    turn = (wanted_shoulder - shoulder + np.pi) % (2 * np.pi) - np.pi
    away = np.column_stack([turn, wanted_elbow - elbow])
    return (_STIFFNESS * away - _DAMPING * speeds).clip(-1, 1)


def main() -> None:
    """Print the expert's return and its success."""
    from skimitate import evaluate_policy

    parser = argparse.ArgumentParser(description="a goal to reach on MuJoCo")
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    returns, reached = evaluate_policy(
        GoalReacher,
        expert,
        n_episodes=args.episodes,
        random_state=args.seed,
        return_success=True,
    )
    print(
        f"expert: success {reached.mean():.3f}, return {returns.mean():.1f} "
        f"({returns.std():.1f}) over {len(returns)} episodes"
    )


if __name__ == "__main__":
    main()
