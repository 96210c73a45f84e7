"""The multilayer perceptron and its training; the only importer of torch."""

import copy
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["MLP", "Tensor", "Trainer", "resolve_device"]

_MODULES: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
}


class MLP(nn.Sequential):
    """Fully connected layers with one activation function between them.

    The parameters are float32 and not initialized until :meth:`initialize` is called.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units from the input to the output, both included.
    activation : {"identity", "logistic", "relu", "tanh"}
        Activation of the hidden layers; the output layer has none.
    """

    def __init__(self, layer_sizes: Sequence[int], activation: str) -> None:
        modules: list[nn.Module] = []
        for n_inputs, n_outputs in itertools.pairwise(layer_sizes):
            if modules:
                modules.append(_MODULES[activation]())
            # nn.Linear's own initialization would draw from torch's global generator.
            modules.append(nn.utils.skip_init(nn.Linear, n_inputs, n_outputs))
        super().__init__(*modules)
        self.layer_sizes = tuple(layer_sizes)
        self.activation = activation

    def initialize(self, rng: np.random.Generator) -> "MLP":
        """Draw weights and biases from Glorot's uniform distribution.

        The bounds are those of :class:`sklearn.neural_network.MLPRegressor`.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        MLP
            The object itself.

        References
        ----------
        Glorot and Bengio: "Understanding the difficulty of training deep feedforward
        neural networks", AISTATS 2010, section 4.2.1, equation 16.
        """
        factor = 2.0 if self.activation == "logistic" else 6.0
        with torch.no_grad():
            for linear in self.linears:
                bound = np.sqrt(factor / (linear.in_features + linear.out_features))
                for parameter in (linear.weight, linear.bias):
                    values = rng.uniform(-bound, bound, parameter.shape)
                    parameter.copy_(torch.from_numpy(values))
        return self

    @property
    def linears(self) -> list[nn.Linear]:
        """The linear layers, from the input to the output."""
        return [module for module in self if isinstance(module, nn.Linear)]

    def infer(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Apply the network in float64, without torch's overhead for each operation.

        In float64 a row's output depends on the other rows of its batch only at the
        level of 1e-16, so that one observation gets the action that a batch gets.

        Parameters
        ----------
        X : ndarray of shape (n_inputs,) or (n_samples, n_inputs)
            Inputs; not changed.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_samples, n_outputs)
            Outputs.
        """
        linears = self.linears
        for linear in linears:
            X = X @ linear.weight.detach().numpy().T.astype(np.float64)
            X += linear.bias.detach().numpy()
            if linear is not linears[-1]:
                _activate(X, self.activation)
        return X


def _activate(Z: NDArray[np.float64], activation: str) -> None:
    """Apply an activation function in place."""
    if activation == "relu":
        np.maximum(Z, 0.0, out=Z)
    elif activation == "tanh":
        np.tanh(Z, out=Z)
    elif activation == "logistic":
        # The logistic function by way of tanh, which does not overflow.
        Z *= 0.5
        np.tanh(Z, out=Z)
        Z += 1.0
        Z *= 0.5


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


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run torch in one thread, so that results do not depend on the number of cores.

    Minibatches of an imitation learner are too small to gain from more.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


class Trainer:
    """Minibatch Adam on a mean squared error, and the average of its iterates.

    The parameters of the iterate are views into one vector, and so are their
    gradients: Adam and the moving average then take one torch operation a step each
    instead of one for every parameter.

    Parameters
    ----------
    network : MLP
        Where training starts; copied.
    learning_rate : float
        Step size of Adam.
    ema_decay : float or None
        Decay of the exponential moving average of the iterates; None for no average.
    device : torch.device
        Where to train.

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
    ) -> None:
        self.learning_rate = learning_rate
        self.ema_decay = ema_decay
        self.device = device
        self.n_steps = 0
        self._bind(copy.deepcopy(network).to(device))
        self._average = self._vector.detach().clone()

    def _bind(self, iterate: MLP) -> None:
        """Lay the parameters and gradients of the iterate into one vector each."""
        self.iterate = iterate
        parameters = list(iterate.parameters())
        vector = torch.cat([p.detach().reshape(-1) for p in parameters])
        gradient = torch.zeros_like(vector)
        start = 0
        for parameter in parameters:
            end = start + parameter.numel()
            parameter.data = vector[start:end].view_as(parameter)
            parameter.grad = gradient[start:end].view_as(parameter)
            start = end
        self._vector = nn.Parameter(vector)
        self._vector.grad = gradient
        self._gradient = gradient
        self._optimizer = torch.optim.Adam(
            [self._vector], lr=self.learning_rate, fused=True
        )

    def tensor(self, array: NDArray) -> Tensor:
        """Copy an array to the device, in float32."""
        return torch.tensor(array, dtype=torch.float32, device=self.device)

    def run_epoch(
        self,
        X: Tensor,
        y: Tensor,
        sample_weight: Tensor | None,
        permutation: NDArray[np.int64],
        *,
        batch_size: int,
        alpha: float,
    ) -> float:
        """Take one step of Adam for each minibatch.

        Parameters
        ----------
        X : tensor of shape (n_samples, n_inputs)
            Inputs, as :meth:`tensor` makes them.
        y : tensor of shape (n_samples, n_outputs)
            Targets.
        sample_weight : tensor of shape (n_samples,) or None
            Weights of the samples, with mean 1.
        permutation : ndarray of shape (n_samples,)
            Order in which the samples are visited.
        batch_size : int
            Number of samples a step; the last step takes what is left.
        alpha : float
            Strength of the L2 penalty; divided by the size of the minibatch.

        Returns
        -------
        float
            Mean over the samples of the loss, penalty included, before each step.
        """
        order = torch.from_numpy(permutation).to(self.device)
        total = torch.zeros((), device=self.device)
        with _one_thread():
            for rows in order.split(batch_size):
                weight = None if sample_weight is None else sample_weight[rows]
                loss = self._loss(X[rows], y[rows], weight, alpha)
                self._gradient.zero_()
                loss.backward()
                self._optimizer.step()
                self._update_average()
                total += loss.detach() * len(rows)
        return float(total) / len(permutation)

    def _loss(
        self,
        X: Tensor,
        y: Tensor,
        sample_weight: Tensor | None,
        alpha: float,
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

    def _update_average(self) -> None:
        """Move the average towards the iterate.

        The weight of the newest iterate falls like 10 / t until it reaches that of
        the exponential average: first a tenth of the steps is averaged over, later a
        fixed number of them. An exponential average that is merely corrected for its
        start would let the first, untrained iterates act in any training shorter than
        its horizon.
        """
        self.n_steps += 1
        if self.ema_decay is None:
            return
        weight = max(1 - self.ema_decay, 10 / (9 + self.n_steps))
        self._average.lerp_(self._vector.detach(), weight)

    def write_to(self, network: MLP) -> None:
        """Copy the weights that act, the average if there is one, to a network."""
        averaged = self.ema_decay is not None and self.n_steps > 0
        vector = (self._average if averaged else self._vector).detach().cpu()
        start = 0
        with torch.no_grad():
            for parameter in network.parameters():
                end = start + parameter.numel()
                parameter.copy_(vector[start:end].view_as(parameter))
                start = end

    def rescale_inputs(
        self, ratio: NDArray[np.float64], shift: NDArray[np.float64]
    ) -> None:
        """Change the unit of the inputs and keep the function.

        Parameters
        ----------
        ratio, shift : ndarrays of shape (n_inputs,)
            The old input is ``ratio * new input + shift``.
        """
        first = self.iterate.linears[0]
        n_weights, n_biases = first.weight.numel(), first.bias.numel()
        for vector in (self._vector.detach(), self._average):
            block = vector[: n_weights + n_biases].cpu().double().numpy()
            weight = block[:n_weights].reshape(n_biases, -1)
            bias = block[n_weights:] + weight @ shift
            folded = np.concatenate([(weight * ratio).reshape(-1), bias])
            vector[: n_weights + n_biases] = self.tensor(folded)

    def snapshot(self) -> tuple[Tensor, Tensor]:
        """Return copies of the iterate and of the average, for :meth:`restore`."""
        return self._vector.detach().clone(), self._average.clone()

    def restore(self, snapshot: tuple[Tensor, Tensor]) -> None:
        """Go back to a snapshot; the moments of Adam stay as they are."""
        self._vector.detach().copy_(snapshot[0])
        self._average.copy_(snapshot[1])

    def __getstate__(self) -> dict:
        # Views do not survive pickling, and a model trained on another device should
        # load where there is none: keep plain arrays.
        moments = self._optimizer.state.get(self._vector, {})
        return {
            "network": copy.deepcopy(self.iterate).cpu(),
            "learning_rate": self.learning_rate,
            "ema_decay": self.ema_decay,
            "device": str(self.device),
            "n_steps": self.n_steps,
            "average": self._average.cpu().numpy(),
            "moments": {key: value.cpu().numpy() for key, value in moments.items()},
        }

    def __setstate__(self, state: dict) -> None:
        self.learning_rate = state["learning_rate"]
        self.ema_decay = state["ema_decay"]
        self.n_steps = state["n_steps"]
        try:
            self.device = resolve_device(state["device"])
        except ValueError:
            self.device = torch.device("cpu")
        self._bind(state["network"].to(self.device))
        self._average = self.tensor(state["average"])
        for key, value in state["moments"].items():
            self._optimizer.state[self._vector][key] = self.tensor(value)
