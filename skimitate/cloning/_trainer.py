"""Training of the network: minibatch Adam, and the average of its iterates."""

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
from skimitate.cloning._units import Units, change_units
from skimitate.kernels import mlp as kernel

# How much one call of the kernel may do, in samples times parameters: about 30 ms on a
# core of today. Python looks at signals, Ctrl-C for one, between two calls.
_WORK = 300_000_000


class TrainingData(NamedTuple):
    """Inputs, targets and weights, as :meth:`Trainer.prepare` lays them out."""

    X: Any
    y: Any
    weight: Any


class Trainer:
    """Minibatch Adam on a loss, and the average of its iterates.

    Parameters
    ----------
    network : MLP
        Where training starts; copied.
    settings : Settings
        How it goes on.

    Attributes
    ----------
    units : Units
        What the network's inputs and outputs count in.

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
        vector = network.vector
        self._n_steps = np.zeros(1, dtype=np.intp)  # where the kernel counts
        self.units = Units.plain(sizes[0], sizes[-1])
        self._iterate = MLP.of_arrays(sizes, network.activation, vector.cpu().numpy())
        self._average = vector.clone()
        self._moments = torch.zeros_like(vector), torch.zeros_like(vector)
        self._settings = settings
        self.configure(settings)

    @property
    def n_steps(self) -> int:
        """Number of steps taken."""
        return int(self._n_steps[0])

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
            self._average.copy_(self._iterate.vector)
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
            Inputs, in the network's units.
        y : ndarray of shape (n_samples, n_outputs)
            Targets, in the network's units.
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

    def run_epoch(self, data: TrainingData, permutation: NDArray[np.intp]) -> float:
        """Take one step of Adam for each minibatch.

        Parameters
        ----------
        data : TrainingData
            From :meth:`prepare`.
        permutation : ndarray of shape (n_samples,)
            Order in which the samples are visited.

        Returns
        -------
        float
            Mean over the samples of the loss, penalty included, before each step, in
            the network's units.
        """
        settings = self._settings
        batch_size = min(settings.batch_size, len(permutation))
        n_outputs = self._iterate.layer_sizes[-1]
        penalty = settings.alpha * LOSSES[settings.loss].penalty(n_outputs)
        with torch.inference_mode(False), torch.enable_grad():
            run = self._run_compiled if self._compiled else self._run_torch
            return run(data, permutation, batch_size, penalty) / len(permutation)

    def _run_compiled(
        self,
        data: TrainingData,
        permutation: NDArray[np.intp],
        batch_size: int,
        penalty: float,
    ) -> float:
        settings = self._settings
        total = 0.0
        n_visits = rows_of_a_call(self._iterate.layout.n_parameters, batch_size)
        for start in range(0, len(permutation), n_visits):
            visits = permutation[start : start + n_visits]
            loss = kernel.train_epoch(
                data.X,
                data.y,
                data.weight,
                visits,
                np.array(self._iterate.layer_sizes, dtype=np.intp),
                kernel.ACTIVATIONS[self._iterate.activation],
                kernel.LOSSES[settings.loss],
                self._iterate.vector.numpy(),
                self._moments[0].numpy(),
                self._moments[1].numpy(),
                None if settings.ema_decay is None else self._average.numpy(),
                self._n_steps,
                batch_size,
                settings.learning_rate_init,
                penalty,
                settings.ema_decay or 0.0,
            )
            total += loss * len(visits)
        return total

    def _run_torch(
        self,
        data: TrainingData,
        permutation: NDArray[np.intp],
        batch_size: int,
        penalty: float,
    ) -> float:
        vector, optimizer = self._optimizer()
        ema_decay = self._settings.ema_decay
        order = torch.from_numpy(permutation).to(vector.device)
        total = torch.zeros((), device=vector.device)
        for step, rows in enumerate(order.split(batch_size), start=self.n_steps + 1):
            weights = None if data.weight is None else data.weight[rows]
            loss = self._loss(data.X[rows], data.y[rows], weights, penalty)
            optimizer.zero_grad(set_to_none=False)
            loss.backward()
            optimizer.step()
            if ema_decay is not None:
                weight = kernel.average_weight(ema_decay, step)
                self._average.lerp_(vector.detach(), weight)
            self._n_steps[0] = step
            total += loss.detach() * len(rows)
        return float(total)

    def _optimizer(self) -> tuple[nn.Parameter, torch.optim.Adam]:
        """Return the vector of parameters, and an Adam that goes on with it.

        The gradients of the parameters are views into the vector's gradient: Adam and
        the average take one operation a step each instead of one for every parameter.
        """
        vector = nn.Parameter(self._iterate.vector)
        vector.grad = torch.zeros_like(vector)
        gradients = self._iterate.layout.layers(vector.grad)
        for linear, gradient in zip(self._iterate.linears, gradients, strict=True):
            linear.weight.grad, linear.bias.grad = gradient
        optimizer = torch.optim.Adam(
            [vector], lr=self._settings.learning_rate_init, fused=True
        )
        optimizer.state[vector] = {
            "step": torch.tensor(float(self.n_steps), device=vector.device),
            "exp_avg": self._moments[0],
            "exp_avg_sq": self._moments[1],
        }
        return vector, optimizer

    def _loss(
        self, X: Tensor, y: Tensor, sample_weight: Tensor | None, penalty: float
    ) -> Tensor:
        """Return the mean loss of a minibatch plus its L2 penalty."""
        losses = LOSSES[self._settings.loss].of_rows(self._iterate(X), y)
        if sample_weight is not None:
            losses = losses * sample_weight
        loss = losses.mean()
        if penalty > 0:
            squares = [linear.weight.square().sum() for linear in self._iterate.linears]
            loss = loss + penalty / len(X) * torch.stack(squares).sum()
        return loss

    def write_to(self, network: MLP) -> None:
        """Copy the weights that act to a network: the average, if there is one."""
        averaged = self._settings.ema_decay is not None and self.n_steps > 0
        network.assign(self._average if averaged else self._iterate.vector)

    def set_units(self, units: Units) -> None:
        """Change what inputs and outputs count in, and keep what was trained.

        Parameters
        ----------
        units : Units
            The new ones.
        """
        if self.n_steps > 0:
            for vector in (self._iterate.vector, self._average):
                values = vector.cpu().double().numpy()
                changed = change_units(self._iterate.layout, values, self.units, units)
                vector.copy_(torch.from_numpy(changed))
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
            "vectors": [vector.cpu().numpy().copy() for vector in self._vectors()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state` returned."""
        self.configure(Settings(**state["settings"]))
        self._n_steps[0] = state["n_steps"]
        self.units = Units.unpacked(state["units"], self._iterate.layer_sizes[0])
        for vector, values in zip(self._vectors(), state["vectors"], strict=True):
            vector.copy_(torch.from_numpy(np.array(values)))  # which may be read-only

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return a trainer in the state that :meth:`state` returned."""
        settings = Settings(**state["settings"])
        try:
            resolve_device(settings.device)
        except ValueError:
            settings = settings._replace(device="cpu", backend="auto")
        network = MLP.of_arrays(
            state["layer_sizes"], state["activation"], state["vectors"][0]
        )
        trainer = cls(network, settings)
        trainer.restore(state | {"settings": settings._asdict()})
        return trainer

    def _vectors(self) -> tuple[Tensor, ...]:
        return self._iterate.vector, self._average, *self._moments


def rows_of_a_call(n_parameters: int, batch_size: int) -> int:
    """Return how many samples the kernel trains on before Python looks at signals.

    Whole minibatches, and so many that the calls themselves cost nothing to speak of.

    Parameters
    ----------
    n_parameters : int
        Of the network.
    batch_size : int
        Number of samples a step.

    Returns
    -------
    int
    """
    # Measured: fetching a sample costs as much as 1,000 parameters do, and a step of
    # Adam and of the average as much as 10 samples.
    step = (n_parameters + 1000) * (batch_size + 10)
    return max(1, _WORK // step) * batch_size
