"""Pickles of NumPy arrays, read without the unpickler: nothing in one is called.

Python's own unpickler does what a pickle says, whatever ``find_class`` admits: it takes
memory by an index that is named, and compares and hashes what hangs together in itself,
which has no end. Here its operations are a table, and none is there but those that
arrays and plain containers are pickled with.
"""

import codecs
import io
import pickletools
from collections.abc import Callable
from typing import Any

from skimitate.experts._pickled_arrays import ADMITTED, Arrays, Function, StandIn

# An expert has some 400, and each makes an object of up to 100 bytes.
_MOST_OPERATIONS = 10_000

_BY_CODE = {operation.code: operation for operation in pickletools.opcodes}

# Where a list or the like begins on the stack.
_MARK = object()


def load_arrays(content: bytes) -> Any:
    """Read nested containers of arrays.

    Parameters
    ----------
    content : bytes
        A pickle of any protocol, written by Python 2 or 3.

    Returns
    -------
    object
        Containers as they were, with texts as their keys; arrays as new ndarrays that
        own their memory, and together have no more bytes than the pickle.

    Raises
    ------
    ValueError
        If it holds anything but arrays and plain containers, or is no pickle.
    Exception
        Whatever one that is none makes of a table of operations.
    """
    return _Reader(content).read()


class _Reader:
    """A stack, a memo, and what each operation does to them."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)
        self._n_bytes = len(content)
        self._arrays = Arrays(len(content))
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self) -> Any:
        for _ in range(_MOST_OPERATIONS):
            code = self._file.read(1).decode("latin1")
            operation = _BY_CODE.get(code)
            if operation is None:
                what = f"it has no operation {code!r}" if code else "it is cut off"
                raise ValueError(f"it is no pickle: {what}")
            if operation.name == "STOP":
                (content,) = self._stack
                return self._arrays.finished(content)
            argument = self._argument(operation)
            if operation.name in _CONSTANTS:
                self._stack.append(argument)
            elif operation.name in _OPERATIONS:
                _OPERATIONS[operation.name](self, argument)
            else:
                raise ValueError(
                    f"it has an operation {operation.name}, and nothing but NumPy "
                    "arrays and plain containers is admitted"
                )
        raise ValueError(f"it has more than {_MOST_OPERATIONS} operations")

    def _argument(self, operation: Any) -> Any:
        """Read what follows an operation; no more than there is."""
        if operation.name == "STRING":  # of Python 2, where texts are bytes
            line = self._file.readline().strip()
            if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
                raise ValueError("it has a string without quotes")
            return codecs.escape_decode(line[1:-1])[0].decode("latin1")
        return None if operation.arg is None else operation.arg.reader(self._file)

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise ValueError("it takes what is not there")
        return value

    def _pop_to_mark(self) -> list[Any]:
        start = len(self._stack) - 1
        while self._stack[start] is not _MARK:
            start -= 1
            if start < 0:
                raise ValueError("it ends what has not begun")
        values = self._stack[start + 1 :]
        del self._stack[start:]
        return values

    def _top(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise ValueError(f"it fills what is no {kind.__name__}")
        return self._stack[-1]

    def _mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def _tuple(self, length: int) -> None:
        values = [self._pop() for _ in range(length)]
        self._stack.append(tuple(reversed(values)))

    def _append(self, values: list[Any]) -> None:
        self._top(list).extend(values)

    def _set(self, values: list[Any]) -> None:
        self._top(dict).update(_dict_of(values))

    def _put(self, index: int) -> None:
        # The unpickler's memo grows to it.
        if index > self._n_bytes:
            raise ValueError(f"it has a place {index} in {self._n_bytes} bytes")
        if self._stack[-1] is _MARK:
            raise ValueError("it takes what is not there")
        self._memo[index] = self._stack[-1]

    def _get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    def _frame(self, length: int) -> None:
        if length > self._n_bytes - self._file.tell():
            raise ValueError(f"it has a frame of {length} bytes, and fewer are left")

    def _global(self, name: Any, module: Any) -> None:
        if not (isinstance(name, str) and isinstance(module, str)):
            raise ValueError("it asks for what has no name")
        make = ADMITTED.get((module.replace("numpy._core", "numpy.core"), name))
        if make is None:
            raise ValueError(
                f"it asks for {module}.{name}, and nothing but NumPy arrays and plain "
                "containers is admitted"
            )
        self._stack.append(make())

    def _reduce(self, _: Any) -> None:
        arguments, function = self._pop(), self._pop()
        if not isinstance(function, Function) or type(arguments) is not tuple:
            raise ValueError("it calls what is no function")
        self._stack.append(function.called(self._arrays, arguments))

    def _build(self, _: Any) -> None:
        state = self._pop()
        if not isinstance(self._stack[-1], StandIn):
            raise ValueError("it sets the state of something that has none")
        self._stack[-1].set_state(state)


def _dict_of(values: list[Any]) -> dict[str, Any]:
    keys = values[::2]
    # Texts alone: the hash of a tuple that holds itself twice, that again, has no end.
    if not all(type(key) is str for key in keys):
        raise ValueError("it has a dict whose keys are no texts")
    return dict(zip(keys, values[1::2], strict=True))


# What is what it says.
_CONSTANTS = frozenset(
    [
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "BYTEARRAY8",
    ]
)

_OPERATIONS: dict[str, Callable[[_Reader, Any], Any]] = {
    "PROTO": lambda reader, _: None,
    "FRAME": _Reader._frame,
    "MARK": _Reader._mark,
    "NONE": lambda reader, _: reader._stack.append(None),
    "NEWTRUE": lambda reader, _: reader._stack.append(True),
    "NEWFALSE": lambda reader, _: reader._stack.append(False),
    "EMPTY_TUPLE": lambda reader, _: reader._tuple(0),
    "TUPLE1": lambda reader, _: reader._tuple(1),
    "TUPLE2": lambda reader, _: reader._tuple(2),
    "TUPLE3": lambda reader, _: reader._tuple(3),
    "TUPLE": lambda reader, _: reader._stack.append(tuple(reader._pop_to_mark())),
    "EMPTY_LIST": lambda reader, _: reader._stack.append([]),
    "LIST": lambda reader, _: reader._stack.append(reader._pop_to_mark()),
    "APPEND": lambda reader, _: reader._append([reader._pop()]),
    "APPENDS": lambda reader, _: reader._append(reader._pop_to_mark()),
    "EMPTY_DICT": lambda reader, _: reader._stack.append({}),
    "DICT": lambda reader, _: reader._stack.append(_dict_of(reader._pop_to_mark())),
    "SETITEM": lambda reader, _: reader._set([reader._pop(), reader._pop()][::-1]),
    "SETITEMS": lambda reader, _: reader._set(reader._pop_to_mark()),
    "PUT": _Reader._put,
    "BINPUT": _Reader._put,
    "LONG_BINPUT": _Reader._put,
    "MEMOIZE": lambda reader, _: reader._put(len(reader._memo)),
    "GET": _Reader._get,
    "BINGET": _Reader._get,
    "LONG_BINGET": _Reader._get,
    # Module and name are one text, with a space between.
    "GLOBAL": lambda reader, names: reader._global(*names.split(" ")[::-1]),
    "STACK_GLOBAL": lambda reader, _: reader._global(reader._pop(), reader._pop()),
    "REDUCE": _Reader._reduce,
    "BUILD": _Reader._build,
}
