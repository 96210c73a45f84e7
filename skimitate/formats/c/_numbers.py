"""Numbers as C has them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

_WIDTH = 88
_LIMITS = np.finfo(np.float32)


def single(values: ArrayLike, name: str) -> NDArray[np.float32]:
    """Return numbers as float32, if it has room for them.

    Parameters
    ----------
    values : array-like of float
        Finite numbers.
    name : str
        What errors call them.

    Returns
    -------
    ndarray of float32

    Raises
    ------
    ValueError
        If one is too large, or so small that little of it would be left.
    """
    exact = np.asarray(values, dtype=np.float64)
    size = np.abs(exact)
    fits = (size <= _LIMITS.max) & ((size >= _LIMITS.tiny) | (exact == 0.0))
    if not fits.all():
        raise ValueError(
            f"{name}: expected numbers that float32 has room for, got {exact[~fits][0]}"
        )
    return exact.astype(np.float32)


def array(kind: str, name: str, values: NDArray) -> str:
    """Return the definition of an array of constants.

    Parameters
    ----------
    kind : str
        Their type.
    name : str
        Its name.
    values : ndarray
        float32 or integers; of any number of dimensions.

    Returns
    -------
    str
        With a newline at its end.
    """
    sides = "".join(f"[{side}]" for side in values.shape)
    return f"static const {kind} {name}{sides} = {_braces(values)};\n"


def _braces(values: NDArray, indent: str = "") -> str:
    """Return an initializer: a line or more for each row."""
    if values.ndim > 1:
        rows = (f"{indent}    {_braces(row, indent + '    ')}" for row in values)
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    numbers = [literal(number) for number in values.tolist()]
    lines = wrapped(numbers, _WIDTH - len(indent) - 4)
    if len(lines) == 1 and len(lines[0]) + len(indent) < _WIDTH - 44:
        return f"{{{lines[0]}}}"
    between = f"\n{indent}    "
    return "{" + between + between.join(lines) + f"\n{indent}}}"


def literal(number: float) -> str:
    """Return a number as C reads it: a float32 to its last bit."""
    if isinstance(number, int):
        # There is no literal for the least of them.
        return "(-2147483647 - 1)" if number == -(2**31) else str(number)
    text = f"{number:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def wrapped(parts: Iterable[str], width: int) -> list[str]:
    """Return lines of parts with commas between."""
    lines, line = [], ""
    for part in parts:
        if line and len(line) + len(part) + 3 > width:
            lines.append(f"{line},")
            line = part
        else:
            line = f"{line}, {part}" if line else part
    return [*lines, line]


def string(text: str) -> str:
    """Return a text as a literal in C, its bytes those of UTF-8."""
    # No question marks: two of them may begin a trigraph.
    plain = {ord(c) for c in map(chr, range(32, 127))} - set(b'"\\?')
    signs = (chr(b) if b in plain else f"\\{b:03o}" for b in text.encode("utf-8"))
    return f'"{"".join(signs)}"'


def table_of_classes(classes: NDArray) -> tuple[str, NDArray | None]:
    """Return how classes of an output are given: their type, and their values in it.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Integers, floats, strings or bools, in ascending order.

    Returns
    -------
    kind : str
        ``"int32_t"`` or ``"float"``.
    values : ndarray of shape (n_classes,) or None
        None if it is the number of a class that is given, since it has a name.

    Raises
    ------
    ValueError
        If they do not fit.
    """
    if classes.dtype.kind in "iu":
        if classes.min() < -(2**31) or classes.max() >= 2**31:
            raise ValueError(
                "classes: expected integers of 32 bits, got "
                f"{classes.min()} to {classes.max()}"
            )
        return "int32_t", classes.astype(np.int32)
    if classes.dtype.kind == "f":
        values = single(classes, "classes")
        if len(set(values.tolist())) < len(values):
            raise ValueError(
                f"classes: expected floats that float32 tells apart, got {classes}"
            )
        return "float", values
    return "int32_t", None


def kind_of_actions(classes: list[NDArray] | None) -> str:
    """Return the type of an action in C; None says that actions are numbers."""
    return "float" if classes is None else table_of_classes(classes[0])[0]
