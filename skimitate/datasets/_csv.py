"""CSV files: observations, actions and the numbers of the episodes, by columns."""

import csv
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.datasets._action_cells import ActionCells
from skimitate.datasets._fault import Fault
from skimitate.datasets._header import as_row, check_header, choose_columns, is_number
from skimitate.datasets._kinds import ActionsAre


def read_csv_columns(
    path: Path,
    asked: Mapping[str, Sequence[str]],
    actions_are: ActionsAre | None = None,
) -> tuple[dict[str, NDArray], dict[str, str]]:
    """Read observations, actions and the numbers of the episodes.

    Parameters
    ----------
    path : Path
        A file with a header, separated by commas, semicolons or tabs.
    asked : dict of str to sequence of str
        See :func:`choose_columns`.
    actions_are : {"numbers", "classes"} or None, default=None
        What a user says that they are; None for what the first row has.

    Returns
    -------
    found : dict of str to ndarray
        By what they are, (n_steps, n_columns) of float; actions of int where all are
        written so, and of str where they are read as texts; ``episode_ids`` (n_steps,)
        of str, since they may be called anything, where there are some.
    origin : dict of str to str
        The names of their columns.

    Raises
    ------
    Fault
        If there are no columns of a part, or a cell of one holds no number.
    ValueError
        If there is no header, or no rows.
    """
    with _opened(path) as rows:
        header = [name.strip() for name in next(rows, [])]
        check_header(header)
        chosen = choose_columns(header, asked)
        found = _read(rows, header, chosen, actions_are)
    return found, {part: as_row(names) for part, names in chosen.items()}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Yield the rows of a file, the header first."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        # By what splits it, and not by what is in it: a quoted name may have commas.
        separator = max(
            ",;\t", key=lambda sign: len(next(csv.reader([first], delimiter=sign), []))
        )
        file.seek(0)
        rows = csv.reader(file, delimiter=separator)
        try:
            yield rows
        except csv.Error as error:
            raise ValueError(
                f"expected rows of columns, but in line {rows.line_num} {error}"
            ) from None


def _read(
    rows: Any,
    header: Sequence[str],
    chosen: Mapping[str, list[str]],
    actions_are: ActionsAre | None,
) -> dict[str, NDArray]:
    """Read the columns of each part, in one go through the file."""
    places = {
        part: [header.index(name) for name in names] for part, names in chosen.items()
    }
    seen, done = array("d"), ActionCells(places["actions"], actions_are)
    lines = array("q")
    episodes: list[str] = []
    for row in rows:
        if not row:
            continue
        try:
            seen.extend([float(row[place]) for place in places["observations"]])
            done.add(row)
            episodes += [row[place].strip() for place in places.get("episode_ids", ())]
        except (IndexError, ValueError):
            _check_row(row, rows.line_num, header, places, done.are_texts)
        if len(row) > len(header) or (episodes and not episodes[-1]):
            _check_row(row, rows.line_num, header, places, done.are_texts)
        lines.append(rows.line_num)
    if not lines:
        raise ValueError("expected rows below the header, got none")
    observations = np.array(seen).reshape(len(lines), -1)
    found = {"observations": observations, "actions": done.rows()}
    for part, values in found.items():
        if values.dtype.kind != "U":
            _check_finite(part, values, chosen[part], lines)
    return found | ({"episode_ids": np.array(episodes)} if episodes else {})


def _check_row(
    row: Sequence[str],
    line: int,
    header: Sequence[str],
    places: Mapping[str, Sequence[int]],
    actions_are_texts: bool,
) -> None:
    """Raise if a row lacks what is needed, or has more than the header names."""
    texts = {"episode_ids", "actions"} if actions_are_texts else {"episode_ids"}
    for part, columns in places.items():
        for place in columns:
            cell = row[place].strip() if place < len(row) else ""
            where = f"in column {header[place]!r}, line {line}"
            if not cell:
                raise Fault(part, f"missing value {where}")
            if part not in texts and not is_number(cell):
                raise Fault(part, f"expected a number {where}, got {cell!r}")
    if any(map(str.strip, row[len(header) :])):
        raise ValueError(
            f"expected {len(header)} cells in line {line}, as the header has, got "
            f"{len(row)}"
        )


def _check_finite(
    part: str, values: NDArray, names: Sequence[str], lines: Sequence[int]
) -> None:
    """Raise if there are numbers that are none, and say where the first of them is."""
    odd = np.argwhere(~np.isfinite(values))
    if len(odd):
        row, column = odd[0]
        raise Fault(
            part,
            f"expected finite numbers, got {values[row, column]} in column "
            f"{names[column]!r}, line {lines[row]}, and {len(odd) - 1} more",
        )
