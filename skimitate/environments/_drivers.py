"""Who decides at each step of an episode."""

from typing import Any, Protocol

from numpy.typing import NDArray

from skimitate.environments._action_spaces import ContinuousActions, DiscreteActions
from skimitate.policies._actor import Actor

Actions = ContinuousActions | DiscreteActions


class Driver(Protocol):
    """Decides what to do at each step of an episode, and what to remember of it."""

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

    def begin_episode(self, seed: int) -> None:
        """Reset a stateful policy."""
        self.actor.reset()

    def __call__(self, observation: NDArray, space: Actions) -> tuple[NDArray, NDArray]:
        """Ask the policy."""
        action = self.actor(observation, space)
        return space.recorded(action), action
