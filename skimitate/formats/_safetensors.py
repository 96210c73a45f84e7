"""Policies as safetensors: nothing in such a file is executed."""

import json
import math
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import skimitate
from skimitate._public import public
from skimitate.cloning._layout import Layout
from skimitate.cloning._units import Units
from skimitate.files._durable import write_durably
from skimitate.files._json import parse_json
from skimitate.files._reading import open_file, reading
from skimitate.formats._classes import listed_classes, read_classes
from skimitate.policies._as_policy import as_policy
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._network_policy import NetworkPolicy

# What the description of a policy stands under in the file's metadata.
_KEY = "skimitate_policy"
_VERSION = 3

# Of the names, shapes and the description of a policy; the library takes a hundred.
_MOST_HEADER = 4 * 2**20
# JSON in JSON: what is quoted there takes up to twice as many letters.
_MOST_DESCRIBED = 2**20

_UNITS = ("input_mean", "input_scale", "output_mean", "output_scale")


@public
def save_policy(
    policy: Any, path: str | Path, *, mean_return: float | None = None
) -> None:
    """Write a policy as a file that needs neither pickle nor torch to be read.

    The file is in the safetensors format, which many languages read: the weights
    (n_networks, n_outputs, n_inputs) and biases (n_networks, n_outputs) of the layers
    in float32, as ``weight_0``, ``bias_0`` and so on, and in float64 ``input_mean`` and
    ``input_scale``, by which observations are standardized, and ``output_scale`` and
    ``output_mean``, by which the mean of the networks' outputs becomes an action. Its
    metadata has a description in JSON: shapes, activation, versions, and the return if
    it is known. If actions are classes it has these too, a list for each output: the
    outputs of the networks are a number for each of them, one list after the other, and
    the action is the class of the highest of a list.

    Parameters
    ----------
    policy : estimator or policy
        A fitted :class:`skimitate.BehaviorCloner` or
        :class:`skimitate.BehaviorCloningClassifier`, a DAgger estimator that has
        trained one, an expert that :func:`skimitate.load_expert` gave, or
        :func:`skimitate.as_policy` of these. What acts is saved, and nothing else.
    path : str or Path
        Where to; nothing is appended to the name. A file that is there is replaced in
        one step.
    mean_return : float or None, default=None
        What an episode of the policy earns on average, for the description; None for
        what DAgger measured, if it did.

    Raises
    ------
    TypeError
        If the policy is no network of skimitate's, such as one with a memory.
    NotFittedError
        If it is an estimator that was not fitted.
    ValueError
        If ``mean_return`` is not finite, or classes are others than integers, floats,
        strings or bools, or more than 1 MiB lists.
    OSError
        If the file cannot be written.

    See Also
    --------
    skimitate.load_policy : Read it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skimitate import BehaviorCloner, load_policy, save_policy
    >>> X = np.linspace(-1.0, 1.0, 100).reshape(50, 2)
    >>> cloner = BehaviorCloner(max_iter=5).fit(X, -X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_policy(cloner, Path(folder) / "clone.safetensors")
    ...     policy = load_policy(Path(folder) / "clone.safetensors")
    >>> bool((policy.act(X) == cloner.predict(X)).all())
    True
    """
    acting: Any = as_policy(policy, "policy")
    takes_highest = isinstance(acting, ClassPolicy)
    networks = acting.units if takes_highest else acting
    if not isinstance(networks, NetworkPolicy):
        raise TypeError(
            "policy: expected a network of skimitate's without a memory (a "
            "BehaviorCloner or BehaviorCloningClassifier, or DAgger that trained one), "
            f"got {policy!r}; joblib.dump saves others"
        )
    if mean_return is None:
        mean_return = acting.mean_return
    if mean_return is not None and not math.isfinite(mean_return):
        raise ValueError(f"mean_return: expected a finite number, got {mean_return}")
    description = {
        "version": _VERSION,
        "n_networks": networks.n_networks,
        "layer_sizes": networks.layer_sizes,
        "activation": networks.activation,
        "n_features": acting.n_features,
        "n_outputs": acting.n_outputs,
        "classes": listed_classes(acting.classes) if takes_highest else None,
        "mean_return": None if mean_return is None else float(mean_return),
        "versions": {"skimitate": skimitate.__version__, "numpy": np.__version__},
    }
    text = json.dumps(description, allow_nan=False)
    if len(text) > _MOST_DESCRIBED:
        raise ValueError(
            f"classes: expected those that {_MOST_DESCRIBED} letters list, got "
            f"{len(text)}"
        )
    metadata = {_KEY: text}
    if not Path(path).parent.is_dir():
        raise FileNotFoundError(f"path: no such folder: {Path(path).parent}")
    write_durably(Path(path), partial(_write, tensors_of(networks), metadata))


