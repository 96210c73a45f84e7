"""The folder of all runs, and what a run in it may be called."""

import importlib.util
from pathlib import Path

from skimitate.files._durable import check_writable


def check_log_dir(log_dir: Path, what: str) -> None:
    """Raise if nothing can be written for TensorBoard in a folder.

    Parameters
    ----------
    log_dir : Path
        The folder; made if it is not there.
    what : str
        Who wants to write there.

    Raises
    ------
    ImportError
        If TensorBoard is not installed.
    OSError
        If it is no folder that can be written to.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise ImportError(
            f"{what}: event files need tensorboard; pip install skimitate[tensorboard]"
        )
    check_writable(log_dir, "log_dir")


def check_run_name(name: object) -> None:
    """Raise if a run cannot be called so, or would lie elsewhere for it.

    Parameters
    ----------
    name : object
        None leaves it to the class of the estimator.

    Raises
    ------
    TypeError
        If it is neither None nor text.
    ValueError
        If it is no name of a folder.
    """
    if name is None:
        return
    if not isinstance(name, str):
        raise TypeError(f"name: expected a str or None, got {name!r}")
    if name in ("", ".", "..") or "\0" in name or name != Path(name).name:
        raise ValueError(
            f"name: expected the name of one folder, without a path, got {name!r}"
        )
