"""Arrays of an npz file, and in words of ours what is wrong with it."""

import io
import math
import os
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skimitate.files._reading import open_file, reason_of

# Arrays of a file may together unpack to so many bytes, or to so many times its size:
# a file of zeros grows a thousandfold, one of what somebody saw hardly ever so much.
# Their readers make up to eight bytes of one.
MOST_BYTES = 128 * 2**20
MOST_TIMES = 100

# zipfile reads the directory of an archive at once, however long, and makes of an
# entry's 50 bytes an object of a thousand.
_MOST_AT_ONCE = 2**20

# The end of an archive: its signature, two numbers of members, and the rest of it.
_END = struct.Struct("<4s4xHH10s")

# What NumPy's own reader takes.
_LONGEST_HEADER = 10_000
_MOST_DIMENSIONS = 32

# The dict that an npy file begins with is read without Python's parser, which was not
# written for texts of others. Keys may come in any order; old ones have 3L for 3.
_NUMBERS = r"\(\s*(?:\d{1,18}L?\s*(?:,\s*\d{1,18}L?\s*)*,?\s*)?\)"
_ITEM = rf"\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|{_NUMBERS})\s*"
_HEADER = re.compile(rf"\{{{_ITEM},{_ITEM},{_ITEM}(?:,\s*)?\}}\s*")
_DTYPE = re.compile(r"[<>|=]?[biufSU?]\d{0,9}")


class Header(NamedTuple):
    """What an array of a file says of itself.

    Parameters
    ----------
    dtype : dtype
        Numbers, bools or texts.
    shape : tuple of int
        Its shape.
    by_columns : bool
        Whether the first index changes fastest.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    by_columns: bool

    @property
    def n_bytes(self) -> int:
        """How many bytes its numbers have."""
        return self.dtype.itemsize * math.prod(self.shape)


class Arrays:
    """The arrays of an npz file that is open, each read when it is asked for.

    Parameters
    ----------
    archive : ZipFile
        The file.
    n_bytes : int
        Its size.

    Attributes
    ----------
    names : tuple of str
        What they are called.
    """

    def __init__(self, archive: zipfile.ZipFile, n_bytes: int) -> None:
        self._archive = archive
        self._left = max(MOST_BYTES, MOST_TIMES * n_bytes)
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name in self._members:
                raise ValueError(f"it has two arrays {name!r}")
            self._members[name] = member
        self.names = tuple(self._members)

    def headers(self, names: Iterable[str]) -> dict[str, Header]:
        """Return what some arrays say of themselves, before they are unpacked.

        Parameters
        ----------
        names : iterable of str
            Which of them.

        Returns
        -------
        dict of str to Header

        Raises
        ------
        ValueError
            If there is no such array, it is damaged, or they are too large together.
        """
        found = {}
        for name in names:
            with self._opened(name) as (member, file):
                found[name] = _read_header(file, member.file_size)
        self._check_left(sum(header.n_bytes for header in found.values()))
        return found

    def __getitem__(self, name: str) -> NDArray:
        (header,) = self.headers([name]).values()
        self._left -= header.n_bytes
        with self._opened(name) as (member, file):
            return _read_numbers(file, _read_header(file, member.file_size))

    def place(self, name: str) -> tuple[int, int, Header]:
        """Return where an array lies that is not compressed.

        Parameters
        ----------
        name : str
            What it is called.

        Returns
        -------
        start : int
            Where its entry begins in the file.
        n_before : int
            How many bytes of what the entry holds come before its numbers.
        header : Header
            What it says of itself.

        Raises
        ------
        ValueError
            If there is no such array, it is damaged, or it is compressed.
        """
        with self._opened(name) as (member, file):
            header = _read_header(file, member.file_size)
            place = member.header_offset, file.tell(), header
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(
                f"its array {name!r} is compressed, and only one that is not can be "
                "mapped"
            )
        return place

    def _check_left(self, n_bytes: int) -> None:
        if n_bytes > self._left:
            raise ValueError(
                f"its arrays unpack to more than {MOST_BYTES >> 20} MiB and "
                f"{MOST_TIMES} times its size, which is not read; numpy.load reads it"
            )

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[zipfile.ZipInfo, IO[bytes]]]:
        if name not in self._members:
            listed = ", ".join(self.names) or "none"
            raise ValueError(f"it has no array {name!r}; its arrays are {listed}")
        member = self._members[name]
        try:
            # The others of zipfile's take memory of sizes that a file names.
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("it is compressed as NumPy compresses none")
            with self._archive.open(member) as file:
                yield member, file
        except OSError:
            raise
        except Exception as error:  # as files.reading has it
            raise ValueError(
                f"its array {name!r} is damaged or none: {reason_of(error)}"
            ) from error


def _read_header(file: IO[bytes], file_size: int) -> Header:
    """Read what stands before the numbers of an array."""
    start = file.read(8)
    if start[:6] != b"\x93NUMPY" or start[6:] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError("it does not begin as arrays do")
    code = "<H" if start[6] == 1 else "<I"
    (length,) = struct.unpack(code, file.read(struct.calcsize(code)))
    if length > _LONGEST_HEADER:
        raise ValueError(f"it has a header of {length} bytes")
    text = file.read(length).decode("latin1")
    match = _HEADER.fullmatch(text)
    said: dict[str, Any] = {}
    if match is not None:
        said = dict(zip(match.groups()[::2], match.groups()[1::2], strict=True))
    if said.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError(f"it is no array of numbers: {text.strip()}")
    header = Header(
        _dtype_of(said["descr"]),
        tuple(map(int, re.findall(r"\d+", said["shape"]))),
        said["fortran_order"] == "True",
    )
    if len(header.shape) > _MOST_DIMENSIONS:
        raise ValueError(f"it has {len(header.shape)} dimensions")
    found = file_size - file.tell()
    if header.n_bytes != found:
        raise ValueError(
            f"it holds {found} bytes for {header.dtype} of shape {header.shape}"
        )
    return header


def _dtype_of(text: str) -> np.dtype:
    code = text[1:-1]
    if code in ("O", "|O"):
        raise ValueError("it holds Python objects, which are not read")
    if not _DTYPE.fullmatch(code):
        raise ValueError(f"expected numbers, bools or texts, got {code}")
    dtype = np.dtype(code)
    if dtype.itemsize == 0:
        raise ValueError("it holds texts of no length")
    return dtype


def _read_numbers(file: IO[bytes], header: Header) -> NDArray:
    """Read as much as an array says that it has; also where there is more."""
    array = np.empty(
        header.shape, header.dtype, order="F" if header.by_columns else "C"
    )
    flat = array.reshape(-1, order="A")
    content = memoryview(flat.view(np.uint8) if header.n_bytes else b"")
    start = 0
    while start < header.n_bytes:
        part = file.read(min(_MOST_AT_ONCE, header.n_bytes - start))
        if not part:
            raise ValueError(f"it ends after {start} of {header.n_bytes} bytes")
        content[start : start + len(part)] = part
        start += len(part)
    if not header.dtype.isnative:
        array = array.byteswap(inplace=True).view(header.dtype.newbyteorder("="))
    if array.size and array.dtype.kind == "b" and flat.view(np.uint8).max() > 1:
        raise ValueError("it has bools that are neither")
    is_text = array.dtype.kind == "U" and header.n_bytes > 0
    if is_text and array.reshape(-1, order="A").view(np.uint32).max() > 0x10FFFF:
        raise ValueError("it has texts of letters that there are not")
    return array


class _ShortReads(io.BufferedReader):
    """Refuses to read much at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        most = _MOST_AT_ONCE + 1
        content = super().read(most if size is None or size < 0 else min(size, most))
        if len(content) == most:
            raise ValueError("its directory is longer than any of NumPy's")
        return content


