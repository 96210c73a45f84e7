"""Pickles that are forged: they call, take memory, or have no end."""

import pickle
import pickletools
import random
import struct

import numpy as np


def cs294_expert(protocol: int, seed: int = 0) -> bytes:
    """Return the pickle of a small expert as CS294's are."""
    rng = np.random.default_rng(seed)

    def layer(n_inputs: int, n_outputs: int) -> dict[str, dict[str, np.ndarray]]:
        weights = rng.normal(size=(n_inputs, n_outputs))
        return {"AffineLayer": {"W": weights, "b": rng.normal(size=(1, n_outputs))}}

    policy = {
        "obsnorm": {
            "Standardizer": {
                "mean_1_D": rng.normal(size=(1, 4)),
                "meansq_1_D": 9.0 + rng.random(size=(1, 4)),
                "count": np.array(7.0),
            }
        },
        "hidden": {"FeedforwardNet": {"layer_0": layer(4, 5), "layer_2": layer(5, 5)}},
        "out": layer(5, 2),
        "logstdevs_1_Da": np.zeros((1, 2)),
    }
    content = {"nonlin_type": "tanh", "GaussianPolicy": policy}
    return pickle.dumps(content, protocol=protocol)


class Calls:
    """Has an unpickler call something."""

    def __init__(self, function: object, *args: object) -> None:
        self._call = function, args

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self._call


_COMMAND = "echo this was run >&2"
# Two protocols in which what is called is named in two ways.
_CALLS = [
    f"c{module}\n{name}\n(V{argument}\ntR".encode()
    for module, name, argument in (
        ("os", "system", _COMMAND),
        ("posix", "system", _COMMAND),
        ("builtins", "eval", "__import__('os').system('true')"),
        ("builtins", "exec", "import socket"),
        ("builtins", "getattr", "a"),
        ("builtins", "__import__", "antigravity"),
        ("__builtin__", "eval", "1"),
        ("subprocess", "getoutput", _COMMAND),
        ("numpy", "load", "/etc/passwd"),
        ("numpy", "fromfile", "/etc/passwd"),
        ("numpy.core.multiarray", "_reconstruct", "a"),
        ("numpy", "dtype", "O8"),
        ("joblib.numpy_pickle", "load", "/etc/passwd"),
        ("codecs", "encode", "a"),
    )
]


def _doubled(levels: int) -> bytes:
    """Return pairs of themselves: put, get it, pair it, again."""
    return b"N" + b"".join(
        b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(levels)
    )


_PAIRS = _doubled(60)
# A list of ten that are the same one, that again of ten.
_LISTS = (
    b"(" * 59
    + b"]q\0"
    + b"".join(bytes([104, i]) * 9 + bytes([108, 113, i + 1]) for i in range(59))
)
_ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\1btR"
_FLOATS = b"cnumpy\ndtype\n(U\2f8K\0K\1tR"
_LONG = b"\x8a\xff" + b"\x7f" * 255