def _write(tensors: dict[str, NDArray], metadata: dict[str, str], path: Path) -> None:
    from safetensors.numpy import save

    path.write_bytes(save(tensors, metadata))


def tensors_of(policy: NetworkPolicy) -> dict[str, NDArray]:
    """Return what a file of a policy holds, by name."""
    tensors: dict[str, NDArray] = {}
    layers = Layout(policy.layer_sizes).layers(policy.vectors)
    for i, (weight, bias) in enumerate(layers):
        tensors[f"weight_{i}"] = np.ascontiguousarray(weight)
        tensors[f"bias_{i}"] = np.ascontiguousarray(bias)
    for name in _UNITS:
        tensors[name] = np.ascontiguousarray(getattr(policy.units, name))
    return tensors


@public
def load_policy(path: str | Path) -> NetworkPolicy | ClassPolicy:
    """Read a policy that :func:`skimitate.save_policy` wrote.

    Nothing in the file is executed, and torch is not imported.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    policy
        With ``act(observation)``, from a raw observation (n_features,) or a batch
        (n, n_features) to an action (n_outputs,) or a batch (n, n_outputs), as fast
        as the estimator that was saved; ``n_features``, ``n_outputs``,
        ``mean_return``; if actions are classes, ``classes``, a list of them for each
        output. Experts and policies may be one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or holds something else.

    Examples
    --------
    See :func:`skimitate.save_policy`.

    >>> from skimitate import load_policy
    >>> load_policy("no such file")
    Traceback (most recent call last):
    FileNotFoundError: path: no such file: no such file
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"path: no such file: {path}")
    with reading(path, "a policy saved by save_policy"):
        return _read(path)


def _read(path: str | Path) -> NetworkPolicy | ClassPolicy:
    description, tensors = _parts_of(path)
    sizes, n_networks = description["layer_sizes"], description["n_networks"]
    _check_tensors(tensors, n_networks, sizes)
    layers = [
        tensors[f"{kind}_{i}"].reshape(n_networks, -1)
        for i in range(len(sizes) - 1)
        for kind in ("weight", "bias")
    ]
    mean_return, classes = description["mean_return"], description["classes"]
    if mean_return is not None and not (
        type(mean_return) is float and math.isfinite(mean_return)
    ):
        raise ValueError(f"its mean_return is {mean_return!r}")
    networks = NetworkPolicy(
        sizes,
        description["activation"],
        np.concatenate(layers, axis=1),
        Units(*(tensors[name] for name in _UNITS)),
        mean_return=mean_return if classes is None else None,
    )
    if classes is None:
        return networks
    return ClassPolicy(networks, read_classes(classes), mean_return=mean_return)


def _parts_of(path: str | Path) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Read the description, which is checked as far as it says shapes, and arrays."""
    from safetensors import safe_open

    _check_header(path)
    with safe_open(path, framework="numpy") as file:
        text = (file.metadata() or {}).get(_KEY)
        if text is None:
            raise ValueError(f"its metadata has no {_KEY!r}")
        description = parse_json(text)
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    version = description["version"]
    if type(version) is not int or version != _VERSION:
        raise ValueError(
            f"it has version {version!r} of the format, and this skimitate reads "
            f"{_VERSION}"
        )
    sizes = description["layer_sizes"]
    if type(sizes) is not list or any(type(size) is not int for size in sizes):
        raise ValueError(f"its layer_sizes are {sizes!r}")
    n_networks = description["n_networks"]
    if type(n_networks) is not int or n_networks < 1:
        raise ValueError(f"its n_networks is {n_networks!r}")
    return description, tensors


def _check_header(path: str | Path) -> None:
    """Raise if what a file says of itself is longer than that of any policy."""
    with open_file(path) as file:
        length = int.from_bytes(file.read(8), "little")
    if length > _MOST_HEADER:
        raise ValueError(f"it has a header of {length} bytes")


def _check_tensors(
    tensors: dict[str, NDArray], n_networks: int, sizes: list[int]
) -> None:
    """Raise if arrays are not those of such networks."""
    expected = _shapes(n_networks, sizes)
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != expected:
        raise ValueError(f"it holds arrays {found} instead of {expected}")
    types = {tensor.dtype for tensor in tensors.values()}
    if not types <= {np.dtype(np.float32), np.dtype(np.float64)}:
        raise ValueError(f"it holds arrays of {', '.join(map(str, types))}")


def _shapes(n_networks: int, sizes: list[int]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays in a file, for layers of these sizes."""
    shapes: dict[str, tuple[int, ...]] = {}
    for i, (n_inputs, n_outputs) in enumerate(pairwise(sizes)):
        shapes[f"weight_{i}"] = (n_networks, n_outputs, n_inputs)
        shapes[f"bias_{i}"] = (n_networks, n_outputs)
    for name in _UNITS:
        shapes[name] = (sizes[0] if name.startswith("input") else sizes[-1],)
    return shapes
