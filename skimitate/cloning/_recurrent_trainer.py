"""Training of a recurrent network: truncated back-propagation through time."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from skimitate.cloning._base_trainer import BaseTrainer
from skimitate.cloning._recurrent_network import RecurrentNetwork
from skimitate.cloning._signals import rows_of_a_call
from skimitate.cloning._windows import Plan, Rows, Windows
from skimitate.kernels import mlp
from skimitate.kernels import recurrent as kernel

# Number of windows that are run through together.
_SIDE_BY_SIDE = 64


class RecurrentData(NamedTuple):
    """What :meth:`RecurrentTrainer.prepare` lays out."""

    X: Any
    y: Any
    weight: Any
    windows: Windows


class RecurrentTrainer(BaseTrainer[RecurrentNetwork]):
    """Trains a recurrent network on minibatches of windows; see :class:`Windows`."""

    _kind = RecurrentNetwork

    def prepare(
        self,
        X: NDArray,
        y: NDArray,
        sample_weight: NDArray | None,
        windows: Windows,
    ) -> RecurrentData:
        """Lay data out for training: in float32, on the device.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs)
            Inputs, in the network's units.
        y : ndarray of shape (n_samples, n_outputs)
            Targets, in the network's units.
        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples; they are scaled to mean 1 over those that are
            positive. One of weight 0 has no label, and is remembered as others are.
        windows : Windows
            Cuts the episodes.

        Returns
        -------
        RecurrentData

        Raises
        ------
        ValueError
            If float32 cannot hold the data.
        """
        weight = None
        if sample_weight is not None:
            mean = sample_weight[sample_weight > 0].mean()
            weight = self._laid_out(sample_weight / mean, "weights")
        return RecurrentData(
            self._laid_out(X, "X"), self._laid_out(y, "y"), weight, windows
        )

    def run_epoch(self, data: RecurrentData, plan: Plan) -> float:
        """Take one step of Adam for each minibatch that has a label.

        Parameters
        ----------
        data : RecurrentData
            From :meth:`prepare`.
        plan : Plan
            Its windows.

        Returns
        -------
        float
            Mean over the samples that have a label of the loss, penalty included,
            before each step, in the network's units.
        """
        with torch.inference_mode(False), torch.enable_grad():
            run = self._run_compiled if self._compiled else self._run_torch
            total = run(data, plan)
        n_labels = len(data.X) if data.weight is None else int((data.weight > 0).sum())
        return total / n_labels

    def _run_compiled(self, data: RecurrentData, plan: Plan) -> float:
        settings = self._settings
        states = self._states_compiled(data, plan)
        order = plan.batches(settings.batch_size)
        n_windows = self._windows_of_a_call(plan)
        total = 0.0
        for start in range(0, len(order), n_windows):
            windows = order[start : start + n_windows]
            total += kernel.train_epoch(
                data.X,
                data.y,
                data.weight,
                plan.starts[windows],
                plan.lengths[windows],
                states[windows],
                self._sizes,
                self._cell,
                self._activation,
                mlp.LOSSES[settings.loss],
                np.array(self._blocks, dtype=np.intp),
                self._iterate.vectors.numpy()[0],
                self._moments[0].numpy()[0],
                self._moments[1].numpy()[0],
                None if settings.ema_decay is None else self._average.numpy()[0],
                self._n_steps,
                settings.batch_size,
                settings.learning_rate_init,
                self._penalty,
                settings.ema_decay or 0.0,
            )
        return total

    def _windows_of_a_call(self, plan: Plan) -> int:
        """Return how many windows are trained on before Python looks at signals."""
        batch_size = self._settings.batch_size
        n_steps = max(1, round(float(plan.lengths.mean()) * batch_size))
        n_parameters = self._iterate.layout.n_parameters
        return rows_of_a_call(1, n_parameters, n_steps) // n_steps * batch_size

    @property
    def _sizes(self) -> Rows:
        return np.array(self._iterate.architecture.sizes, dtype=np.intp)

    @property
    def _cell(self) -> int:
        return kernel.CELLS[self._iterate.architecture.cell]

    @property
    def _activation(self) -> int:
        return mlp.ACTIVATIONS[self._iterate.architecture.activation]

    def _states_compiled(self, data: RecurrentData, plan: Plan) -> NDArray[np.float32]:
        """Return the state at the start of each window."""
        size = self._iterate.architecture.state_size
        states = np.zeros((len(plan.starts), size), dtype=np.float32)
        for windows in plan.chains:
            after = np.empty((len(windows), size), dtype=np.float32)
            kernel.run(
                data.X,
                plan.starts[windows],
                plan.lengths[windows],
                states[windows],
                self._sizes,
                self._cell,
                self._activation,
                self._iterate.vectors.numpy()[0],
                _SIDE_BY_SIDE,
                after,
            )
            states[windows + 1] = after
        return states

    def _run_torch(self, data: RecurrentData, plan: Plan) -> float:
        states = self._states_torch(data, plan)
        vectors, optimizer = self._optimizer()
        total = torch.zeros((), device=vectors.device)
        batch_size = self._settings.batch_size
        order = plan.batches(batch_size)
        for start in range(0, len(order), batch_size):
            windows = order[start : start + batch_size]
            rows, sizes = _packed(plan, windows)
            weight = None if data.weight is None else data.weight[rows]
            n_labels = len(rows) if weight is None else int((weight > 0).sum())
            if n_labels == 0:
                continue
            inputs = PackedSequence(data.X[rows], sizes)
            outputs, _ = self._iterate(inputs, states[windows])
            losses = self._losses(outputs, data.y[rows])
            loss = (losses if weight is None else losses * weight).sum() / n_labels
            if self._penalty > 0:
                loss = loss + self._penalty / n_labels * self._squares()
            self._take_step(loss, vectors, optimizer)
            total += loss.detach() * n_labels
        return float(total)

    @torch.no_grad()
    def _states_torch(self, data: RecurrentData, plan: Plan) -> Tensor:
        """Return the state at the start of each window."""
        size = self._iterate.architecture.state_size
        states = data.X.new_zeros((len(plan.starts), size))
        for windows in plan.chains:
            rows, sizes = _packed(plan, windows)
            inputs = PackedSequence(data.X[rows], sizes)
            states[windows + 1] = self._iterate(inputs, states[windows])[1]
        return states


def _packed(plan: Plan, windows: Rows) -> tuple[Rows, Tensor]:
    """Return the rows of some windows as torch packs them, and how many a step has."""
    steps = np.arange(plan.lengths[windows[0]])[:, np.newaxis]
    inside = steps < plan.lengths[windows]
    rows = (plan.starts[windows] + steps)[inside]
    return rows, torch.from_numpy(inside.sum(axis=1))
