"""Episodes as others wrote them down, checked and joined."""

from collections.abc import Iterable, Iterator
from typing import Any

from skimitate._validation import check_count
from skimitate.environments._episode import Episode
from skimitate.environments._fields import TrajectoryError
from skimitate.environments._join import join_episodes
from skimitate.environments._parts import read_parts
from skimitate.exchange._record import Record


def joined(records: Iterable[Record], source: str = "") -> dict[str, Any]:
    """Return all episodes as the fields of rollouts.

    Parameters
    ----------
    records : iterable of Record
        At least one.
    source : str, default=""
        Where all of them come from: what errors begin with.

    Returns
    -------
    dict
        See :func:`join_episodes`.

    Raises
    ------
    ValueError
        If one of them holds something else than arrays that fit each other, or they do
        not fit together.
    """
    return _join([*_episodes_of(records)], source)


def in_chunks(
    records: Iterable[Record], n_steps: int, source: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield whole episodes, some at a time, as the fields of rollouts.

    Parameters
    ----------
    records : iterable of Record
        At least one.
    n_steps : int
        So many steps at least come together, but for the last; the episode that brings
        them there is the last of its chunk.
    source : str, default=""
        See :func:`joined`.

    Yields
    ------
    dict
        See :func:`joined`.

    Raises
    ------
    TypeError, ValueError
        If ``n_steps`` is no positive integer; when it is called, not later.
    """
    check_count("n_steps", n_steps)
    return _in_chunks(records, n_steps, source)


def _in_chunks(
    records: Iterable[Record], n_steps: int, source: str
) -> Iterator[dict[str, Any]]:
    episodes: list[Episode] = []
    gathered = 0
    for episode in _episodes_of(records):
        episodes.append(episode)
        gathered += len(episode.actions)
        if gathered >= n_steps:
            yield _join(episodes, source)
            episodes, gathered = [], 0
    if episodes:
        yield _join(episodes, source)


def _join(episodes: list[Episode], source: str) -> dict[str, Any]:
    if not episodes:
        told = "expected an episode at least, got none"
        raise ValueError(f"{source}: {told}" if source else told)
    try:
        return join_episodes(episodes, "episodes")
    except ValueError as error:
        raise ValueError(f"{source}: {error}" if source else str(error)) from None


def _episodes_of(records: Iterable[Record]) -> Iterator[Episode]:
    for where, parts in records:
        try:
            yield read_parts(parts)
        except TrajectoryError as error:
            raise ValueError(f"{where}: {error}") from error.__cause__
