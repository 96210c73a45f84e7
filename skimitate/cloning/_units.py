"""The units that a network's inputs and outputs count in, and a change of them."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._layout import Layers
from skimitate.kernels.running_stats import standardize


class Units:
    """What 0 and a difference of 1 stand for, in each input and in each output.

    They are kept in float64, beside the network and not inside of its float32
    parameters, whose biases cannot tell a large mean from its neighbours.

    Parameters
    ----------
    input_mean, input_scale : array-like of shape (n_inputs,)
        An input of the network is the observation minus ``input_mean``, divided by
        ``input_scale``.
    output_mean, output_scale : array-like of shape (n_outputs,)
        An action is the network's output times ``output_scale``, plus ``output_mean``.

    Attributes
    ----------
    packed : ndarray of shape (2 * n_inputs + 2 * n_outputs,)
        All four, as the kernel takes them; the others are views of it.
    """

    def __init__(
        self,
        input_mean: NDArray[np.float64],
        input_scale: NDArray[np.float64],
        output_mean: NDArray[np.float64],
        output_scale: NDArray[np.float64],
    ) -> None:
        parts = (input_mean, input_scale, output_mean, output_scale)
        self.packed = np.concatenate(parts, dtype=np.float64)
        ends = np.cumsum([len(part) for part in parts])[:-1]
        views = np.split(self.packed, ends)
        self.input_mean, self.input_scale = views[:2]
        self.output_mean, self.output_scale = views[2:]

    @classmethod
    def plain(cls, n_inputs: int, n_outputs: int) -> Self:
        """Return those of a network that sees observations and gives actions."""
        return cls(
            np.zeros(n_inputs),
            np.ones(n_inputs),
            np.zeros(n_outputs),
            np.ones(n_outputs),
        )

    @classmethod
    def unpacked(cls, packed: NDArray[np.float64], n_inputs: int) -> Self:
        """Return those whose ``packed`` is given."""
        n_outputs = len(packed) // 2 - n_inputs
        parts = np.split(packed, np.cumsum([n_inputs, n_inputs, n_outputs]))
        return cls(*parts)

    def standardize_inputs(self, X: NDArray) -> NDArray:
        """Return what the network sees, given float32 or float64 observations."""
        inputs = np.empty_like(X)
        standardize(X, self.input_mean, self.input_scale, np.inf, inputs)
        return inputs

    def standardize_outputs(self, y: NDArray) -> NDArray[np.float64]:
        """Return what the network should put out, given actions."""
        return (y - self.output_mean) / self.output_scale


def change_units(
    layout: Layers, vectors: NDArray[np.float64], old: Units, new: Units
) -> NDArray[np.float64]:
    """Return parameters that are in new units the function that they were in old ones.

    Parameters
    ----------
    layout : Layers
        Of the parameters.
    vectors : ndarray of shape (n_networks, n_parameters)
        Parameters; not changed.
    old, new : Units
        What they counted in, and what they shall count in.

    Returns
    -------
    ndarray of shape (n_networks, n_parameters)
    """
    changed = vectors.copy()
    layers = layout.layers(changed)
    weight, bias = layers[0]
    bias += weight @ ((new.input_mean - old.input_mean) / old.input_scale)
    weight *= new.input_scale / old.input_scale
    weight, bias = layers[-1]
    ratio = old.output_scale / new.output_scale
    weight *= ratio[:, np.newaxis]
    bias *= ratio
    bias += (old.output_mean - new.output_mean) / new.output_scale
    return changed
