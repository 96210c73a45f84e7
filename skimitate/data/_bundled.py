"""Files that come with the package: data by environment id, and cards beside them."""

import json
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any


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
    card = _folder(kind) / f"{name}.json"
    return json.loads(card.read_text(encoding="utf-8"))


def _folder(kind: str) -> Traversable:
    return resources.files("skimitate") / "data" / kind
