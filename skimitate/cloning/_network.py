"""Multilayer perceptrons side by side, a torch module."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._architecture import Architecture
from skimitate.cloning._forward_pass import ForwardPass
from skimitate.cloning._layout import Layout
from skimitate.cloning._parameter_rows import ParameterRows
from skimitate.cloning._units import Units


class _Linear(nn.Module):
    """A linear layer of each network, not initialized."""

    def __init__(self, n_networks: int, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        weight = torch.empty(n_networks, n_outputs, n_inputs, dtype=torch.float32)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(weight.new_empty(n_networks, n_outputs))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (n_networks, n_samples, n_inputs) to (n_networks, n_samples, n_outputs).

        One operation for all networks: with small ones, four take hardly longer than
        one does.
        """
        if len(self.weight) == 1:
            # What nn.Linear gives to the last bit: a batch of one is rounded otherwise.
            weight, bias = self.weight.squeeze(0), self.bias.squeeze(0)
            return functional.linear(inputs, weight, bias)
        return torch.baddbmm(self.bias.unsqueeze(1), inputs, self.weight.mT)

    def extra_repr(self) -> str:
        """Say the sizes."""
        n_networks, n_outputs, n_inputs = self.weight.shape
        return f"{n_networks=}, {n_inputs=}, {n_outputs=}"


class MLP(ParameterRows, nn.Sequential):
    """Networks of one architecture, which put out the mean of their outputs.

    Each is fully connected layers with one activation function between them. The
    parameters of a network lie in one row, as the :class:`Layout` says. They are
    float32, and not initialized until :meth:`initialize` is called.

    The same function is computed in four places: by torch, whose autograd is the
    reference and which trains on other devices; by the kernel for minibatches in
    float32, to train fast; by the kernel for one observation in float64, since a
    control loop waits for it; and by NumPy for batches in float64.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units from the input to the output, both included.
    activation : str
        Activation of the hidden layers, a key of ``ACTIVATIONS``; the output layer has
        none.
    n_networks : int, default=1
        How many networks there are.

    References
    ----------
    Lakshminarayanan, Pritzel, Blundell: "Simple and scalable predictive uncertainty
    estimation using deep ensembles", NeurIPS 2017, section 2.4: networks that differ in
    their initialization and in the order of the samples, and their mean.
    """

    def __init__(
        self, layer_sizes: Sequence[int], activation: str, n_networks: int = 1
    ) -> None:
        module = getattr(nn, ACTIVATIONS[activation].module)
        modules: list[nn.Module] = []
        for n_inputs, n_outputs in pairwise(layer_sizes):
            if modules:
                modules.append(module())
            modules.append(_Linear(n_networks, n_inputs, n_outputs))
        super().__init__(*modules)
        self.architecture = Architecture(tuple(layer_sizes), activation, n_networks)
        self.layout = Layout(layer_sizes)
        self._forward_pass = ForwardPass(self.layout, activation)
        self._flatten()

    def layers_of_parameters(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """Return weights and biases from the input to the output."""
        return [(linear.weight, linear.bias) for linear in self.linears]

    @property
    def n_networks(self) -> int:
        """How many networks there are."""
        return self.architecture.n_networks

    @classmethod
    def of(cls, architecture: Architecture) -> "MLP":
        """Return networks that are not initialized yet.

        Parameters
        ----------
        architecture : Architecture
            What they are like.

        Returns
        -------
        MLP

        Raises
        ------
        ValueError
            If there is no memory for them.
        """
        try:
            return cls(*architecture)
        except (RuntimeError, TypeError, OverflowError) as error:
            raise ValueError(
                "hidden_layer_sizes, n_networks: expected networks that fit into "
                f"memory, got {architecture.layer_sizes[1:-1]} and "
                f"{architecture.n_networks} ({str(error).splitlines()[0]})"
            ) from None

    def initialize(self, rngs: Sequence[np.random.Generator]) -> Self:
        """Draw weights and biases from Glorot's uniform distribution.

        The bounds are those of :class:`sklearn.neural_network.MLPRegressor`.

        Parameters
        ----------
        rngs : sequence of numpy.random.Generator
            One for each network.

        Returns
        -------
        MLP
            The object itself.
        """
        activation = ACTIVATIONS[self.activation]
        bound = np.empty(self.layout.n_parameters)
        for weight, bias in self.layout.layers(bound):
            weight[:] = bias[:] = activation.glorot_bound(*weight.shape)
        drawn = [rng.uniform(-bound, bound) for rng in rngs]
        self.assign(torch.from_numpy(np.stack(drawn)))
        return self

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Number of units from the input to the output, both included."""
        return self.architecture.layer_sizes

    @property
    def activation(self) -> str:
        """Activation of the hidden layers."""
        return self.architecture.activation

    @property
    def linears(self) -> list[_Linear]:
        """The linear layers, from the input to the output."""
        return [module for module in self if isinstance(module, _Linear)]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the mean of what the networks put out.

        Parameters
        ----------
        inputs : torch.Tensor of shape (..., n_inputs)
            Seen by all networks.

        Returns
        -------
        torch.Tensor of shape (..., n_outputs)
        """
        rows = inputs.reshape(1, -1, inputs.shape[-1])
        outputs = self.each(rows.expand(self.n_networks, -1, -1))
        return outputs.mean(dim=0).reshape(*inputs.shape[:-1], -1)

    def each(self, inputs: Tensor) -> Tensor:
        """Return what each network puts out.

        Parameters
        ----------
        inputs : torch.Tensor of shape (n_networks, n_samples, n_inputs)
            Those of each network.

        Returns
        -------
        torch.Tensor of shape (n_networks, n_samples, n_outputs)
        """
        return super().forward(inputs)

    def act(self, observation: NDArray, units: Units) -> NDArray[np.float64]:
        """Return the mean actions for an observation or a batch, in float64.

        Parameters
        ----------
        observation : ndarray of shape (n_inputs,) or (n_samples, n_inputs)
            Raw observations; not changed.
        units : Units
            What the network's inputs and outputs count in.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_samples, n_outputs)

        Raises
        ------
        ValueError
            If the observations have another number of features.
        """
        return self._forward_pass(observation, self._acting_vectors(), units)

    def std(self, observations: NDArray, units: Units) -> NDArray[np.float64]:
        """Return how far the actions of the networks are from each other, in float64.

        Parameters
        ----------
        observations : ndarray of shape (n_samples, n_inputs)
            Raw observations; not changed.
        units : Units
            See :meth:`act`.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            Standard deviations over the networks.
        """
        return self._forward_pass.std(observations, self._acting_vectors(), units)
