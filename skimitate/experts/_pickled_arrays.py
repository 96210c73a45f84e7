"""What a pickle says of arrays, noted by stand-ins, and the arrays made of it."""

import math
from collections.abc import Callable
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Type codes whose bytes are plain numbers. An array of any other type, of objects
# above all, would take what is in the file for addresses in memory.
_NUMBERS = frozenset(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])

# What is nested deeper is no expert.
_MOST_NESTED = 50


class Arrays:
    """The arrays of one pickle: they have together no more bytes than it has itself.

    Several arrays, or calls, may name the same bytes.

    Parameters
    ----------
    n_bytes : int
        Size of the pickle.

    Attributes
    ----------
    n_bytes : int
        The same.
    """

    def __init__(self, n_bytes: int) -> None:
        self.n_bytes = n_bytes
        self._left = {"arrays": n_bytes, "texts": n_bytes}
        self._seen: dict[int, Any] = {}

    def take(self, kind: str, n_bytes: int) -> None:
        """Raise if there are more bytes of a kind than there can be."""
        self._left[kind] -= n_bytes
        if self._left[kind] < 0:
            raise ValueError(f"it has {kind} of more bytes than its own")

    def finished(self, content: Any, depth: int = 0) -> Any:
        """Put arrays where a file has said what they are; look at each thing once."""
        if id(content) in self._seen:
            return self._seen[id(content)]
        if depth > _MOST_NESTED:
            raise ValueError("it is nested too deeply")
        made: Any = content
        if isinstance(content, ArrayStandIn):
            made = content.finished(self)
        elif isinstance(content, StandIn):
            raise ValueError("it holds something that is no array")
        elif type(content) is dict:
            self._seen[id(content)] = made = {}
            for key, value in content.items():
                made[key] = self.finished(value, depth + 1)
        elif type(content) is list:
            self._seen[id(content)] = made = []
            made.extend(self.finished(value, depth + 1) for value in content)
        elif type(content) is tuple:
            made = tuple(self.finished(value, depth + 1) for value in content)
        self._seen[id(content)] = made
        return made


class StandIn:
    """Something that a file may name."""

    def set_state(self, state: Any) -> None:
        """Note what a file says of it."""
        raise ValueError("it sets the state of something that has none")


class Function(StandIn):
    """A function that a file may call.

    Parameters
    ----------
    function : callable
        Is given the arrays of the file, and the arguments.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def called(self, arrays: Arrays, arguments: tuple[Any, ...]) -> Any:
        """Return what it returns."""
        return self._function(arrays, *arguments)


class DTypeStandIn(StandIn):
    """What a file says of a type."""

    def __init__(self, arrays: Arrays, code: Any, *_: Any) -> None:
        if type(code) is not str or code not in _NUMBERS:
            raise ValueError(f"it holds arrays of type {short(code)}")
        self.code = code
        self.order = "="

    def set_state(self, state: Any) -> None:
        """Note the order of the bytes."""
        if type(state[1]) is not str or state[1] not in ("<", ">", "|", "="):
            raise ValueError(f"it has bytes in the order {short(state[1])}")
        self.order = state[1]

    def finished(self) -> np.dtype:
        """Return the type."""
        return np.dtype(self.order + self.code)


class ArrayStandIn(StandIn):
    """What a file says of an array."""

    shape: Any = None
    dtype: Any = None
    by_columns: Any = False
    data: Any = None

    def set_state(self, state: Any) -> None:
        """Note all that there is to say."""
        _, self.shape, self.dtype, self.by_columns, self.data = state

    def finished(self, arrays: Arrays) -> NDArray:
        """Return the array."""
        data, shape = self.data, self.shape
        if type(data) not in (str, bytes, bytearray):
            raise ValueError("it holds an array that is not of numbers")
        if type(self.dtype) is not DTypeStandIn:
            raise ValueError("it holds an array that is not of numbers")
        # No side is longer than the pickle, lest their product takes for ever.
        if type(shape) is not tuple or not all(
            type(n) is int and 0 <= n <= arrays.n_bytes for n in shape
        ):
            raise ValueError(f"it holds an array of shape {short(shape)}")
        dtype = self.dtype.finished()
        if len(data) != dtype.itemsize * math.prod(shape):
            raise ValueError(
                f"it holds {len(data)} bytes for an array of shape {short(shape)}"
            )
        arrays.take("arrays", len(data))
        content = data.encode("latin1") if isinstance(data, str) else bytes(data)
        flat = np.frombuffer(content, dtype)
        return flat.reshape(shape, order="F" if self.by_columns else "C").copy()


def _array(
    arrays: Arrays, data: Any, dtype: Any, shape: Any, order: Any = "C", *_: Any
) -> ArrayStandIn:
    """Note an array that is given at once: a scalar, or one of protocol 5."""
    array = ArrayStandIn()
    array.set_state((1, shape, dtype, order == "F", data))
    return array


def _encode(arrays: Arrays, text: Any, encoding: Any = "latin1") -> bytes:
    """Encode text: pickles of protocol 2 spell bytes so."""
    if type(encoding) is not str or encoding != "latin1":
        raise ValueError(f"it spells bytes in {short(encoding)}, not latin1")
    if type(text) is not str:
        raise ValueError("it spells bytes by what is no text")
    arrays.take("texts", len(text))
    return text.encode("latin1")


# What files may name, and what stands in its place, new each time.
ADMITTED: dict[tuple[str, str], Callable[[], StandIn]] = {
    ("numpy", "ndarray"): StandIn,
    ("numpy", "dtype"): lambda: Function(DTypeStandIn),
    ("numpy.core.multiarray", "_reconstruct"): lambda: Function(
        lambda *_: ArrayStandIn()
    ),
    ("numpy.core.multiarray", "scalar"): lambda: Function(
        lambda arrays, dtype, data: _array(arrays, data, dtype, ())
    ),
    ("numpy.core.numeric", "_frombuffer"): lambda: Function(_array),
    ("_codecs", "encode"): lambda: Function(_encode),
}
