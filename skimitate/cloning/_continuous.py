"""What there is to learn where actions are continuous."""

import copy
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import r2_score

from skimitate._sklearn import StrOptions
from skimitate._validation import naming, validate_pairs
from skimitate.cloning._action_scaling import (
    SCALINGS,
    differ_too_much,
    spreads_of,
    warn_of_spreads,
)
from skimitate.cloning._base import BaseCloner
from skimitate.cloning._classes import hinting_at
from skimitate.cloning._samples import Samples
from skimitate.preprocessing._normalizer import RunningNormalizer


class ContinuousCloner(BaseCloner):
    """Minimizes the squared errors of actions, in units that are fitted to them."""

    _parameter_constraints: dict = BaseCloner._parameter_constraints | {
        "action_scaling": [StrOptions(set(SCALINGS))]
    }

    _learnt = (
        *BaseCloner._learnt,
        "_action_statistics",
        "action_mean_",
        "action_scale_",
    )

    #: The class for actions that are classes.
    _takes_classes: str

    _loss = "squared_error"
    _predicted: Callable[[Samples], NDArray[np.float64]]

    def _validate_targets(
        self, X: ArrayLike, y: ArrayLike, *, reset: bool
    ) -> tuple[NDArray, NDArray]:
        """Check the pairs, and remember the shape that actions shall have."""
        with hinting_at(self._takes_classes, y):
            observations, actions = validate_pairs(self, X, y, reset=reset)
        self._y_ndim = actions.ndim
        actions = actions.reshape(len(actions), -1)
        if reset:
            self.n_outputs_ = actions.shape[1]
        return observations, actions

    def _fit_output_unit(
        self, train: Samples, *, running: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the means of the actions, and what their errors count in."""
        old: RunningNormalizer | None = getattr(self, "_action_statistics", None)
        self._action_statistics = None
        self.action_mean_ = np.zeros(self.n_outputs_)
        self.action_scale_ = np.ones(self.n_outputs_)
        if self.normalize or self.n_iter_ == 0:
            statistics = copy.copy(old) if running and old else RunningNormalizer()
            with naming("y", instead_of="X"):
                statistics.partial_fit(train.y, sample_weight=train.weight)
            self._warn_of_spreads(statistics, None if self.n_iter_ == 0 else old)
        if self.normalize:
            self.action_mean_ = np.array(statistics.mean_)
            self.action_scale_ = SCALINGS[self.action_scaling](
                spreads_of(statistics), self.action_mean_
            )
            self._action_statistics = statistics
        elif self.action_scaling != "common":
            raise ValueError(
                "action_scaling: expected 'common' with normalize=False, which leaves "
                f"actions in the expert's units, got {self.action_scaling!r}"
            )
        return self.action_mean_, self.action_scale_

    def _warn_of_spreads(
        self, new: RunningNormalizer, old: RunningNormalizer | None
    ) -> None:
        """Warn once in a training, when actions turn out to differ too much."""
        told = old is not None and differ_too_much(spreads_of(old))
        spreads = spreads_of(new)
        if self.action_scaling == "common" and differ_too_much(spreads) and not told:
            warn_of_spreads(spreads)

    def _loss_unit(self) -> float:
        if self.action_scaling == "individual":
            return 1.0
        return float(np.mean(self.action_scale_**2))

    def _score_samples(self, samples: Samples) -> float:
        """Return R² of the policy that acts."""
        predicted = self._predicted(samples)
        return r2_score(samples.y, predicted, sample_weight=samples.weight)
