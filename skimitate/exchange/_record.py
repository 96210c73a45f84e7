"""An episode as somebody else wrote it down."""

from typing import Any, NamedTuple


class Record(NamedTuple):
    """An episode of a file or a table, before anything is checked.

    Parameters
    ----------
    where : str
        Where it was found, for errors.
    parts : dict of str to (str, object)
        Its observations, actions and what else there is by the names that trajectories
        have for them, each with its owner's name for it.
    """

    where: str
    parts: dict[str, tuple[str, Any]]
