"""The multilayer perceptron, a torch module."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._forward_pass import ForwardPass
from skimitate.cloning._layout import Layout
from skimitate.cloning._units import Units


class _Linear(nn.Linear):
    """A linear layer that does not draw from torch's global generator."""

    def reset_parameters(self) -> None:
        """Leave the values to :meth:`MLP.initialize`."""


class MLP(nn.Sequential):
    """Fully connected layers with one activation function between them.

    All parameters lie in one vector, as the :class:`Layout` says: what works on all of
    them (Adam, a moving average, the compiled kernel) works on that. They are float32,
    and not initialized until :meth:`initialize` is called.

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

    Attributes
    ----------
    vector : torch.Tensor of shape (n_parameters,)
        The memory of the parameters.
    layout : Layout
        What lies where in it.
    """

    def __init__(self, layer_sizes: Sequence[int], activation: str) -> None:
        module = getattr(nn, ACTIVATIONS[activation].module)
        modules: list[nn.Module] = []
        for n_inputs, n_outputs in pairwise(layer_sizes):
            if modules:
                modules.append(module())
            modules.append(_Linear(n_inputs, n_outputs, dtype=torch.float32))
        super().__init__(*modules)
        self.layer_sizes = tuple(layer_sizes)
        self.activation = activation
        self.layout = Layout(layer_sizes)
        self._forward_pass = ForwardPass(self.layout, activation)
        self._flatten()

    def _flatten(self) -> None:
        """Move the parameters into one vector."""
        self.vector = torch.cat([p.detach().reshape(-1) for p in self.parameters()])
        for linear, layer in zip(
            self.linears, self.layout.layers(self.vector), strict=True
        ):
            linear.weight.data, linear.bias.data = layer
        # What acts: the memory of the parameters, where it is float32 on the CPU.
        shares = self.vector.device.type == "cpu" and self.vector.dtype == torch.float32
        self._shared_memory = self.vector.numpy() if shares else None

    def _apply(self, fn: Callable, recurse: bool = True) -> "MLP":
        """Convert the parameters, as ``to`` and the like do, and keep them together."""
        super()._apply(fn, recurse)
        self._flatten()
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Each parameter pickled by itself would bring the whole vector along.
        parts = self.layer_sizes, self.activation, self.vector.cpu().numpy()
        return MLP.of_arrays, (*parts, self.training)

    @classmethod
    def of_arrays(
        cls,
        layer_sizes: Sequence[int],
        activation: str,
        vector: NDArray,
        training: bool = True,
    ) -> "MLP":
        """Return the network of these parameters.

        Parameters
        ----------
        layer_sizes, activation
            As the class takes them.
        vector : ndarray of shape (n_parameters,)
            Copied.
        training : bool, default=True
            What torch calls the mode.

        Returns
        -------
        MLP
        """
        network = cls(layer_sizes, activation)
        values = torch.from_numpy(np.array(vector))  # which may be read-only
        network.to(values.dtype)
        network.assign(values)
        network.train(training)
        return network

    def initialize(self, rng: np.random.Generator) -> "MLP":
        """Draw weights and biases from Glorot's uniform distribution.

        The bounds are those of :class:`sklearn.neural_network.MLPRegressor`.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        MLP
            The object itself.

        References
        ----------
        Glorot and Bengio: "Understanding the difficulty of training deep feedforward
        neural networks", AISTATS 2010, section 4.2.1, equation 16.
        """
        factor = ACTIVATIONS[self.activation].glorot_factor
        bound = np.empty(self.layout.n_parameters)
        for weight, bias in self.layout.layers(bound):
            weight[:] = bias[:] = (factor / sum(weight.shape)) ** 0.5
        self.assign(torch.from_numpy(rng.uniform(-bound, bound)))
        return self

    def assign(self, vector: torch.Tensor) -> None:
        """Copy values into the parameters.

        Parameters
        ----------
        vector : torch.Tensor of shape (n_parameters,)
            From any device.
        """
        self.vector.copy_(vector)

    def _acting_vector(self) -> NDArray[np.float32]:
        """Return a copy of the parameters as the kernel takes them."""
        return self.vector.cpu().float().numpy()

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Load parameters as torch does, and keep them together."""
        result = super().load_state_dict(*args, **kwargs)
        self._flatten()
        return result

    @property
    def linears(self) -> list[nn.Linear]:
        """The linear layers, from the input to the output."""
        return [module for module in self if isinstance(module, nn.Linear)]

    def act(self, observation: NDArray, units: Units) -> NDArray[np.float64]:
        """Return the actions for an observation or a batch, in float64.

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
        vector = self._shared_memory
        return self._forward_pass(
            observation, self._acting_vector() if vector is None else vector, units
        )
