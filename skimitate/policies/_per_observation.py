"""An actor that sees one observation at a time, as one that sees a batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._public import public
from skimitate.policies._actions import StepError, as_float_array
from skimitate.policies._torch_module import TorchModule, is_torch_module


class PerObservation:
    """Shows a function the observations of a batch one by one.

    Parameters
    ----------
    fn : callable
        See :func:`skimitate.per_observation`.
    """

    def __init__(self, fn: Callable[[NDArray], Any]) -> None:
        self.fn = fn

    def __call__(
        self, observations: ArrayLike
    ) -> NDArray[np.float64] | list[NDArray[np.float64] | None]:
        """Return an action for each of a batch of observations.

        Parameters
        ----------
        observations : array-like of shape (n, n_features)
            Observations.

        Returns
        -------
        ndarray of shape (n, n_outputs), or list
            A list of n actions where the function has no answer to some of them: these
            are None.

        Raises
        ------
        ValueError
            If there is no observation.
        """
        ask = TorchModule(self.fn) if is_torch_module(self.fn) else self.fn
        answers = [ask(row) for row in np.array(observations)]
        if not answers:
            raise StepError(
                "expected at least one observation, whose action shows how many "
                "outputs there are, got none"
            )
        rows = [None if a is None else as_float_array(a).ravel() for a in answers]
        return rows if any(row is None for row in rows) else np.array(rows)

    def reset(self) -> None:
        """Call the function's own ``reset()``, if it has one."""
        reset = getattr(self.fn, "reset", None)
        if callable(reset):
            reset()

    def __repr__(self) -> str:
        return f"per_observation({self.fn!r})"


@public
def per_observation(fn: Callable[[NDArray], Any]) -> PerObservation:
    """Make an expert or a policy of a function of one observation.

    Experts and policies are shown batches of observations. A function that was
    written for one of them is shown the rows of the batch one by one.

    Parameters
    ----------
    fn : callable
        From an observation, an ndarray of shape (n_features,) in the units of the
        environment, to an action: a number, an array-like of shape (n_outputs,), or a
        tensor of torch. As DAgger's expert it may return None where it has no answer.
        If it has a ``reset()``, that is called at the start of each
        episode. A :class:`torch.nn.Module` is shown tensors of its own type.

    Returns
    -------
    callable
        From a batch of observations (n, n_features) to a batch of actions
        (n, n_outputs). It can be pickled where ``fn`` can.

    Raises
    ------
    TypeError
        If ``fn`` cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import per_observation
    >>> expert = per_observation(lambda observation: -2.0 * observation[1])
    >>> expert(np.array([[0.0, 1.0], [0.0, 3.0]]))
    array([[-2.],
           [-6.]])
    """
    if not callable(fn):
        methods = [name for name in ("act", "predict") if hasattr(fn, name)]
        hint = f": give its {methods[0]}" if methods else ""
        raise TypeError(f"fn: expected a function of one observation, got {fn!r}{hint}")
    return PerObservation(fn)
