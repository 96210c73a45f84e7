"""The forward pass without torch: one observation by the kernel, batches by NumPy."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches

from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._layout import Layer, Layout
from skimitate.cloning._units import Units
from skimitate.kernels import mlp as kernel

# Number of observations that are acted on together.
_BLOCK = 1024


class ForwardPass:
    """From observations to the mean action of some networks, in float64.

    Parameters
    ----------
    layout : Layout
        Of the parameters of each network.
    activation : str
        A key of ``ACTIVATIONS``; of the hidden layers.
    """

    def __init__(self, layout: Layout, activation: str) -> None:
        self.layout = layout
        self.activation = activation
        self._sizes = np.array(layout.layer_sizes, dtype=np.intp)
        self._kernel_activation = kernel.ACTIVATIONS[activation]

    def __call__(
        self, observation: ArrayLike, vectors: NDArray, units: Units
    ) -> NDArray[np.float64]:
        """Return the actions for an observation or a batch: the mean of the networks.

        Parameters
        ----------
        observation : array-like of shape (n_inputs,) or (n_samples, n_inputs)
            Raw observations; not changed.
        vectors : ndarray of shape (n_networks, n_parameters)
            The parameters. In float32 the kernel acts on one observation.
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
        x = np.asarray(observation, dtype=np.float64)
        if x.ndim == 1:
            return self._act_once(x, vectors, units)
        if x.ndim != 2 or x.shape[1] != self.layout.layer_sizes[0]:
            raise ValueError(
                f"observation: expected {self.layout.layer_sizes[0]} features, "
                f"got shape {x.shape}"
            )
        if len(x) == 1:
            return self._act_once(x[0], vectors, units)[np.newaxis]
        return self._act_on_batch(x, vectors, units)

    def std(
        self, observations: NDArray, vectors: NDArray, units: Units
    ) -> NDArray[np.float64]:
        """Return how far the actions of the networks are from each other.

        Parameters
        ----------
        observations : ndarray of shape (n_samples, n_inputs)
            Raw observations; not changed.
        vectors, units
            As they are called with.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            Standard deviations over the networks.
        """
        x = np.asarray(observations, dtype=np.float64)
        # Before the mean of the actions is added, which may be far from 0.
        return self._by_blocks(np.std, x, vectors, units) * units.output_scale

    def _act_once(
        self, x: NDArray[np.float64], vectors: NDArray, units: Units
    ) -> NDArray[np.float64]:
        """Let the kernel act on one observation, which it checks."""
        if vectors.dtype != np.float32:
            return self._act_on_batch(x[np.newaxis], vectors, units)[0]
        out = np.empty(self.layout.layer_sizes[-1])
        kernel.act(
            x if x.flags.c_contiguous else np.ascontiguousarray(x),
            units.packed,
            self._sizes,
            self._kernel_activation,
            vectors,
            out,
        )
        return out

    def _act_on_batch(
        self, x: NDArray[np.float64], vectors: NDArray, units: Units
    ) -> NDArray[np.float64]:
        """Let NumPy act on a batch."""
        actions = self._by_blocks(np.mean, x, vectors, units)
        actions *= units.output_scale
        actions += units.output_mean
        return actions

    def _by_blocks(
        self,
        over_networks: Callable[..., NDArray[np.float64]],
        x: NDArray[np.float64],
        vectors: NDArray,
        units: Units,
    ) -> NDArray[np.float64]:
        """Reduce what the networks put out, in blocks that stay in the cache."""
        networks = [self.layout.layers(vector) for vector in vectors]
        result = np.empty((len(x), self.layout.layer_sizes[-1]))
        if not len(x):
            return result
        for rows in gen_batches(len(x), _BLOCK):
            inputs = (x[rows] - units.input_mean) / units.input_scale
            outputs = [forward(inputs, layers, self.activation) for layers in networks]
            result[rows] = over_networks(outputs, axis=0)
        return result


def forward(
    X: NDArray[np.float64], layers: Sequence[Layer], activation: str
) -> NDArray[np.float64]:
    """Apply fully connected layers with one activation function between them.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_inputs)
        Inputs, in float64; not changed.
    layers : sequence of Layer
        From the input to the output.
    activation : str
        A key of ``ACTIVATIONS``; of all layers but the last.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
        In float64, in which an output depends on the other rows of its batch only at
        the level of 1e-16: one observation gets the action that a batch gets.
    """
    *hidden, last = layers
    for weight, bias in hidden:
        X = X @ weight.T.astype(np.float64, copy=False)
        X += bias
        ACTIVATIONS[activation].apply(X)
    X = X @ last.weight.T.astype(np.float64, copy=False)
    X += last.bias
    return X
