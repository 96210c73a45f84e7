"""Columns of a CSV file: which of them are observations, actions and episodes."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# How names of columns begin, in lower case, and what is neither seen nor done.
_BEGINS = {"observations": ("obs", "state"), "actions": ("act",)}
_EPISODES = ("episode", "episode_id", "episode_ids", "episodes")
_NEITHER = ("reward", "return", "done", "terminal", "terminated", "truncat", "timeout")

Columns = list[str]


def read_csv_columns(
    path: Path, asked: Mapping[str, Sequence[str]]
) -> tuple[dict[str, NDArray], dict[str, str]]:
    """Read observations, actions and the numbers of the episodes.

    Parameters
    ----------
    path : Path
        A file with a header, separated by commas, semicolons or tabs.
    asked : dict of str to sequence of str
        Columns of ``observations``, ``actions`` and ``episode_ids``; empty to find
        them. Those that begin with ``obs`` or ``state`` are observations, those that
        begin with ``act`` are actions. Where actions are named and no column begins so,
        all others are observations but those of rewards and of how an episode ends.

    Returns
    -------
    found : dict of str to ndarray
        By what they are; there may be no ``episode_ids``.
    origin : dict of str to str
        The names of their columns.

    Raises
    ------
    ValueError
        If there is no header, columns are not found, or hold no numbers.
    """
    with open(path, encoding="utf-8-sig", newline="") as file:
        first = file.readline()
    separator = max(",;\t", key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=separator))]
    if not header or all(map(_is_number, header)):
        raise ValueError(
            f"expected a header with the names of the columns, got {first.strip()!r}"
        )
    chosen = _choose(header, asked)
    found = {}
    for what, names in chosen.items():
        columns = [header.index(name) for name in names]
        found[what] = _load(path, separator, columns, what)
    if "episode_ids" in found:
        found["episode_ids"] = found["episode_ids"][:, 0]
    return found, {what: ", ".join(names) for what, names in chosen.items()}


def _choose(header: Columns, asked: Mapping[str, Sequence[str]]) -> dict[str, Columns]:
    """Return the columns of each thing."""
    listed = f"the columns are {', '.join(header)}"
    for what, names in asked.items():
        missing = [name for name in names if name not in header]
        if missing:
            raise ValueError(f"no column {', '.join(missing)} of {what}: {listed}")
    chosen = {what: list(names) for what, names in asked.items() if names}
    if "episode_ids" not in chosen:
        numbering = [name for name in header if name.lower() in _EPISODES]
        chosen |= {"episode_ids": numbering[:1]} if numbering else {}
    taken = {name for names in chosen.values() for name in names}
    left = [name for name in header if name not in taken]
    for what, begins in _BEGINS.items():
        if what not in chosen:
            chosen[what] = [name for name in left if name.lower().startswith(begins)]
    if asked["actions"] and not chosen["observations"]:
        chosen["observations"] = [
            name for name in left if not name.lower().startswith(_NEITHER)
        ]
    for what in ("actions", "observations"):
        if not chosen[what]:
            raise ValueError(
                f"expected columns of {what}, whose names begin with "
                f"{' or '.join(_BEGINS[what])}, or that --{what} names; {listed}"
            )
    return chosen


def _load(path: Path, separator: str, columns: list[int], what: str) -> NDArray:
    """Read columns, as numbers, but for the episodes, which may be called anything."""
    try:
        return np.loadtxt(
            path,
            dtype=str if what == "episode_ids" else np.float64,
            delimiter=separator,
            skiprows=1,
            usecols=columns,
            ndmin=2,
            quotechar='"',
            comments=None,
            encoding="utf-8-sig",
        )
    except ValueError as error:
        raise ValueError(f"{what}: expected numbers, but {error}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