@contextmanager
def open_npz(path: str | Path) -> Iterator[Arrays]:
    """Open an npz file, and close it in every case.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    Arrays

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no npz file, or from what is yielded if an array cannot be read; what
        it says may follow "expected ..., but".
    """
    with open_file(path) as raw, _arrays_in(raw) as arrays:
        yield arrays


def from_npz(content: bytes) -> dict[str, NDArray]:
    """Return the arrays of the content of an npz file.

    Parameters
    ----------
    content : bytes
        What :func:`to_npz` returned, for one.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    ValueError
        If it is no such content.
    """
    with _arrays_in(io.BytesIO(content)) as arrays:
        return {name: arrays[name] for name in arrays.names}


@contextmanager
def _arrays_in(raw: Any) -> Iterator[Arrays]:
    with _ShortReads(raw) as file:
        try:
            archive = zipfile.ZipFile(file)
        except OSError:
            raise
        except Exception as error:  # as files.reading has it
            raise ValueError("it is no npz file") from error
        with archive:
            n_bytes = file.seek(0, os.SEEK_END)
            _check_count(file, n_bytes, archive)
            yield Arrays(archive, n_bytes)


def _check_count(file: IO[bytes], n_bytes: int, archive: zipfile.ZipFile) -> None:
    """Raise if a file has more or fewer members than it says at its end.

    An entry of the directory whose length is damaged hides the next one from zipfile,
    which does not count.
    """
    file.seek(n_bytes - len(archive.comment) - _END.size)
    signature, here, all_together, _ = _END.unpack(file.read(_END.size))
    found = len(archive.infolist())
    # So many, or more: that stands elsewhere, and nobody has so many.
    if signature != b"PK\5\6" or not here == all_together == found < 2**16 - 1:
        raise ValueError(f"it has {found} arrays, and says that there are others")
