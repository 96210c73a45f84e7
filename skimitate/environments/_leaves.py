"""What an observation space consists of: its leaves, and a column for each number."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from skimitate.policies._actions import StepError

Path = tuple[str | int, ...]

# What an observation is called that has no key of its own.
_ROOT = "observation"

# A Box of floats with as many pixels on a side is taken for an image, if it has the
# limits of one; smaller ones are as likely a board or a grid.
_SMALLEST_IMAGE = 32


class Numbers:
    """A Box or MultiBinary space: its numbers, row by row.

    Parameters
    ----------
    space : gymnasium.spaces.Box or gymnasium.spaces.MultiBinary
        The space.
    path : tuple of (str or int)
        The keys and numbers that lead to it.

    Attributes
    ----------
    feature_names : list of str
        Of its columns.
    """

    def __init__(self, space: Any, path: Path) -> None:
        self.name = _name_of(path)
        self._shape = space.shape
        self._bits = isinstance(space, spaces.MultiBinary)
        self.feature_names = [f"{self.name}{i}" for i in _indices(space.shape)]

    def read(self, value: Any) -> NDArray:
        """Return its columns, in the type that was shown.

        Parameters
        ----------
        value : array-like
            What the environment shows of it.

        Returns
        -------
        ndarray of shape (n_columns,)

        Raises
        ------
        StepError
            If it does not belong to the space.
        """
        array = _array(value, self.name, "fiub", "numbers")
        _check_shape(array, self._shape, self.name)
        if self._bits and not ((array == 0) | (array == 1)).all():
            raise StepError(f"env: expected zeros and ones in {self.name}, got {array}")
        return array.ravel()


class OneHot:
    """A Discrete or MultiDiscrete space: a column for each value of each number.

    Parameters
    ----------
    space : gymnasium.spaces.Discrete or gymnasium.spaces.MultiDiscrete
        The space.
    path : tuple of (str or int)
        The keys and numbers that lead to it.

    Attributes
    ----------
    feature_names : list of str
        Of its columns.
    """

    def __init__(self, space: Any, path: Path) -> None:
        self.name = _name_of(path)
        self._shape = space.shape
        single = isinstance(space, spaces.Discrete)
        n = np.ravel(space.n if single else space.nvec)
        start = np.broadcast_to(np.asarray(space.start), space.shape).ravel()
        first = np.cumsum(n) - n
        # Python's own: there are few of them, and NumPy's take longer one by one.
        self._classes = list(
            zip(n.tolist(), start.tolist(), first.tolist(), strict=True)
        )
        self.feature_names = [
            f"{self.name}{i}={start + k}"
            for i, (n, start, _) in zip(
                _indices(space.shape), self._classes, strict=True
            )
            for k in range(n)
        ]

    def read(self, value: Any) -> NDArray:
        """Return its columns: see :meth:`Numbers.read`."""
        array = _array(value, self.name, "iub", "whole numbers")
        if self._shape == () and array.size == 1:
            array = array.reshape(())
        _check_shape(array, self._shape, self.name)
        row = np.zeros(len(self.feature_names))
        numbers = array.ravel().tolist()
        for number, (n, start, first) in zip(numbers, self._classes, strict=True):
            if not start <= number < start + n:
                raise StepError(
                    f"env: expected numbers from {start} to {start + n - 1} in "
                    f"{self.name}, got {value!r}"
                )
            row[first + number - start] = 1
        return row


Leaf = Numbers | OneHot


def leaves_of(space: Any) -> list[tuple[Path, Leaf]]:
    """Return the leaves of a space, in the order of Gymnasium's ``flatten``.

    Parameters
    ----------
    space : gymnasium.Space
        The space.

    Returns
    -------
    list of (path, leaf)

    Raises
    ------
    ValueError
        If one of them is no row of numbers of a known length, or an image.
    """
    return [(path, _leaf(leaf, path)) for path, leaf in _walk(space, ())]


def value_at(observation: Any, path: Path) -> Any:
    """Return what an environment shows of one leaf.

    Parameters
    ----------
    observation : object
        All that it shows.
    path : tuple of (str or int)
        The keys and numbers that lead to the leaf.

    Returns
    -------
    object

    Raises
    ------
    StepError
        If there is no such part.
    """
    value = observation
    for depth, key in enumerate(path):
        is_mapping = isinstance(value, Mapping)
        if not is_mapping and not (isinstance(key, int) and _is_row(value)):
            kind = "a tuple" if isinstance(key, int) else "a dict"
            where = _name_of(path[:depth])
            raise StepError(f"env: expected {kind} as {where}, got {value!r}")
        try:
            value = value[key]
        except LookupError:
            raise StepError(
                f"env: expected {_name_of(path[: depth + 1])} in what is shown, got "
                f"{value!r}"
            ) from None
    return value


def _is_row(value: Any) -> bool:
    return isinstance(value, tuple | list)


def _walk(space: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            yield from _walk(part, (*path, key))
    elif isinstance(space, spaces.Tuple):
        for i, part in enumerate(space.spaces):
            yield from _walk(part, (*path, i))
    else:
        yield path, space


def _leaf(space: Any, path: Path) -> Leaf:
    where = f" in {_name_of(path)!r}" if path else ""
    if _is_image(space):
        way_out = ", or FilterObservation without it" if path else ""
        raise ValueError(
            f"env: expected observations that describe what is seen, got the image "
            f"{space}{where}; images need numbers that describe them first: "
            f"gymnasium.wrappers.TransformObservation with a feature extractor{way_out}"
        )
    if isinstance(space, spaces.Box | spaces.MultiBinary):
        return Numbers(space, path)
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        return OneHot(space, path)
    raise ValueError(
        "env: expected an observation space of as many numbers at each step (a Box, "
        "Discrete, MultiDiscrete or MultiBinary, or a Dict or Tuple of these), got "
        f"{space}{where}; gymnasium.wrappers.TransformObservation can make numbers of "
        "it"
    )


def _is_image(space: Any) -> bool:
    """Tell whether a space is one of images, as far as that can be seen."""
    if not isinstance(space, spaces.Box) or len(space.shape) < 2:
        return False
    if space.dtype == np.uint8:
        return True
    if len(space.shape) != 3 or (space.low != 0).any():
        return False
    if not ((space.high == 1).all() or (space.high == 255).all()):
        return False
    first, middle, last = space.shape
    by_row = last in (1, 3, 4) and min(first, middle) >= _SMALLEST_IMAGE
    return by_row or (first in (1, 3, 4) and min(middle, last) >= _SMALLEST_IMAGE)


def _name_of(path: Path) -> str:
    """Return what a leaf is called: keys with dots between them, numbers in brackets.

    >>> _name_of(("robot", "pose", 1)), _name_of((2,))
    ('robot.pose[1]', 'observation[2]')
    """
    if not path or isinstance(path[0], int):
        path = (_ROOT, *path)
    parts = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in path]
    return "".join(parts).removeprefix(".")


def _indices(shape: tuple[int, ...]) -> list[str]:
    """Return what tells the numbers of an array apart, row by row.

    >>> _indices((1, 2)), _indices(())
    (['[0,0]', '[0,1]'], [''])
    """
    if shape == ():
        return [""]
    return [f"[{','.join(map(str, index))}]" for index in product(*map(range, shape))]


def _array(value: Any, name: str, kinds: str, what: str) -> NDArray:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of several lengths
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in kinds:
        raise StepError(f"env: expected {what} in {name}, got {value!r}")
    return array


def _check_shape(array: NDArray, shape: tuple[int, ...], name: str) -> None:
    if array.shape != shape:
        raise StepError(f"env: expected shape {shape} in {name}, got {array.shape}")
