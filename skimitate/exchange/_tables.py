"""Data frames of any library, column by column, as arrays."""

from collections.abc import Callable, Hashable, Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Names of columns are listed up to so many.
_MOST_LISTED = 20


class Table:
    """The columns of a data frame.

    Parameters
    ----------
    frame : object
        Of pandas, polars or PyArrow; something that has Arrow's C stream
        (``__arrow_c_stream__``) or the dataframe interchange protocol
        (``__dataframe__``), both of which PyArrow reads; or a dict of arrays.

    Attributes
    ----------
    names : list
        What its columns are called, in order.
    n_rows : int
        How many rows it has.

    Raises
    ------
    TypeError
        If it is none of these.
    ImportError
        If PyArrow is what reads it, and is not installed.
    """

    def __init__(self, frame: Any) -> None:
        self.names, self.n_rows, self._column, self._array = _reader_of(frame)

    def numbers(self, name: Hashable, parameter: str) -> NDArray:
        """Return a column of numbers, or of lists of as many numbers each.

        Parameters
        ----------
        name : hashable
            What the column is called.
        parameter : str
            The parameter that named it, for errors.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_columns)
            In the type that it has.

        Raises
        ------
        ValueError
            If there is no such column or several, or it holds something else than
            finite numbers.
        """
        array = self.values(name, parameter)
        if array.dtype.kind not in "fiub" or array.ndim not in (1, 2):
            raise ValueError(
                f"{parameter}: expected numbers, or lists of as many numbers each, in "
                f"column {name!r}, got {_odd_in(array)}"
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            where = tuple(np.argwhere(~np.isfinite(array))[0])
            raise ValueError(
                f"{parameter}: expected finite numbers in column {name!r}, got "
                f"{array[where]} in row {where[0]}"
            )
        return array

    def values(self, name: Hashable, parameter: str) -> NDArray:
        """Return a column of anything, without gaps: see :meth:`numbers`."""
        if name not in self.names:
            raise ValueError(
                f"{parameter}: expected the name of a column, got {name!r}; the "
                f"columns are {_listed(self.names)}"
            )
        if self.names.count(name) > 1:
            raise ValueError(
                f"{parameter}: expected one column {name!r}, got "
                f"{self.names.count(name)} of that name"
            )
        try:
            array = _unboxed(self._array(self._column(name)))
            if array.shape[:1] != (self.n_rows,):
                raise ValueError(f"got shape {array.shape} for {self.n_rows} rows")
            return array
        except Exception as error:  # whichever library it is that does not go on
            known = type(error) is ValueError and str(error).startswith("got ")
            reason = str(error) if known else f"got what is not read: {error}"
            raise ValueError(
                f"{parameter}: expected a value in each row of column {name!r}, "
                f"{reason}"
            ) from (None if known else error)


_Reader = tuple[list, int, Callable[[Any], Any], Callable[[Any], NDArray]]


def _reader_of(frame: Any) -> _Reader:
    """Return the columns' names and length, what gives one and makes it an array."""
    # The library is there if its frame is: no need to import it to see.
    libraries = {kind.__module__.split(".")[0] for kind in type(frame).__mro__}
    if "pandas" in libraries and hasattr(frame, "columns"):
        return list(frame.columns), len(frame), frame.__getitem__, _of_pandas
    if "polars" in libraries and hasattr(frame, "collect"):
        raise TypeError(
            f"frame: expected a data frame, got {type(frame).__name__}, which has not "
            "been read: frame.collect()"
        )
    if "polars" in libraries and hasattr(frame, "columns"):
        return list(frame.columns), len(frame), frame.get_column, _of_polars
    if "pyarrow" in libraries and hasattr(frame, "column"):
        return list(frame.schema.names), frame.num_rows, frame.column, _of_arrow
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__dataframe__"):
        table = _through_arrow(frame)
        return list(table.schema.names), table.num_rows, table.column, _of_arrow
    if isinstance(frame, Mapping):
        n_rows = next(map(_length, frame.values()), 0)
        return list(frame), n_rows, frame.__getitem__, _of_any
    raise TypeError(
        "frame: expected a data frame of pandas, polars or PyArrow, one with "
        "__arrow_c_stream__ or __dataframe__, or a dict of arrays, got "
        f"{type(frame).__name__}"
    )


def _through_arrow(frame: Any) -> Any:
    """Return as PyArrow's table what others can read too."""
    try:
        import pyarrow
        from pyarrow import interchange
    except ImportError:
        raise ImportError(
            f"frame: expected PyArrow to be installed, which reads a "
            f"{type(frame).__name__}: pip install pyarrow"
        ) from None
    if not hasattr(frame, "__arrow_c_stream__"):
        return interchange.from_dataframe(frame)
    try:
        return pyarrow.table(frame)
    except pyarrow.ArrowInvalid as error:  # a single column has a stream as well
        raise TypeError(
            "frame: expected a data frame, got what PyArrow does not take for one, a "
            f"{type(frame).__name__}: {error}"
        ) from error


def _length(column: Any) -> int:
    """Return the length of a column; a number alone is refused when it is read."""
    try:
        return len(column)
    except TypeError:
        return 1


def _of_any(column: Any) -> NDArray:
    """Return as an array what a dict has for one."""
    array = np.asarray(column)
    if np.ma.isMaskedArray(column):
        mask = np.ma.getmaskarray(column)
        _check_whole(np.asarray(mask.any(axis=tuple(range(1, mask.ndim)))))
    if array.dtype.kind in "mM":
        _check_whole(np.isnat(array))
    if array.dtype == object and array.ndim == 1:
        _check_whole(np.array([one is None for one in array.flat]))
    return array


def _of_pandas(column: Any) -> NDArray:
    _check_whole(column.isna().to_numpy())
    return np.asarray(column.to_numpy())


def _of_polars(column: Any) -> NDArray:
    _check_whole(column.is_null().to_numpy())
    if str(column.dtype).startswith("Struct"):
        raise ValueError(f"got a column of {column.dtype}")
    return np.asarray(column.to_numpy())


def _of_arrow(column: Any) -> NDArray:
    """Return an Arrow column as an array; lists of one length as its rows."""
    chunks = getattr(column, "chunks", [column])
    _check_whole(np.concatenate([[], *(_nulls(chunk) for chunk in chunks)]))
    arrays = [_of_chunk(chunk) for chunk in chunks if len(chunk)]
    if not arrays:
        return np.zeros(0)
    widths = {array.shape[1:] for array in arrays}
    if len(widths) > 1:
        raise ValueError(f"got lists of the lengths {sorted(widths)}")
    return np.concatenate(arrays)


def _nulls(chunk: Any) -> NDArray:
    return np.asarray(chunk.is_null().to_numpy(zero_copy_only=False))


def _of_chunk(chunk: Any) -> NDArray:
    if hasattr(chunk, "storage"):  # an extension type, as of tensors
        chunk = chunk.storage
    if hasattr(chunk, "dictionary"):
        # Not by its own decoding, which does not know all types of texts.
        known = chunk.dictionary.to_numpy(zero_copy_only=False)
        return np.asarray(known[chunk.indices.to_numpy(zero_copy_only=False)])
    if not hasattr(chunk, "flatten") or not hasattr(chunk, "value_lengths"):
        if not hasattr(chunk.type, "list_size"):
            return np.asarray(chunk.to_numpy(zero_copy_only=False))
        length = chunk.type.list_size
    else:
        lengths = np.unique(chunk.value_lengths().to_numpy(zero_copy_only=False))
        if len(lengths) > 1:
            raise ValueError(f"got lists of the lengths {lengths.tolist()}")
        (length,) = lengths.tolist()
    inner = chunk.flatten()
    _check_whole(_nulls(inner), per_row=max(length, 1))
    values = _of_chunk(inner)
    return values.reshape(len(chunk), length, *values.shape[1:])


def _check_whole(is_missing: NDArray, per_row: int = 1) -> None:
    if is_missing.any():
        row = int(np.argmax(is_missing)) // per_row
        raise ValueError(f"got none in row {row}")


def _unboxed(array: NDArray) -> NDArray:
    """Return an array of numbers for one of objects that are lists, or numbers."""
    if array.dtype != object or not len(array) or isinstance(array[0], str):
        return array
    try:
        whole = np.asarray([*array])
    except ValueError:
        lengths = sorted({np.size(row) for row in array})
        raise ValueError(f"got lists of the lengths {lengths[:10]}") from None
    return whole if whole.dtype.kind in "fiub" else array


def _odd_in(array: NDArray) -> str:
    """Return what a column has that is no number, or what it is if that is all."""
    if array.dtype == object:
        for value in array.flat:
            if not _may_be_numbers(value):
                return repr(value)
    return f"{array.dtype}" if array.ndim == 1 else f"shape {array.shape}"


def _may_be_numbers(value: Any) -> bool:
    """Tell whether a value in an array of objects is a number, or some in a row."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return all(isinstance(one, Real) for one in value)
    return isinstance(value, Real)


def _listed(names: list) -> str:
    listed = ", ".join(map(repr, names[:_MOST_LISTED])) or "none"
    return listed + (", ..." if len(names) > _MOST_LISTED else "")
