"""A policy of anything that can act: callables, and objects with act or predict."""

import sys
from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate.policies._actions import StepError, as_batch

Ask = Callable[[NDArray], Any]


class ActorPolicy:
    """What acts of a callable, or of an object with act or predict.

    Parameters
    ----------
    actor : callable or object with act or predict
        From a batch of observations to a batch of actions; see
        :func:`skimitate.as_policy`.

    Attributes
    ----------
    n_features, n_outputs : int or None
        Number of observation and of action dimensions, where the actor tells.

    Raises
    ------
    TypeError
        If the object is none of these.
    """

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self.n_features = _width(actor, ("n_features", "n_features_in_"), "observation")
        self.n_outputs = _width(actor, ("n_outputs", "n_outputs_"), "action")
        self._ask = _how_to_ask(actor)

    def act(self, observation: ArrayLike) -> NDArray[np.float64]:
        """Return the action for an observation, or those for a batch.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            In the units of the environment. The actor is shown a copy, as a batch.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)

        Raises
        ------
        ValueError
            If the actor raises, or gives something else than actions.
        """
        observations = np.asarray(observation)
        # A copy: an actor that works in place must not change what is kept.
        batch = np.array(observations, ndmin=2)
        try:
            answer = self._ask(batch)
        except Exception as error:
            raise StepError(f"raised {error!r}{self.hint(batch)}") from error
        try:
            actions = as_batch(answer, len(batch))
        except StepError as error:
            raise StepError(f"{error}{self.hint(batch)}") from error.__cause__
        return actions[0] if observations.ndim == 1 else actions

    __call__ = act

    def reset(self) -> None:
        """Begin an episode: forget what was remembered of the last one."""
        if isinstance(self._ask, _Recurrent):
            self._ask.forget()
        reset = getattr(self.actor, "reset", None)
        if callable(reset):
            reset()

    def hint(self, batch: NDArray) -> str:
        """Return what to add to an error of the actor's, which saw a batch."""
        shown = f" when shown a batch of shape {batch.shape}"
        if hasattr(self.actor, "act") or hasattr(self.actor, "predict"):
            return shown
        return (
            f"{shown} (for a function of one observation, give "
            "skimitate.per_observation(fn))"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # How to ask is found out anew; a state within an episode is not kept.
        return ActorPolicy, (self.actor,)

    def __repr__(self) -> str:
        return f"as_policy({self.actor!r})"


def _how_to_ask(actor: Any) -> Ask:
    """Return the function from a batch of observations to what the actor answers."""
    if isinstance(actor, type):
        raise TypeError(_UNFIT.format(actor))
    for name in ("act", "predict"):
        method = getattr(actor, name, None)
        if callable(method):
            return _how_to_call(method)
    if _is_torch_module(actor):
        return _TorchModule(actor)
    if not callable(actor):
        raise TypeError(_UNFIT.format(actor))
    return actor


_UNFIT = "expected a callable or an object with act or predict, got {!r}"


def _how_to_call(method: Callable) -> Ask:
    try:
        parameters = signature(method).parameters
    except (TypeError, ValueError):  # some compiled functions have no signature
        return method
    options = {}
    if "deterministic" in parameters:
        # Otherwise that of a stable-baselines3 model draws, from a generator that no
        # seed of an episode reaches; and an expert's label is its action, not a draw.
        options["deterministic"] = True
    if "state" in parameters:
        return _Recurrent(method, options, "episode_start" in parameters)
    return (lambda batch: method(batch, **options)) if options else method


class _Recurrent:
    """Carries the state of ``predict(observation, state, episode_start)`` along.

    That is the form that stable-baselines3 gave to recurrent policies.
    """

    def __init__(
        self, method: Callable, options: dict[str, Any], takes_start: bool
    ) -> None:
        self._method = method
        self._options = options
        self._takes_start = takes_start
        self.forget()

    def forget(self) -> None:
        """Start a new episode."""
        self._state: Any = None
        self._begins = True

    def __call__(self, batch: NDArray) -> Any:
        options = self._options | {"state": self._state}
        if self._takes_start:
            options["episode_start"] = np.full(len(batch), self._begins)
        answer = self._method(batch, **options)
        if isinstance(answer, tuple) and len(answer) == 2:
            answer, self._state = answer
        self._begins = False
        return answer


class _TorchModule:
    """Shows a module of torch tensors of its own type, as it acts after training."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, batch: NDArray) -> Any:
        torch = sys.modules["torch"]
        module = self._module
        first = next(module.parameters(), torch.empty(0))
        inputs = torch.as_tensor(batch, dtype=first.dtype, device=first.device)
        was_training = module.training
        module.eval()
        try:
            with torch.no_grad():
                return module(inputs)
        finally:
            module.train(was_training)


def _is_torch_module(actor: Any) -> bool:
    # Whoever has a module has imported torch; nobody else should have to.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(actor, torch.nn.Module)


def _width(actor: Any, names: tuple[str, ...], space: str) -> int | None:
    """Return a number of dimensions, if the actor knows it."""
    for name in names:
        width = getattr(actor, name, None)
        if isinstance(width, (int, np.integer)):
            return int(width)
    shape = getattr(getattr(actor, f"{space}_space", None), "shape", None)
    return shape[0] if isinstance(shape, tuple) and len(shape) == 1 else None
