"""The device that trains."""

import torch


def resolve_device(name: str) -> torch.device:
    """Return the torch device of a name, if this machine has it.

    Parameters
    ----------
    name : str
        For example ``"cpu"`` or ``"cuda:0"``.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If torch does not know the device, or cannot reach it here.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device: expected one that torch can reach here, such as 'cpu', "
            f"got {name!r} ({reason})"
        ) from None
    return device
