"""The forward pass without torch: one observation by the kernel, batches by NumPy."""

from collections.abc import Sequence

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
    """From observations to actions, by whatever parameters, in float64.

    Parameters
    ----------
    layout : Layout
        Of the parameters.
    activation : str
        A key of ``ACTIVATIONS``; of the hidden layers.
    """

    def __init__(self, layout: Layout, activation: str) -> None:
        self.layout = layout
        self.activation = activation
        self._sizes = np.array(layout.layer_sizes, dtype=np.intp)
        self._kernel_activation = kernel.ACTIVATIONS[activation]

    def __call__(
        self, observation: ArrayLike, vector: NDArray, units: Units
    ) -> NDArray[np.float64]:
        """Return the actions for an observation or a batch.

        Parameters
        ----------
        observation : array-like of shape (n_inputs,) or (n_samples, n_inputs)
            Raw observations; not changed.
        vector : ndarray of shape (n_parameters,)
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
            return self._act_once(x, vector, units)
        if x.ndim != 2 or x.shape[1] != self.layout.layer_sizes[0]:
            raise ValueError(
                f"observation: expected {self.layout.layer_sizes[0]} features, "
                f"got shape {x.shape}"
            )
        if len(x) == 1:
            return self._act_once(x[0], vector, units)[np.newaxis]
        return self._act_on_batch(x, vector, units)

    def _act_once(
        self, x: NDArray[np.float64], vector: NDArray, units: Units
    ) -> NDArray[np.float64]:
        """Let the kernel act on one observation, which it checks."""
        if vector.dtype != np.float32:
            return self._act_on_block(x[np.newaxis], vector, units)[0]
        out = np.empty(self.layout.layer_sizes[-1])
        kernel.act(
            x if x.flags.c_contiguous else np.ascontiguousarray(x),
            units.packed,
            self._sizes,
            self._kernel_activation,
            vector,
            out,
        )
        return out

    def _act_on_batch(
        self, x: NDArray[np.float64], vector: NDArray, units: Units
    ) -> NDArray[np.float64]:
        """Let NumPy act on a batch, in blocks that stay in the cache."""
        actions = np.empty((len(x), self.layout.layer_sizes[-1]))
        for rows in gen_batches(len(x), _BLOCK):
            actions[rows] = self._act_on_block(x[rows], vector, units)
        return actions

    def _act_on_block(
        self, x: NDArray[np.float64], vector: NDArray, units: Units
    ) -> NDArray[np.float64]:
        inputs = (x - units.input_mean) / units.input_scale
        actions = forward(inputs, self.layout.layers(vector), self.activation)
        actions *= units.output_scale
        actions += units.output_mean
        return actions


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
