"""What a search found, beside what the workers wrote of each fit."""

from pathlib import Path
from typing import Any

from skimitate.callbacks._hyperparameters import as_values
from skimitate.callbacks._run import Run
from skimitate.callbacks._run_folder import candidate_folder


def write_scores(search: Any, folder: Path, log_dir: Path) -> None:
    """Write down the scores of each fit of a search.

    Parameters
    ----------
    search : estimator
        That has searched, and has ``cv_results_``.
    folder : Path
        That the folders of its fits are in.
    log_dir : Path
        Folder of all runs.
    """
    results = search.cv_results_
    for number, params in enumerate(results["params"]):
        for split in range(search.n_splits_):
            run = Run(folder / candidate_folder(number, split))
            if not run.file.exists:  # what is searched over shows no tasks
                run.file.add_hyperparameters(
                    as_values(params), group_of_candidate(run, log_dir)
                )
            prefix = f"split{split}_"
            run.note_scores(
                {
                    name.removeprefix(prefix): float(values[number])
                    for name, values in results.items()
                    if name.startswith(prefix)
                }
            )


def group_of_candidate(run: Run, log_dir: Path) -> str:
    """Return what the fits of a candidate have in common: a row of the dashboard.

    Parameters
    ----------
    run : Run
        One of these fits.
    log_dir : Path
        Folder of all runs.

    Returns
    -------
    str
    """
    return run.file.folder.parent.relative_to(log_dir).as_posix()
