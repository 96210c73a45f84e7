"""What recurrent networks are like, whatever their parameters: checked and compared."""

from typing import Any, NamedTuple, Self

from skimitate.cloning._cells import CELLS
from skimitate.cloning._layout import Layers


class RecurrentArchitecture(NamedTuple):
    """What there is to say of a recurrent network beside its parameters.

    Parameters
    ----------
    cell : str
        A key of ``CELLS``.
    n_inputs : int
        Number of observation dimensions.
    hidden_size : int
        Number of cells.
    n_outputs : int
        Number of outputs of the linear layer that follows them.
    """

    cell: str
    n_inputs: int
    hidden_size: int
    n_outputs: int

    @classmethod
    def of(cls, estimator: Any, n_inputs: int, n_outputs: int) -> Self:
        """Return what an estimator's parameters ask for.

        Parameters
        ----------
        estimator : RecurrentCloner
            Its parameters are checked.
        n_inputs, n_outputs : int
            Widths of the data.

        Returns
        -------
        RecurrentArchitecture
        """
        return cls(estimator.cell, n_inputs, int(estimator.hidden_size), n_outputs)

    @property
    def layout(self) -> Layers:
        """Where the parameters lie: those for the inputs, the state, and the outputs.

        Weights and biases of the gates are in the order that torch has.
        """
        n_rows = CELLS[self.cell].n_gates * self.hidden_size
        shapes = [(self.n_inputs, n_rows), (self.hidden_size, n_rows)]
        return Layers([*shapes, (self.hidden_size, self.n_outputs)])

    @property
    def state_size(self) -> int:
        """How many numbers the network remembers of an episode."""
        return CELLS[self.cell].n_states * self.hidden_size

    def check_same(self, trained: Self) -> None:
        """Raise ValueError if training cannot go on with a network that was trained.

        Parameters
        ----------
        trained : RecurrentArchitecture
            Its own.
        """
        if self.n_outputs != trained.n_outputs:
            raise ValueError(
                f"y: expected {trained.n_outputs} outputs, got {self.n_outputs}"
            )
        if self != trained:
            raise ValueError(
                "hidden_size, cell: expected those of what training goes on from, "
                f"{trained.hidden_size} and {trained.cell!r}, got {self.hidden_size} "
                f"and {self.cell!r}"
            )
