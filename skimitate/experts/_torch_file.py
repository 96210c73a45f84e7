"""Modules of torch in files: programs of torch.export, TorchScript, pickles."""

import pickle
import warnings
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.files._reading import reading
from skimitate.policies._torch_module import TorchModule

_INSTEAD = (
    "torch.export.save(torch.export.export(module, ...), 'module.pt2') keeps both"
)


class TorchExpert:
    """A module of torch that came from a file, from observations to actions.

    Parameters
    ----------
    data : bytes
        What the file holds, by which it is pickled. Reading it runs code that is in it.
    is_program : bool
        Whether it is of ``torch.export.save``, and not of ``torch.save`` or
        ``torch.jit.save``.

    Attributes
    ----------
    content : bytes
        What the file holds.
    module : torch.nn.Module
        Itself.
    n_features, n_outputs : int or None
        Number of observation and of action dimensions, where the module tells.

    Raises
    ------
    ValueError
        If it is no module, or one that takes more than observations.
    """

    def __init__(self, data: bytes, is_program: bool) -> None:
        self.content = data
        self._is_program = is_program
        self.module, seen = (_program if is_program else _module)(data)
        # An example of what a program was made for tells type and width.
        self._dtype = None if seen is None else seen.dtype
        own = getattr(self.module, "n_features", None)
        known = own if seen is None or seen.ndim < 1 else int(seen.shape[-1])
        self.n_features: int | None = known
        self.n_outputs: int | None = getattr(self.module, "n_outputs", None)
        self._show = TorchModule(self.module, self._dtype)

    def __call__(self, observations: NDArray) -> NDArray[np.float64]:
        """Return the actions (n, n_outputs) for observations (n, n_features)."""
        return self._show(observations).double().cpu().numpy()

    def __reduce__(self) -> tuple[Any, ...]:
        # Programs and TorchScript are not pickled by themselves.
        return type(self), (self.content, self._is_program)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({type(self.module).__name__})"


def read_torch(path: Path) -> TorchExpert:
    """Read a module of torch.

    Parameters
    ----------
    path : Path
        A ``.pt2`` file of ``torch.export.save``, else one of ``torch.save`` or
        ``torch.jit.save``. Reading it runs what code it contains.

    Returns
    -------
    TorchExpert

    Raises
    ------
    ValueError
        If the file holds no module.
    """
    is_program = path.suffix.lower() == ".pt2"
    by = "torch.export.save" if is_program else "torch.save or torch.jit.save"
    with reading(path, f"a module of torch, saved by {by}"):
        return TorchExpert(path.read_bytes(), is_program)


def _program(content: bytes) -> tuple[Any, Any]:
    """Return what a program does, and an example of what it was made for."""
    import torch

    program = torch.export.load(BytesIO(content))
    names = program.graph_signature.user_inputs
    if len(names) != 1:
        raise ValueError(
            "it takes more than observations: expected one argument, got "
            f"{len(names)} ({', '.join(map(str, names))})"
        )
    arguments = program.example_inputs[0] if program.example_inputs else ()
    return program.module(), next(iter(arguments), None)


def _module(content: bytes) -> tuple[Any, None]:
    """Return a module, of TorchScript or pickled as a whole."""
    import torch

    if _is_script(content):
        with warnings.catch_warnings():
            # torch says that TorchScript is on its way out; who has a file knows.
            warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
            return torch.jit.load(BytesIO(content), map_location="cpu"), None
    try:
        found = torch.load(BytesIO(content), "cpu", weights_only=True)
    except pickle.UnpicklingError:  # a class of its own, as a whole module has
        found = torch.load(BytesIO(content), "cpu", weights_only=False)
    if isinstance(found, dict):
        raise ValueError(
            "it is a state_dict, or another dict: weights without the module that they "
            f"are for; load them into that, and {_INSTEAD}"
        )
    if not isinstance(found, torch.nn.Module):
        raise ValueError(f"it is a {type(found).__name__}")
    return found, None


def _is_script(content: bytes) -> bool:
    """Tell whether an archive is of TorchScript: it has code."""
    if not zipfile.is_zipfile(BytesIO(content)):
        return False
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return any("/code/" in name for name in archive.namelist())
