"""The multilayer perceptron, a torch module."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import gen_batches
from torch import nn

from skimitate.kernels import mlp as _mlp_kernel

# Number of observations that are acted on together.
_BLOCK = 1024

_MODULES: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
}


class _Linear(nn.Linear):
    """A linear layer that does not draw from torch's global generator."""

    def reset_parameters(self) -> None:
        """Leave the values to :meth:`MLP.initialize`."""


class MLP(nn.Sequential):
    """Fully connected layers with one activation function between them.

    All parameters lie in one vector, layer by layer, weights before biases: what works
    on all of them (Adam, a moving average, the compiled kernel) works on that. They
    are float32, and not initialized until :meth:`initialize` is called.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units from the input to the output, both included.
    activation : {"identity", "logistic", "relu", "tanh"}
        Activation of the hidden layers; the output layer has none.

    Attributes
    ----------
    vector : torch.Tensor of shape (n_parameters,)
        The memory of the parameters.
    """

    def __init__(self, layer_sizes: Sequence[int], activation: str) -> None:
        modules: list[nn.Module] = []
        for n_inputs, n_outputs in pairwise(layer_sizes):
            if modules:
                modules.append(_MODULES[activation]())
            modules.append(_Linear(n_inputs, n_outputs, dtype=torch.float32))
        super().__init__(*modules)
        self.layer_sizes = tuple(layer_sizes)
        self.activation = activation
        self._flatten()

    def _flatten(self) -> None:
        """Move the parameters into one vector."""
        parameters = list(self.parameters())
        self.vector = torch.cat([p.detach().reshape(-1) for p in parameters])
        start = 0
        for parameter in parameters:
            end = start + parameter.numel()
            parameter.data = self.vector[start:end].view_as(parameter)
            start = end
        # What acts: the memory of the parameters, where it is float32 on the CPU.
        shares = self.vector.device.type == "cpu" and self.vector.dtype == torch.float32
        self._shared_memory = self.vector.numpy() if shares else None
        self._sizes = np.array(self.layer_sizes, dtype=np.intp)
        self._kernel_activation = _mlp_kernel.ACTIVATIONS[self.activation]

    def _apply(self, fn: Callable, recurse: bool = True) -> "MLP":
        """Convert the parameters, as ``to`` and the like do, and keep them together."""
        super()._apply(fn, recurse)
        self._flatten()
        return self

    def __getstate__(self) -> dict[str, Any]:
        # Each parameter pickled by itself would bring the whole vector along.
        return {
            "layer_sizes": self.layer_sizes,
            "activation": self.activation,
            "vector": self.vector.cpu().numpy(),
            "training": self.training,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        MLP.__init__(self, state["layer_sizes"], state["activation"])
        vector = torch.from_numpy(np.array(state["vector"]))  # that may be read-only
        self.to(vector.dtype)
        self.assign(vector)
        self.train(state["training"])

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
        factor = 2.0 if self.activation == "logistic" else 6.0
        bounds = [
            np.full((n_inputs + 1) * n_outputs, factor / (n_inputs + n_outputs)) ** 0.5
            for n_inputs, n_outputs in pairwise(self.layer_sizes)
        ]
        bound = np.concatenate(bounds)
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
        """Return the parameters as the kernel takes them."""
        if self._shared_memory is not None:
            return self._shared_memory
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

    def act(
        self,
        observation: NDArray,
        mean: NDArray[np.float64] | None,
        scale: NDArray[np.float64] | None,
    ) -> NDArray[np.float64]:
        """Normalize an observation or a batch and apply the network, in float64.

        In float64 an action depends on the other rows of its batch only at the level
        of 1e-16, so that one observation gets the action that a batch gets.

        Parameters
        ----------
        observation : ndarray of shape (n_inputs,) or (n_samples, n_inputs)
            Raw observations; not changed.
        mean, scale : ndarrays of shape (n_inputs,) or None
            What is subtracted, and what is then divided by; None for neither.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_samples, n_outputs)

        Raises
        ------
        ValueError
            If the observations have another number of features.
        """
        x = np.asarray(observation, dtype=np.float64)
        if x.ndim == 1:
            return self._act_once(x, mean, scale)
        if x.ndim != 2 or x.shape[1] != self.layer_sizes[0]:
            raise ValueError(
                f"observation: expected {self.layer_sizes[0]} features, "
                f"got shape {x.shape}"
            )
        if len(x) == 1:
            return self._act_once(x[0], mean, scale)[np.newaxis]
        actions = np.empty((len(x), self.layer_sizes[-1]))
        # In blocks, whose intermediate results stay in the cache.
        for rows in gen_batches(len(x), _BLOCK):
            block = x[rows]
            if mean is not None and scale is not None:
                block = (block - mean) / scale
            actions[rows] = self._infer(block)
        return actions

    def _act_once(
        self,
        x: NDArray[np.float64],
        mean: NDArray[np.float64] | None,
        scale: NDArray[np.float64] | None,
    ) -> NDArray[np.float64]:
        """Let the kernel act on one observation, which it checks."""
        vector = self._shared_memory
        out = np.empty(self.layer_sizes[-1])
        _mlp_kernel.act(
            x if x.flags.c_contiguous else np.ascontiguousarray(x),
            mean,
            scale,
            self._sizes,
            self._kernel_activation,
            self._acting_vector() if vector is None else vector,
            out,
        )
        return out

    def _infer(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Apply the network to a batch of normalized observations."""
        start, n_layers = 0, len(self.layer_sizes) - 1
        vector = self._acting_vector()
        for layer, (n_inputs, n_outputs) in enumerate(pairwise(self.layer_sizes)):
            end = start + n_inputs * n_outputs
            weight = vector[start:end].reshape(n_outputs, n_inputs)
            X = X @ weight.T.astype(np.float64)
            X += vector[end : end + n_outputs]
            if layer < n_layers - 1:
                _activate(X, self.activation)
            start = end + n_outputs
        return X


def _activate(Z: NDArray[np.float64], activation: str) -> None:
    """Apply an activation function in place."""
    if activation == "relu":
        np.maximum(Z, 0.0, out=Z)
    elif activation == "tanh":
        np.tanh(Z, out=Z)
    elif activation == "logistic":
        # The logistic function by way of tanh, which does not overflow.
        Z *= 0.5
        np.tanh(Z, out=Z)
        Z += 1.0
        Z *= 0.5
