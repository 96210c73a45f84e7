"""What a user asks of a file that it does not have: no fault of the file's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skimitate.files._reading import reading


class AskedError(ValueError):
    """Begins with the parameter that asked for it."""


@contextmanager
def reading_as_asked(path: str | Path, expected: str) -> Iterator[None]:
    """Refuse a file as :func:`reading` does, and what was asked of it by its name.

    Parameters
    ----------
    path : str or Path
        The file, or the folder.
    expected : str
        What it should be.

    Raises
    ------
    ValueError
        In the place of all that is raised inside and is no OSError. It begins with the
        path, or with the parameter if an :class:`AskedError` was.
    OSError
        If the system cannot read it.
    """
    asked = None
    with reading(path, expected):
        try:
            yield
        except AskedError as error:
            asked = str(error)
    if asked is not None:
        raise ValueError(f"{asked} (in {path})")


def names_asked(parameter: str, names: str | Sequence[str]) -> list[str]:
    """Return names as a list, of which there may be one alone.

    Parameters
    ----------
    parameter : str
        Which gave them.
    names : str or sequence of str
        One or some.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there is none, one is no text, or one is there twice.
    """
    listed: list[Any] = [names] if isinstance(names, str) else list(names)
    odd = [name for name in listed if not isinstance(name, str)]
    if odd or not listed or len(set(listed)) < len(listed):
        raise ValueError(
            f"{parameter}: expected a name, or a list of names that differ, got "
            f"{names!r}"
        )
    return listed
