"""Training of the network: minibatch Adam, and the average of its iterates."""

import copy
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skimitate._threads import one_thread
from skimitate.cloning._network import MLP
from skimitate.kernels import mlp as _mlp_kernel


class TrainingData(NamedTuple):
    """Inputs, targets and weights, as :meth:`Trainer.prepare` lays them out."""

    X: Any
    y: Any
    weight: Any


class Trainer:
    """Minibatch Adam on a mean squared error, and the average of its iterates.

    Parameters
    ----------
    network : MLP
        Where training starts; copied.
    learning_rate : float
        Step size of Adam.
    ema_decay : float or None
        Decay of the moving average of the iterates; None for no average.
    device : torch.device
        Where to train.
    compiled : bool
        Whether the compiled kernel trains, on the memory of torch's parameters, or
        torch itself. Both take the same steps.

    References
    ----------
    Kingma and Ba: "Adam: A method for stochastic optimization", ICLR 2015,
    algorithm 1. Block et al.: "Butterfly effects of SGD noise: error amplification in
    behavior cloning and autoregression", ICLR 2024. Shamir and Zhang: "Stochastic
    gradient descent for non-smooth optimization", ICML 2013, section 4: the
    polynomial-decay averaging (eta = 9) that starts the average.
    """

    def __init__(
        self,
        network: MLP,
        *,
        learning_rate: float,
        ema_decay: float | None,
        device: torch.device,
        compiled: bool,
    ) -> None:
        self.n_steps = 0
        self.iterate = copy.deepcopy(network)
        vector = self.iterate.vector
        self._average = vector.clone()
        self._moments = torch.zeros_like(vector), torch.zeros_like(vector)
        self._output_mean = np.zeros(network.layer_sizes[-1])
        self._output_scale = 1.0
        self.configure(
            learning_rate=learning_rate,
            ema_decay=ema_decay,
            device=device,
            compiled=compiled,
        )

    def configure(
        self,
        *,
        learning_rate: float,
        ema_decay: float | None,
        device: torch.device,
        compiled: bool,
    ) -> None:
        """Change how training goes on; see the parameters of the class."""
        if ema_decay is not None and getattr(self, "ema_decay", ema_decay) is None:
            self._average.copy_(self.iterate.vector)
        self.learning_rate = learning_rate
        self.ema_decay = ema_decay
        self.device = device
        self.compiled = compiled
        self.iterate = self.iterate.to(device)
        self._average = self._average.to(device)
        self._moments = self._moments[0].to(device), self._moments[1].to(device)

    def prepare(
        self, X: NDArray, y: NDArray, sample_weight: NDArray | None
    ) -> TrainingData:
        """Lay data out for training: in float32, on the device.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs)
            Inputs.
        y : ndarray of shape (n_samples, n_outputs)
            Targets.
        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples; they are scaled to mean 1.

        Returns
        -------
        TrainingData
        """
        y = (y - self._output_mean) / self._output_scale
        lay_out = _contiguous if self.compiled else self._tensor
        weight = None
        if sample_weight is not None:
            weight = lay_out(sample_weight / sample_weight.mean())
        return TrainingData(lay_out(X), lay_out(y), weight)

    def _tensor(self, array: NDArray) -> Tensor:
        return torch.tensor(_contiguous(array), device=self.device)

    def run_epoch(
        self,
        data: TrainingData,
        permutation: NDArray[np.intp],
        *,
        batch_size: int,
        alpha: float,
    ) -> float:
        """Take one step of Adam for each minibatch.

        Parameters
        ----------
        data : TrainingData
            From :meth:`prepare`.
        permutation : ndarray of shape (n_samples,)
            Order in which the samples are visited.
        batch_size : int
            Number of samples a step; the last step takes what is left.
        alpha : float
            Strength of the L2 penalty; divided by the size of the minibatch.

        Returns
        -------
        float
            Mean over the samples of the loss, penalty included, before each step; in
            the squared unit of the targets.
        """
        batch_size = min(batch_size, len(permutation))
        with one_thread(), torch.inference_mode(False), torch.enable_grad():
            run = self._run_compiled if self.compiled else self._run_torch
            loss = run(data, permutation, batch_size, alpha)
        self.n_steps += -(-len(permutation) // batch_size)
        return loss * self._output_scale**2

    def _run_compiled(
        self,
        data: TrainingData,
        permutation: NDArray[np.intp],
        batch_size: int,
        alpha: float,
    ) -> float:
        return _mlp_kernel.train_epoch(
            data.X,
            data.y,
            data.weight,
            permutation,
            np.array(self.iterate.layer_sizes, dtype=np.intp),
            _mlp_kernel.ACTIVATIONS[self.iterate.activation],
            _mlp_kernel.LOSSES["squared_error"],
            self.iterate.vector.numpy(),
            self._moments[0].numpy(),
            self._moments[1].numpy(),
            None if self.ema_decay is None else self._average.numpy(),
            self.n_steps,
            batch_size,
            self.learning_rate,
            alpha,
            self.ema_decay or 0.0,
        )

    def _run_torch(
        self,
        data: TrainingData,
        permutation: NDArray[np.intp],
        batch_size: int,
        alpha: float,
    ) -> float:
        vector, optimizer = self._optimizer()
        order = torch.from_numpy(permutation).to(self.device)
        total = torch.zeros((), device=self.device)
        for step, rows in enumerate(order.split(batch_size), start=self.n_steps + 1):
            weights = None if data.weight is None else data.weight[rows]
            loss = self._loss(data.X[rows], data.y[rows], weights, alpha)
            optimizer.zero_grad(set_to_none=False)
            loss.backward()
            optimizer.step()
            if self.ema_decay is not None:
                self._average.lerp_(
                    vector.detach(), average_weight(self.ema_decay, step)
                )
            total += loss.detach() * len(rows)
        return float(total) / len(permutation)

    def _optimizer(self) -> tuple[nn.Parameter, torch.optim.Adam]:
        """Return the vector of parameters, and an Adam that goes on with it.

        The gradients of the parameters are views into the vector's gradient: Adam and
        the average take one operation a step each instead of one for every parameter.
        """
        vector = nn.Parameter(self.iterate.vector)
        gradient = torch.zeros_like(vector)
        vector.grad = gradient
        start = 0
        for parameter in self.iterate.parameters():
            end = start + parameter.numel()
            parameter.grad = gradient[start:end].view_as(parameter)
            start = end
        optimizer = torch.optim.Adam([vector], lr=self.learning_rate, fused=True)
        optimizer.state[vector] = {
            "step": torch.tensor(float(self.n_steps), device=self.device),
            "exp_avg": self._moments[0],
            "exp_avg_sq": self._moments[1],
        }
        return vector, optimizer

    def _loss(
        self, X: Tensor, y: Tensor, sample_weight: Tensor | None, alpha: float
    ) -> Tensor:
        """Mean squared error of a minibatch plus its L2 penalty."""
        errors = (self.iterate(X) - y).square().mean(dim=1)
        if sample_weight is not None:
            errors = errors * sample_weight
        loss = errors.mean()
        if alpha > 0:
            squares = [linear.weight.square().sum() for linear in self.iterate.linears]
            loss = loss + alpha / len(X) * torch.stack(squares).sum()
        return loss

    def write_to(self, network: MLP) -> None:
        """Copy the weights that act, the average if there is one, to a network.

        The network's outputs are in the unit of the targets.
        """
        averaged = self.ema_decay is not None and self.n_steps > 0
        network.assign(self._average if averaged else self.iterate.vector)
        _transform_outputs(
            network, network.vector, self._output_scale, self._output_mean
        )

    def rescale_inputs(
        self, ratio: NDArray[np.float64], shift: NDArray[np.float64]
    ) -> None:
        """Change the unit of the inputs and keep the function.

        Parameters
        ----------
        ratio, shift : ndarrays of shape (n_inputs,)
            The old input is ``ratio * new input + shift``.
        """
        n_inputs, n_outputs = self.iterate.layer_sizes[:2]
        n_weights = n_inputs * n_outputs
        for vector in (self.iterate.vector, self._average):
            block = vector[: n_weights + n_outputs].cpu().double().numpy()
            weight = block[:n_weights].reshape(n_outputs, n_inputs)
            bias = block[n_weights:] + weight @ shift
            folded = np.concatenate([(weight * ratio).reshape(-1), bias])
            vector[: n_weights + n_outputs] = self._tensor(folded)

    def set_output_unit(self, mean: NDArray[np.float64], scale: float) -> None:
        """Change what the outputs count in, and keep the function that was trained.

        Parameters
        ----------
        mean : ndarray of shape (n_outputs,)
            What output 0 stands for, in the unit of the targets.
        scale : float
            What a difference of 1 stands for.
        """
        if self.n_steps > 0:
            shift = (self._output_mean - mean) / scale
            for vector in (self.iterate.vector, self._average):
                _transform_outputs(
                    self.iterate, vector, self._output_scale / scale, shift
                )
        self._output_mean, self._output_scale = mean, scale

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the state of training, for :meth:`restore`."""
        return {
            "n_steps": self.n_steps,
            "vectors": [vector.clone() for vector in self._vectors()],
            "output_unit": (self._output_mean, self._output_scale),
            "setting": {
                "learning_rate": self.learning_rate,
                "ema_decay": self.ema_decay,
                "device": self.device,
                "compiled": self.compiled,
            },
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a snapshot."""
        self.configure(**snapshot["setting"])
        self.n_steps = snapshot["n_steps"]
        self._output_mean, self._output_scale = snapshot["output_unit"]
        for vector, saved in zip(self._vectors(), snapshot["vectors"], strict=True):
            vector.copy_(saved)

    def _vectors(self) -> tuple[Tensor, ...]:
        return self.iterate.vector, self._average, *self._moments

    def __getstate__(self) -> dict[str, Any]:
        # As arrays: a model trained on another device should load where there is none.
        return self.__dict__ | {
            "iterate": copy.deepcopy(self.iterate).cpu(),
            "device": str(self.device),
            "_average": self._average.cpu().numpy(),
            "_moments": [moment.cpu().numpy() for moment in self._moments],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        try:
            self.device = resolve_device(state["device"])
        except ValueError:
            self.device = torch.device("cpu")
        self.iterate = state["iterate"].to(self.device)
        self._average = self._tensor(state["_average"])
        first, second = map(self._tensor, state["_moments"])
        self._moments = first, second


def _contiguous(array: NDArray) -> NDArray[np.float32]:
    """Return an array as the kernel takes it."""
    return np.ascontiguousarray(array, dtype=np.float32)


def _transform_outputs(
    network: MLP, vector: Tensor, ratio: float, shift: NDArray[np.float64]
) -> None:
    """Change a vector of parameters so that an output is ratio times it, plus shift."""
    n_outputs = network.layer_sizes[-1]
    block = vector[-(network.layer_sizes[-2] + 1) * n_outputs :]
    block *= ratio
    block[-n_outputs:] += torch.from_numpy(shift).to(block)


def average_weight(ema_decay: float, step: int) -> float:
    """Return the weight of the newest iterate in the average.

    It falls like 10 / step until it reaches that of the exponential average: first a
    tenth of the steps is averaged over, later a fixed number of them. An exponential
    average that is merely corrected for its start would let the first, untrained
    iterates act in any training shorter than its horizon.
    """
    return max(1 - ema_decay, 10 / (9 + step))


def resolve_device(name: str) -> torch.device:
    """Return the torch device of a name, if this machine has it.

    Parameters
    ----------
    name : str
        For example ``"cpu"`` or ``"cuda:0"``.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If torch does not know the device, or cannot reach it here.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device: expected one that torch can reach here, such as 'cpu', "
            f"got {name!r} ({reason})"
        ) from None
    return device
