"""Archives of arrays that are forged: they unpack to much, or hold no numbers."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache

import numpy as np

_MEBIBYTE = 2**20


def packed(arrays: Mapping[str, object], *, compress: bool = True) -> bytes:
    """Return arrays as an npz file."""
    file = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(file, **arrays)
    return file.getvalue()


def members_of(data: bytes) -> dict[str, bytes]:
    """Return what a valid archive holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(members: list[tuple[str, bytes]], method: int) -> bytes:
    """Return an archive of members, whose names may come twice."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with archive.open(info, "w") as member:
                member.write(content)
    return file.getvalue()


def npy(header: str | bytes, data: bytes = b"", version: int = 1) -> bytes:
    """Return an npy file with any header."""
    text = header.encode("latin1") if isinstance(header, str) else header
    code = "<H" if version == 1 else "<I"
    return (
        b"\x93NUMPY" + bytes([version, 0]) + struct.pack(code, len(text)) + text + data
    )


def header_of(descr: str, shape: str, order: str = "False") -> str:
    """Return the header of an npy file."""
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


@cache
def bomb(name: str, n_mebibytes: int, says: int | None, honest: bool) -> bytes:
    """Return an archive of one array of zeros: MiB that there are, numbers it says."""
    shape = f"({n_mebibytes * _MEBIBYTE // 8 if says is None else says},)"
    head = npy(header_of("'<f8'", shape))
    flate = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = flate.compress(head) + flate.flush(zlib.Z_FULL_FLUSH)
    block = flate.compress(bytes(_MEBIBYTE)) + flate.flush(zlib.Z_FULL_FLUSH)
    body = begin + block * n_mebibytes + flate.flush()
    size = len(head) + n_mebibytes * _MEBIBYTE
    if says is not None and honest:
        size = len(head) + 8 * says
    crc, path = 0, f"{name}.npy".encode()
    # Sizes that 32 bits do not hold stand in an extra field.
    large = size >= 2**32 - 1
    extra = struct.pack("<HHQ", 1, 8, size) if large else b""
    sizes = struct.pack("<II", len(body), 2**32 - 1 if large else size)
    local = struct.pack("<IHHHHHI", 0x04034B50, 45, 0, 8, 0, 0, crc) + sizes
    local += struct.pack("<HH", len(path), 0) + path + body
    central = struct.pack("<IHHHHHHI", 0x02014B50, 45, 45, 0, 8, 0, 0, crc) + sizes
    central += struct.pack("<HHHHHII", len(path), len(extra), 0, 0, 0, 0, 0)
    central += path + extra
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


class _Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("__import__('os').system('true')",)


def _objects() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([_Runs()] * 3, dtype=object), allow_pickle=True)
    return file.getvalue()


def _hostile_members() -> list[bytes]:
    sixteen = bytes(range(16))
    descrs = (
        "'<f8' '|O' '<c16' '<M8[ns]' '<m8' '|V8' '<f16' '<U4' '|S2' '|b1' '<i8' '>f8'"
    )
    descrs += (
        " '<u8' '<f2' '<U0' '|S0' '<f3' '<U999999999' [('a','<f8')] None 5 'O4,f4'"
    )
    shapes = (
        "(2,) () (1,2) (2,1) (0,) (-2,) (1000000000000,) (0,10000000000000000) (2 1)"
    )
    made = [
        npy(header_of(descr, shape, order), sixteen)
        for descr in descrs.split()
        for shape in shapes.split()
        for order in ("False", "True", "2")
    ]
    made += [
        _objects(),
        npy("__import__('os').system('true')"),
        npy("{'descr': __import__('os').system('true'), 'shape': (2,)}", sixteen),
        npy("(" * 9_000),
        npy("[" * 60_000),
        npy("{'descr': '<f8', " + " " * 60_000),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': " + "9" * 9_000 + "}"),
        npy(header_of("'<f8'", "(" + "1, " * 100 + ")"), bytes(8)),
        npy(header_of("'<f8'", "(" + "1, " * 40 + ")"), bytes(8)),
        npy(header_of("'<f8'", "(2L,)"), sixteen),
        npy(header_of("'<f8'", "(2,)"), sixteen, version=2),
        npy(header_of("'<f8'", "(2,)"), sixteen, version=3),
        npy(b"\xff" * 100, version=3),
        b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1) + bytes(1000),
        b"\x93NUMPY\2\0" + struct.pack("<I", 10**6) + b" " * 10**6,
        b"\x93NUMPY\1\0",
        b"\x93NUMPY\x09\0" + bytes(100),
        b"",
        npy(header_of("'<f8'", "(2,)"), struct.pack("<dd", np.nan, 1.0)),
        npy(header_of("'<f8'", "(2,)"), struct.pack("<dd", np.inf, 1e308)),
        npy(header_of("'|i1'", "(256,)"), bytes([*range(128), *range(128, 256)])),
        npy(header_of("'<u8'", "(2,)"), bytes(16)),
    ]
    return made


_MEMBERS = _hostile_members()
_NAMES = ("../../evil", "/etc/passwd", "\x1b[2J\n", "observations", "mean", "a" * 5_000)


def forged(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return an archive with something hostile in it."""
    members = [*members_of(rng.choice(valid)).items()]
    at = rng.randrange(len(members))
    name, content = members[at]
    way = rng.randrange(12)
    method = rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
    if way <= 4:
        members[at] = name, rng.choice(_MEMBERS)
    elif way == 5:  # another array of its own, or other numbers in it
        other = rng.choice(members)[1]
        damaged = bytearray(content)
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        members[at] = name, rng.choice((other, bytes(damaged), content[:-8]))
    elif way == 6:
        members.append((rng.choice((name, *_NAMES)), content))
    elif way == 7:
        members[at] = rng.choice((*_NAMES, name.removesuffix(".npy"))), content
    elif way == 8:
        del members[at]
    elif way == 9:
        method = rng.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    elif way == 10:
        members += [(f"{i}.npy", b"") for i in range(rng.choice((100, 3_000)))]
    else:
        own = name.removesuffix(".npy")
        return with_bomb(members, at, bomb(own, *rng.choice(_BOMBS)))
    return archive_of(members, method)


# MiB of zeros that are there, numbers that the array says to have, and whether the
# directory says the same: 100 GB that are not there, 1 and 3 GiB that are.
_BOMBS = (
    (1, 12_500_000_000, True),
    (1, 12_500_000_000, False),
    (1, 2**20, True),
    (64, 2**10, True),
    (1024, None, True),
    (3072, None, True),
    (3072, 4, True),
)


def with_bomb(members: list[tuple[str, bytes]], at: int, forged_one: bytes) -> bytes:
    """Return an archive of members, one of them from a forged archive."""
    rest = archive_of(members[:at] + members[at + 1 :], zipfile.ZIP_STORED)
    end = rest.rfind(b"PK\5\6")
    size, start = struct.unpack("<II", rest[end + 12 : end + 20])
    own_end = forged_one.rfind(b"PK\5\6")
    own_size, own_start = struct.unpack("<II", forged_one[own_end + 12 : own_end + 20])
    entry = bytearray(forged_one[own_start : own_start + own_size])
    entry[42:46] = struct.pack("<I", start)  # where it lies: behind the others
    central = rest[start : start + size] + bytes(entry)
    n = len(members)
    return (
        rest[:start]
        + forged_one[:own_start]
        + central
        + struct.pack(
            "<IHHHHIIH", 0x06054B50, 0, 0, n, n, len(central), start + own_start, 0
        )
    )
