"""Policies as safetensors: nothing in such a file is executed."""

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import skimitate
from skimitate._public import public
from skimitate.files._durable import check_folder, write_durably
from skimitate.files._json import parse_json
from skimitate.files._reading import open_file, reading
from skimitate.formats._exportable import exportable
from skimitate.formats._parts import Tensors, parts_of, policy_of_parts
from skimitate.policies._as_policy import Policy, as_policy

# What the description of a policy stands under in the file's metadata.
_KEY = "skimitate_policy"
# Version 3 knew networks and classes alone.
_VERSION, _OLD_VERSION = 4, 3

# Of the names, shapes and the description of a policy; the library takes a hundred.
_MOST_HEADER = 4 * 2**20
# JSON in JSON: what is quoted there takes up to twice as many letters.
_MOST_DESCRIBED = 2**20


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
    metadata has a description in JSON, under ``skimitate_policy``: widths, versions,
    the return if it is known, and under ``policy`` a part of a ``kind`` with what there
    is to say of it, and in ``of`` the part that lies behind it:

    - ``network``: ``n_networks``, ``layer_sizes`` and ``activation``;
    - ``recurrent``: ``cell``, ``sizes`` (inputs, cells, hidden layers, outputs) and
      ``activation``. ``weight_of_input`` and ``weight_of_state`` (n_gates * n_cells,
      n_inputs or n_cells), and their biases, are the cells', the gates in torch's
      order; ``weight_0`` and so on those of the layers behind them;
    - ``classes``: a list of ``classes`` for each output. What lies behind puts out a
      number for each of them, one list after the other, and the action is the class of
      the highest of a list;
    - ``history``: what lies behind is shown the last ``n_steps`` observations, and the
      actions before them if ``actions`` is their number or their classes;
    - ``columns``: what lies behind is shown the columns ``columns_0_indices`` (the
      number is that of the parts around it), minus ``mean``, divided by ``scale``, and
      clipped to ``low`` and ``high``: the scalers of a pipeline.

    Parameters
    ----------
    policy : estimator or policy
        A fitted cloner of skimitate's, with or without a memory; a history estimator,
        a :class:`~sklearn.pipeline.Pipeline` of scalers and selectors, a search or a
        DAgger estimator that has trained one; an expert that is a network; or
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
        If the policy has other parts, such as a forest, or a PCA before a network.
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
    acting: Any = exportable(policy)
    if mean_return is None:
        mean_return = getattr(as_policy(policy, "policy"), "mean_return", None)
    if mean_return is not None and not math.isfinite(mean_return):
        raise ValueError(f"mean_return: expected a finite number, got {mean_return}")
    parts, tensors = parts_of(acting)
    description = {
        "version": _VERSION,
        "n_features": acting.n_features,
        "n_outputs": acting.n_outputs,
        "policy": parts,
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
    check_folder(path)
    write_durably(Path(path), partial(_write, tensors, metadata))


def _write(tensors: dict[str, NDArray], metadata: dict[str, str], path: Path) -> None:
    from safetensors.numpy import save

    path.write_bytes(save(tensors, metadata))


@public
def load_policy(path: str | Path) -> Policy:
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
        as the estimator that was saved; ``reset()``, which begins an episode for
        what has a memory; ``n_features``, ``n_outputs``, ``mean_return``; if actions
        are classes, ``classes``, a list of them for each output. Experts and policies
        may be one.

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


def _read(path: str | Path) -> Policy:
    description, tensors = _parts_of(path)
    policy = policy_of_parts(description["policy"], tensors)
    for key in ("n_features", "n_outputs"):
        width = getattr(policy, key)
        if description.get(key, width) != width:  # an old version's has none
            raise ValueError(f"its {key} is {description[key]!r}, not {width}")
    mean_return = description["mean_return"]
    if mean_return is not None and not (
        type(mean_return) is float and math.isfinite(mean_return)
    ):
        raise ValueError(f"its mean_return is {mean_return!r}")
    policy.mean_return = mean_return
    return policy


def _parts_of(path: str | Path) -> tuple[dict[str, Any], Tensors]:
    """Read the description and the arrays, neither of which is checked."""
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
    if type(version) is not int or version not in (_VERSION, _OLD_VERSION):
        raise ValueError(
            f"it has version {version!r} of the format, and this skimitate reads "
            f"{_OLD_VERSION} and {_VERSION}"
        )
    if version == _OLD_VERSION:
        description = _renewed(description)
    return description, tensors


def _renewed(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description that the new version has of what an old one describes."""
    names = ("n_networks", "layer_sizes", "activation")
    parts = {"kind": "network", **{name: description[name] for name in names}}
    classes = description["classes"]
    if classes is not None:
        parts = {"kind": "classes", "classes": classes, "of": parts}
    return {"policy": parts, "mean_return": description["mean_return"]}


def _check_header(path: str | Path) -> None:
    """Raise if what a file says of itself is longer than that of any policy."""
    with open_file(path) as file:
        length = int.from_bytes(file.read(8), "little")
    if length > _MOST_HEADER:
        raise ValueError(
            f"it has a header of {length} bytes, as no safetensors file has "
            "(load_expert reads files of other kinds)"
        )
