"""Cloners that remember an episode: recurrent networks."""

import warnings
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from skimitate._callers import levels_to_the_user
from skimitate._sklearn import Interval, StrOptions
from skimitate._validation import validate_observations
from skimitate.cloning._base import BaseCloner
from skimitate.cloning._cells import CELLS
from skimitate.cloning._early_stopping import Told
from skimitate.cloning._groups import validate_groups
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._samples import Samples
from skimitate.cloning._windows import Windows

if TYPE_CHECKING:
    from skimitate.cloning._recurrent_network import RecurrentNetwork
    from skimitate.cloning._recurrent_trainer import RecurrentData, RecurrentTrainer

# Gradient steps of a fit with max_iter="auto".
N_STEPS = 20_000


class RecurrentCloner(BaseCloner):
    """Trains a recurrent network on minibatches of windows of episodes.

    Attributes
    ----------
    learns_sequences : bool
        True: who has whole episodes of which some steps have no label gives them whole,
        with weight 0 where there is none.
    """

    learns_sequences = True

    _network_constraints: dict = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "cell": [StrOptions(set(CELLS))],
        "bptt_steps": [Interval(Integral, 1, None, closed="left")],
    }
    _n_steps_of_fit = N_STEPS

    bptt_steps: int
    network_: "RecurrentNetwork"
    _trainer: "RecurrentTrainer"

    @staticmethod
    def _kinds() -> "tuple[type[RecurrentNetwork], type[RecurrentTrainer]]":
        from skimitate.cloning._recurrent_network import RecurrentNetwork
        from skimitate.cloning._recurrent_trainer import RecurrentTrainer

        return RecurrentNetwork, RecurrentTrainer

    def _fit_episodes(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, told: Told
    ) -> Self:
        """Fit, once what is told of the validation goes together."""
        if told.X_val is not None and told.groups is not None:
            if told.groups_val is None:
                raise ValueError(
                    "groups_val: expected the episode of each row of X_val, as groups "
                    "tells that of each row of X, got None"
                )
        elif told.groups_val is not None:
            missing = "X_val" if told.X_val is None else "groups"
            raise ValueError(
                f"groups_val: expected None without {missing}, got episodes"
            )
        return self._fit(X, y, sample_weight, told)

    def _episodes(self, groups: ArrayLike | None, n_samples: int) -> NDArray[np.intp]:
        """Return the number of each sample's episode; without groups, its own."""
        if groups is not None:
            return validate_groups(groups, n_samples)
        warnings.warn(
            "groups: expected the episode of each sample, got None; each sample is an "
            "episode of its own, and nothing will be remembered",
            UserWarning,
            stacklevel=levels_to_the_user(),
        )
        return np.arange(n_samples)

    def _architecture(self, train: Samples) -> RecurrentArchitecture:
        return RecurrentArchitecture.of(self, train.X.shape[1], train.y.shape[1])

    def _new_networks(self, architecture: RecurrentArchitecture) -> "RecurrentNetwork":
        return self._kinds()[0].of(architecture)

    def _windows(self, train: Samples) -> Windows:
        assert train.episodes is not None
        return Windows(train.episodes, self.bptt_steps)

    def _count(self, train: Samples) -> int:
        return len(self._windows(train))

    def _input_weight(self, train: Samples) -> None:
        # Steps without a label are seen all the same.
        return None

    def _lay_out(
        self, inputs: NDArray, targets: NDArray, train: Samples
    ) -> "RecurrentData":
        windows = self._windows(train)
        return self._trainer.prepare(inputs, targets, train.weight, windows)

    def _train(self, data: Any) -> float:
        """Pass once over the data, cut and ordered anew; return the loss."""
        return self._trainer.run_epoch(data, data.windows.cut(self._rngs[0]))

    def _predicted(self, samples: Samples) -> NDArray[np.float64]:
        assert samples.episodes is not None
        return self.network_.over(samples.X, samples.episodes, self._units)

    def _outputs(
        self, X: ArrayLike, groups: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Return what the network puts out at each step, in the units of the targets.

        What is not told to be of one episode is not.
        """
        check_is_fitted(self)
        observations = validate_observations(self, X, reset=False)
        n_samples = len(observations)
        episodes = np.arange(n_samples)
        if groups is not None:
            episodes = validate_groups(groups, n_samples)
        return self.network_.over(observations, episodes, self._units)
