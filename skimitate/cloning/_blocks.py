"""Rows of large arrays, some at a time."""

from collections.abc import Iterator

from sklearn.utils import gen_batches


def blocks(n_rows: int) -> Iterator[slice]:
    """Yield slices of all rows, small enough to stay in the cache.

    Another array as large as the data would cost more than the work on it, and so
    would waiting for it to one who interrupts.

    Parameters
    ----------
    n_rows : int
        Number of rows of the array.

    Yields
    ------
    slice
    """
    yield from gen_batches(n_rows, 4096)
