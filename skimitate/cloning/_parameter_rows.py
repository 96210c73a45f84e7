"""Networks of torch whose parameters lie in rows, one for each of them."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skimitate.cloning._layout import Layers


class ParameterRows(nn.Module):
    """Keeps the parameters of each network in one row, whatever torch does to them.

    What works on all of them (Adam, a moving average, a compiled kernel) works on that.
    A class that derives from it has ``architecture`` and ``layout``, says which
    parameters are which (``layers_of_parameters``) and calls ``_flatten`` once it has
    them.

    Attributes
    ----------
    vectors : torch.Tensor of shape (n_networks, n_parameters)
        The memory of the parameters.
    layout : Layers
        What lies where in a row of it.
    architecture : tuple
        What the networks are like, as ``of_arrays`` takes it.
    """

    vectors: Tensor
    layout: Layers
    architecture: Any
    # Weights and biases, in the order of the layout.
    layers_of_parameters: Callable[[], list[tuple[nn.Parameter, nn.Parameter]]]
    # Draws the parameters, with a generator for each network.
    initialize: Callable[..., Self]

    @property
    def n_networks(self) -> int:
        """How many networks there are."""
        return 1

    def _flatten(self) -> None:
        """Move the parameters of each network into one row."""
        pairs = self.layers_of_parameters()
        rows = [p.detach().reshape(self.n_networks, -1) for pair in pairs for p in pair]
        self.vectors = torch.cat(rows, dim=1)
        for pair, layer in zip(pairs, self.layout.layers(self.vectors), strict=True):
            for parameter, view in zip(pair, layer, strict=True):
                parameter.data = view.view(parameter.shape)
        # What acts: the memory of the parameters, where it is float32 on the CPU.
        vectors = self.vectors
        shares = vectors.device.type == "cpu" and vectors.dtype == torch.float32
        self._shared_memory = vectors.numpy() if shares else None

    def _apply(self, fn: Callable, recurse: bool = True) -> Self:
        """Convert the parameters, as ``to`` and the like do, and keep them together."""
        super()._apply(fn, recurse)
        self._flatten()
        return self

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Load parameters as torch does, and keep them together."""
        result = super().load_state_dict(*args, **kwargs)
        self._flatten()
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        # Each parameter pickled by itself would bring the whole vector along.
        return type(self).of_arrays, self.packed()

    def packed(self) -> tuple[Any, ...]:
        """Return what :meth:`of_arrays` makes the networks of: plain, and copied."""
        vectors = self.vectors.cpu().numpy().copy()
        return tuple(self.architecture), vectors, self.training

    @classmethod
    def of_arrays(
        cls, architecture: tuple[Any, ...], vectors: NDArray, training: bool = True
    ) -> Self:
        """Return the networks of these parameters.

        Parameters
        ----------
        architecture : tuple
            What the class is called with.
        vectors : ndarray of shape (n_networks, n_parameters)
            Copied.
        training : bool, default=True
            What torch calls the mode.

        Returns
        -------
        ParameterRows
        """
        network = cls(*architecture)
        values = torch.from_numpy(np.array(vectors))  # which may be read-only
        network.to(values.dtype)
        network.assign(values)
        network.train(training)
        return network

    def assign(self, vectors: Tensor) -> None:
        """Copy values into the parameters.

        Parameters
        ----------
        vectors : torch.Tensor of shape (n_networks, n_parameters)
            From any device.
        """
        self.vectors.copy_(vectors)

    def _acting_vectors(self) -> NDArray[np.float32]:
        """Return the parameters as the kernel takes them: their memory if it can."""
        if self._shared_memory is not None:
            return self._shared_memory
        return self.vectors.cpu().float().numpy()
