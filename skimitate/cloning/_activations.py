"""Activation functions of the hidden layers: one entry each.

A new one takes an entry here and its loops in ``kernels/vector_math.h``.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Activation(NamedTuple):
    """What is to be known of an activation function.

    Parameters
    ----------
    module : str
        Its class in ``torch.nn``.
    apply : callable
        Applies it, in place, to a float64 array.
    glorot_factor : float, default=6.0
        Numerator under the root of Glorot's bound for initial parameters.
    """

    module: str
    apply: Callable[[NDArray[np.float64]], None]
    glorot_factor: float = 6.0

    def glorot_bound(self, n_inputs: int, n_outputs: int) -> float:
        """Return how large initial parameters of a layer are at most.

        Parameters
        ----------
        n_inputs, n_outputs : int
            Of the layer.

        Returns
        -------
        float

        References
        ----------
        Glorot and Bengio: "Understanding the difficulty of training deep feedforward
        neural networks", AISTATS 2010, section 4.2.1, equation 16.
        """
        return (self.glorot_factor / (n_inputs + n_outputs)) ** 0.5


def _leave(Z: NDArray[np.float64]) -> None:
    """Change nothing."""


def _leak(Z: NDArray[np.float64]) -> None:
    np.multiply(Z, 0.01, out=Z, where=Z < 0.0)


def _squash(Z: NDArray[np.float64]) -> None:
    """Apply the logistic function by way of tanh, which does not overflow."""
    Z *= 0.5
    np.tanh(Z, out=Z)
    Z += 1.0
    Z *= 0.5


def _rectify(Z: NDArray[np.float64]) -> None:
    np.maximum(Z, 0.0, out=Z)


def _tanh(Z: NDArray[np.float64]) -> None:
    np.tanh(Z, out=Z)


ACTIVATIONS = {
    "identity": Activation("Identity", _leave),
    "leaky_relu": Activation("LeakyReLU", _leak),
    "logistic": Activation("Sigmoid", _squash, glorot_factor=2.0),
    "relu": Activation("ReLU", _rectify),
    "tanh": Activation("Tanh", _tanh),
}
