"""Recurrent cells: one entry each.

A new one takes an entry here and its loops in ``kernels/cells.h``.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Cell(NamedTuple):
    """What is to be known of a recurrent cell.

    Parameters
    ----------
    module : str
        Its class in ``torch.nn``.
    n_gates : int
        How many rows of weights there are for each hidden unit.
    n_states : int
        How many numbers each hidden unit remembers; the first is its output.
    keeps, admits : int or None
        Which of the gates keeps what a unit remembers the more, the larger it is, and
        which admits something new, if that is another one.
    step : callable
        From the shares of inputs and of the state in the gates, both of shape
        (n, n_gates * hidden_size), and the state (n, n_states * hidden_size) to the
        next state.
    """

    module: str
    n_gates: int
    n_states: int
    keeps: int
    admits: int | None
    step: Callable[[Floats, Floats, Floats], Floats]


def _logistic(Z: Floats) -> Floats:
    """Return the logistic function by way of tanh, which does not overflow."""
    return 0.5 * np.tanh(0.5 * Z) + 0.5


def _gru(inputs: Floats, hidden: Floats, state: Floats) -> Floats:
    n = state.shape[1]
    gates = _logistic(inputs[:, : 2 * n] + hidden[:, : 2 * n])
    reset, update = gates[:, :n], gates[:, n:]
    candidate = np.tanh(inputs[:, 2 * n :] + reset * hidden[:, 2 * n :])
    return candidate + update * (state - candidate)


def _lstm(inputs: Floats, hidden: Floats, state: Floats) -> Floats:
    n = state.shape[1] // 2
    gates = inputs + hidden
    admit, keep = _logistic(gates[:, :n]), _logistic(gates[:, n : 2 * n])
    show = _logistic(gates[:, 3 * n :])
    cell = keep * state[:, n:] + admit * np.tanh(gates[:, 2 * n : 3 * n])
    return np.concatenate([show * np.tanh(cell), cell], axis=1)


CELLS = {
    "gru": Cell("GRU", 3, 1, 1, None, _gru),
    "lstm": Cell("LSTM", 4, 2, 1, 0, _lstm),
}
