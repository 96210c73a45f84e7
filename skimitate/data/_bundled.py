"""Files that come with the package: data by environment id, and cards beside them."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from skimitate.files._json import read_json
from skimitate.files._reading import reading


def bundled_files(kind: str) -> dict[str, Traversable]:
    """Return the npz files of a kind of data, by environment id.

    Parameters
    ----------
    kind : {"experts", "demonstrations"}
        Which folder.
    """
    return {
        entry.name.removesuffix(".npz"): entry
        for entry in _folder(kind).iterdir()
        if entry.name.endswith(".npz")
    }


def bundled_card(kind: str, name: str) -> dict[str, Any]:
    """Return what is written beside a file: its origin and its figures."""
    with resources.as_file(_folder(kind) / f"{name}.json") as path:
        return read_card(path)


def read_card(path: Path) -> dict[str, Any]:
    """Read a card.

    Parameters
    ----------
    path : Path
        The JSON file.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If it is none: it tells the environment, the origin, the command and versions,
        and what it names is named by texts.
    """
    card = read_json(path, "a card")
    with reading(path, "a card"):
        kinds = dict.fromkeys(("env", "origin", "command"), str) | {"versions": dict}
        odd = [key for key, kind in kinds.items() if type(card[key]) is not kind]
        for key in ("feature_names", "target_names"):
            names = card.get(key, [])
            if type(names) is not list or {type(name) for name in names} - {str}:
                odd.append(key)
        if odd:
            raise ValueError(f"it has other {', '.join(odd)}")
        return card


def _folder(kind: str) -> Traversable:
    return resources.files("skimitate") / "data" / kind
