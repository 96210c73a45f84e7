"""What actors answer, as arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class StepError(ValueError):
    """Somebody failed at a step of an episode, or gave what cannot be used."""


def as_float_array(answer: Any) -> NDArray[np.float64]:
    """Return an answer as a new float64 array, whatever its shape.

    Parameters
    ----------
    answer : array-like, torch.Tensor or tuple
        A tensor may be on any device and want a gradient. Of a tuple that begins with
        an array that one counts: stable-baselines3 gives actions and a state. A tuple
        of numbers is an action.

    Returns
    -------
    ndarray

    Raises
    ------
    StepError
        If there are no numbers in it.
    """
    if isinstance(answer, tuple) and answer and np.ndim(answer[0]) > 0:
        answer = answer[0]
    try:
        return np.array(_without_tensors(answer), dtype=np.float64)
    except Exception as error:
        raise StepError(f"expected an array of actions, got {answer!r}") from error


def _without_tensors(answer: Any) -> Any:
    if hasattr(answer, "detach"):
        # NumPy has not all of torch's types of floats; float64 holds any of them.
        return answer.detach().cpu().double().numpy()
    if isinstance(answer, (list, tuple)):
        return [_without_tensors(part) for part in answer]
    return answer


def as_batch(answer: Any, n: int) -> NDArray[np.float64]:
    """Return what an actor answers to a batch as an array of two dimensions.

    Parameters
    ----------
    answer : object
        See :func:`as_float_array`. One number for each observation is an action of
        one dimension; for a batch of one, the action alone will do.
    n : int
        Number of observations in the batch.

    Returns
    -------
    ndarray of shape (n, n_outputs)

    Raises
    ------
    StepError
        If it has another shape.
    """
    actions = as_float_array(answer)
    if n == 1 and actions.ndim < 2:
        return actions.reshape(1, -1)
    if actions.ndim == 1 and len(actions) == n:
        return actions.reshape(n, 1)
    if actions.ndim != 2 or len(actions) != n:
        raise StepError(
            f"expected actions of shape ({n}, n_outputs) for a batch of {n} "
            f"{'observation' if n == 1 else 'observations'}, got {actions.shape}"
        )
    return actions
