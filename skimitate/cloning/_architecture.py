"""What networks are like, whatever their parameters: checked and compared."""

from typing import Any, NamedTuple, Self

from skimitate.cloning._hidden_layers import widths_of


class Architecture(NamedTuple):
    """What there is to say of some networks of one kind beside their parameters.

    Parameters
    ----------
    layer_sizes : tuple of int
        Number of units from the input to the output, both included.
    activation : str
        Activation of the hidden layers.
    n_networks : int
        How many networks there are, whose mean acts.
    """

    layer_sizes: tuple[int, ...]
    activation: str
    n_networks: int

    @classmethod
    def of(cls, estimator: Any, n_inputs: int, n_outputs: int) -> Self:
        """Return what an estimator's parameters ask for.

        Parameters
        ----------
        estimator : BaseCloner
            Its parameters are of the right types.
        n_inputs, n_outputs : int
            Widths of the data.

        Returns
        -------
        Architecture

        Raises
        ------
        ValueError
            If ``hidden_layer_sizes`` is something else than positive integers.
        """
        sizes = (n_inputs, *widths_of(estimator.hidden_layer_sizes), n_outputs)
        return cls(sizes, estimator.activation, int(estimator.n_networks))

    def check_same(self, trained: Self) -> None:
        """Raise ValueError if training cannot go on with networks that were trained.

        Parameters
        ----------
        trained : Architecture
            Theirs.
        """
        expected, got = trained.layer_sizes, self.layer_sizes
        if got[-1] != expected[-1]:
            raise ValueError(f"y: expected {expected[-1]} outputs, got {got[-1]}")
        if self != trained:
            raise ValueError(
                "hidden_layer_sizes, activation, n_networks: expected those of what "
                f"training goes on from, {expected[1:-1]}, {trained.activation!r} and "
                f"{trained.n_networks}, got {got[1:-1]}, {self.activation!r} and "
                f"{self.n_networks}"
            )
