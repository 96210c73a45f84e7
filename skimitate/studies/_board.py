"""An experiment's runs, as TensorBoard shows them on shared axes."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from skimitate.callbacks._event_file import EventFile
from skimitate.callbacks._log_dir import check_log_dir
from skimitate.callbacks._tensorboard import TensorBoardCallback


class Board:
    """The folder of an experiment's runs.

    Parameters
    ----------
    log_dir : Path or None
        The folder; None to write nothing down.

    Raises
    ------
    ImportError, OSError
        If TensorBoard is not installed, or nothing can be written there.
    """

    def __init__(self, log_dir: Path | None) -> None:
        self.log_dir = log_dir
        self._written: dict[str, TensorBoardCallback] = {}
        if log_dir is not None:
            check_log_dir(log_dir, "--log-dir")

    def callbacks(
        self, name: str, expert_returns: NDArray | None, X_val: Any, y_val: Any
    ) -> list[TensorBoardCallback]:
        """Return what writes a fit down, if anything is to.

        Parameters
        ----------
        name : str
            What the run is called.
        expert_returns : ndarray of shape (n_episodes,) or None
            Returns of the expert, if they are known.
        X_val, y_val : array-likes
            Observations and actions of episodes held out.
        """
        if self.log_dir is None:
            return []
        self._written[name] = TensorBoardCallback(
            self.log_dir,
            name=name,
            X_val=X_val,
            y_val=y_val,
            expert_return=None if expert_returns is None else expert_returns.mean(),
        )
        return [self._written[name]]

    def draw_level(self, name: str, returns: NDArray, n_rounds: int) -> None:
        """Write a clone's mean return down, as a line beside DAgger's rounds.

        Parameters
        ----------
        name : str
            What the run is called. If no fit was written down, there is no line.
        returns : ndarray of shape (n_episodes,)
            Returns of the clone.
        n_rounds : int
            How long the line is.
        """
        if name not in self._written:
            return
        folder = self._written[name].run_dir
        assert folder is not None
        mean = float(returns.mean())
        for step in (0, n_rounds):
            level = {"return/mean": mean, "return/evaluation": mean}
            EventFile(folder).add_scalars(level, step)
