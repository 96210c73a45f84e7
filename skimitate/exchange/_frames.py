"""The episodes of a data frame, or of several that follow each other."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.exchange._asked import AskedError
from skimitate.exchange._record import Record
from skimitate.exchange._tables import Table

# Of a column for each of these there is one; of the others there may be several.
_SINGLE = ("rewards", "terminated", "truncated", "is_success")


@dataclass(frozen=True)
class Columns:
    """Which columns of a frame are what.

    Parameters
    ----------
    observations, actions : hashable or iterable of hashable
        A column, or some.
    episode : hashable or None
        The column that tells the episode; None if there is but one.
    rewards, terminated, truncated, is_success : hashable or None
        A column, or None if there is none.
    """

    observations: Any
    actions: Any
    episode: Hashable | None
    rewards: Hashable | None = None
    terminated: Hashable | None = None
    truncated: Hashable | None = None
    is_success: Hashable | None = None

    def chosen(self, parameter: str) -> list[Any]:
        """Return the columns that a parameter names.

        Parameters
        ----------
        parameter : str
            ``"observations"`` or another.

        Returns
        -------
        list of hashable

        Raises
        ------
        TypeError
            If it names none.
        ValueError
            If it names none at all, or one of them twice.
        """
        given = getattr(self, parameter)
        if isinstance(given, (str, bytes, Integral)) or parameter in _SINGLE:
            return [given]
        try:
            names = list(given)
        except TypeError:
            raise TypeError(
                f"{parameter}: expected the name of a column or a list of names, got "
                f"{given!r}"
            ) from None
        if not names:
            raise ValueError(f"{parameter}: expected at least one column, got none")
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(
                f"{parameter}: expected each column once, got {twice[0]!r} twice"
            )
        return names

    def check(self) -> None:
        """Raise if a column is seen, done and the episode's at once, or has no name."""
        for parameter in ("episode", "observations", "actions", *_SINGLE):
            given = getattr(self, parameter)
            names = [given] if parameter == "episode" else self.chosen(parameter)
            odd = [name for name in names if not isinstance(name, Hashable)]
            if odd:
                raise TypeError(
                    f"{parameter}: expected the name of a column, got {odd[0]!r}"
                )
        owners: dict[Any, str] = (
            {} if self.episode is None else {self.episode: "episode"}
        )
        for parameter in ("observations", "actions"):
            for name in self.chosen(parameter):
                if name in owners:
                    raise AskedError(
                        f"{parameter}: expected columns of its own, got {name!r}, "
                        f"which is named by {owners[name]} too"
                    )
                owners[name] = parameter


def check_pieces(frames: Any) -> None:
    """Raise if something is not several frames that follow each other.

    Parameters
    ----------
    frames : object
        To be an iterable of frames.

    Raises
    ------
    TypeError
        If it is none, or a single frame, which iterates over its columns.
    """
    is_one = hasattr(frames, "columns") or isinstance(frames, (str, Mapping))
    if is_one or not isinstance(frames, Iterable):
        raise TypeError(
            "frames: expected an iterable of data frames, the pieces of one, got "
            f"{type(frames).__name__}"
        )


def records_of(frames: Iterable[Any], columns: Columns) -> Iterator[Record]:
    """Yield the episodes of frames, the last of which may go on in the next frame.

    Parameters
    ----------
    frames : iterable
        Whatever :class:`Table` takes, with the same columns each.
    columns : Columns
        Which of them are what.

    Yields
    ------
    Record

    Raises
    ------
    ValueError
        If a column is not there or holds something else than expected, if there are no
        rows at all, or if the rows of an episode are not together.
    """
    columns.check()
    reader = _Reader(columns)
    for frame in frames:
        yield from reader.read(Table(frame))
    if not reader.pending:
        raise ValueError("frame: expected at least one row, got none")
    yield reader.record()


