"""The expert files of Berkeley's CS294-112 (Fall 2017), read for ``-v5``."""

import importlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# A dimension that varied less than this in an expert's training carries no
# information: dividing by its standard deviation would amplify what is constant,
# such as a body mass that a later model of the robot has changed a little.
_CONSTANT_STD = 1e-3

# Where a CS294 file expects observations that `-v5` environments no longer give. They
# were constant zeros. Keyed by (observations in the file, actions), with the number of
# features that are kept and the number that follow and were dropped, in turns.
_DROPPED_FEATURES: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {
    (111, 8): ((27, 6), (78, 0)),  # Ant
    (11, 2): ((10, 1),),  # Reacher
    (376, 17): ((45, 10), (130, 6), (78, 6), (17, 6), (78, 0)),  # Humanoid
}


class ExpertArrays(NamedTuple):
    """A policy as :class:`skimitate._experts.NetworkExpert` takes it."""

    mean: NDArray
    scale: NDArray
    weights: list[NDArray]
    biases: list[NDArray]
    activation: str


def _bytes_of(text: str, encoding: str = "latin1") -> bytes:
    """Stand in for ``_codecs.encode``, by which pickles of protocol 2 spell bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes are spelled in {encoding!r}, not latin1")
    return text.encode("latin1")


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickler that admits NumPy arrays and plain containers and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        # NumPy's own pickles name these, though they are not public.
        multiarray = importlib.import_module("numpy._core.multiarray")
        numeric = importlib.import_module("numpy._core.numeric")
        admitted = {
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("numpy.core.multiarray", "_reconstruct"): multiarray._reconstruct,
            ("numpy.core.multiarray", "scalar"): multiarray.scalar,
            ("numpy.core.numeric", "_frombuffer"): numeric._frombuffer,
            ("_codecs", "encode"): _bytes_of,
        }
        try:
            return admitted[module.replace("numpy._core", "numpy.core"), name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, and nothing but NumPy arrays and plain "
                "containers is admitted"
            ) from None


def read_cs294(path: Path) -> ExpertArrays:
    """Read a CS294 expert file for use with ``-v5`` environments.

    Parameters
    ----------
    path : Path
        The file; a pickle, of which nothing but NumPy arrays and plain containers is
        admitted.

    Returns
    -------
    ExpertArrays

    Raises
    ------
    ValueError
        If the file is no such expert file.
    """
    try:
        with open(path, "rb") as file:
            content = _ArrayUnpickler(file, encoding="latin1").load()
        return _from_cs294(content)
    except (
        pickle.UnpicklingError,
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        MemoryError,
        TypeError,
        ValueError,
    ) as error:
        reason = f"no entry {error}" if isinstance(error, KeyError) else error
        raise ValueError(
            f"{path}: expected a CS294 expert file, but this is none: {reason}"
        ) from None


def _from_cs294(content: Mapping[str, Any]) -> ExpertArrays:
    """Make a policy of the nested dicts of a CS294 file."""
    policy = content["GaussianPolicy"]
    statistics = policy["obsnorm"]["Standardizer"]
    mean = np.asarray(statistics["mean_1_D"], dtype=np.float64).ravel()
    mean_square = np.asarray(statistics["meansq_1_D"], dtype=np.float64).ravel()
    std = np.sqrt(np.maximum(0.0, mean_square - mean**2))
    hidden = policy["hidden"]["FeedforwardNet"]
    layers = [hidden[name]["AffineLayer"] for name in sorted(hidden, key=_layer_index)]
    layers.append(policy["out"]["AffineLayer"])
    weights = [np.array(layer["W"], dtype=np.float64) for layer in layers]
    biases = [np.asarray(layer["b"], dtype=np.float64).ravel() for layer in layers]
    weights[0][std < _CONSTANT_STD] = 0.0
    kept = _kept_features(len(mean), len(biases[-1]))
    return ExpertArrays(
        mean[kept],
        (std + 1e-6)[kept],
        [weights[0][kept], *weights[1:]],
        biases,
        content["nonlin_type"],
    )


def _layer_index(name: str) -> int:
    return int(name.removeprefix("layer_"))


def _kept_features(n_features: int, n_outputs: int) -> NDArray[np.bool_]:
    """Mark the features of a CS294 file that ``-v5`` environments still give."""
    runs = _DROPPED_FEATURES.get((n_features, n_outputs), ((n_features, 0),))
    return np.concatenate([[True] * kept + [False] * lost for kept, lost in runs])
