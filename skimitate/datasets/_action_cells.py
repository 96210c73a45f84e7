"""The cells of a CSV file that say what was done: numbers or texts."""

import re
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skimitate.datasets._header import is_number
from skimitate.datasets._kinds import ActionsAre

_WHOLE = re.compile(r"\s*[+-]?\d+\s*")

# Up to there floats hold all whole numbers.
_LARGEST = 2**53


class ActionCells:
    """What was done, row by row.

    They are numbers or texts as the first row has it, unless somebody says so.

    Parameters
    ----------
    places : sequence of int
        Of the columns.
    actions_are : {"numbers", "classes"} or None
        What a user says that they are; classes are read as texts.

    Attributes
    ----------
    are_texts : bool
        Whether they are not read as numbers.
    """

    def __init__(self, places: Sequence[int], actions_are: ActionsAre | None) -> None:
        self._places = places
        self._may_be_texts = actions_are is None
        self.are_texts = actions_are == "classes"
        self._numbers = array("d")
        self._texts: list[str] = []
        self._are_whole = True

    def add(self, row: Sequence[str]) -> None:
        """Read a row.

        Parameters
        ----------
        row : sequence of str
            All cells of it.

        Raises
        ------
        IndexError, ValueError
            If something is missing, or is no number where numbers are expected.
        """
        cells = [row[place].strip() for place in self._places]
        if not all(cells):
            raise ValueError("something is missing")
        if self._may_be_texts:
            self.are_texts = not all(map(is_number, cells))
            self._may_be_texts = False
        if self.are_texts:
            self._texts += cells
            return
        self._numbers.extend(map(float, cells))
        self._are_whole = self._are_whole and all(map(_WHOLE.fullmatch, cells))

    def rows(self) -> NDArray:
        """Return all that was read.

        Returns
        -------
        ndarray of shape (n_rows, n_columns)
            Texts, integers if all are written so, or floats.
        """
        if self.are_texts:
            return np.array(self._texts).reshape(-1, len(self._places))
        numbers = np.array(self._numbers).reshape(-1, len(self._places))
        if self._are_whole and (np.abs(numbers) < _LARGEST).all():
            return numbers.astype(np.int64)
        return numbers
