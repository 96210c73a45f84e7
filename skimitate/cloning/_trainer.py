"""Training of the networks: minibatch Adam, and the average of the iterates."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skimitate.cloning._base_trainer import BaseTrainer
from skimitate.cloning._network import MLP
from skimitate.cloning._signals import rows_of_a_call
from skimitate.kernels import mlp as kernel


class TrainingData(NamedTuple):
    """Inputs, targets and weights, as :meth:`Trainer.prepare` lays them out."""

    X: Any
    y: Any
    weight: Any


class Trainer(BaseTrainer[MLP]):
    """Trains multilayer perceptrons side by side, each on its own order of samples."""

    _kind = MLP

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
        with torch.inference_mode(False), torch.enable_grad():
            run = self._run_compiled if self._compiled else self._run_torch
            return run(data, permutations, batch_size, self._penalty) / n_visits

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
        batches = torch.from_numpy(permutations).to(vectors.device).split(batch_size, 1)
        total = torch.zeros((), device=vectors.device)
        for rows in batches:
            weights = None if data.weight is None else data.weight[rows]
            loss = self._loss(data.X[rows], data.y[rows], weights, penalty)
            self._take_step(loss, vectors, optimizer)
            total += loss.detach() * rows.shape[1]
        return float(total) / len(vectors)

    def _loss(
        self, X: Tensor, y: Tensor, sample_weight: Tensor | None, penalty: float
    ) -> Tensor:
        """Return the sum over the networks of each one's mean loss and L2 penalty."""
        n_rows = X.shape[1]
        losses = self._losses(self._iterate.each(X), y)
        if sample_weight is not None:
            losses = losses * sample_weight
        loss = losses.sum() / n_rows
        if penalty > 0:
            loss = loss + penalty / n_rows * self._squares()
        return loss
