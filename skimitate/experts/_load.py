"""Experts: policies given by arrays, bundled or read from files."""

import hashlib
import importlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.data._bundled import bundled_files
from skimitate.environments._actors import as_policy
from skimitate.experts._cs294 import read_cs294
from skimitate.formats._npz import NOT_NPZ

_ACTIVATIONS: dict[str, Callable[[NDArray], NDArray]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "lrelu": lambda x: np.where(x > 0, x, 0.01 * x),
    "logistic": lambda x: 0.5 * (1.0 + np.tanh(0.5 * x)),
    "identity": lambda x: x,
}


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
    activation : {"tanh", "relu", "lrelu", "logistic", "identity"}
        Activation between the layers; ``lrelu`` has leak 0.01.

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
        self.activation = activation
        self._check()

    def _check(self) -> None:
        if self.activation not in _ACTIVATIONS:
            raise ValueError(
                f"activation: expected one of {sorted(_ACTIVATIONS)}, "
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
        x = (x - self.mean) / self.scale
        activate = _ACTIVATIONS[self.activation]
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = activate(x @ weight + bias)
        return x @ self.weights[-1] + self.biases[-1]

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
            with np.load(path, allow_pickle=False) as arrays:
                n_layers = sum(key.startswith("weight_") for key in arrays)
                return cls(
                    arrays["mean"],
                    arrays["scale"],
                    [arrays[f"weight_{i}"] for i in range(n_layers)],
                    [arrays[f"bias_{i}"] for i in range(n_layers)],
                    str(arrays["activation"]),
                )
        except NOT_NPZ as error:
            raise ValueError(
                f"{path}: expected an expert saved as npz, but {error}"
            ) from None


def load_expert(name_or_path: str | Path) -> NetworkExpert:
    """Load a bundled expert by environment id, or an expert file of Berkeley's CS294.

    Parameters
    ----------
    name_or_path : str or Path
        The id of an environment with a bundled expert, such as ``"Hopper-v5"``; or the
        path of an expert handed out with CS294-112 homework 1 (Fall 2017), for use
        with the ``-v5`` environments; or of an npz file that an expert was saved to.

    Returns
    -------
    NetworkExpert
        A callable from raw observations (n, n_features) to actions (n, n_outputs).

    Raises
    ------
    ValueError
        If there is no such bundled expert, or the file is no expert file. A CS294
        file is a pickle; one that asks for anything but NumPy arrays and plain
        containers is refused before anything in it runs.
    FileNotFoundError
        If the path leads nowhere.

    Notes
    -----
    The CS294 experts were trained on the ``-v1`` environments. Observations that
    ``-v5`` dropped were constant zeros and are left out; dimensions that hardly varied
    in training carry no information and count as zero; actions are not clipped.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import load_expert
    >>> expert = load_expert("Hopper-v5")
    >>> expert(np.zeros((1, 11))).shape
    (1, 3)
    """
    return _load(name_or_path, "name_or_path")


def _load(name_or_path: str | Path, parameter: str) -> NetworkExpert:
    """Load an expert; errors name the parameter."""
    bundled = bundled_files("experts")
    if str(name_or_path) in bundled:
        with resources.as_file(bundled[str(name_or_path)]) as path:
            return NetworkExpert.load(path)
    path = Path(name_or_path)
    if not path.is_file():
        if path.suffix in (".pkl", ".npz", ".zip") or len(path.parts) > 1:
            raise FileNotFoundError(f"{parameter}: no such file: {path}")
        raise ValueError(
            f"{parameter}: expected a bundled expert ({', '.join(sorted(bundled))}) "
            f"or the path of an expert file, got {str(name_or_path)!r}"
        )
    if path.suffix == ".npz":
        return NetworkExpert.load(path)
    try:
        return NetworkExpert(*read_cs294(path))
    except ValueError as error:
        raise ValueError(f"{parameter}: {error}") from None


def identify_expert(spec: str) -> str:
    """Return what tells an expert that a command-line argument names from others.

    Parameters
    ----------
    spec : str
        See :func:`resolve_expert`; of something that it returned.

    Returns
    -------
    str
        The name, without its folder, and a checksum of the file if there is one.
    """
    bundled = bundled_files("experts")
    if spec in bundled:
        content, name = bundled[spec].read_bytes(), f"bundled {spec}"
    elif Path(spec).is_file():
        content, name = Path(spec).read_bytes(), Path(spec).name
    else:
        module = importlib.import_module(spec.partition(":")[0])
        file = getattr(module, "__file__", None)
        content, name = Path(file).read_bytes() if file else b"", spec
    return f"{name} (sha256 {hashlib.sha256(content).hexdigest()[:16]})"


def resolve_expert(spec: str) -> Any:
    """Return what a command-line argument names as an expert.

    Parameters
    ----------
    spec : str
        A bundled expert's environment id, the path of a CS294 or npz expert file, the
        path of a stable-baselines3 model (zip), or ``module:callable``.

    Returns
    -------
    callable or object with predict
        Something that :func:`as_policy` takes.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError
        If there is no such thing, or it cannot be read.
    """
    if Path(spec).suffix == ".zip":
        return _load_stable_baselines3(Path(spec))
    module, _, attribute = spec.partition(":")
    if attribute and not Path(spec).exists():
        try:
            expert = getattr(importlib.import_module(module), attribute)
        except Exception as error:  # whatever the module raises when it is imported
            raise ValueError(
                f"expert: expected module:callable, but {spec!r} gave {error!r}"
            ) from error
        as_policy(expert, "expert")
        return expert
    return _load(spec, "expert")


def _load_stable_baselines3(path: Path) -> Any:
    """Load a stable-baselines3 model, whichever of its algorithms trained it."""
    if not path.exists():
        raise FileNotFoundError(f"expert: no such file: {path}")
    try:
        sb3 = importlib.import_module("stable_baselines3")
    except ImportError:
        raise ImportError(
            f"expert: {path} needs stable-baselines3: pip install stable-baselines3"
        ) from None
    failures = []
    for algorithm in ("PPO", "SAC", "TD3", "A2C", "DDPG", "DQN"):
        try:
            return getattr(sb3, algorithm).load(path, device="cpu")
        except Exception as error:  # each algorithm fails in its own way
            failures.append(f"{algorithm}: {error}")
    raise ValueError(
        f"expert: {path} is no stable-baselines3 model ({'; '.join(failures)})"
    )
