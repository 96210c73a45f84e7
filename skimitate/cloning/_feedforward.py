"""Cloners whose action depends on one observation: multilayer perceptrons."""

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skimitate._sklearn import Interval
from skimitate.cloning import _hidden_layers
from skimitate.cloning._architecture import Architecture
from skimitate.cloning._base import BaseCloner
from skimitate.cloning._samples import Samples

if TYPE_CHECKING:
    from skimitate.cloning._network import MLP
    from skimitate.cloning._trainer import Trainer, TrainingData


class FeedforwardCloner(BaseCloner):
    """Trains multilayer perceptrons side by side on minibatches of samples."""

    _network_constraints: dict = _hidden_layers.CONSTRAINTS | {
        "n_networks": [Interval(Integral, 1, None, closed="left")]
    }

    network_: "MLP"
    _trainer: "Trainer"

    @staticmethod
    def _kinds() -> "tuple[type[MLP], type[Trainer]]":
        from skimitate.cloning._network import MLP
        from skimitate.cloning._trainer import Trainer

        return MLP, Trainer

    def _architecture(self, train: Samples) -> Architecture:
        return Architecture.of(self, train.X.shape[1], train.y.shape[1])

    def _new_networks(self, architecture: Architecture) -> "MLP":
        return self._kinds()[0].of(architecture)

    def _count(self, train: Samples) -> int:
        return len(train)

    def _lay_out(
        self, inputs: NDArray, targets: NDArray, train: Samples
    ) -> "TrainingData":
        return self._trainer.prepare(inputs, targets, train.weight)

    def _train(self, data: Any) -> float:
        """Pass once over the data, each network in a new order; return the loss."""
        orders = np.stack([rng.permutation(len(data.X)) for rng in self._rngs])
        return self._trainer.run_epoch(data, orders)

    def _outputs(self, observations: NDArray) -> NDArray[np.float64]:
        """Return what the networks put out, in the units of the targets."""
        return self.network_.act(observations, self._units)
