"""Who decides at each step of an episode."""

from typing import Any, Protocol

from numpy.typing import NDArray

from skimitate.policies._actor import Actor


class Driver(Protocol):
    """Decides what to do at each step of an episode, and what to remember of it."""

    def begin_episode(self, seed: int) -> None:
        """Get ready for an episode whose randomness is determined by the seed."""

    def __call__(self, observation: NDArray, n_outputs: int) -> tuple[NDArray, NDArray]:
        """Return the action to remember and the action that drives.

        Parameters
        ----------
        observation : ndarray of shape (n_features,)
            What the environment shows.
        n_outputs : int
            Number of action dimensions.

        Returns
        -------
        remembered, driving : ndarrays of shape (n_outputs,), float64
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

    def begin_episode(self, seed: int) -> None:
        """Reset a stateful policy."""
        self.actor.reset()

    def __call__(self, observation: NDArray, n_outputs: int) -> tuple[NDArray, NDArray]:
        """Ask the policy."""
        action = self.actor(observation, n_outputs)
        return action, action
