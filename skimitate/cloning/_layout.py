"""Where the parameters of each layer lie in those of a network."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple


class Layer(NamedTuple):
    """Views of a layer's parameters: arrays of NumPy or tensors of torch.

    Parameters
    ----------
    weight : array of shape (..., n_outputs, n_inputs)
        Weights.
    bias : array of shape (..., n_outputs)
        Biases.
    """

    weight: Any
    bias: Any


class Layers:
    """Layer by layer, weights by rows before biases; kernels know it like this too.

    Parameters
    ----------
    shapes : iterable of tuple of int
        Number of inputs and of outputs of each layer. The first sees the observation,
        the last gives the action.

    Attributes
    ----------
    n_parameters : int
        Of one network.
    """

    def __init__(self, shapes: Iterable[tuple[int, int]]) -> None:
        self.shapes = tuple(shapes)
        self.n_parameters = sum(
            (n_inputs + 1) * n_outputs for n_inputs, n_outputs in self.shapes
        )

    def layers(self, vectors: Any) -> list[Layer]:
        """Return views of the layers, from the input to the output.

        Parameters
        ----------
        vectors : ndarray or Tensor of shape (..., n_parameters)
            All parameters, or whatever there is one of for each; mostly a row for each
            of several networks.

        Returns
        -------
        list of Layer
            Their weights and biases begin with the same axes.
        """
        layers, start = [], 0
        for n_inputs, n_outputs in self.shapes:
            middle = start + n_inputs * n_outputs
            end = middle + n_outputs
            weight = vectors[..., start:middle]
            weight = weight.reshape(*vectors.shape[:-1], n_outputs, n_inputs)
            layers.append(Layer(weight, vectors[..., middle:end]))
            start = end
        return layers


class Layout(Layers):
    """That of a multilayer perceptron.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units from the input to the output, both included.
    """

    def __init__(self, layer_sizes: Sequence[int]) -> None:
        self.layer_sizes = tuple(layer_sizes)
        super().__init__(pairwise(self.layer_sizes))
