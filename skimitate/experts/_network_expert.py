"""A policy given by arrays."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._forward_pass import forward
from skimitate.cloning._layout import Layer
from skimitate.cloning._units import Units
from skimitate.environments._fields import NAMES
from skimitate.formats._npz import open_npz
from skimitate.policies._as_policy import Policy, policy_of
from skimitate.policies._network_policy import NetworkPolicy

# As CS294's files and older ones of ours have it.
_OTHER_NAMES = {"lrelu": "leaky_relu"}


class NetworkExpert:
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
        mean: NDArray,
        scale: NDArray,
        weights: list[NDArray],
        biases: list[NDArray],
        activation: str,
    ) -> None:
        self.mean = np.asarray(mean, dtype=np.float64)
        self.scale = np.asarray(scale, dtype=np.float64)
        self.weights = [np.asarray(w, dtype=np.float64) for w in weights]
        self.biases = [np.asarray(b, dtype=np.float64) for b in biases]
        self.activation = _OTHER_NAMES.get(activation, activation)
        self._check()

    def _check(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"activation: expected one of {sorted(ACTIVATIONS)}, "
                f"got {self.activation!r}"
            )
        width: tuple[int, ...] = self.mean.shape
        if self.scale.shape != width or len(width) != 1 or not self.weights:
            raise ValueError(
                "expected a mean and a scale of shape (n_features,) and at least one "
                f"layer, got {width}, {self.scale.shape} and {len(self.weights)} layers"
            )
        for i, (weight, bias) in enumerate(
            zip(self.weights, self.biases, strict=True), start=1
        ):
            if weight.ndim != 2 or weight.shape != width + bias.shape:
                raise ValueError(
                    f"layer {i}: expected {width[0]} inputs and as many biases as "
                    f"outputs, got weights {weight.shape} and biases {bias.shape}"
                )
            width = bias.shape
        for array in (self.mean, self.scale, *self.weights, *self.biases):
            if not np.isfinite(array).all():
                raise ValueError("expected finite numbers, got NaN or infinity")
        if not (self.scale > 0).all():
            raise ValueError("scale: expected positive numbers, got others")

    @property
    def n_features(self) -> int:
        """Number of observation dimensions."""
        return len(self.mean)

    @property
    def n_outputs(self) -> int:
        """Number of action dimensions."""
        return len(self.biases[-1])

    def __call__(self, observations: NDArray) -> NDArray[np.float64]:
        """Return the actions for a batch of observations.

        Parameters
        ----------
        observations : ndarray of shape (n, n_features)
            Raw observations.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Actions, not clipped to the action space.

        Raises
        ------
        ValueError
            If the observations have another number of features.
        """
        x = np.asarray(observations, dtype=np.float64)
        if x.shape[-1] != self.n_features:
            raise ValueError(
                f"observations: expected {self.n_features} features, "
                f"got shape {x.shape}"
            )
        pairs = zip(self.weights, self.biases, strict=True)
        layers = [Layer(weight.T, bias) for weight, bias in pairs]
        return forward((x - self.mean) / self.scale, layers, self.activation)

    def __repr__(self) -> str:
        return (
            f"NetworkExpert(n_features={self.n_features}, n_outputs={self.n_outputs})"
        )

    def save(self, path: str | Path) -> None:
        """Write the policy as an npz file, without pickles; the network as float32.

        Parameters
        ----------
        path : str or Path
            Where to; nothing is appended to the name.
        """
        arrays: dict[str, Any] = {"activation": np.array(self.activation)}
        arrays |= {"mean": self.mean, "scale": self.scale}
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            arrays[f"weight_{i}"] = weight.astype(np.float32)
            arrays[f"bias_{i}"] = bias.astype(np.float32)
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


@policy_of.register
def _of_expert(actor: NetworkExpert) -> Policy:
    layers = zip(actor.weights, actor.biases, strict=True)
    parts = [part for weight, bias in layers for part in (weight.T.ravel(), bias)]
    vector = np.concatenate(parts)
    single = vector.astype(np.float32)
    plain = np.zeros(actor.n_outputs), np.ones(actor.n_outputs)
    return NetworkPolicy(
        [actor.n_features, *(len(bias) for bias in actor.biases)],
        actor.activation,
        # What was kept in float32 is the same in it, and the kernel acts on that.
        single if (single == vector).all() else vector,
        Units(actor.mean, actor.scale, *plain),
    )
