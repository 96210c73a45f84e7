"""Whatever can act, by the name of a bundled expert, a file or a callable."""

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib

from skimitate._public import public
from skimitate.experts._bundled import bundled_experts, load_bundled
from skimitate.experts._cs294 import read_cs294
from skimitate.experts._network_expert import NetworkExpert
from skimitate.experts._stable_baselines3 import read_stable_baselines3
from skimitate.experts._torch_file import read_torch
from skimitate.files._reading import read_bytes, reading
from skimitate.formats._estimator_bytes import load_trusted
from skimitate.formats._safetensors import load_policy
from skimitate.formats.c._compiled import read_compiled
from skimitate.formats.onnx._policy import OnnxPolicy
from skimitate.policies._as_policy import as_policy

# What is read of a file of skops.
_MOST_SKOPS = 2**30


@public
def load_expert(name_or_path: str | Path) -> Any:
    """Load an expert or a policy: a bundled one, a file, or what a module holds.

    Parameters
    ----------
    name_or_path : str or Path
        One of

        - the id of an environment with a bundled expert: a network for ``"Ant-v5"``,
          ``"HalfCheetah-v5"``, ``"Hopper-v5"``, ``"Humanoid-v5"``, ``"Reacher-v5"`` and
          ``"Walker2d-v5"``, a rule of a few lines for ``"Acrobot-v1"``,
          ``"CartPole-v1"``, ``"MountainCar-v0"`` and ``"Pendulum-v1"``, which need no
          MuJoCo;
        - the path of a file, of a kind that its suffix tells:

          - ``.npz``: an expert's own ``save``;
          - ``.pkl``: an expert handed out with Berkeley's CS294-112 homework 1 (Fall
            2017), for use with the ``-v5`` environments;
          - ``.safetensors``: written by :func:`skimitate.save_policy`;
          - ``.onnx``: written by :func:`skimitate.export_onnx`, or by others: from one
            input (batch, n_features) of floats to actions, its first output or the one
            that is called ``action``;
          - ``.zip``: a stable-baselines3 model, of any of its algorithms. Observations
            are normalized by the statistics of its ``VecNormalize``, if they lie
            beside it: see the notes;
          - ``.skops``: an estimator saved by ``skops.io.dump``, made of scikit-learn's
            types and of :data:`skimitate.TRUSTED_TYPES` alone;
          - ``.joblib``: whatever can act and was saved by ``joblib.dump``, such as a
            fitted estimator;
          - ``.pt2``: a program of ``torch.export.save``, of one argument; ``.pt`` or
            ``.pth``: a whole module of ``torch.save``, or one of ``torch.jit.save``;
          - ``.h``: a policy in C, written by :func:`skimitate.export_c`; the compiler
            that ``CC`` names, or ``cc``, compiles it on the way;

        - ``"module:name"``: something that can act, in a module that can be imported.

    Returns
    -------
    object
        Of a bundled expert, an npz and a pkl file a callable from raw observations
        (n, n_features) to actions (n, n_outputs), with both widths and, if it is a
        network, ``save``; else an object with ``act`` or ``predict``, or what the
        module holds. Experts and policies may be any of them.

    Raises
    ------
    ValueError
        If there is no such bundled expert, the suffix is of no known kind, or the
        content is something else. An ONNX file is refused also if it would have other
        files read. A CS294 file is a pickle; one that asks for anything but NumPy
        arrays and plain containers is refused before anything in it runs, and so is a
        skops file with types that are not trusted.
    TypeError
        If what was loaded cannot act, such as a class of which no instance was made.
    FileNotFoundError
        If the path leads nowhere.
    IsADirectoryError
        If it leads to a folder.
    ImportError
        If stable-baselines3 or ONNX is needed and not installed.

    Warns
    -----
    UserWarning
        If a stable-baselines3 model was trained on normalized observations and the
        statistics are not beside it.

    Notes
    -----
    Reading a zip, a joblib, an h, or a pt2, pt or pth file, or the statistics beside a
    zip file, runs code that they contain, as importing a module does: take them from
    where you trust.

    The CS294 experts were trained on the ``-v1`` environments. Observations that
    ``-v5`` dropped were constant zeros and are left out; dimensions that hardly varied
    in training carry no information and count as zero; actions are not clipped.

    Beside ``model.zip``, the statistics of its ``VecNormalize`` are looked for in
    ``model_vecnormalize.pkl``; for ``a_1000_steps.zip`` in
    ``a_vecnormalize_1000_steps.pkl``, as stable-baselines3's ``CheckpointCallback``
    has it; in ``vecnormalize.pkl`` in a folder named like the model or, as in
    rl-baselines3-zoo, like the environment; and in ``vecnormalize.pkl`` or
    ``vec_normalize.pkl``. ``statistics_path`` of what is returned tells which was
    used. A model that has learnt without a ``VecNormalize`` gets none.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import load_expert
    >>> expert = load_expert("Hopper-v5")
    >>> expert(np.zeros((1, 11))).shape
    (1, 3)
    """
    return load_actor(name_or_path, "name_or_path")


