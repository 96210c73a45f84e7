"""How a valid file is damaged."""

import random
import struct
from collections.abc import Callable

_EDGES = (
    0,
    1,
    127,
    128,
    255,
    2**15,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**62,
    2**63,
    2**64 - 1,
)
_NUMBERS = (b"-1", b"0", b"1e999", b"NaN", b"1" * 5000, b"99999999999999", b"0.5", b"")
_MOST_BYTES = 2**20

Mutation = Callable[[random.Random, bytes, list[bytes]], bytes]


def _span(rng: random.Random, data: bytes, most: int = 400) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.randint(1, most))


def flip_bits(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """Flip one to eight bits."""
    found = bytearray(data)
    for _flip in range(rng.randint(1, 8) if data else 0):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def set_bytes(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """Overwrite a few bytes by others or by extremes."""
    start, stop = _span(rng, data, 8)
    new = rng.choice((rng.randbytes(stop - start), bytes(stop - start)))
    return data[:start] + new + data[stop:]


def cut(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """Leave out the end, or the beginning."""
    at = rng.randint(0, len(data))
    return data[:at] if rng.random() < 0.8 else data[at:]


def leave_out(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """Leave out some bytes within."""
    start, stop = _span(rng, data)
    return data[:start] + data[stop:]


def insert(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """Insert any bytes."""
    at = rng.randint(0, len(data))
    return data[:at] + rng.randbytes(rng.randint(1, 64)) + data[at:]


def repeat(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """Repeat a chunk, up to a thousand times."""
    start, stop = _span(rng, data)
    times = rng.choice((2, 3, 10, 1000))
    return data[:start] + data[start:stop] * times + data[stop:]


def splice(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Go on with another file."""
    other = rng.choice(others)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def swap_length(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """Put another number where a length may stand, in binary or in figures."""
    places = [i for i, byte in enumerate(data[:4096]) if 48 <= byte <= 57]
    if places and rng.random() < 0.5:
        start = stop = rng.choice(places)
        while stop < len(data) and 48 <= data[stop] <= 57:
            stop += 1
        return data[:start] + rng.choice(_NUMBERS) + data[stop:]
    code = rng.choice("BHIQ")
    size = struct.calcsize(f"<{code}")
    number = rng.choice((*_EDGES, len(data), len(data) + 1, rng.getrandbits(64)))
    new = struct.pack(f"<{code}", number % 2 ** (8 * size))
    at = rng.randint(0, max(0, len(data) - size))
    return data[:at] + new + data[at + size :]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    set_bytes,
    cut,
    leave_out,
    insert,
    repeat,
    splice,
    swap_length,
)


def mutated(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Return a file after one to four mutations."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        data = rng.choice(MUTATIONS)(rng, data, others)[:_MOST_BYTES]
    return data
