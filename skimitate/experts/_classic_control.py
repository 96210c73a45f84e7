"""Experts for Gymnasium's classic control: rules of a line or two, written by hand."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class RuleExpert:
    """A rule as an expert, by the id of its environment.

    Parameters
    ----------
    env_id : {"Acrobot-v1", "CartPole-v1", "MountainCar-v0", "Pendulum-v1"}
        What it is for.

    Attributes
    ----------
    n_features : int
        Number of observation dimensions.
    n_outputs : int
        1: the number of a class, or in Pendulum-v1 a torque in N m.
    """

    n_outputs = 1

    def __init__(self, env_id: str) -> None:
        self.env_id = env_id
        self.n_features, self._rule = RULES[env_id]

    def __call__(
        self, observations: ArrayLike
    ) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return an action for each of a batch of observations.

        Parameters
        ----------
        observations : array-like of shape (n, n_features)
            Raw observations.

        Returns
        -------
        ndarray of shape (n, 1)
            int64 where actions are classes, float64 in Pendulum-v1.

        Raises
        ------
        ValueError
            If there is another number of features.
        """
        rows = np.asarray(observations, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise ValueError(
                f"observations: expected shape (n, {self.n_features}) for "
                f"{self.env_id}, got {rows.shape}"
            )
        return self._rule(rows)[:, np.newaxis]

    def __reduce__(self) -> tuple[Any, ...]:
        return RuleExpert, (self.env_id,)

    def __repr__(self) -> str:
        return f"RuleExpert({self.env_id!r})"


def _balance(observations: NDArray) -> NDArray[np.int64]:
    """Push the cart to where its pole leans and falls, and a little to the middle."""
    return (observations @ [0.1, 0.3, 1.0, 0.5] > 0).astype(np.int64)


def _climb(observations: NDArray) -> NDArray[np.int64]:
    """Push the car the way it goes; to the left first if it is slow on the right.

    The line is from the cross-entropy method, as that of Acrobot, rounded.
    """
    position, velocity = observations.T
    to_the_right = velocity > 0.0052 + 0.0112 * position
    return np.where(to_the_right, 2, 0)


def _swing(observations: NDArray) -> NDArray[np.int64]:
    """Let the lower link swing against the upper one, so that both gain energy.

    The rule is the same in a mirror. Its weights are from the cross-entropy method
    (Rubinstein 1999) on the equations of motion, rounded.
    """
    cosine, sine, cosine_2, sine_2, speed, speed_2 = observations.T
    sine_of_both = sine * cosine_2 + cosine * sine_2
    push = 0.24 * sine - 0.23 * sine_2 - sine_of_both - 0.64 * speed + 0.69 * speed_2
    push -= 0.28 * speed * cosine + 0.36 * speed_2 * cosine_2
    return np.where(push > 0, 2, 0)


def _swing_up(observations: NDArray) -> NDArray[np.float64]:
    """Pump energy into the pendulum while it hangs, and balance it once it is up.

    After Åström and Furuta, "Swinging up a pendulum by energy control", Automatica 36
    (2000).
    """
    cosine, sine, speed = observations.T
    angle = np.arctan2(sine, cosine)
    energy = speed**2 / 6 + 5 * (cosine - 1)
    pump = np.where(speed >= 0, 2.0, -2.0) * np.sign(-energy)
    torque = np.where(np.abs(angle) < 0.6, -20 * angle - 4 * speed, pump)
    return torque.clip(-2, 2)


class Rule(NamedTuple):
    """A rule, and the number of observation dimensions that it looks at."""

    n_features: int
    act: Callable[[NDArray], NDArray]


RULES = {
    "Acrobot-v1": Rule(6, _swing),
    "CartPole-v1": Rule(4, _balance),
    "MountainCar-v0": Rule(2, _climb),
    "Pendulum-v1": Rule(3, _swing_up),
}