def load_actor(spec: str | Path, name: str) -> Any:
    """Load what can act; errors begin with the name of the parameter or option.

    Parameters
    ----------
    spec : str or Path
        See :func:`skimitate.load_expert`.
    name : str
        What errors call it.

    Returns
    -------
    object
        Something that :func:`skimitate.as_policy` takes.

    Raises
    ------
    OSError, ValueError, TypeError, ImportError
        As :func:`skimitate.load_expert`.
    """
    if not isinstance(spec, (str, Path)):
        raise TypeError(f"{name}: expected a str or a Path, got {spec!r}")
    bundled = bundled_experts()
    if str(spec) in bundled:
        return load_bundled(str(spec))
    path = Path(spec)
    known = ", ".join(_READERS)
    if path.is_file():
        if path.suffix.lower() not in _READERS:
            raise ValueError(
                f"{name}: expected a file that ends in one of {known}, got {path}"
            )
        return _read(path, name)
    if path.is_dir():
        raise IsADirectoryError(
            f"{name}: expected a file that ends in one of {known}, got {path}, a "
            f"folder; {_listed(path)}"
        )
    if path.suffix.lower() in _READERS or len(path.parts) > 1:
        raise FileNotFoundError(f"{name}: no such file: {path}")
    if re.fullmatch(r"[\w.]+:[\w.]+", str(spec)):
        return _from_module(str(spec), name)
    raise ValueError(
        f"{name}: expected a bundled expert ({', '.join(bundled)}), the path "
        f"of a file that ends in one of {known}, or module:callable, got {str(spec)!r}"
    )


def _listed(folder: Path) -> str:
    """Say which files of a folder may be meant."""
    files = [file for file in folder.iterdir() if file.suffix.lower() in _READERS]
    # What a run has kept is there as npz: the demonstrations, which cannot act.
    files = [file for file in files if file.suffix.lower() != ".npz"] or files
    return (
        f"take one of {', '.join(sorted(map(str, files)))}" if files else "it has none"
    )


def _read(path: Path, name: str) -> Any:
    try:
        return _READERS[path.suffix.lower()](path)
    except (ImportError, TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error.__cause__


def _read_cs294(path: Path) -> NetworkExpert:
    try:
        arrays = read_cs294(path)
        with reading(path, "a CS294 expert file"):
            return NetworkExpert(*arrays)
    except ValueError as error:
        raise ValueError(
            f"{error}. A model of your own is taken from a .joblib file"
        ) from None


def _read_skops(path: Path) -> Any:
    hint = (
        "an estimator saved by skops.io.dump, of types that skimitate trusts (others "
        "are for skops.io.load, which is told what to trust)"
    )
    with reading(path, hint):
        # There is to be memory for as much as may be read.
        size = min(path.stat().st_size, _MOST_SKOPS)
        actor = load_trusted(read_bytes(path, size))
        as_policy(actor, "what it holds")
    return actor


def _read_joblib(path: Path) -> Any:
    try:
        actor = joblib.load(path)
    except Exception as error:  # a file that is none makes anything of an unpickler
        raise ValueError(
            f"{path}: expected a model saved by joblib, but it gave {error!r}"
        ) from error
    as_policy(actor, str(path))
    return actor


def _from_module(spec: str, name: str) -> Any:
    module, _, attribute = spec.partition(":")
    try:
        actor = importlib.import_module(module)
        for part in attribute.split("."):
            actor = getattr(actor, part)
    except Exception as error:  # whatever the module raises when it is imported
        raise ValueError(
            f"{name}: expected module:callable, but {spec!r} gave {error!r}"
        ) from error
    if isinstance(actor, type):
        raise TypeError(
            f"{name}: expected something that can act, got the class {spec}: give an "
            f"instance of it, as by expert = {actor.__name__}() in {module} and "
            f"{module}:expert"
        )
    as_policy(actor, name)
    return actor


_READERS: dict[str, Callable[[Path], Any]] = {
    ".npz": NetworkExpert.load,
    ".pkl": _read_cs294,
    ".safetensors": load_policy,
    ".onnx": OnnxPolicy.load,
    ".zip": read_stable_baselines3,
    ".skops": _read_skops,
    ".joblib": _read_joblib,
    ".pt2": read_torch,
    ".pt": read_torch,
    ".pth": read_torch,
    ".h": read_compiled,
}
