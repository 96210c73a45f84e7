"""Arrays of an npz file that stay on the disk."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skimitate.files._npz import Arrays

# An entry of an archive begins with so many bytes, the last of which are the lengths of
# its name and of what else stands before its content.
_ENTRY = struct.Struct("<26xHH")


def map_array(path: str | Path, arrays: Arrays, name: str) -> NDArray:
    """Return an array whose numbers are read from the disk when they are used.

    That its content has the checksum of the archive is not looked at.

    Parameters
    ----------
    path : str or Path
        The file.
    arrays : Arrays
        Of this file, while it is open.
    name : str
        Which of them.

    Returns
    -------
    memmap
        Not to be written to.

    Raises
    ------
    ValueError
        If there is no such array, it is damaged, compressed or empty.
    """
    start, n_before, header = arrays.place(name)
    if not header.n_bytes:
        raise ValueError(f"its array {name!r} is empty")
    with open(path, "rb") as file:
        file.seek(start)
        offset = start + _ENTRY.size + sum(_ENTRY.unpack(file.read(_ENTRY.size)))
    return np.memmap(
        path,
        dtype=header.dtype,
        mode="r",
        offset=offset + n_before,
        shape=header.shape,
        order="F" if header.by_columns else "C",
    )
