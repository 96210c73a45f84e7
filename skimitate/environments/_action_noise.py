"""Noise that is added to what is done, and to nothing that is remembered."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate.environments._drivers import (
    Actions,
    BatchDriver,
    PolicyBatchDriver,
    PolicyDriver,
)
from skimitate.environments._make import EnvLike, env_widths
from skimitate.policies._actions import StepError
from skimitate.policies._actor import Actor


class NoisyDriver(PolicyDriver):
    """Lets one policy decide, and does its actions with Gaussian noise.

    It remembers the action that the policy asked for. The noise of an episode depends
    on its seed alone, and is proportional to ``std``.

    Parameters
    ----------
    policy : callable or object with act or predict
        The policy.
    std : ndarray of shape () or (n_outputs,)
        Standard deviation of the noise, in the unit of the actions.
    """

    def __init__(self, policy: Any, std: NDArray[np.float64]) -> None:
        super().__init__(policy)
        self.std = std

    def side_by_side(self, n_rows: int) -> BatchDriver:
        """Return what asks the policy about all episodes at once."""
        return _NoisyBatchDriver(self.actor, self.std, n_rows)

    def begin_episode(self, seed: int) -> None:
        """Reset a stateful policy, and start the noise."""
        super().begin_episode(seed)
        self._generator = np.random.default_rng(seed)

    def __call__(self, observation: NDArray, space: Actions) -> tuple[NDArray, NDArray]:
        """Ask the policy, and disturb what drives."""
        _check_numbers(space)
        action, _ = super().__call__(observation, space)
        noise = self.std * self._generator.standard_normal(space.n_outputs)
        return action, action + noise


class _NoisyBatchDriver(PolicyBatchDriver):
    """The same in several episodes: the noise of each is what it is alone."""

    def __init__(self, actor: Actor, std: NDArray[np.float64], n_rows: int) -> None:
        super().__init__(actor, n_rows)
        self.std = std
        self._generators: dict[int, np.random.Generator] = {}

    def begin_episode(self, row: int, seed: int) -> None:
        super().begin_episode(row, seed)
        self._generators[row] = np.random.default_rng(seed)

    def __call__(
        self, observations: NDArray, rows: NDArray[np.intp], space: Actions
    ) -> tuple[NDArray, NDArray[np.float64]]:
        _check_numbers(space)
        actions, _ = super().__call__(observations, rows, space)
        drawn = [
            self._generators[row].standard_normal(space.n_outputs)
            for row in rows.tolist()
        ]
        return actions, actions + self.std * np.array(drawn)


def _check_numbers(space: Actions) -> None:
    if space.classes is not None:
        raise StepError("action_noise: expected None, because actions are classes")


def read_action_noise(
    action_noise: ArrayLike | None, env: EnvLike
) -> NDArray[np.float64]:
    """Return the standard deviation of the noise of an environment's actions.

    Parameters
    ----------
    action_noise : float, array-like of shape (n_outputs,) or None
        As a user gave it; None for no noise.
    env : str, EnvSpec, callable or gymnasium.Env
        Is made to see whether the length is right, if there is one.

    Returns
    -------
    ndarray of shape () or (n_outputs,)

    Raises
    ------
    TypeError
        If it is no number and no array of numbers.
    ValueError
        If one of them is negative or not finite, or they are not one for each output.
    """
    if action_noise is None:
        return np.zeros(())
    expected = "action_noise: expected a number that is not negative, or one an output"
    try:
        given = np.asarray(action_noise)
    except ValueError:  # rows of several lengths
        raise TypeError(f"{expected}, got {action_noise!r}") from None
    if given.dtype.kind not in "fiu":
        raise TypeError(f"{expected}, got {action_noise!r}")
    std = given.astype(np.float64)
    if std.ndim > 1 or not (np.isfinite(std) & (std >= 0)).all():
        raise ValueError(f"{expected}, got {action_noise!r}")
    if std.ndim == 1:
        _, n_outputs = env_widths(env)
        if len(std) != n_outputs:
            raise ValueError(
                f"action_noise: expected a number, or {n_outputs} of them for the "
                f"outputs of the environment, got {len(std)}"
            )
    return std
