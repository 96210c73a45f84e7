"""Which folder of events a task belongs to."""

from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from skimitate.callbacks._hyperparameters import searched_by
from skimitate.callbacks._tasks import CANDIDATE, HALVING, REFIT, name_of


class Search(NamedTuple):
    """What there is to know of a search, or of a part of it, before it begins.

    Parameters
    ----------
    n_splits : int
        Number of splits, each of which is a fit of each candidate.
    names : list of str or None
        The parameters that it is over, if it tells them.
    first : int, default=0
        Number of its first candidate.
    """

    n_splits: int = 1
    names: list[str] | None = None
    first: int = 0

    @classmethod
    def beginning(cls, search: Any, task: Any) -> "Search":
        """Return what a search tells at the beginning of a task.

        Parameters
        ----------
        search : estimator
            That searches.
        task : CallbackContext
            Whose parts are its fits.

        Returns
        -------
        Search
        """
        first = 0
        if task.task_name == HALVING:  # counts its candidates anew in each iteration
            first = sum(search.n_candidates_[: task.task_id])
        return cls(search.n_splits_, searched_by(search), first)


def new_folder(log_dir: Path, name: str) -> Path:
    """Make a folder that was not there before, whoever else makes some.

    Parameters
    ----------
    log_dir : Path
        Where.
    name : str
        What it is to be called; with ``-2``, ``-3`` behind it if that is taken.

    Returns
    -------
    Path
    """
    for i in count(1):
        folder = log_dir / (name if i == 1 else f"{name}-{i}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable: there is always a number more")


def candidate_folder(candidate: int, split: int) -> str:
    """Return the folder of a search's fit."""
    return f"candidate-{candidate}/split-{split}"


def folder_within(path: list[Any], searches: dict[tuple[int, ...], Search]) -> Path:
    """Return the folder, within that of the whole fit, that a task belongs to.

    Parameters
    ----------
    path : list of CallbackContext
        The task, and those that it is part of, from the outermost.
    searches : dict of tuple of int to Search
        By the numbers of the task that counts a search's fits.

    Returns
    -------
    Path
        The same one where no search is around the task.
    """
    return _walk(path, searches)[0]


def folder_of_search(path: list[Any], searches: dict[tuple[int, ...], Search]) -> Path:
    """Return the folder that those of the fits of a search are in.

    Parameters
    ----------
    path, searches
        See :func:`folder_within`; the task is the search.

    Returns
    -------
    Path
    """
    folder, rounds = _walk(path, searches)
    return folder / rounds


def _walk(
    path: list[Any], searches: dict[tuple[int, ...], Search]
) -> tuple[Path, Path]:
    """Return the folder of a task, and the rounds that tell searches in it apart."""
    folder, rounds = Path(), Path()
    for depth, task in enumerate(path):
        if task.task_name == "round":
            rounds /= f"round-{task.task_id + 1}"
        if name_of(task) == CANDIDATE:
            search = search_of(path[: depth + 1], searches)
            number, split = divmod(task.task_id, search.n_splits)
            within = candidate_folder(search.first + number, split)
            folder, rounds = folder / rounds / within, Path()
        elif name_of(task) == REFIT:
            folder, rounds = folder / rounds / "refit", Path()
    return folder, rounds


def search_of(path: list[Any], searches: dict[tuple[int, ...], Search]) -> Search:
    """Return the search that a candidate's fit, the last task of a path, is for."""
    return searches.get(tuple(task.task_id for task in path[:-1]), Search())