class _Reader:
    """What is remembered from frame to frame."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.pending: list[dict[str, NDArray]] = []  # of the episode that is going on
        self._label: Any = None
        self._seen: set[Any] = set()
        self._n_rows = 0
        self._names: tuple[str, ...] | None = None
        self._whole: bool | None = None
        self._numbered: bool | None = None

    def read(self, table: Table) -> Iterator[Record]:
        """Yield the episodes that end in a frame."""
        if not table.n_rows:  # of any type, then
            return
        parts = self._parts(table)
        labels = self._labels(table)
        changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
        for start, stop in pairwise([0, *changes.tolist(), table.n_rows]):
            label = labels[start]
            if self.pending and label != self._label:
                yield self.record()
            if not self.pending:
                self._begin(label, self._n_rows + start)
            self.pending.append({part: a[start:stop] for part, a in parts.items()})
        self._n_rows += table.n_rows

    def record(self) -> Record:
        """Return the episode that is pending, and begin anew."""
        pending, self.pending = self.pending, []
        arrays = {
            part: _joined([piece[part] for piece in pending]) for part in pending[0]
        }
        parts: dict[str, Any] = {part: (part, array) for part, array in arrays.items()}
        parts["feature_names"] = "observations", self._names
        return Record(f"frame: episode {self._label}", parts)

    def _begin(self, label: Any, row: int) -> None:
        if label in self._seen:
            raise ValueError(
                f"episode: expected the rows of each episode together, got row {row} "
                f"of {label} after those of others: sort the frame by "
                f"{self._columns.episode!r} first, by a sort that is stable"
            )
        self._seen.add(label)
        self._label = label

    def _labels(self, table: Table) -> NDArray:
        """Return what tells the episode of each row."""
        if self._columns.episode is None:
            return np.zeros(table.n_rows, dtype=np.int64)
        labels = table.values(self._columns.episode, "episode")
        if labels.ndim != 1:
            raise ValueError(
                "episode: expected a number or a name in each row of column "
                f"{self._columns.episode!r}, got shape {labels.shape}"
            )
        if labels.dtype.kind == "f" and np.isnan(labels).any():
            raise ValueError(
                "episode: expected a value in each row of column "
                f"{self._columns.episode!r}, got nan in row {np.isnan(labels).argmax()}"
            )
        self._check_labels(labels)
        return labels

    def _check_labels(self, labels: NDArray) -> None:
        """Raise if one frame has numbers for episodes, and another names.

        An episode that goes on from "1" to 1 would become two.
        """
        numbered = labels.dtype.kind in "fiub"
        if self._numbered not in (None, numbered):
            kinds = ("numbers", "names") if self._numbered else ("names", "numbers")
            raise ValueError(
                f"episode: expected {kinds[0]} as in the frames before, got {kinds[1]}:"
                " say of which type they are where the frames are read"
            )
        self._numbered = numbered

    def _parts(self, table: Table) -> dict[str, NDArray]:
        """Return the columns by their parts."""
        parts = {}
        for part in ("observations", "actions"):
            names = self._columns.chosen(part)
            arrays = [table.numbers(name, part) for name in names]
            if part == "observations":
                arrays = [array.reshape(len(array), -1) for array in arrays]
                self._name(names, [array.shape[1] for array in arrays])
            parts[part] = arrays[0] if len(arrays) == 1 else np.column_stack(arrays)
        self._check_kind(parts["actions"])
        for part in _SINGLE:
            name = getattr(self._columns, part)
            if name is not None:
                parts[part] = table.numbers(name, part)
        return parts

    def _name(self, names: list[Any], widths: list[int]) -> None:
        """Name the features, which are to be those of the frames before."""
        found = tuple(
            str(name) if width == 1 else f"{name}[{i}]"
            for name, width in zip(names, widths, strict=True)
            for i in range(width)
        )
        if self._names not in (None, found):
            raise ValueError(
                f"observations: expected {len(self._names or ())} columns as in the "
                f"frames before, got {len(found)}"
            )
        self._names = found

    def _check_kind(self, actions: NDArray) -> None:
        """Raise if actions are classes in one frame and numbers in another.

        A log that is read in pieces may have 0 for 0.0 in all of one.
        """
        whole = actions.dtype.kind != "f"
        if self._whole not in (None, whole):
            kinds = (
                ("whole numbers", "others")
                if self._whole
                else ("numbers", "whole ones")
            )
            raise ValueError(
                f"actions: expected {kinds[0]} as in the frames before, got "
                f"{kinds[1]}: say of which type they are where the frames are read"
            )
        self._whole = whole


def _joined(pieces: list[NDArray]) -> NDArray:
    """Return the pieces of an episode, of which there is one alone in most cases."""
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
