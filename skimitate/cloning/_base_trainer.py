"""What trainers have in common: Adam, its state, and the average of its iterates."""

from typing import Any, Generic, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skimitate.cloning._device import resolve_device
from skimitate.cloning._losses import LOSSES
from skimitate.cloning._parameter_rows import ParameterRows
from skimitate.cloning._precision import in_single_precision
from skimitate.cloning._settings import Settings
from skimitate.cloning._units import Units, change_units
from skimitate.kernels.mlp import average_weight

Network = TypeVar("Network", bound=ParameterRows)


class BaseTrainer(Generic[Network]):
    """Minibatch Adam on a loss, and the average of its iterates.

    A class that derives from it lays data out and takes the steps. After each call, and
    after whatever interrupts one, all networks have taken as many steps.

    Parameters
    ----------
    network : ParameterRows
        Where training starts: one network or some; copied.
    settings : Settings
        How it goes on.

    Attributes
    ----------
    units : Units
        What the networks' inputs and outputs count in.

    Raises
    ------
    ValueError
        If the device cannot be reached, or the backend cannot train on it.

    References
    ----------
    Kingma and Ba: "Adam: A method for stochastic optimization", ICLR 2015,
    algorithm 1. Block et al.: "Butterfly effects of SGD noise: error amplification in
    behavior cloning and autoregression", ICLR 2024. Shamir and Zhang: "Stochastic
    gradient descent for non-smooth optimization", ICML 2013, section 4: the
    polynomial-decay averaging (eta = 9) that starts the average.
    """

    _kind: type[Network]

    def __init__(self, network: Network, settings: Settings) -> None:
        vectors = network.vectors
        self._n_steps = np.zeros(1, dtype=np.intp)  # where the kernel counts
        shapes = network.layout.shapes
        self.units = Units.plain(shapes[0][0], shapes[-1][1])
        self._iterate = self._kind.of_arrays(*network.packed())
        self._average = vectors.clone()
        self._moments = torch.zeros_like(vectors), torch.zeros_like(vectors)
        self._settings = settings
        self.configure(settings)

    @property
    def n_outputs(self) -> int:
        """Number of outputs of a network."""
        return self._iterate.layout.shapes[-1][1]

    @property
    def n_steps(self) -> int:
        """Number of steps that each network has taken."""
        return int(self._n_steps[0])

    @property
    def _blocks(self) -> tuple[int, ...]:
        return self._settings.blocks or (self.n_outputs,)

    def configure(self, settings: Settings) -> None:
        """Change how training goes on.

        Parameters
        ----------
        settings : Settings
            See the class.

        Raises
        ------
        ValueError
            See the class.
        """
        device = resolve_device(settings.device)
        on_cpu = device.type == "cpu"
        if settings.backend == "compiled" and not on_cpu:
            raise ValueError(
                f"backend: expected 'auto' or 'torch' on device {settings.device!r}, "
                "got 'compiled', which trains on the CPU"
            )
        if settings.ema_decay is not None and self._settings.ema_decay is None:
            self._average.copy_(self._iterate.vectors)
        self._settings = settings
        self._compiled = on_cpu and settings.backend != "torch"
        self._iterate = self._iterate.to(device)
        self._average = self._average.to(device)
        self._moments = self._moments[0].to(device), self._moments[1].to(device)

    def _laid_out(self, array: NDArray, name: str) -> Any:
        """Return an array as what trains takes it."""
        single = array
        if array.dtype != np.float32 or not array.flags.c_contiguous:
            single = in_single_precision(array, name)
        if self._compiled:
            return single
        return torch.tensor(single, device=self._average.device)

    @property
    def _penalty(self) -> float:
        """Factor of the sum of the squared weights in the losses of a minibatch."""
        return self._settings.alpha * LOSSES[self._settings.loss].penalty(
            self.n_outputs
        )

    def _losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each sample."""
        of_rows = LOSSES[self._settings.loss].of_rows
        blocks = [array.split(self._blocks, -1) for array in (outputs, targets)]
        losses = torch.stack([of_rows(*pair) for pair in zip(*blocks, strict=True)])
        return losses.sum(dim=0)

    def _squares(self) -> Tensor:
        """Return the sum of the squared weights."""
        pairs = self._iterate.layers_of_parameters()
        return torch.stack([weight.square().sum() for weight, _ in pairs]).sum()

    def _optimizer(self) -> tuple[nn.Parameter, torch.optim.Adam]:
        """Return the rows of parameters, and an Adam that goes on with them.

        Adam and the average take one operation a step each on the rows, instead of one
        for every parameter.
        """
        vectors = nn.Parameter(self._iterate.vectors)
        vectors.grad = torch.zeros_like(vectors)
        optimizer = torch.optim.Adam(
            [vectors], lr=self._settings.learning_rate_init, fused=True
        )
        optimizer.state[vectors] = {
            "step": torch.tensor(float(self.n_steps), device=vectors.device),
            "exp_avg": self._moments[0],
            "exp_avg_sq": self._moments[1],
        }
        return vectors, optimizer

    def _take_step(
        self, loss: Tensor, vectors: nn.Parameter, optimizer: torch.optim.Adam
    ) -> None:
        """Go down the gradient of a loss, by autograd, and let the average follow."""
        pairs = self._iterate.layers_of_parameters()
        parameters = [parameter for pair in pairs for parameter in pair]
        gradients = torch.autograd.grad(loss, parameters)
        rows = [gradient.reshape(len(vectors), -1) for gradient in gradients]
        torch.cat(rows, 1, out=vectors.grad)
        optimizer.step()
        step = self.n_steps + 1
        if self._settings.ema_decay is not None:
            weight = average_weight(self._settings.ema_decay, step)
            self._average.lerp_(vectors.detach(), weight)
        self._n_steps[0] = step

    def write_to(self, network: Network) -> None:
        """Copy the weights that act to a network: the average, if there is one."""
        averaged = self._settings.ema_decay is not None and self.n_steps > 0
        network.assign(self._average if averaged else self._iterate.vectors)

    def set_units(self, units: Units) -> None:
        """Change what inputs and outputs count in, and keep what was trained.

        Parameters
        ----------
        units : Units
            The new ones.
        """
        if self.n_steps > 0:
            for vectors in (self._iterate.vectors, self._average):
                values = vectors.cpu().double().numpy()
                changed = change_units(self._iterate.layout, values, self.units, units)
                vectors.copy_(torch.from_numpy(changed))
        self.units = units

    def state(self) -> dict[str, Any]:
        """Return a copy of the state of training, in arrays and plain containers.

        A model that was trained on another device loads where there is none, and
        files name no class of ours.
        """
        return {
            "architecture": tuple(self._iterate.architecture),
            "n_steps": self.n_steps,
            "units": self.units.packed,
            "settings": self._settings._asdict(),
            "memory": [array.cpu().numpy().copy() for array in self._memory()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state` returned."""
        self.configure(Settings(**state["settings"]))
        self._n_steps[0] = state["n_steps"]
        self.units = Units.unpacked(state["units"], len(self.units.input_mean))
        for array, values in zip(self._memory(), state["memory"], strict=True):
            array.copy_(torch.from_numpy(np.array(values)))  # which may be read-only

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return a trainer in the state that :meth:`state` returned."""
        settings = Settings(**state["settings"])
        try:
            resolve_device(settings.device)
        except ValueError:
            settings = settings._replace(device="cpu", backend="auto")
        network = cls._kind.of_arrays(state["architecture"], state["memory"][0])
        trainer = cls(network, settings)
        trainer.restore(state | {"settings": settings._asdict()})
        return trainer

    def _memory(self) -> tuple[Tensor, ...]:
        return self._iterate.vectors, self._average, *self._moments
