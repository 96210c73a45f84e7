"""What is expected of actions, whoever gives them."""

from typing import Protocol

from numpy.typing import NDArray


class ActionSpace(Protocol):
    """Where actions belong, as rows of numbers."""

    @property
    def n_outputs(self) -> int:
        """Number of action dimensions."""

    def check(self, actions: NDArray) -> None:
        """Raise StepError if finite numbers are no actions.

        Parameters
        ----------
        actions : ndarray of shape (n_outputs,) or (n, n_outputs)
            One action, or some.
        """
