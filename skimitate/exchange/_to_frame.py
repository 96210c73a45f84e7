"""Steps as a data frame of one of three libraries."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

# How each library makes a frame of a dict of columns.
_MAKERS = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "table"}


def check_library(library: str) -> None:
    """Raise unless a library is known and there.

    Parameters
    ----------
    library : str
        Its name.

    Raises
    ------
    ValueError
        If it is none of pandas, polars and pyarrow.
    ImportError
        If it is not installed.
    """
    if not isinstance(library, str) or library not in _MAKERS:
        raise ValueError(
            f"library: expected one of {', '.join(_MAKERS)}, got {library!r}"
        )
    try:
        import_module(library)
    except ImportError:
        raise ImportError(
            f"library: expected {library} to be installed: pip install {library}"
        ) from None


def make_frame(columns: Mapping[str, NDArray], library: str) -> Any:
    """Return columns as a data frame.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n_rows,)
        By their names.
    library : str
        See :func:`check_library`.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
    """
    check_library(library)
    make = getattr(import_module(library), _MAKERS[library])
    # Arrow takes no columns of a matrix that lies row by row.
    return make({name: np.ascontiguousarray(a) for name, a in columns.items()})
