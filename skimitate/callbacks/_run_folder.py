"""Which folder of events a task belongs to."""

from itertools import count
from pathlib import Path
from typing import Any

from skimitate.callbacks._tasks import CANDIDATE, REFIT, name_of


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


def candidate_folder(number: int, n_splits: int) -> str:
    """Return the folder of a search's fit.

    Parameters
    ----------
    number : int
        Of the fit: candidates in turn, each with all its splits.
    n_splits : int
        Number of splits.

    Returns
    -------
    str
    """
    candidate, split = divmod(number, n_splits)
    return f"candidate-{candidate}/split-{split}"


def folders_within(path: list[Any], n_splits: dict[tuple[int, ...], int]) -> list[str]:
    """Return the folders within that of the whole fit that lead to a task.

    Parameters
    ----------
    path : list of CallbackContext
        The task, and those that it is part of, from the outermost.
    n_splits : dict of tuple of int to int
        Number of splits of each search, by the numbers of the task that counts its
        fits.

    Returns
    -------
    list of str
        Empty where no search is around the task.
    """
    folders, around = [], []
    for depth, task in enumerate(path):
        if task.task_name == "round":
            around.append(f"round-{task.task_id + 1}")
        if name_of(task) == CANDIDATE:
            search = tuple(t.task_id for t in path[:depth])
            n_each = n_splits.get(search, 1)
            folders += [*around, candidate_folder(task.task_id, n_each)]
            around = []
        elif name_of(task) == REFIT:
            folders += [*around, "refit"]
            around = []
    return folders
