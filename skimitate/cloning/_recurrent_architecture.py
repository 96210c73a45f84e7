"""What recurrent networks are like, whatever their parameters: checked and compared."""

from itertools import pairwise
from typing import Any, NamedTuple, Self

from skimitate.cloning._cells import CELLS
from skimitate.cloning._hidden_layers import widths_of
from skimitate.cloning._layout import Layers


class RecurrentArchitecture(NamedTuple):
    """What there is to say of a recurrent network beside its parameters.

    Parameters
    ----------
    cell : str
        A key of ``CELLS``.
    sizes : tuple of int
        Numbers of observation dimensions, of cells, of units of each hidden layer
        behind them, and of outputs.
    activation : str
        Activation of the hidden layers.
    """

    cell: str
    sizes: tuple[int, ...]
    activation: str

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

        Raises
        ------
        ValueError
            If ``hidden_layer_sizes`` is something else than positive integers.
        """
        hidden = int(estimator.hidden_size), *widths_of(estimator.hidden_layer_sizes)
        return cls(estimator.cell, (n_inputs, *hidden, n_outputs), estimator.activation)

    @property
    def n_inputs(self) -> int:
        """Number of observation dimensions."""
        return self.sizes[0]

    @property
    def hidden_size(self) -> int:
        """Number of cells."""
        return self.sizes[1]

    @property
    def hidden_layer_sizes(self) -> tuple[int, ...]:
        """Number of units of each hidden layer behind the cells."""
        return self.sizes[2:-1]

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the last layer."""
        return self.sizes[-1]

    @property
    def layout(self) -> Layers:
        """Where the parameters lie: those for the inputs, the state, and each layer.

        Weights and biases of the gates are in the order that torch has.
        """
        n_rows = CELLS[self.cell].n_gates * self.hidden_size
        cells = [(self.n_inputs, n_rows), (self.hidden_size, n_rows)]
        return Layers([*cells, *pairwise(self.sizes[1:])])

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
        names = ("hidden_size", "cell", "hidden_layer_sizes", "activation")
        pairs = {name: (getattr(trained, name), getattr(self, name)) for name in names}
        differ = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        if differ:
            expected, got = (
                " and ".join(map(repr, side))
                for side in zip(*differ.values(), strict=True)
            )
            raise ValueError(
                f"{', '.join(differ)}: expected what training goes on from, "
                f"{expected}, got {got}"
            )
