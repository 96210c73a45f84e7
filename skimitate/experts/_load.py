"""Experts by name: bundled ones, files, and what arguments name."""

import hashlib
import importlib
from importlib import resources
from pathlib import Path
from typing import Any

from skimitate._public import public
from skimitate.data._bundled import bundled_files
from skimitate.environments._make import env_widths
from skimitate.experts._cs294 import read_cs294
from skimitate.experts._network_expert import NetworkExpert
from skimitate.policies._as_policy import as_policy


@public
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


def check_expert(env: str, expert: Any) -> None:
    """Raise if an expert that knows its shapes does not fit an environment."""
    found = env_widths(env)
    expected = getattr(expert, "n_features", None), getattr(expert, "n_outputs", None)
    if None not in expected and found != expected:
        raise ValueError(
            f"expert: {env} has {found[0]} observation and {found[1]} action "
            f"dimensions, and the expert is for {expected[0]} and {expected[1]}; give "
            f"one for {env}"
        )
