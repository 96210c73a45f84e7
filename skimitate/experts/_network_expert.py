"""A policy given by arrays."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skimitate.cloning._layout import Layer, Layout
from skimitate.cloning._units import Units
from skimitate.environments._fields import NAMES
from skimitate.files._durable import write_durably
from skimitate.files._npz import Arrays, open_npz
from skimitate.files._npz_writer import write_npz
from skimitate.files._reading import reading
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
        _check_shapes(
            inputs[0].shape,
            inputs[1].shape,
            [(layer.weight.T.shape, layer.bias.shape) for layer in layers],
        )
        sizes = [len(inputs[0]), *(len(layer.bias) for layer in layers)]
        vector = np.concatenate([part.ravel() for layer in layers for part in layer])
        with np.errstate(over="ignore"):  # and then it is not the same in float32
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
            Where to; nothing is appended to the name. A file that is there is replaced
            in one step.

        Raises
        ------
        OSError
            If it cannot be written, with its path.
        """
        arrays: dict[str, Any] = {"activation": np.array(self.activation)}
        arrays |= {"mean": self.units.input_mean, "scale": self.units.input_scale}
        layers = Layout(self.layer_sizes).layers(self.vectors[0].astype(np.float32))
        for i, (weight, bias) in enumerate(layers):
            arrays[f"weight_{i}"], arrays[f"bias_{i}"] = weight.T, bias
        write_durably(Path(path), partial(write_npz, arrays=arrays, compress=True))

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
        OSError
            If the file cannot be read.
        ValueError
            If it is no such file. Both with its path.
        """
        with reading(path, "an expert saved as npz"), open_npz(path) as arrays:
            _check_no_demonstrations(path, arrays.names)
            n_layers = sum(name.startswith("weight_") for name in arrays.names)
            weights = [f"weight_{i}" for i in range(n_layers)]
            biases = [f"bias_{i}" for i in range(n_layers)]
            # Before anything is unpacked: it may be much.
            _check_headers(arrays, weights, biases)
            return cls(
                arrays["mean"],
                arrays["scale"],
                [arrays[name] for name in weights],
                [arrays[name] for name in biases],
                str(arrays["activation"]),
            )


def _check_headers(arrays: Arrays, weights: list[str], biases: list[str]) -> None:
    """Raise if arrays say of themselves what those of an expert do not."""
    names = ["activation", "mean", "scale", *weights, *biases]
    strange = [name for name in arrays.names if name not in names]
    if strange:
        raise ValueError(f"it has arrays that no expert has: {', '.join(strange)}")
    found = arrays.headers(names)
    for name, header in found.items():
        if header.dtype.kind != ("U" if name == "activation" else "f"):
            expected = "a text" if name == "activation" else "floats"
            raise ValueError(f"its {name} holds {header.dtype}, expected {expected}")
    if found["activation"].shape:
        raise ValueError("its activation holds several texts, expected one")
    _check_shapes(
        found["mean"].shape,
        found["scale"].shape,
        [
            (found[weight].shape, found[bias].shape)
            for weight, bias in zip(weights, biases, strict=True)
        ],
    )


def _check_shapes(
    width: tuple[int, ...],
    scale: tuple[int, ...],
    layers: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
) -> None:
    """Raise if a mean, a scale, and the weights and biases of layers do not fit."""
    if scale != width or len(width) != 1 or not layers:
        raise ValueError(
            "expected a mean and a scale of shape (n_features,) and at least one "
            f"layer, got {width}, {scale} and {len(layers)} layers"
        )
    for i, (weight, bias) in enumerate(layers, start=1):
        if len(weight) != 2 or weight != width + bias:
            raise ValueError(
                f"layer {i}: expected {width[0]} inputs and as many biases as "
                f"outputs, got weights {weight} and biases {bias}"
            )
        width = bias


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
