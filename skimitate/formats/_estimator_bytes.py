"""Estimators as bytes that can be read without running what is in them."""

import math
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from io import BytesIO
from typing import IO, Any, NamedTuple

import joblib
import numpy as np

from skimitate.files._json import parse_json
from skimitate.formats._trusted import TRUSTED_TYPES

# Whose classes a checkpoint trusts beside them: no constructor is called to make their
# objects. Not those that are there for tests, or were copied from elsewhere.
_ROOTS = ("numpy", "scipy", "sklearn")
_NOT = {"_testing", "datasets", "externals", "tests", "testing"}

# skops makes some objects by a call, of whatever a file names.
_CALLED = "ConstructorFromReduceNode"


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
    check : callable
        Given bytes, raises ValueError if they could not be read again. It takes longer
        than to make them, and says the same of an estimator after each of its fits.
    """

    kind: str
    dump: Callable[[Any], bytes]
    load: Callable[[bytes], Any]
    check: Callable[[bytes], Any]


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
        load = partial(_load_skops, expected=type(prototype))
        return EstimatorFormat("skops", _dump_skops, load, _check_skops)
    return EstimatorFormat("joblib", _dump_joblib, _load_joblib, _accept)


def _is_known(prototype: Any) -> bool:
    import skops.io

    try:
        _check_types(skops.io.dumps(prototype))
    except Exception:  # whatever comes of looking into objects of any kind
        return False
    return True


def _check_types(content: bytes) -> list[str]:
    """Return the types in a file that have to be trusted; raise if they are not."""
    import skops.io

    found = skops.io.get_untrusted_types(data=content)
    strange = [n for n in found if n not in TRUSTED_TYPES and not _is_class(n)]
    called = _called(content)
    if strange or called:
        raise ValueError(f"it has types that are not trusted: {[*strange, *called]}")
    return found


def _called(content: bytes) -> list[str]:
    """Return what a file would have called."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        schema = archive.read("schema.json").decode()
    return list(_called_in(parse_json(schema)))


def _is_class(name: str) -> bool:
    """Tell whether a name is that of a class of a library that is trusted."""
    module, _, own = name.rpartition(".")
    parts = module.split(".")
    if parts[0] not in _ROOTS or _NOT & set(parts):
        return False
    try:
        return isinstance(getattr(import_module(module), own, None), type)
    except ImportError:
        return False


def _called_in(node: Any) -> Iterator[str]:
    """Yield what a file would have called."""
    if isinstance(node, dict):
        if node.get("__loader__") == _CALLED:
            yield f"{node.get('__module__')}.{node.get('__class__')}"
        node = list(node.values())
    for part in node if isinstance(node, list) else ():
        yield from _called_in(part)


def _dump_skops(estimator: Any) -> bytes:
    import skops.io

    return skops.io.dumps(estimator)


def _check_skops(content: bytes) -> None:
    try:
        _check_types(content)
    except ValueError as error:
        raise ValueError(
            "estimator: expected one that skops can keep for checkpoint_dir, because "
            f"all of it is skimitate's or scikit-learn's; after a fit, {error}"
        ) from None


def _load_skops(content: bytes, *, expected: type) -> Any:
    import skops.io

    _check_members(content)
    loaded = skops.io.loads(content, trusted=_check_types(content))
    if type(loaded) is not expected:
        raise ValueError(f"it is a {type(loaded).__name__}")
    return loaded


def load_trusted(content: bytes) -> Any:
    """Return what a file of skops holds, if ``TRUSTED_TYPES`` are all that it needs.

    Parameters
    ----------
    content : bytes
        The file.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it has other types, would have something called, or is larger than it looks.
    Exception
        Whatever skops makes of a file that is none.
    """
    import skops.io

    _check_members(content)
    found = skops.io.get_untrusted_types(data=content)
    strange = {*found, *_called(content)} - {*TRUSTED_TYPES}
    if strange:
        raise ValueError(f"it has types that are not trusted: {sorted(strange)}")
    return skops.io.loads(content, trusted=found)


def _check_members(content: bytes) -> None:
    """Raise if an archive unpacks to more than it is.

    As skops writes them, members are not compressed: none grows when it is read.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("it unpacks to more than it is")
        for member in members:
            if member.filename.endswith(".npy"):
                with archive.open(member) as file:
                    _check_size(file, member.file_size)


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
    try:
        joblib.dump(estimator, file)
    except Exception as error:  # whatever objects of any kind raise
        raise ValueError(
            "estimator: expected one that joblib can keep for checkpoint_dir, got one "
            f"that cannot be pickled: {error}"
        ) from error
    return file.getvalue()


def _load_joblib(content: bytes) -> Any:
    return joblib.load(BytesIO(content))


def _accept(content: bytes) -> None:
    """Let everything be: what can be pickled is read again."""
