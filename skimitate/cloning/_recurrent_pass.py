"""Recurrent networks without torch: one step by the kernel, whole episodes by NumPy."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches

from skimitate.cloning._cells import CELLS
from skimitate.cloning._forward_pass import forward
from skimitate.cloning._layout import Layer
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._units import Units
from skimitate.cloning._windows import episodes_of
from skimitate.kernels import mlp
from skimitate.kernels import recurrent as kernel

Floats = NDArray[np.float64]

# Number of episodes that go on side by side.
_BLOCK = 1024


class RecurrentPass:
    """From observations to actions, and to what is remembered of them, in float64.

    Parameters
    ----------
    architecture : RecurrentArchitecture
        What the network is like.
    """

    def __init__(self, architecture: RecurrentArchitecture) -> None:
        self.architecture = architecture
        self.layout = architecture.layout
        self._cell = CELLS[architecture.cell]
        self._kernel_cell = kernel.CELLS[architecture.cell]
        self._kernel_activation = mlp.ACTIVATIONS[architecture.activation]
        self._sizes = np.array(architecture.sizes, dtype=np.intp)

    def start(self, *shape: int) -> Floats:
        """Return what is remembered at the start of an episode, or of several."""
        return np.zeros((*shape, self.architecture.state_size))

    def step(
        self, observation: ArrayLike, vectors: NDArray, units: Units, state: Floats
    ) -> tuple[Floats, Floats]:
        """Return the actions for the next observation of an episode, or of several.

        Parameters
        ----------
        observation : array-like of shape (n_inputs,) or (n_episodes, n_inputs)
            Raw observations; not changed.
        vectors : ndarray of shape (1, n_parameters)
            The parameters. In float32 the kernel acts on one observation.
        units : Units
            What the network's inputs and outputs count in.
        state : ndarray of shape (state_size,) or (n_episodes, state_size)
            What is remembered; not changed.

        Returns
        -------
        actions : ndarray of shape (n_outputs,) or (n_episodes, n_outputs)
        state : ndarray, of the shape of ``state``
            What is to be remembered.

        Raises
        ------
        ValueError
            If the observations have another number of features.
        """
        x = np.asarray(observation, dtype=np.float64)
        if x.ndim == 1:
            return self._step_once(x, vectors, units, state)
        if x.ndim != 2 or x.shape[1] != self.architecture.n_inputs:
            raise ValueError(
                f"observation: expected {self.architecture.n_inputs} features, "
                f"got shape {x.shape}"
            )
        outputs, state = self._advance(x, self._layers(vectors), units, state)
        return outputs * units.output_scale + units.output_mean, state

    def over(
        self, X: NDArray, episodes: NDArray[np.intp], vectors: NDArray, units: Units
    ) -> Floats:
        """Return the actions for each step of whole episodes.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs)
            Raw observations; not changed.
        episodes : ndarray of shape (n_samples,)
            The number of each row's episode, in successive rows.
        vectors, units
            See :meth:`step`.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            An action depends on the other episodes only at the level of 1e-16.
        """
        starts, lengths = episodes_of(episodes)
        longest_first = np.argsort(-lengths, kind="stable")
        layers = self._layers(vectors)
        outputs = np.empty((len(X), self.architecture.n_outputs))
        for block in gen_batches(len(starts), _BLOCK):
            chosen = longest_first[block]
            state = self.start(len(chosen))
            for t in range(int(lengths[chosen[0]])):
                n_active = np.searchsorted(-lengths[chosen], -t)  # those longer than t
                rows = starts[chosen[:n_active]] + t
                outputs[rows], state = self._advance(
                    X[rows], layers, units, state[:n_active]
                )
        outputs *= units.output_scale
        outputs += units.output_mean
        return outputs

    def _step_once(
        self, x: Floats, vectors: NDArray, units: Units, state: Floats
    ) -> tuple[Floats, Floats]:
        """Let the kernel take a step, which it checks."""
        if vectors.dtype != np.float32:
            outputs, after = self.step(x[np.newaxis], vectors, units, state[np.newaxis])
            return outputs[0], after[0]
        out, state = np.empty(self.architecture.n_outputs), state.copy()
        kernel.act(
            x if x.flags.c_contiguous else np.ascontiguousarray(x),
            units.packed,
            self._sizes,
            self._kernel_cell,
            self._kernel_activation,
            vectors[0],
            state,
            out,
        )
        return out, state

    def _layers(self, vectors: NDArray) -> list[Layer]:
        return self.layout.layers(vectors[0].astype(np.float64))

    def _advance(
        self, x: NDArray, layers: list[Layer], units: Units, state: Floats
    ) -> tuple[Floats, Floats]:
        """Return the network's own outputs, and the next state."""
        of_input, of_state, *behind = layers
        n = self.architecture.hidden_size
        inputs = (x - units.input_mean) / units.input_scale
        state = self._cell.step(
            inputs @ of_input.weight.T + of_input.bias,
            state[:, :n] @ of_state.weight.T + of_state.bias,
            state,
        )
        return forward(state[:, :n], behind, self.architecture.activation), state
