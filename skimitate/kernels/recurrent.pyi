import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

CELLS: dict[str, int]

def train_epoch(
    X: Float32,
    y: Float32,
    sample_weight: Float32 | None,
    starts: NDArray[np.intp],
    lengths: NDArray[np.intp],
    states: Float32,
    sizes: NDArray[np.intp],
    cell: int,
    activation: int,
    loss: int,
    blocks: NDArray[np.intp],
    parameters: Float32,
    moment1: Float32,
    moment2: Float32,
    average: Float32 | None,
    n_steps: NDArray[np.intp],
    batch_size: int,
    learning_rate: float,
    penalty: float,
    ema_decay: float,
) -> float: ...
def run(
    X: Float32,
    starts: NDArray[np.intp],
    lengths: NDArray[np.intp],
    states: Float32,
    sizes: NDArray[np.intp],
    cell: int,
    activation: int,
    parameters: Float32,
    batch_size: int,
    after: Float32,
) -> None: ...
def loss_gradient(
    X: Float32,
    y: Float32,
    sample_weight: Float32 | None,
    starts: NDArray[np.intp],
    lengths: NDArray[np.intp],
    states: Float32,
    sizes: NDArray[np.intp],
    cell: int,
    activation: int,
    loss: int,
    blocks: NDArray[np.intp],
    parameters: Float32,
    penalty: float,
    gradient: Float32,
) -> float: ...
def act(
    observation: Float64,
    units: Float64,
    sizes: NDArray[np.intp],
    cell: int,
    activation: int,
    parameters: Float32,
    state: Float64,
    out: Float64,
) -> None: ...
