"""Modules of torch that act as policies do, with their units inside."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._cells import CELLS
from skimitate.cloning._layout import Layout
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture


class Standardize(nn.Module):
    """Subtracts a mean, divides by a scale, and clips where there are bounds.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_columns,)
        What is subtracted, and what it is divided by then.
    low, high : ndarray of shape (n_columns,) or None, default=None
        Between which each column is clipped after that; infinite, or None, where it is
        not.
    indices : ndarray of int of shape (n_columns,) or None, default=None
        Which columns are taken, in order; None for all.
    """

    mean: Tensor
    mean_rest: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor
    indices: Tensor

    def __init__(
        self,
        mean: NDArray,
        scale: NDArray,
        low: NDArray | None = None,
        high: NDArray | None = None,
        indices: NDArray | None = None,
    ) -> None:
        super().__init__()
        # In two parts: a mean that float32 rounds is wrong by as much as columns vary
        # that are far from zero.
        rounded = np.asarray(mean, dtype=np.float32)
        self.register_buffer("mean", _tensor(mean))
        self.register_buffer("mean_rest", _tensor(mean - rounded.astype(np.float64)))
        self.register_buffer("scale", _tensor(scale))
        clips = [end for end in (low, high) if end is not None]
        self.clips = any(np.isfinite(end).any() for end in clips)
        if self.clips:
            self.register_buffer("low", _tensor(low))
            self.register_buffer("high", _tensor(high))
        self.selects = indices is not None
        if indices is not None:
            chosen = torch.as_tensor(np.array(indices, dtype=np.int64))
            self.register_buffer("indices", chosen)

    def forward(self, observation: Tensor) -> Tensor:
        """Return the columns (..., n_columns) of observations (..., n_features)."""
        x = observation
        if self.selects:
            x = x.index_select(-1, self.indices)
        # In the type of the observations where that is the finer one.
        x = ((x - self.mean) - self.mean_rest).to(self.scale.dtype) / self.scale
        return torch.clamp(x, self.low, self.high) if self.clips else x


class OutputUnits(nn.Module):
    """From what a network puts out to actions.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        What outputs are multiplied by, and what is added then.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: NDArray, scale: NDArray) -> None:
        super().__init__()
        self.register_buffer("mean", _tensor(mean))
        self.register_buffer("scale", _tensor(scale))

    def forward(self, outputs: Tensor) -> Tensor:
        """Return actions of the shape of the outputs."""
        return outputs * self.scale + self.mean


class TorchPolicy(nn.Module):
    """What every module that acts tells of itself.

    Parameters
    ----------
    n_features : int
        Number of observation dimensions.
    n_outputs : int
        Number of outputs: actions, or units of classes.
    classes : list of list or None, default=None
        The classes of each output of the policy, for each of which there is a unit, if
        actions are classes.
    """

    is_stateful = False

    def __init__(
        self, n_features: int, n_outputs: int, classes: list[list] | None = None
    ) -> None:
        super().__init__()
        self.n_features = n_features
        self.n_outputs = n_outputs
        self.classes = classes


