"""Recurrent networks, a torch module."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from skimitate.cloning._cells import CELLS
from skimitate.cloning._parameter_rows import ParameterRows
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._recurrent_pass import RecurrentPass
from skimitate.cloning._units import Units


class RecurrentNetwork(ParameterRows):
    """A layer of torch's recurrent cells and a linear layer from their output.

    The parameters lie in one row, float32, and are not initialized until
    :meth:`initialize` is called. As of a multilayer perceptron, the same function is
    computed in four places: by torch, whose autograd is the reference and which trains
    on other devices; by the kernel for minibatches of windows in float32; by the kernel
    for one step in float64; and by NumPy for whole episodes in float64.

    Parameters
    ----------
    cell : str
        A key of ``CELLS``.
    n_inputs, hidden_size, n_outputs : int
        Numbers of inputs, of cells, and of outputs.
    """

    def __init__(
        self, cell: str, n_inputs: int, hidden_size: int, n_outputs: int
    ) -> None:
        super().__init__()
        self.architecture = RecurrentArchitecture(
            cell, n_inputs, hidden_size, n_outputs
        )
        self.layout = self.architecture.layout
        self._pass = RecurrentPass(self.architecture)
        with torch.device("meta"):  # draws nothing from torch's generator
            self.cells = getattr(nn, CELLS[cell].module)(n_inputs, hidden_size)
            self.head = nn.Linear(hidden_size, n_outputs)
        self.to_empty(device="cpu")

    @classmethod
    def of(cls, architecture: RecurrentArchitecture) -> Self:
        """Return a network that is not initialized yet.

        Parameters
        ----------
        architecture : RecurrentArchitecture
            What it is like.

        Returns
        -------
        RecurrentNetwork

        Raises
        ------
        ValueError
            If there is no memory for it.
        """
        try:
            return cls(*architecture)
        except (RuntimeError, TypeError, OverflowError) as error:
            raise ValueError(
                "hidden_size: expected a network that fits into memory, got "
                f"{architecture.hidden_size} ({str(error).splitlines()[0]})"
            ) from None

    def layers_of_parameters(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """Return weights and biases for the inputs, for the state, for the outputs."""
        cells, head = self.cells, self.head
        return [
            (cells.weight_ih_l0, cells.bias_ih_l0),
            (cells.weight_hh_l0, cells.bias_hh_l0),
            (head.weight, head.bias),
        ]

    def initialize(
        self, rngs: Sequence[np.random.Generator], longest: int = 100
    ) -> Self:
        """Draw weights and biases as torch does, and let units remember for a while.

        What torch draws forgets within a few steps, and gradients do not reach back
        any further. Here the bias of the gate that keeps is shifted by the logarithm of
        a number of steps, for which a unit then remembers by itself: as many units for
        each order of magnitude, some for one step, and some for the longest time.

        Parameters
        ----------
        rngs : sequence of numpy.random.Generator
            Of one.
        longest : int, default=100
            The longest time, in steps.

        Returns
        -------
        RecurrentNetwork
            The object itself.

        References
        ----------
        Tallec and Ollivier: "Can recurrent neural networks warp time?", ICLR 2018,
        section 2: chrono initialization, with times that are uniform.
        """
        size = self.architecture.hidden_size
        bound = size**-0.5
        drawn = rngs[0].uniform(-bound, bound, (1, self.layout.n_parameters))
        shift = rngs[0].uniform(0.0, np.log(longest), size)
        gates = self.layout.layers(drawn)[0].bias.reshape(-1, size)
        cell = CELLS[self.architecture.cell]
        gates[cell.keeps] += shift
        if cell.admits is not None:
            gates[cell.admits] -= shift
        self.assign(torch.from_numpy(drawn))
        return self

    def forward(
        self, inputs: Tensor | PackedSequence, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return what the network puts out at each step, and its state at the end.

        Parameters
        ----------
        inputs : Tensor of shape (n_steps, n_episodes, n_inputs), or PackedSequence
            Those of some episodes.
        state : Tensor of shape (n_episodes, state_size) or None, default=None
            What is remembered of each before the first step; None for nothing.

        Returns
        -------
        outputs : Tensor of shape (n_steps, n_episodes, n_outputs), or of those packed
        state : Tensor of shape (n_episodes, state_size)
        """
        parts = None
        if state is not None:
            halves = state.split(self.architecture.hidden_size, dim=1)
            parts = tuple(half.unsqueeze(0).contiguous() for half in halves)
            parts = parts if len(parts) > 1 else parts[0]
        hidden, last = self.cells(inputs, parts)
        states = last if isinstance(last, tuple) else (last,)
        if isinstance(hidden, PackedSequence):
            hidden = hidden.data
        return self.head(hidden), torch.cat([part[0] for part in states], dim=1)

    def over(
        self, X: NDArray, episodes: NDArray[np.intp], units: Units
    ) -> NDArray[np.float64]:
        """Return the actions for each step of whole episodes, in float64.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs)
            Raw observations; not changed.
        episodes : ndarray of shape (n_samples,)
            The number of each row's episode, in successive rows.
        units : Units
            What the network's inputs and outputs count in.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
        """
        return self._pass.over(X, episodes, self._acting_vectors(), units)
