"""The expert files of Berkeley's CS294-112 (Fall 2017), read for ``-v5``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skimitate.experts._array_pickle import load_arrays
from skimitate.files._reading import read_bytes, reading

# A dimension that varied less than this in an expert's training carries no
# information: dividing by its standard deviation would amplify what is constant,
# such as a body mass that a later model of the robot has changed a little.
_CONSTANT_STD = 1e-3

# The largest of them, Humanoid's, has 0.4.
_MOST_BYTES = 16 * 2**20

# Where a CS294 file expects observations that `-v5` environments no longer give. They
# were constant zeros. Keyed by (observations in the file, actions), with the number of
# features that are kept and the number that follow and were dropped, in turns.
_DROPPED_FEATURES: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {
    (111, 8): ((27, 6), (78, 0)),  # Ant
    (11, 2): ((10, 1),),  # Reacher
    (376, 17): ((45, 10), (130, 6), (78, 6), (17, 6), (78, 0)),  # Humanoid
}


class ExpertArrays(NamedTuple):
    """A policy as :class:`skimitate.experts.NetworkExpert` takes it."""

    mean: NDArray
    scale: NDArray
    weights: list[NDArray]
    biases: list[NDArray]
    activation: str


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
        If the file is no such expert file; with its path.
    OSError
        If it cannot be opened.
    """
    with reading(path, "a CS294 expert file"), np.errstate(all="ignore"):
        return _from_cs294(load_arrays(read_bytes(path, _MOST_BYTES)))


def _from_cs294(content: Mapping[str, Any]) -> ExpertArrays:
    """Make a policy of the nested dicts of a CS294 file."""
    policy = content["GaussianPolicy"]
    statistics = policy["obsnorm"]["Standardizer"]
    mean = _array(statistics, "mean_1_D").ravel()
    mean_square = _array(statistics, "meansq_1_D").ravel()
    std = np.sqrt(np.maximum(0.0, mean_square - mean**2))
    hidden = policy["hidden"]["FeedforwardNet"]
    layers = [hidden[name]["AffineLayer"] for name in sorted(hidden, key=_layer_index)]
    layers.append(policy["out"]["AffineLayer"])
    weights = [_array(layer, "W") for layer in layers]
    biases = [_array(layer, "b").ravel() for layer in layers]
    weights[0][std < _CONSTANT_STD] = 0.0
    kept = _kept_features(len(mean), len(biases[-1]))
    return ExpertArrays(
        mean[kept],
        (std + 1e-6)[kept],
        [weights[0][kept], *weights[1:]],
        biases,
        _text(content, "nonlin_type"),
    )


def _array(content: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    """Return an array as float64; NumPy would walk through lists, however deep."""
    if not isinstance(content[name], np.ndarray):
        raise ValueError(
            f"{name} in it is no array, but a {type(content[name]).__name__}"
        )
    return content[name].astype(np.float64)


def _text(content: Mapping[str, Any], name: str) -> str:
    if type(content[name]) is not str:
        raise ValueError(
            f"{name} in it is no text, but a {type(content[name]).__name__}"
        )
    return content[name]


def _layer_index(name: str) -> int:
    return int(name.removeprefix("layer_"))


def _kept_features(n_features: int, n_outputs: int) -> NDArray[np.bool_]:
    """Mark the features of a CS294 file that ``-v5`` environments still give."""
    runs = _DROPPED_FEATURES.get((n_features, n_outputs), ((n_features, 0),))
    return np.concatenate([[True] * kept + [False] * lost for kept, lost in runs])
