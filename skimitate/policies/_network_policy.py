"""Networks with their normalizer, as arrays: they act without torch or a trainer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._versions import Versioned
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._forward_pass import ForwardPass
from skimitate.cloning._layout import Layout
from skimitate.cloning._units import Units


class NetworkPolicy(Versioned):
    """Multilayer perceptrons, whose mean acts, and the units of what goes in and out.

    :func:`skimitate.as_policy` makes one of a fitted :class:`skimitate.BehaviorCloner`,
    and :func:`skimitate.load_policy` of a file.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units from the input to the output, both included.
    activation : str
        Activation of the hidden layers, as :class:`skimitate.BehaviorCloner` names it.
    vectors : ndarray of shape (n_networks, n_parameters), float32 or float64
        Of each network, layer by layer, weights (n_outputs, n_inputs) by rows before
        biases; copied.
    units : Units
        What is subtracted from observations and what they are divided by; what the
        network's outputs are multiplied by and what is added to them.
    mean_return : float or None, default=None
        What an episode of the policy earns on average, if that was measured.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, hold values that are not finite, or the
        activation is not known.
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activation: str,
        vectors: NDArray,
        units: Units,
        *,
        mean_return: float | None = None,
    ) -> None:
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"activation: expected one of {sorted(ACTIVATIONS)}, got {activation!r}"
            )
        self.layer_sizes = tuple(int(size) for size in layer_sizes)
        self.activation = activation
        self.units = units
        self.mean_return = mean_return
        single = np.asarray(vectors).dtype == np.float32
        dtype = np.float32 if single else np.float64
        self.vectors = np.array(vectors, dtype=dtype, order="C")
        self._check()
        self._forward_pass = ForwardPass(Layout(self.layer_sizes), activation)

    def _check(self) -> None:
        if len(self.layer_sizes) < 2 or min(self.layer_sizes) < 1:
            raise ValueError(
                "layer_sizes: expected two positive numbers or more, got "
                f"{self.layer_sizes}"
            )
        n_parameters = Layout(self.layer_sizes).n_parameters
        shape = self.vectors.shape
        if len(shape) != 2 or shape[0] < 1 or shape[1] != n_parameters:
            raise ValueError(
                f"vectors: expected rows of {n_parameters} parameters for layers of "
                f"{self.layer_sizes}, got shape {shape}"
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
    def n_networks(self) -> int:
        """Number of networks."""
        return len(self.vectors)

    @property
    def n_features(self) -> int:
        """Number of observation dimensions."""
        return self.layer_sizes[0]

    @property
    def n_outputs(self) -> int:
        """Number of action dimensions."""
        return self.layer_sizes[-1]

    @property
    def is_stateful(self) -> bool:
        """False: an action depends on nothing but the observation."""
        return False

    def act(self, observation: ArrayLike) -> NDArray[np.float64]:
        """Return the action for an observation, or those for a batch.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Raw observations, in the units of the environment; not checked.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)
            Not clipped to the action space.

        Raises
        ------
        ValueError
            If there is another number of features.
        """
        return self._forward_pass(observation, self.vectors, self.units)

    __call__ = act

    def reset(self) -> None:
        """Begin an episode, of which this policy remembers nothing."""

    def _pack(self, state: dict[str, Any]) -> dict[str, Any]:
        # Arrays and plain containers: no file names a room that may be moved.
        names = ("layer_sizes", "activation", "vectors", "mean_return")
        return {name: state[name] for name in names} | {"units": self.units.packed}

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        # By the constructor's checks: a file may say anything, and nothing else looks
        # at the shapes before compiled code reads the arrays.
        units = Units.unpacked(state["units"], state["layer_sizes"][0])
        mean_return = state["mean_return"]
        return vars(
            NetworkPolicy(
                state["layer_sizes"],
                state["activation"],
                state["vectors"],
                units,
                mean_return=mean_return,
            )
        )

    def __repr__(self) -> str:
        widths = f"n_features={self.n_features}, n_outputs={self.n_outputs}"
        return f"{type(self).__name__}({widths})"