class TorchNetworks(TorchPolicy):
    """Networks, whose mean acts.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units from the input to the output, both included.
    activation : str
        A key of ``ACTIVATIONS``.
    vectors : ndarray of shape (n_networks, n_parameters)
        Their parameters.
    inputs, outputs : nn.Module
        What is done before and after.
    **told
        See :class:`TorchPolicy`.
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activation: str,
        vectors: NDArray,
        inputs: nn.Module,
        outputs: nn.Module,
        **told: Any,
    ) -> None:
        super().__init__(**told)
        layout = Layout(layer_sizes)
        self.inputs = inputs
        self.networks = nn.ModuleList(
            layers_of(layer_sizes, activation, layout.layers(row)) for row in vectors
        )
        self.outputs = outputs

    def forward(self, observation: Tensor) -> Tensor:
        """Return the actions, or the units of classes, for observations.

        Parameters
        ----------
        observation : Tensor of shape (n_features,) or (n, n_features)
            Raw observations.

        Returns
        -------
        Tensor of shape (n_outputs,) or (n, n_outputs)
        """
        x = self.inputs(observation)
        outputs = [network(x) for network in self.networks]
        mean = torch.stack(outputs).mean(dim=0) if len(outputs) > 1 else outputs[0]
        return self.outputs(mean)


class TorchRecurrent(TorchPolicy):
    """A recurrent network, one step at a time.

    Parameters
    ----------
    architecture : RecurrentArchitecture
        What it is like.
    vector : ndarray of shape (n_parameters,)
        Its parameters.
    inputs, outputs : nn.Module
        What is done before and after.
    **told
        See :class:`TorchPolicy`.
    """

    is_stateful = True

    def __init__(
        self,
        architecture: RecurrentArchitecture,
        vector: NDArray,
        inputs: nn.Module,
        outputs: nn.Module,
        **told: Any,
    ) -> None:
        super().__init__(**told)
        of_inputs, of_state, *others = architecture.layout.layers(vector)
        kind = getattr(nn, f"{CELLS[architecture.cell].module}Cell")
        self.state_size = architecture.state_size
        self.inputs = inputs
        self.cells = _empty(kind, architecture.n_inputs, architecture.hidden_size)
        for name, (weight, bias) in (("ih", of_inputs), ("hh", of_state)):
            setattr(self.cells, f"weight_{name}", _parameter(weight))
            setattr(self.cells, f"bias_{name}", _parameter(bias))
        self.head = layers_of(architecture.sizes[1:], architecture.activation, others)
        self.outputs = outputs

    def start(self, observation: Tensor) -> Tensor:
        """Return what is remembered at the start of episodes: zeros.

        Parameters
        ----------
        observation : Tensor of shape (n_features,) or (n, n_features)
            The first of each.

        Returns
        -------
        Tensor of shape (state_size,) or (n, state_size)
        """
        weight = self.cells.weight_hh
        return weight.new_zeros((*observation.shape[:-1], self.state_size))

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next actions of episodes, and what is to be handed in again.

        Parameters
        ----------
        observation : Tensor of shape (n_features,) or (n, n_features)
            The next raw observation of each episode.
        state : Tensor of shape (state_size,) or (n, state_size)
            What :meth:`start` or the last call returned.

        Returns
        -------
        actions : Tensor of shape (n_outputs,) or (n, n_outputs)
        state : Tensor of the shape of ``state``
        """
        x = self.inputs(observation)
        if isinstance(self.cells, nn.LSTMCell):
            size = self.cells.hidden_size
            halves = state[..., :size], state[..., size:]
            hidden, cell = self.cells(x, halves)
            state = torch.cat([hidden, cell], dim=-1)
        else:
            hidden = state = self.cells(x, state)
        return self.outputs(self.head(hidden)), state


def joined(modules: Sequence[nn.Module]) -> nn.Module:
    """Return what does what some modules do, one after the other.

    Parameters
    ----------
    modules : sequence of nn.Module
        Maybe none.

    Returns
    -------
    nn.Module
    """
    if not modules:
        return nn.Identity()
    return modules[0] if len(modules) == 1 else nn.Sequential(*modules)


def layers_of(
    sizes: Sequence[int], activation: str, layers: Sequence[tuple[NDArray, NDArray]]
) -> nn.Sequential:
    """Return fully connected layers with an activation between them.

    Parameters
    ----------
    sizes : sequence of int
        Number of units from the input to the output, both included.
    activation : str
        A key of ``ACTIVATIONS``.
    layers : sequence of tuple of ndarray
        Weights and biases of each layer.

    Returns
    -------
    nn.Sequential
    """
    modules: list[nn.Module] = []
    for (n_inputs, n_outputs), (weight, bias) in zip(
        pairwise(sizes), layers, strict=True
    ):
        if modules:
            modules.append(getattr(nn, ACTIVATIONS[activation].module)())
        linear = _empty(nn.Linear, n_inputs, n_outputs)
        linear.weight, linear.bias = _parameter(weight), _parameter(bias)
        modules.append(linear)
    return nn.Sequential(*modules)


def _empty(kind: type[nn.Module], *sizes: int) -> Any:
    """Return a module that drew nothing from torch's generator."""
    return kind(*sizes, device="meta")


def _parameter(values: NDArray) -> nn.Parameter:
    return nn.Parameter(_tensor(values))


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))
