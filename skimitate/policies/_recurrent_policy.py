"""A recurrent network with its normalizer, as arrays: it acts, and remembers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._versions import Versioned
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._cells import CELLS
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._recurrent_pass import RecurrentPass
from skimitate.cloning._units import Units


class RecurrentPolicy(Versioned):
    """A recurrent network that carries its state from step to step.

    :func:`skimitate.as_policy` makes one of a fitted
    :class:`skimitate.RecurrentBehaviorCloner`.

    Parameters
    ----------
    architecture : sequence
        The cell, as :class:`skimitate.RecurrentBehaviorCloner` names it; the numbers of
        inputs, of cells, of units of each hidden layer and of outputs, a tuple; and the
        activation of the hidden layers.
    vectors : ndarray of shape (1, n_parameters), float32 or float64
        For the inputs, for the state and of each layer: weights by rows before biases,
        the gates in torch's order; copied.
    units : Units
        What is subtracted from observations and what they are divided by; what the
        network's outputs are multiplied by and what is added to them.
    mean_return : float or None, default=None
        What an episode of the policy earns on average, if that was measured.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, hold values that are not finite, or the
        cell or the activation is not known.
    """

    def __init__(
        self,
        architecture: tuple[str, Sequence[int], str],
        vectors: NDArray,
        units: Units,
        *,
        mean_return: float | None = None,
    ) -> None:
        cell, sizes, activation = architecture
        if cell not in CELLS:
            raise ValueError(f"cell: expected one of {sorted(CELLS)}, got {cell!r}")
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"activation: expected one of {sorted(ACTIVATIONS)}, got {activation!r}"
            )
        sizes = tuple(map(int, sizes))
        self.architecture = RecurrentArchitecture(cell, sizes, activation)
        self.units = units
        self.mean_return = mean_return
        single = np.asarray(vectors).dtype == np.float32
        dtype = np.float32 if single else np.float64
        self.vectors = np.array(vectors, dtype=dtype, order="C")
        self._check()
        self._pass = RecurrentPass(self.architecture)
        self._state: NDArray[np.float64] | None = None

    def _check(self) -> None:
        sizes = self.architecture.sizes
        if len(sizes) < 3 or min(sizes) < 1:
            raise ValueError(
                f"architecture: expected three positive sizes or more, got {sizes}"
            )
        shape = 1, self.architecture.layout.n_parameters
        if self.vectors.shape != shape:
            raise ValueError(
                f"vectors: expected shape {shape} for {tuple(self.architecture)}, got "
                f"{self.vectors.shape}"
            )
        widths = len(self.units.input_mean), len(self.units.output_mean)
        if widths != (self.n_features, self.n_outputs):
            raise ValueError(
                f"units: expected those of {self.n_features} inputs and "
                f"{self.n_outputs} outputs, got {widths[0]} and {widths[1]}"
            )
        if not (
            np.isfinite(self.vectors).all() and np.isfinite(self.units.packed).all()
        ):
            raise ValueError("expected finite numbers, got NaN or infinity")
        if not (self.units.input_scale > 0).all():
            raise ValueError("input_scale: expected positive numbers, got others")

    @property
    def n_features(self) -> int:
        """Number of observation dimensions."""
        return self.architecture.n_inputs

    @property
    def n_outputs(self) -> int:
        """Number of action dimensions."""
        return self.architecture.n_outputs

    @property
    def is_stateful(self) -> bool:
        """True: it remembers what it saw earlier in an episode."""
        return True

    def reset(self) -> None:
        """Begin an episode, or several side by side: forget the last one."""
        self._state = None

    can_restart = True

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """Begin some episodes of those that it acts in side by side.

        Parameters
        ----------
        rows : ndarray of shape (n,), bool
            Which rows of the batches that follow begin with the next one. All of them
            do after :meth:`reset`.
        """
        if self._state is not None:
            self._state = np.where(rows[:, np.newaxis], 0.0, self._state)

    def act(self, observation: ArrayLike) -> NDArray[np.float64]:
        """Return the next action of an episode, or those of several side by side.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Raw observations, in the units of the environment; not checked. Of a batch,
            row i is the next observation of episode i.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)
            Not clipped to the action space.

        Raises
        ------
        ValueError
            If there is another number of features, or of episodes than before.
        """
        actions, self._state = self.predict(observation, self._state)
        return actions

    __call__ = act

    def predict(
        self,
        observation: ArrayLike,
        state: NDArray[np.float64] | None = None,
        episode_start: ArrayLike | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return actions and what is to be remembered, which this object does not.

        This is the form that stable-baselines3 has.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            See :meth:`act`.
        state : ndarray of shape (state_size,) or (n, state_size), default=None
            What the last call returned; None at the start of episodes.
        episode_start : array-like of shape (n,) or bool, default=None
            Which of the episodes begin here, whatever the state says.
        deterministic : bool, default=True
            The policy is, whatever this says.

        Returns
        -------
        actions : ndarray of shape (n_outputs,) or (n, n_outputs)
        state : ndarray of shape (state_size,) or (n, state_size)

        Raises
        ------
        ValueError
            See :meth:`act`.
        """
        x = np.asarray(observation, dtype=np.float64)
        if state is None:
            state = self._pass.start(*x.shape[:-1])
        elif state.shape[:-1] != x.shape[:-1]:
            raise ValueError(
                f"observation: expected {_episodes(state)}, as before, got "
                f"{_episodes(x)}; reset() begins others"
            )
        if episode_start is not None:
            begins = np.reshape(episode_start, x.shape[:-1])
            state = np.where(begins[..., np.newaxis], 0.0, state)
        return self._pass.step(x, self.vectors, self.units, state)

    def _pack(self, state: dict[str, Any]) -> dict[str, Any]:
        # Arrays and plain containers: no file names a room that may be moved. What is
        # remembered within an episode is not kept.
        return {
            "architecture": tuple(self.architecture),
            "vectors": self.vectors,
            "units": self.units.packed,
            "mean_return": self.mean_return,
        }

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        # By the constructor's checks: a file may say anything, and nothing else looks
        # at the shapes before compiled code reads the arrays.
        architecture, mean_return = state["architecture"], state["mean_return"]
        units = Units.unpacked(state["units"], architecture[1][0])
        vectors = state["vectors"]
        return vars(
            RecurrentPolicy(architecture, vectors, units, mean_return=mean_return)
        )

    def __repr__(self) -> str:
        widths = f"n_features={self.n_features}, n_outputs={self.n_outputs}"
        return f"{type(self).__name__}({widths})"


def _episodes(array: NDArray) -> str:
    """Say of how many episodes an array is."""
    if array.ndim == 1:
        return "one observation"
    return f"a batch of {len(array)}"
