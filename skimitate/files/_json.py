"""JSON that others may have written."""

import json
from pathlib import Path
from typing import Any

from skimitate.files._reading import read_bytes, reading

# Lists of nothing take 25 times as much in memory.
_MOST_BYTES = 16 * 2**20


def read_json(path: str | Path, expected: str) -> Any:
    """Read a JSON file.

    Parameters
    ----------
    path : str or Path
        The file.
    expected : str
        What it should be, for errors.

    Returns
    -------
    object

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no JSON, is larger than 16 MiB, nested too deeply, or says something
        twice; with the path.
    """
    with reading(path, expected):
        return parse_json(read_bytes(path, _MOST_BYTES).decode("utf-8"))


def parse_json(text: str) -> Any:
    """Return what a text says.

    Parameters
    ----------
    text : str
        JSON.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it is none, or an object in it has one key twice, of which JSON's parser
        would take the last.
    RecursionError
        If it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"it has two entries {key!r}")
        found[key] = value
    return found


def write_json(value: Any, path: Path) -> None:
    """Write a JSON file.

    Parameters
    ----------
    value : object
        Of JSON's types.
    path : Path
        The file.
    """
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
