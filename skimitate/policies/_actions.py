"""What actors answer, as arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.policies._action_space import ActionSpace

_OBJECT = np.dtype(object)


class StepError(ValueError):
    """Somebody failed at a step of an episode, or gave what cannot be used.

    Parameters
    ----------
    message : object
        What to say.
    row : int or None, default=None
        Of which row of a batch, where that is known and there are several.
    """

    def __init__(self, message: object, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


class ShapeError(StepError):
    """Somebody gave an answer that is of no shape for what was asked."""


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
    if answer is None:  # which NumPy would take for NaN
        raise StepError("expected an array of actions, got None")
    try:
        return np.array(_without_tensors(answer), dtype=np.float64)
    except Exception as error:
        # Rows of different lengths may come of one batch taken for one observation.
        kind = ShapeError if isinstance(answer, (list, tuple)) else StepError
        raise kind(f"expected an array of actions, got {answer!r}") from error


def _without_tensors(answer: Any) -> Any:
    if getattr(answer, "dtype", None) is _OBJECT:  # of arrays, which NumPy keeps apart
        answer = answer.tolist()
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
        raise ShapeError(
            f"expected actions of shape ({n}, n_outputs) for a batch of {n} "
            f"{'observation' if n == 1 else 'observations'}, got {actions.shape}"
        )
    return actions


def as_classes(answer: Any, n: int) -> NDArray:
    """Return what a classifier answers to a batch as an array of two dimensions.

    Parameters
    ----------
    answer : array-like of shape (n,) or (n, n_outputs)
        Classes, of whatever type they are.
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
    classes = np.array(answer)
    if classes.ndim not in (1, 2) or len(classes) != n:
        raise ShapeError(
            f"expected classes of shape ({n},) or ({n}, n_outputs), got {classes.shape}"
        )
    return classes.reshape(n, -1)


def as_labels(
    answer: Any,
    n: int,
    space: ActionSpace,
    *,
    allow_missing: bool = False,
    name_of: Callable[[int], str] = "row {}".format,
    missing: str = "None in its place",
) -> NDArray[np.float64]:
    """Return what an expert answers to a batch, where it need not know each answer.

    Parameters
    ----------
    answer : object
        See :func:`as_batch`. None, or a row that is None, is no answer.
    n : int
        Number of observations in the batch.
    space : ActionSpace
        Where actions belong.
    allow_missing : bool, default=False
        Whether a row of NaN is no answer as well, or an error.
    name_of : callable, default="row {}".format
        From the number of an observation to what it is called in errors.
    missing : str, default="None in its place"
        What there is to be for no answer, in errors.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        Rows of NaN where there is no answer.

    Raises
    ------
    StepError
        If it has another shape, values that are not finite, or what is no action there.
    """
    n_outputs = space.n_outputs
    labels = np.full((n, n_outputs), np.nan)
    known = _known_rows(answer, n)
    if not known.any():
        return labels
    if not known.all():
        answer = [row for row in answer if row is not None]
    actions = as_batch(answer, int(known.sum()))
    if actions.shape[1] != n_outputs:
        what = "one observation" if n == 1 else f"{n} observations"
        raise ShapeError(
            f"expected actions of shape ({n}, {n_outputs}) for a batch of {what}, "
            f"got {(n, actions.shape[1])}"
        )
    finite = np.isfinite(actions)
    bad = ~finite.all(axis=1)
    if allow_missing:
        bad &= ~np.isnan(actions).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        row = int(np.flatnonzero(known)[first])
        where = f" for {name_of(row)}" if n > 1 else ""
        hint = f" ({missing} is no label)" if np.isnan(actions[first]).any() else ""
        raise StepError(
            f"expected finite actions, got {actions[first]}{where}{hint}", row
        )
    space.check(actions[finite.all(axis=1)])
    labels[known] = actions
    return labels


def _known_rows(answer: Any, n: int) -> NDArray[np.bool_]:
    """Tell to which observations of a batch there is an answer."""
    if answer is None:
        return np.zeros(n, dtype=bool)
    # A tuple is an answer and a state.
    is_rows = isinstance(answer, list) or getattr(answer, "dtype", None) is _OBJECT
    if not is_rows or len(answer) != n:
        return np.ones(n, dtype=bool)
    return np.array([row is not None for row in answer], dtype=bool)
