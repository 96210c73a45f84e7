"""Losses that training minimizes: one entry each.

A new one takes an entry here and its loop in ``kernels/vector_math.h``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Loss(NamedTuple):
    """What is to be known of a loss.

    Parameters
    ----------
    of_rows : callable
        From a block of outputs and targets, tensors of shape (..., n_outputs), to the
        loss of each sample.
    penalty : callable
        From the number of outputs to the factor of ``alpha`` in front of the sum of
        the squared weights, which makes ``alpha`` mean what it means to
        :class:`sklearn.neural_network.MLPRegressor` and ``MLPClassifier``. There the
        penalty is half of ``alpha`` times that sum, against half of the squared errors
        summed over the outputs, or against the cross-entropy.
    """

    of_rows: "Callable[[Tensor, Tensor], Tensor]"
    penalty: Callable[[int], float]


def _squared_error(outputs: "Tensor", targets: "Tensor") -> "Tensor":
    return (outputs - targets).square().mean(dim=-1)


def _cross_entropy(outputs: "Tensor", targets: "Tensor") -> "Tensor":
    return -(targets * outputs.log_softmax(dim=-1)).sum(dim=-1)


LOSSES = {
    "cross_entropy": Loss(_cross_entropy, lambda n_outputs: 0.5),
    "squared_error": Loss(_squared_error, lambda n_outputs: 1.0 / n_outputs),
}
