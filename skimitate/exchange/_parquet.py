"""Parquet files of strangers, read piece by piece within bounds."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skimitate.files._npz import MOST_BYTES, MOST_TIMES
from skimitate.files._reading import is_of_content, open_file, reason_of

# Rows of a piece: of a hundred numbers each, half a megabyte of them.
_N_ROWS = 2**14

# Of one of Arrow's longest numbers.
_BYTES_OF_ONE = 8


def check_parquet(parameter: str) -> None:
    """Raise if PyArrow is not installed, which reads Parquet.

    Parameters
    ----------
    parameter : str
        The parameter that names a file, for errors.

    Raises
    ------
    ImportError
        With what installs it.
    """
    if find_spec("pyarrow") is None:
        raise ImportError(
            f"{parameter}: expected PyArrow to be installed, which reads Parquet: pip "
            "install 'skimitate[lerobot]'"
        )


def column_names(path: Path) -> list[str]:
    """Return what the columns of a Parquet file are called.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of str

    Raises
    ------
    Exception
        Of any kind, if it is none; see :func:`skimitate.files._reading.reading`.
    """
    from pyarrow import parquet

    with open_file(path) as raw, parquet.ParquetFile(raw) as file:
        return list(file.schema_arrow.names)


def read_batches(root: Path, name: str, columns: Sequence[str]) -> Iterator[Any]:
    """Yield some columns of a Parquet file, some rows at a time.

    Parameters
    ----------
    root : Path
        A folder.
    name : str
        The file in it.
    columns : sequence of str
        Which columns; others that begin so with a dot behind may come as well.

    Yields
    ------
    pyarrow.RecordBatch

    Raises
    ------
    OSError
        If the system cannot read it.
    ValueError
        If there is no such file, it is damaged, has not all of these columns, or holds
        more than all that a file of this size would. It begins with the name.
    """
    from pyarrow import parquet

    try:
        if not (root / name).exists():
            raise ValueError("it is not there")
        with open_file(root / name) as raw, parquet.ParquetFile(raw) as file:
            found = file.schema_arrow.names
            missing = [column for column in columns if column not in found]
            if missing:
                raise ValueError(f"it has no column {missing[0]!r}")
            batches = file.iter_batches(_N_ROWS, columns=list(columns))
            n_bytes = (root / name).stat().st_size
            yield from _bounded(batches, file.metadata.num_rows, n_bytes)
    except Exception as error:  # as files.reading has it
        if isinstance(error, OSError) and not is_of_content(error):
            raise
        raise ValueError(f"{name}: {reason_of(error)}") from error


def _bounded(batches: Iterator[Any], n_rows: int, n_bytes: int) -> Iterator[Any]:
    """Yield batches until they are more than a file of so many bytes would hold."""
    # What the file says of its columns one by one is not asked for: PyArrow 26 ends the
    # process if some of that is damaged.
    most = max(MOST_BYTES, MOST_TIMES * n_bytes)
    taken = n_rows * _BYTES_OF_ONE
    if taken <= most:
        taken = 0
        for batch in batches:
            taken += batch.nbytes
            if taken > most:
                break
            yield batch
    if taken > most:
        raise ValueError(
            f"its columns unpack to more than {MOST_BYTES >> 20} MiB and {MOST_TIMES} "
            "times its size, which is not read"
        )
