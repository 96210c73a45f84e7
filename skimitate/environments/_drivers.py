"""Who decides at each step of an episode."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._action_spaces import ContinuousActions, DiscreteActions
from skimitate.policies._actor import Actor
from skimitate.policies._batch_actor import BatchActor

Actions = ContinuousActions | DiscreteActions


class BatchDriver(Protocol):
    """Decides what to do at each step of the episodes that go on side by side."""

    def begin_episode(self, row: int, seed: int) -> None:
        """Get ready for an episode.

        Parameters
        ----------
        row : int
            The sub-environment that it is in.
        seed : int
            Determines its randomness.
        """

    def __call__(
        self, observations: NDArray, rows: NDArray[np.intp], space: Actions
    ) -> tuple[NDArray, NDArray[np.float64]]:
        """Return the actions to remember and the actions that drive.

        Parameters
        ----------
        observations : ndarray of shape (n_rows, n_features)
            What all the sub-environments show.
        rows : ndarray of shape (n,)
            Those in which an episode goes on.
        space : ContinuousActions or DiscreteActions
            Where actions belong.

        Returns
        -------
        remembered : ndarray of shape (n, ...)
            Whatever is to be kept of the step, for each of them.
        driving : ndarray of shape (n, n_outputs), float64
            Not clipped to the action space.

        Raises
        ------
        StepError
            If an actor fails; with the ``row`` if it does so in one of them.
        """


class Driver(Protocol):
    """Decides what to do at each step of an episode, and what to remember of it."""

    def side_by_side(self, n_rows: int) -> BatchDriver:
        """Return what decides the same in up to so many episodes at once.

        Parameters
        ----------
        n_rows : int
            Number of sub-environments.

        Returns
        -------
        BatchDriver

        Raises
        ------
        ValueError
            If an actor cannot keep episodes apart.
        """

    def begin_episode(self, seed: int) -> None:
        """Get ready for an episode whose randomness is determined by the seed."""

    def __call__(self, observation: NDArray, space: Actions) -> tuple[NDArray, NDArray]:
        """Return the action to remember and the action that drives.

        Parameters
        ----------
        observation : ndarray of shape (n_features,)
            What the environment shows.
        space : ContinuousActions or DiscreteActions
            Where actions belong.

        Returns
        -------
        remembered : ndarray
            Whatever is to be kept of the step.
        driving : ndarray of shape (n_outputs,), float64
            Not clipped to the action space.

        Raises
        ------
        StepError
            If an actor fails.
        """


class PolicyDriver:
    """Lets one policy decide.

    Parameters
    ----------
    policy : callable or object with act or predict
        The policy. Its ``reset()``, if it has one, is called before each episode.
    name : str
        What it is called in errors.
    """

    def __init__(self, policy: Any, name: str = "policy") -> None:
        self.actor = Actor(policy, name)

    def side_by_side(self, n_rows: int) -> BatchDriver:
        """Return what asks the policy about all episodes at once."""
        return PolicyBatchDriver(self.actor, n_rows)

    def begin_episode(self, seed: int) -> None:
        """Reset a stateful policy."""
        self.actor.reset()

    def __call__(self, observation: NDArray, space: Actions) -> tuple[NDArray, NDArray]:
        """Ask the policy."""
        action = self.actor(observation, space)
        return space.recorded(action), action


class PolicyBatchDriver:
    """Lets one policy decide in several episodes, asked once a step for all of them.

    Parameters
    ----------
    actor : Actor
        Asks the policy.
    n_rows : int
        How many episodes there may be.
    """

    def __init__(self, actor: Actor, n_rows: int) -> None:
        self.actor = BatchActor(actor.policy, actor.name, actor.of_batch, n_rows)

    def begin_episode(self, row: int, seed: int) -> None:
        """Have a policy that remembers forget the episode before."""
        self.actor.begin(row)

    def __call__(
        self, observations: NDArray, rows: NDArray[np.intp], space: Actions
    ) -> tuple[NDArray, NDArray[np.float64]]:
        """Ask the policy."""
        actions = self.actor(observations, rows, space)
        return space.recorded_rows(actions), actions
