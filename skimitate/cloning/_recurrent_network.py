"""Recurrent networks, a torch module."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._cells import CELLS
from skimitate.cloning._parameter_rows import ParameterRows
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._recurrent_pass import RecurrentPass
from skimitate.cloning._units import Units


class RecurrentNetwork(ParameterRows):
    """A layer of torch's recurrent cells, and fully connected layers behind them.

    The parameters lie in one row, float32, and are not initialized until
    :meth:`initialize` is called. As of a multilayer perceptron, the same function is
    computed in four places: by torch, whose autograd is the reference and which trains
    on other devices; by the kernel for minibatches of windows in float32; by the kernel
    for one step in float64; and by NumPy for whole episodes in float64.

    Parameters
    ----------
    cell : str
        A key of ``CELLS``.
    sizes : sequence of int
        Numbers of inputs, of cells, of units of each hidden layer, and of outputs.
    activation : str
        Activation of the hidden layers, a key of ``ACTIVATIONS``; the output layer has
        none.
    """

    def __init__(self, cell: str, sizes: Sequence[int], activation: str) -> None:
        super().__init__()
        self.architecture = RecurrentArchitecture(cell, tuple(sizes), activation)
        self.layout = self.architecture.layout
        self._pass = RecurrentPass(self.architecture)
        layers: list[nn.Module] = []
        with torch.device("meta"):  # draws nothing from torch's generator
            self.cells = getattr(nn, CELLS[cell].module)(*sizes[:2])
            for n_inputs, n_outputs in pairwise(sizes[1:]):
                if layers:
                    layers.append(getattr(nn, ACTIVATIONS[activation].module)())
                layers.append(nn.Linear(n_inputs, n_outputs))
        self.head = nn.Sequential(*layers)
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
                "hidden_size, hidden_layer_sizes: expected a network that fits into "
                f"memory, got {architecture.hidden_size} and "
                f"{architecture.hidden_layer_sizes} ({str(error).splitlines()[0]})"
            ) from None

    def layers_of_parameters(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """Return weights and biases for the inputs, for the state, of each layer."""
        cells = self.cells
        linears = [module for module in self.head if isinstance(module, nn.Linear)]
        return [
            (cells.weight_ih_l0, cells.bias_ih_l0),
            (cells.weight_hh_l0, cells.bias_hh_l0),
            *((linear.weight, linear.bias) for linear in linears),
        ]

    def initialize(
        self, rngs: Sequence[np.random.Generator], longest: int = 100
    ) -> Self:
        """Draw weights and biases, and let units remember for a while.

        Those of the cells are drawn as torch does, those of the layers behind them from
        Glorot's uniform distribution, as a multilayer perceptron's are. What torch
        draws forgets within a few steps, and gradients do not reach back any further.
        Here the bias of the gate that keeps is shifted by the logarithm of a number of
        steps, for which a unit then remembers by itself: as many units for each order
        of magnitude, some for one step, and some for the longest time.

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
        bound = np.full((1, self.layout.n_parameters), size**-0.5)
        activation = ACTIVATIONS[self.architecture.activation]
        for weight, bias in self.layout.layers(bound)[2:]:
            weight[:] = bias[:] = activation.glorot_bound(*weight.shape[1:])
        drawn = rngs[0].uniform(-bound, bound)
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
