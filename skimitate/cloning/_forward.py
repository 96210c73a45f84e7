"""The forward pass in NumPy: batches in float64."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._layout import Layer


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
