"""A policy given by arrays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate.cloning._layout import Layer, Layout
from skimitate.cloning._units import Units
from skimitate.environments._fields import NAMES
from skimitate.formats._npz import open_npz
from skimitate.policies._network_policy import NetworkPolicy

# As CS294's files and older ones of ours have it.
_OTHER_NAMES = {"lrelu": "leaky_relu"}


class NetworkExpert(NetworkPolicy):
    """A policy given by the arrays of a normalizer and a multilayer perceptron.

    Parameters
    ----------
    mean, scale : ndarrays of shape (n_features,)
        What is subtracted from an observation, and what it is then divided by.
    weights : list of ndarrays of shape (n_inputs, n_outputs)
        Weights of the layers.
    biases : list of ndarrays of shape (n_outputs,)
        Biases of the layers.
    activation : str
        Activation between the layers, as :class:`skimitate.BehaviorCloner` names it;
        ``"lrelu"`` is another name of ``"leaky_relu"``.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, hold values that are not finite, or the
        activation is not known.
    """

    def __init__(
        self,
        mean: ArrayLike,
        scale: ArrayLike,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike],
        activation: str,
    ) -> None:
        layers = [
            Layer(np.asarray(weight, dtype=np.float64).T, np.asarray(bias, np.float64))
            for weight, bias in zip(weights, biases, strict=True)
        ]
        inputs = np.asarray(mean, dtype=np.float64), np.asarray(scale, dtype=np.float64)
        _check_layers(*inputs, layers)
        sizes = [len(inputs[0]), *(len(layer.bias) for layer in layers)]
        vector = np.concatenate([part.ravel() for layer in layers for part in layer])
        single = vector.astype(np.float32)
        super().__init__(
            sizes,
            _OTHER_NAMES.get(activation, activation),
            # What was kept in float32 is the same in it, and the kernel acts on that.
            (single if (single == vector).all() else vector)[np.newaxis],
            Units(*inputs, np.zeros(sizes[-1]), np.ones(sizes[-1])),
        )

    def save(self, path: str | Path) -> None:
        """Write the policy as an npz file, without pickles; the network as float32.

        Parameters
        ----------
        path : str or Path
            Where to; nothing is appended to the name.
        """
        arrays: dict[str, Any] = {"activation": np.array(self.activation)}
        arrays |= {"mean": self.units.input_mean, "scale": self.units.input_scale}
        layers = Layout(self.layer_sizes).layers(self.vectors[0].astype(np.float32))
        for i, (weight, bias) in enumerate(layers):
            arrays[f"weight_{i}"], arrays[f"bias_{i}"] = weight.T, bias
        with open(path, "wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "NetworkExpert":
        """Read a policy that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            The npz file.

        Returns
        -------
        NetworkExpert

        Raises
        ------
        ValueError
            If the file is no such file.
        """
        try:
            with open_npz(path) as arrays:
                _check_no_demonstrations(path, arrays.names)
                n_layers = sum(name.startswith("weight_") for name in arrays.names)
                return cls(
                    arrays["mean"],
                    arrays["scale"],
                    [arrays[f"weight_{i}"] for i in range(n_layers)],
                    [arrays[f"bias_{i}"] for i in range(n_layers)],
                    str(arrays["activation"]),
                )
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{path}: expected an expert saved as npz, but {error}"
            ) from None


def _check_layers(mean: NDArray, scale: NDArray, layers: Sequence[Layer]) -> None:
    """Raise if arrays do not fit each other."""
    width: tuple[int, ...] = mean.shape
    if scale.shape != width or len(width) != 1 or not layers:
        raise ValueError(
            "expected a mean and a scale of shape (n_features,) and at least one "
            f"layer, got {width}, {scale.shape} and {len(layers)} layers"
        )
    for i, (weight, bias) in enumerate(layers, start=1):
        if weight.ndim != 2 or weight.T.shape != width + bias.shape:
            raise ValueError(
                f"layer {i}: expected {width[0]} inputs and as many biases as "
                f"outputs, got weights {weight.T.shape} and biases {bias.shape}"
            )
        width = bias.shape


def _check_no_demonstrations(path: str | Path, names: tuple[str, ...]) -> None:
    """Raise, with what can be done, if a file holds what somebody saw and did."""
    seen, done = (
        [name for name in NAMES[part] if name in names]
        for part in ("observations", "actions")
    )
    if seen and done:
        raise ValueError(
            f"it holds demonstrations ({seen[0]}, {done[0]}): clone it, "
            f"python -m skimitate clone {path} --out clone.joblib"
        )
