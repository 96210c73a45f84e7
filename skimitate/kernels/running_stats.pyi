import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]

def update(
    X: Floats,
    sample_weight: NDArray[np.float64] | None,
    state: NDArray[np.float64],
) -> bool: ...
def in_range(state: NDArray[np.float64]) -> bool: ...
def merge(other: NDArray[np.float64], state: NDArray[np.float64]) -> None: ...
def standardize(
    X: Floats,
    mean: NDArray[np.float64],
    scale: NDArray[np.float64],
    clip: float,
    out: Floats,
) -> None: ...
def unstandardize(
    X: Floats,
    mean: NDArray[np.float64],
    scale: NDArray[np.float64],
    out: Floats,
) -> None: ...
