"""Estimators as bytes that can be read without running what is in them."""

import math
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import IO, Any, NamedTuple

import joblib
import numpy as np

from skimitate.formats._trusted import TRUSTED_TYPES

# What a checkpoint trusts beside them, where nothing else learns.
_ALSO = "sklearn."


class EstimatorFormat(NamedTuple):
    """How estimators are kept.

    Parameters
    ----------
    kind : str
        The suffix of a file.
    dump : callable
        From an estimator to bytes.
    load : callable
        Back again.
    """

    kind: str
    dump: Callable[[Any], bytes]
    load: Callable[[bytes], Any]


def format_of(prototype: Any) -> EstimatorFormat:
    """Return how an estimator is kept.

    That is for the estimator to say which the user gives, and not for a file, which may
    have been put there by anybody.

    Parameters
    ----------
    prototype : estimator
        Not fitted.

    Returns
    -------
    EstimatorFormat
        skops for what is skimitate's and scikit-learn's alone, which runs no code of a
        file. Anything else is pickled, by joblib, and its files are as good as whoever
        can write them.
    """
    if _is_known(prototype):
        return EstimatorFormat("skops", _dump_skops, _load_skops)
    return EstimatorFormat("joblib", _dump_joblib, _load_joblib)


def _is_known(prototype: Any) -> bool:
    import skops.io

    try:
        return not _strangers(skops.io.dumps(prototype))
    except Exception:  # whatever comes of looking into objects of any kind
        return False


def _strangers(content: bytes) -> list[str]:
    """Return the types in a file that are not trusted."""
    import skops.io

    return [
        name
        for name in skops.io.get_untrusted_types(data=content)
        if name not in TRUSTED_TYPES and not name.startswith(_ALSO)
    ]


def _dump_skops(estimator: Any) -> bytes:
    import skops.io

    return skops.io.dumps(estimator)


def _load_skops(content: bytes) -> Any:
    import skops.io

    with zipfile.ZipFile(BytesIO(content)) as archive:
        # As skops writes them, members are not compressed: none grows when it is read.
        members = archive.infolist()
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("it unpacks to more than it is")
        for member in members:
            if member.filename.endswith(".npy"):
                with archive.open(member) as file:
                    _check_size(file, member.file_size)
    if strangers := _strangers(content):
        raise ValueError(f"it has types that are not trusted: {strangers}")
    found = skops.io.get_untrusted_types(data=content)
    return skops.io.loads(content, trusted=found)


def _check_size(file: IO[bytes], n_bytes: int) -> None:
    """Raise if an array says that it has more than there is, for which NumPy has room.

    Those of trees have types of several fields, which only NumPy reads.
    """
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[np.lib.format.read_magic(file)]
    shape, _, dtype = read_header(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize > n_bytes:
        raise ValueError(f"it holds {n_bytes} bytes for {dtype} of shape {shape}")


def _dump_joblib(estimator: Any) -> bytes:
    file = BytesIO()
    joblib.dump(estimator, file)
    return file.getvalue()


def _load_joblib(content: bytes) -> Any:
    return joblib.load(BytesIO(content))
