"""HDF5 files of strangers, read within bounds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.exchange._asked import reading_as_asked
from skimitate.files._npz import MOST_BYTES, MOST_TIMES
from skimitate.files._reading import open_file


@contextmanager
def open_hdf5(path: str | Path, expected: str) -> Iterator["Group"]:
    """Open an HDF5 file, and close it in every case.

    Parameters
    ----------
    path : str or Path
        The file.
    expected : str
        What it should be, for errors.

    Yields
    ------
    Group
        All of it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is none, is damaged, or what is read of it is not as it should be. It
        begins with the path.
    ImportError
        If h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise ImportError(
            "path: expected h5py to be installed, which reads HDF5: pip install "
            "'skimitate[robomimic]'"
        ) from None
    with reading_as_asked(path, expected):
        with open_file(path) as file:  # the system's own words if it cannot be read
            n_bytes = file.seek(0, 2)
        try:
            opened = h5py.File(path, "r")
        except OSError as error:
            raise ValueError("it is no HDF5 file, or a damaged one") from error
        with opened:
            yield Group(opened, "", max(MOST_BYTES, MOST_TIMES * n_bytes))


class Group:
    """A group of an HDF5 file that is open.

    It has nothing to do with other files, which a file can name as parts of its own.

    Parameters
    ----------
    group : h5py.Group
        The group.
    name : str
        Where it is, for errors.
    most : int
        How many bytes an array of it may have.

    Attributes
    ----------
    names : list of str
        Of what is in it.
    """

    def __init__(self, group: Any, name: str, most: int) -> None:
        self._group = group
        self._name = name
        self._most = most
        self.names = [str(name) for name in group]

    def group(self, name: str) -> "Group":
        """Return a group that is in it, or raise ValueError if it is none."""
        found = self._get(name)
        if not hasattr(found, "keys"):
            raise ValueError(f"expected a group {self._at(name)}, got an array")
        return Group(found, self._at(name), self._most)

    def is_group(self, name: str) -> bool:
        """Tell whether what is there is a group."""
        return hasattr(self._get(name), "keys")

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array, before it is read."""
        return tuple(self._dataset(name).shape)

    def is_bytes(self, name: str) -> bool:
        """Tell whether an array has numbers from 0 to 255, as those of pixels."""
        return bool(self._dataset(name).dtype == np.uint8)

    def array(self, name: str) -> NDArray:
        """Read an array of numbers.

        Parameters
        ----------
        name : str
            What it is called in the group.

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError
            If there is none, it has something else in it, or is larger than all that a
            file of this size would hold.
        """
        dataset = self._dataset(name)
        if dataset.dtype.kind not in "fiub":
            raise ValueError(
                f"expected numbers in {self._at(name)}, got {dataset.dtype}"
            )
        return np.asarray(dataset[()])

    def texts(self, name: str) -> list[str]:
        """Read an array of one dimension of texts: see :meth:`array`."""
        dataset = self._dataset(name)
        if dataset.dtype.kind not in "OS" or len(dataset.shape) != 1:
            raise ValueError(
                f"expected texts in {self._at(name)}, got {dataset.dtype} of shape "
                f"{dataset.shape}"
            )
        return [
            text.decode() if isinstance(text, bytes) else str(text)
            for text in dataset[()].tolist()
        ]

    def attribute(self, name: str) -> Any:
        """Return an attribute of the group; None if it has none of that name."""
        return self._group.attrs.get(name)

    def _at(self, name: str) -> str:
        return f"{self._name}/{name}".lstrip("/")

    def _get(self, name: str) -> Any:
        link = self._group.get(name, getlink=True)
        if link is None:
            listed = ", ".join(self.names[:20]) or "nothing"
            where = self._name or "the file"
            raise ValueError(f"{where} has no {name!r}; it has {listed}")
        if hasattr(link, "path"):
            raise ValueError(f"{self._at(name)} is a link, which is not followed")
        return self._group[name]

    def _dataset(self, name: str) -> Any:
        found = self._get(name)
        if not hasattr(found, "dtype") or found.shape is None:
            raise ValueError(f"expected an array {self._at(name)}, got none")
        if found.external or found.is_virtual:
            raise ValueError(
                f"{self._at(name)} lies in other files, which are not read"
            )
        if found.size * found.dtype.itemsize > self._most:
            raise ValueError(
                f"{self._at(name)} has {found.size * found.dtype.itemsize} bytes, and "
                f"the file would unpack to more than {MOST_BYTES >> 20} MiB and "
                f"{MOST_TIMES} times its size, which is not read"
            )
        return found
