"""Training of the networks: minibatch Adam, and the average of the iterates."""

from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skimitate.cloning._device import resolve_device
from skimitate.cloning._losses import LOSSES
from skimitate.cloning._network import MLP
from skimitate.cloning._precision import in_single_precision
from skimitate.cloning._settings import Settings
from skimitate.cloning._signals import rows_of_a_call
from skimitate.cloning._units import Units, change_units
from skimitate.kernels import mlp as kernel


class TrainingData(NamedTuple):
    """Inputs, targets and weights, as :meth:`Trainer.prepare` lays them out."""

    X: Any
    y: Any
    weight: Any


class Trainer:
    """Minibatch Adam on a loss, and the average of its iterates.

    Networks are trained side by side, each on its own order of the samples. After each
    call, and after whatever interrupts one, all have taken as many steps.

    Parameters
    ----------
    network : MLP
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

    def __init__(self, network: MLP, settings: Settings) -> None:
        sizes = network.layer_sizes
        vectors = network.vectors
        self._n_steps = np.zeros(1, dtype=np.intp)  # where the kernel counts
        self.units = Units.plain(sizes[0], sizes[-1])
        self._iterate = MLP.of_arrays(sizes, network.activation, vectors.cpu().numpy())
        self._average = vectors.clone()
        self._moments = torch.zeros_like(vectors), torch.zeros_like(vectors)
        self._settings = settings
        self.configure(settings)

    @property
    def n_steps(self) -> int:
        """Number of steps that each network has taken."""
        return int(self._n_steps[0])

    @property
    def _blocks(self) -> tuple[int, ...]:
        return self._settings.blocks or (self._iterate.layer_sizes[-1],)

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

    def prepare(
        self, X: NDArray, y: NDArray, sample_weight: NDArray | None
    ) -> TrainingData:
        """Lay data out for training: in float32, on the device.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs)
            Inputs, in the networks' units.
        y : ndarray of shape (n_samples, n_outputs)
            Targets, in the networks' units.
        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples; they are scaled to mean 1.

        Returns
        -------
        TrainingData

        Raises
        ------
        ValueError
            If float32 cannot hold the data.
        """
        weight = None
        if sample_weight is not None:
            weight = self._laid_out(sample_weight / sample_weight.mean(), "weights")
        return TrainingData(self._laid_out(X, "X"), self._laid_out(y, "y"), weight)

    def _laid_out(self, array: NDArray, name: str) -> Any:
        """Return an array as what trains takes it."""
        single = array
        if array.dtype != np.float32 or not array.flags.c_contiguous:
            single = in_single_precision(array, name)
        if self._compiled:
            return single
        return torch.tensor(single, device=self._average.device)

    def run_epoch(self, data: TrainingData, permutations: NDArray[np.intp]) -> float:
        """Take one step of Adam for each minibatch and network.

        Parameters
        ----------
        data : TrainingData
            From :meth:`prepare`.
        permutations : ndarray of shape (n_networks, n_samples)
            Order in which each network visits the samples.

        Returns
        -------
        float
            Mean over the networks and the samples of the loss, penalty included, before
            each step, in the networks' units.
        """
        settings = self._settings
        n_visits = permutations.shape[1]
        batch_size = min(settings.batch_size, n_visits)
        n_outputs = self._iterate.layer_sizes[-1]
        penalty = settings.alpha * LOSSES[settings.loss].penalty(n_outputs)
        with torch.inference_mode(False), torch.enable_grad():
            run = self._run_compiled if self._compiled else self._run_torch
            return run(data, permutations, batch_size, penalty) / n_visits

    def _run_compiled(
        self,
        data: TrainingData,
        permutations: NDArray[np.intp],
        batch_size: int,
        penalty: float,
    ) -> float:
        settings = self._settings
        total = 0.0
        n_networks, n_parameters = self._iterate.vectors.shape
        n_visits = rows_of_a_call(n_networks, n_parameters, batch_size)
        for start in range(0, permutations.shape[1], n_visits):
            visits = permutations[:, start : start + n_visits]
            loss = kernel.train_epoch(
                data.X,
                data.y,
                data.weight,
                np.ascontiguousarray(visits),
                np.array(self._iterate.layer_sizes, dtype=np.intp),
                kernel.ACTIVATIONS[self._iterate.activation],
                kernel.LOSSES[settings.loss],
                np.array(self._blocks, dtype=np.intp),
                self._iterate.vectors.numpy(),
                self._moments[0].numpy(),
                self._moments[1].numpy(),
                None if settings.ema_decay is None else self._average.numpy(),
                self._n_steps,
                batch_size,
                settings.learning_rate_init,
                penalty,
                settings.ema_decay or 0.0,
            )
            total += loss * visits.shape[1]
        return total

    def _run_torch(
        self,
        data: TrainingData,
        permutations: NDArray[np.intp],
        batch_size: int,
        penalty: float,
    ) -> float:
        vectors, optimizer = self._optimizer()
        parameters = list(self._iterate.parameters())
        ema_decay = self._settings.ema_decay
        batches = torch.from_numpy(permutations).to(vectors.device).split(batch_size, 1)
        total = torch.zeros((), device=vectors.device)
        for step, rows in enumerate(batches, start=self.n_steps + 1):
            weights = None if data.weight is None else data.weight[rows]
            loss = self._loss(data.X[rows], data.y[rows], weights, penalty)
            gradients = torch.autograd.grad(loss, parameters)
            torch.cat([each.flatten(1) for each in gradients], 1, out=vectors.grad)
            optimizer.step()
            if ema_decay is not None:
                weight = kernel.average_weight(ema_decay, step)
                self._average.lerp_(vectors.detach(), weight)
            self._n_steps[0] = step
            total += loss.detach() * rows.shape[1]
        return float(total) / len(vectors)

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

    def _loss(
        self, X: Tensor, y: Tensor, sample_weight: Tensor | None, penalty: float
    ) -> Tensor:
        """Return the sum over the networks of each one's mean loss and L2 penalty."""
        n_rows = X.shape[1]
        of_rows = LOSSES[self._settings.loss].of_rows
        blocks = [array.split(self._blocks, -1) for array in (self._iterate.each(X), y)]
        losses = torch.stack([of_rows(*pair) for pair in zip(*blocks, strict=True)])
        losses = losses.sum(dim=0)
        if sample_weight is not None:
            losses = losses * sample_weight
        loss = losses.sum() / n_rows
        if penalty > 0:
            squares = [linear.weight.square().sum() for linear in self._iterate.linears]
            loss = loss + penalty / n_rows * torch.stack(squares).sum()
        return loss

    def write_to(self, network: MLP) -> None:
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
            "layer_sizes": self._iterate.layer_sizes,
            "activation": self._iterate.activation,
            "n_steps": self.n_steps,
            "units": self.units.packed,
            "settings": self._settings._asdict(),
            "memory": [array.cpu().numpy().copy() for array in self._memory()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state` returned."""
        self.configure(Settings(**state["settings"]))
        self._n_steps[0] = state["n_steps"]
        self.units = Units.unpacked(state["units"], self._iterate.layer_sizes[0])
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
        network = MLP.of_arrays(
            state["layer_sizes"], state["activation"], state["memory"][0]
        )
        trainer = cls(network, settings)
        trainer.restore(state | {"settings": settings._asdict()})
        return trainer

    def _memory(self) -> tuple[Tensor, ...]:
        return self._iterate.vectors, self._average, *self._moments
