"""Labels of a run that is kept in a folder, whatever becomes of the run."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skimitate._public import public
from skimitate.dagger._round_files import RoundFiles
from skimitate.files._checked_folder import CheckedFolder


class KeptLabels(NamedTuple):
    """Observations and actions that a learner can be fitted to.

    Parameters
    ----------
    X : ndarray of shape (n_labels, n_features)
        Raw observations.
    y : ndarray of shape (n_labels, n_outputs)
        The expert's action for each.
    groups : ndarray of shape (n_labels,), int
        The episode of each, in successive rows.
    """

    X: NDArray[np.float64]
    y: NDArray[np.float64]
    groups: NDArray[np.intp]


@public
def load_labels(checkpoint_dir: str | os.PathLike) -> KeptLabels:
    """Read the labels that a run of DAgger has kept.

    They are those of all states that the expert was asked about, of rounds that were
    learnt from and of one that was not; demonstrations that the run was given are not
    among them. So nothing is lost where the run itself cannot go on: with another
    learner, other parameters or newer versions. ``fit(X, y, groups=groups)`` of a new
    run begins with them.

    Parameters
    ----------
    checkpoint_dir : path-like
        The folder of :class:`DAggerRegressor` or :class:`DAggerClassifier`. It stays as
        it is, but for files that are damaged and mended from their copies.

    Returns
    -------
    KeptLabels
        A named tuple of X, y and groups. Classes that are no numbers are counted from
        0 on, in their order.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no label.

    Warns
    -----
    UserWarning
        For each file that is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.linear_model import Ridge
    >>> from skimitate import DAggerRegressor, load_expert, load_labels
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dagger = DAggerRegressor(
    ...         Ridge(),
    ...         env="Pendulum-v1",
    ...         expert=load_expert("Pendulum-v1"),
    ...         n_rounds=1,
    ...         n_eval_episodes=1,
    ...         query=20,
    ...         checkpoint_dir=folder,
    ...         random_state=0,
    ...     ).fit()
    ...     X, y, groups = load_labels(folder)
    >>> X.shape, y.shape, int(groups.max())
    ((220, 3), (220, 1), 1)
    """
    path = Path(checkpoint_dir)
    if not path.is_dir():
        raise FileNotFoundError(f"checkpoint_dir: no such folder: {path}")
    folder = CheckedFolder(path, "checkpoint_dir")
    parts, n_episodes = [], 0
    for number in sorted({int(n.split("-")[1]) for n in folder.names("round-")}):
        files = RoundFiles(folder, number)
        pending = files.visited()
        if pending is None:
            continue
        labels = pending.labels.copy()
        answers, is_known = files.known(pending.questions, labels.shape[1])
        labels[pending.rows[is_known]] = answers[is_known]
        rows = np.flatnonzero(~np.isnan(labels).any(axis=1))
        episodes = pending.episodes[rows] + n_episodes
        parts.append((pending.observations[rows], labels[rows], episodes))
        n_episodes += int(pending.episodes[-1]) + 1
    if not sum(len(part[0]) for part in parts):
        raise ValueError(
            f"checkpoint_dir: expected a folder with labels, got {path}, which has none"
        )
    return KeptLabels(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
