"""The episodes of rollouts: one by one, or some of them."""

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, SupportsIndex, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._episode import Episode

Some = TypeVar("Some")


class Episodes(Generic[Some]):
    """The episodes of rollouts, as a sequence.

    Parameters
    ----------
    n_episodes : int
        How many there are.
    one : callable
        From the number of an episode to the :class:`Episode`.
    some : callable
        From the numbers of episodes, at least one, to what holds these alone.
    """

    def __init__(
        self,
        n_episodes: int,
        one: Callable[[int], Episode],
        some: Callable[[Sequence[int]], Some],
    ) -> None:
        self._n_episodes = n_episodes
        self._one = one
        self._some = some

    def __len__(self) -> int:
        return self._n_episodes

    def __iter__(self) -> Iterator[Episode]:
        return map(self._one, range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} episodes>"

    @overload
    def __getitem__(self, index: SupportsIndex) -> Episode: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray) -> Some: ...

    def __getitem__(self, index: Any) -> Episode | Some:
        if isinstance(index, slice):
            chosen = list(range(len(self))[index])
        else:
            try:
                return self._one(self._number(operator.index(index)))
            except TypeError:
                chosen = self._numbers(index)
        if not chosen:
            raise ValueError(
                f"episodes: expected at least one of the {len(self)} to be chosen, "
                "got none"
            )
        return self._some(chosen)

    def _number(self, number: int) -> int:
        """Return the number of an episode that may be counted from the end."""
        if not -len(self) <= number < len(self):
            raise IndexError(
                f"episodes: expected a number from {-len(self)} to {len(self) - 1}, "
                f"got {number}"
            )
        return number % len(self)

    def _numbers(self, index: Any) -> list[int]:
        """Return the numbers of episodes that an array of numbers or bools chooses."""
        array = np.asarray(index)
        if array.dtype == bool and array.shape == (len(self),):
            return np.flatnonzero(array).tolist()
        if array.size == 0:
            return []
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise TypeError(
                "episodes: expected a number, a slice, an array of numbers, or one of "
                f"{len(self)} bools, got {index!r}"
            )
        return [self._number(number) for number in array.tolist()]
