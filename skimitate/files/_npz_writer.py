"""Arrays written as npz files."""

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

# What an entry of an archive has before its content: its header, the sizes of large
# ones, and the beginning of the padding. NumPy makes its own headers as long as this.
_BEFORE_CONTENT = 30 + 20 + 4
_ALIGNMENT = 64

# An extra field that readers pass over; Android's archives are padded by it.
_PADDING = 0xD935


def write_npz(path: Path, arrays: dict[str, Any], *, compress: bool) -> None:
    """Write arrays as an npz file.

    Parameters
    ----------
    path : Path
        Where to; nothing is appended to the name.
    arrays : dict of str to array-like
        By their names.
    compress : bool
        Whether to compress them. If not, their numbers begin where memory that is
        mapped to the file has numbers begin.
    """
    with open(path, "wb") as file:
        if compress:
            np.savez_compressed(file, **arrays)
        else:
            _write_aligned(file, arrays)


def _write_aligned(file: BinaryIO, arrays: Mapping[str, Any]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            start = file.tell() + _BEFORE_CONTENT + len(entry.filename.encode())
            padding = bytes(-start % _ALIGNMENT)
            entry.extra = struct.pack("<HH", _PADDING, len(padding)) + padding
            with archive.open(entry, "w", force_zip64=True) as content:
                np.lib.format.write_array(
                    content, np.asanyarray(array), allow_pickle=False
                )


def to_npz(arrays: Mapping[str, Any]) -> bytes:
    """Return arrays as the content of an npz file.

    Parameters
    ----------
    arrays : mapping of str to array-like
        Of numbers, bools or texts.

    Returns
    -------
    bytes
    """
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()
