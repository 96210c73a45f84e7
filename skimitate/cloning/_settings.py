"""The settings of a training, from the parameters of an estimator to what trains."""

from typing import Any, NamedTuple, Self


class Settings(NamedTuple):
    """How training goes on; may change between two epochs.

    Parameters
    ----------
    loss : str
        A key of ``LOSSES``.
    alpha : float
        Strength of the L2 penalty, as ``MLPRegressor`` and ``MLPClassifier`` have it.
    batch_size : int
        Number of samples a step; the last step of an epoch takes what is left.
    learning_rate_init : float
        Step size of Adam.
    ema_decay : float or None
        Decay of the moving average of the iterates; None for no average.
    backend : {"auto", "compiled", "torch"}
        What trains.
    device : str
        torch device to train on.
    blocks : tuple of int or None, default=None
        Widths of the blocks of outputs whose losses are added up; None for one block.
    """

    loss: str
    alpha: float
    batch_size: int
    learning_rate_init: float
    ema_decay: float | None
    backend: str
    device: str
    blocks: tuple[int, ...] | None = None

    @classmethod
    def of(
        cls,
        estimator: Any,
        loss: str,
        alpha: float,
        blocks: tuple[int, ...] | None = None,
    ) -> Self:
        """Return the settings that are an estimator's parameters, and its loss.

        Parameters
        ----------
        estimator : BaseCloner
            Its parameters are checked.
        loss : str
            A key of ``LOSSES``.
        alpha : float
            See the class.
        blocks : tuple of int or None, default=None
            See the class.

        Returns
        -------
        Settings
        """
        own = ("loss", "alpha", "blocks")
        names = [name for name in cls._fields if name not in own]
        values = {name: getattr(estimator, name) for name in names}
        return cls(loss=loss, alpha=alpha, blocks=blocks, **values)
