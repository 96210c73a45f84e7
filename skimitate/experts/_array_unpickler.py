"""An unpickler that admits NumPy arrays and plain containers and nothing else."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Type codes whose bytes are plain numbers. An array of any other type, of objects
# above all, would take what is in the file for addresses in memory.
_NUMBERS = frozenset(
    ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
)


def load_arrays(path: Path) -> Any:
    """Unpickle nested containers of arrays.

    Nothing of NumPy's own is handed to the file: what it asks for is replaced by
    stand-ins that note what it says, and arrays are made from that once it has been
    read to its end.

    Parameters
    ----------
    path : Path
        A pickle of any protocol, written by Python 2 or 3.

    Returns
    -------
    object
        Containers as they were; arrays as new ndarrays that own their memory.

    Raises
    ------
    pickle.UnpicklingError
        If the file asks for anything but arrays and plain containers.
    Exception
        Whatever a file that is no pickle makes of an unpickler.
    """
    with open(path, "rb") as file:
        return _finished(_ArrayUnpickler(file, encoding="latin1").load())


class _StandIn:
    """Something a file may name; its state is not the file's to set."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it sets the state of something that has none")


class _Function(_StandIn):
    """A function that a file may call."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)


class _DType(_StandIn):
    """What a file says of a type."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any, *_: Any) -> None:
        if code not in _NUMBERS:
            raise pickle.UnpicklingError(f"it holds arrays of type {code!r}")
        self.code = code
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        if state[1] not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"it has bytes in the order {state[1]!r}")
        self.order = state[1]

    def finished(self) -> np.dtype:
        return np.dtype(self.order + self.code)


class _Array(_StandIn):
    """What a file says of an array."""

    __slots__ = ("by_columns", "data", "dtype", "shape")

    def __init__(self) -> None:
        self.data: Any = None

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, self.by_columns, self.data = state

    def finished(self) -> NDArray:
        data = self.data.encode("latin1") if isinstance(self.data, str) else self.data
        if not isinstance(data, bytes | bytearray) or type(self.dtype) is not _DType:
            raise pickle.UnpicklingError("it holds an array that is not of numbers")
        if not all(type(n) is int and n >= 0 for n in self.shape):
            raise pickle.UnpicklingError(f"it holds an array of shape {self.shape!r}")
        dtype = self.dtype.finished()
        if len(data) != dtype.itemsize * math.prod(self.shape):
            raise pickle.UnpicklingError(
                f"it holds {len(data)} bytes for an array of shape {self.shape}"
            )
        flat = np.frombuffer(bytes(data), dtype)
        shape = tuple(self.shape)
        return flat.reshape(shape, order="F" if self.by_columns else "C").copy()


def _array(data: Any, dtype: Any, shape: Any, order: Any = "C", *_: Any) -> _Array:
    """Note an array that is given at once: a scalar, or one of protocol 5."""
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", data))
    return array


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """Encode text: pickles of protocol 2 spell bytes so."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it spells bytes in {encoding!r}, not latin1")
    return text.encode("latin1")


class _ArrayUnpickler(pickle.Unpickler):
    """Gives stand-ins for what pickled arrays name, new ones each time."""

    _ADMITTED: dict[tuple[str, str], Callable] = {
        ("numpy", "ndarray"): _StandIn,
        ("numpy", "dtype"): lambda: _Function(_DType),
        ("numpy.core.multiarray", "_reconstruct"): lambda: _Function(
            lambda *_: _Array()
        ),
        ("numpy.core.multiarray", "scalar"): lambda: _Function(
            lambda dtype, data: _array(data, dtype, ())
        ),
        ("numpy.core.numeric", "_frombuffer"): lambda: _Function(_array),
        ("_codecs", "encode"): lambda: _Function(_encode),
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ADMITTED[module.replace("numpy._core", "numpy.core"), name]()
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, and nothing but NumPy arrays and plain "
                "containers is admitted"
            ) from None


def _finished(content: Any) -> Any:
    """Put arrays where a file has said what they are."""
    if isinstance(content, _Array):
        return content.finished()
    if type(content) is dict:
        return {key: _finished(value) for key, value in content.items()}
    if type(content) in (list, tuple):
        return type(content)(_finished(value) for value in content)
    if isinstance(content, _StandIn):
        raise pickle.UnpicklingError("it holds something that is no array")
    return content
