import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

ACTIVATIONS: dict[str, int]
LOSSES: dict[str, int]

def average_weight(ema_decay: float, step: int) -> float: ...
def train_epoch(
    X: Float32,
    y: Float32,
    sample_weight: Float32 | None,
    permutations: NDArray[np.intp],
    layer_sizes: NDArray[np.intp],
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
def loss_gradient(
    X: Float32,
    y: Float32,
    sample_weight: Float32 | None,
    layer_sizes: NDArray[np.intp],
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
    layer_sizes: NDArray[np.intp],
    activation: int,
    parameters: Float32,
    out: Float64,
) -> None: ...