# Each leaves something on the stack.
_HOSTILE = [
    *_CALLS,
    *(pickle.dumps(Calls(eval, "1"), protocol)[2:-1] for protocol in (2, 4)),
    b"(Vtrue\nios\nsystem\n",
    b"(cos\nsystem\nVtrue\no",
    b"cos\nsystem\n)\x81",
    b"cos\nsystem\n)}\x92",
    b"\x82\1",
    b"Pname\n",
    b"VNone\nQ",
    b"N2" * 100_000,
    b"N" + b"2" * 1_000_000,
    b"\x8f" * 1_000_000,
    b"}" * 1_000_000,
    b"(" * 1_000_000,
    b"]" * 100_000 + b"a" * 99_999,
    b"N" + b"\x85" * 100_000,
    b"N" + b"\x85" * 4_000,
    _PAIRS,
    _LISTS,
    b"}" + _PAIRS + b"Ns",  # as a key, whose hash it is
    b"]q\0h\0a",  # it holds itself
    b"}q\0Vme\nh\0s",
    b"Nr" + struct.pack("<I", 3 * 2**27),
    b"Nr" + struct.pack("<I", 2**32 - 1),
    b"Np" + b"9" * 18 + b"\n",
    b"Np" + b"9" * 100_000 + b"\n",
    b"\x95" + struct.pack("<Q", 2**62) + b"N",
    b"\x95" + struct.pack("<Q", 2**20) + b"N",
    *(code + struct.pack("<Q", 2**62) + b"N" for code in (b"\x8e", b"\x8d", b"\x96")),
    *(code + struct.pack("<I", 2**31 - 1) + b"N" for code in (b"B", b"X", b"T")),
    b"\x8b" + struct.pack("<i", 2**31 - 1) + b"N",
    b"\x8b" + struct.pack("<i", 500_000) + b"\x7f" * 500_000,
    b"L" + b"9" * 500_000 + b"L\n",
    b"I" + b"9" * 4_300 + b"\n",
    # Keys that all have the hash 0.
    b"}"
    + b"".join(
        b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"Ns"
        for i in range(20_000)
    ),
    # One text spelled into bytes, and one array's bytes taken, again and again.
    b"V"
    + b"a" * 100_000
    + b"\nq\0"
    + b"c_codecs\nencode\nq\1"
    + b"h\1h\0\x85R" * 100_000,
    b"T"
    + struct.pack("<I", 80_000)
    + b"\1" * 80_000
    + b"q\0"
    + _FLOATS
    + b"q\1("
    + (_ARRAY + b"(K\1M\x10\x27\x85h\1\x89h\0tb") * 1_000
    + b"l",
    # Arrays that say what is not so.
    *(
        _ARRAY + b"(K\1" + shape + dtype + b"\x89" + data + b"tb"
        for shape in (b"K\2\x85", b"J\xff\xff\xff\xff\x85", _LONG + b"\x85", _PAIRS)
        for dtype in (_FLOATS, b"cnumpy\ndtype\n(U\2O8K\0K\1tR", _PAIRS)
        for data in (b"U\x10" + b"\1" * 16, b"]", _PAIRS)
    ),
    _ARRAY + b"(K\1(" + _LONG * 3_000 + b"t" + _FLOATS + b"\x89U\0tb",
    b"cnumpy\ndtype\n(" + _PAIRS + b"K\0K\1tR",
    _FLOATS + b"(K\3" + _PAIRS + b"NNNtb",
    b"c_codecs\nencode\n" + _PAIRS + b"\x85R",
    b"c_codecs\nencode\n(Va\n" + _PAIRS + b"tR",
    b"c_codecs\nencode\n(Va\nVzlib\ntR",
    b"ccopyreg\n_reconstructor\n(cos\nsystem\nNNtR",
]


def forged(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return a pickle with something hostile in it, or other operations."""
    data = rng.choice(valid)
    hostile = rng.choice(_HOSTILE)
    way = rng.randrange(5)
    if way == 0:
        return b"\x80\2" + hostile + b"."
    if way == 1:  # as one more entry of the expert
        return data[:-1] + b"Vmore\n" + hostile + b"s."
    if way == 2:  # in the place of an entry
        key = rng.choice((b"nonlin_type", b"GaussianPolicy", b"AffineLayer"))
        return data[:-1] + b"V" + key + b"\n" + hostile + b"s."
    parts = operations(data)
    at = rng.randrange(len(parts))
    if way == 3:
        parts.insert(at, hostile)
    else:
        other = rng.randrange(len(parts))
        move = rng.randrange(3)
        if move == 0:
            del parts[at : at + rng.randint(1, 3)]
        elif move == 1:
            parts[at], parts[other] = parts[other], parts[at]
        else:
            parts.insert(other, parts[at])
    return b"".join(parts)


def operations(data: bytes) -> list[bytes]:
    """Return a valid pickle in pieces, one for each operation."""
    starts = [place for _, _, place in pickletools.genops(data)]
    ends = [*starts[1:], len(data)]
    return [data[start:end] for start, end in zip(starts, ends, strict=True)]
