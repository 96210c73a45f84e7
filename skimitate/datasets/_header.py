"""The header of a CSV file: which columns are observations, actions and episodes."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from skimitate.datasets._fault import Fault
from skimitate.environments._fields import FLAGS, NAMES

# What numbers the episodes, in the order in which it is looked for.
EPISODE_NAMES = ("episode_ids", "episode_id", "episodes", "episode")

# How names begin; the rest of a name is no part of the word: obs_3, but no obstacle.
_BEGINS = {
    "observations": NAMES["observations"],
    "actions": NAMES["actions"],
    "rewards": (*NAMES["rewards"], "returns", "return"),
}
_NO_SENSOR = {
    *EPISODE_NAMES,
    *(name for flag in FLAGS for name in NAMES[flag]),
    *NAMES["last_observation"],
    "index",
}
# As pandas calls the columns of an index when they come back from a file.
_UNNAMED = re.compile(r"(unnamed: ?\d+.*)?", re.IGNORECASE)

Columns = list[str]


def check_header(header: Sequence[str]) -> None:
    """Raise if a header does not tell columns apart.

    Parameters
    ----------
    header : sequence of str
        The names of the columns, of which some may be empty.

    Raises
    ------
    ValueError
        If they are numbers, or a name comes twice.
    """
    if not any(header) or all(map(is_number, header)):
        raise ValueError(
            f"expected a header with the names of the columns, got {','.join(header)!r}"
        )
    twice = [name for name, n in Counter(filter(None, header)).items() if n > 1]
    if twice:
        raise ValueError(
            "expected columns of different names, got several called "
            f"{', '.join(map(repr, twice))}"
        )


def choose_columns(
    header: Sequence[str], asked: Mapping[str, Sequence[str]]
) -> dict[str, Columns]:
    """Return the columns of each part.

    Parameters
    ----------
    header : sequence of str
        The names of the columns.
    asked : dict of str to sequence of str
        Columns of ``observations``, ``actions`` and ``episode_ids``; empty to find
        them by their names.

    Returns
    -------
    dict of str to list of str
        Without ``episode_ids`` where nothing numbers the episodes.

    Raises
    ------
    Fault
        If there are no columns of a part.
    """
    listed = f"the columns are {as_row(filter(None, header))}"
    for part, names in asked.items():
        missing = [name for name in names if name not in header]
        if missing:
            raise Fault(part, f"no column {as_row(missing)}; {listed}")
    chosen = {part: list(names) for part, names in asked.items() if names}
    if "episode_ids" not in chosen:
        numbering = [name for name in header if name.lower() in EPISODE_NAMES]
        chosen |= {"episode_ids": numbering[:1]} if numbering else {}
    taken = {name for names in chosen.values() for name in names}
    left = [name for name in header if name not in taken and not _is_passed_by(name)]
    for part in ("observations", "actions"):
        if part not in chosen:
            chosen[part] = [name for name in left if _begins(name, part)]
    if asked["actions"] and not chosen["observations"]:
        chosen["observations"] = [name for name in left if _may_be_seen(name)]
    for part in ("actions", "observations"):
        if not chosen[part]:
            raise Fault(
                part,
                "expected columns whose names begin with one of "
                f"{', '.join(_BEGINS[part])}; {listed}",
            )
    return chosen


def as_row(names: Iterable[str]) -> str:
    """Return names as an option takes them, with a comma between them."""
    return ", ".join(f'"{name}"' if "," in name else name for name in names)


def _begins(name: str, part: str) -> bool:
    """Tell whether a name begins with a word for a part."""
    words = "|".join(_BEGINS[part])
    return re.match(rf"(?:{words})(?![^\W\d_])", name, re.IGNORECASE) is not None


def _is_passed_by(name: str) -> bool:
    """Tell whether a column is neither seen nor done, whatever its name begins with."""
    return _UNNAMED.fullmatch(name) is not None or "next" in name.lower()


def _may_be_seen(name: str) -> bool:
    """Tell whether a column may be an observation where others are the actions."""
    return not _begins(name, "rewards") and name.lower() not in _NO_SENSOR


def is_number(text: str) -> bool:
    """Tell whether a cell holds a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
