"""Modules of torch: shown tensors of their own type, as they act after training."""

import sys
from typing import Any

from numpy.typing import NDArray


def is_torch_module(actor: Any) -> bool:
    """Tell whether this is a module of torch; torch is not imported for that."""
    # Whoever has a module has imported torch; nobody else should have to.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(actor, torch.nn.Module)


class TorchModule:
    """Shows a module arrays as tensors.

    Parameters
    ----------
    module : torch.nn.Module
        Left in the mode, training or evaluation, that each part of it is in.
    dtype : torch.dtype or None, default=None
        Of what it is shown; None for that of its parameters.
    """

    def __init__(self, module: Any, dtype: Any = None) -> None:
        self._module = module
        self._dtype = dtype

    def __call__(self, observations: NDArray) -> Any:
        """Return what the module puts out, without a gradient."""
        torch = sys.modules["torch"]
        module = self._module
        first = next(module.parameters(), torch.empty(0))
        dtype = self._dtype or first.dtype
        inputs = torch.as_tensor(observations, dtype=dtype, device=first.device)
        training = [part for part in module.modules() if part.training]
        try:
            module.eval()
        except NotImplementedError:
            training = []  # a program of torch.export, whose mode was settled then
        try:
            with torch.no_grad():
                return module(inputs)
        finally:
            for part in training:
                part.training = True
