"""What there is to learn where actions are continuous."""

import copy
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from skimitate._sklearn import StrOptions
from skimitate._validation import naming, validate_observations, validate_pairs
from skimitate.cloning._action_scaling import (
    SCALINGS,
    differ_too_much,
    spreads_of,
    warn_of_spreads,
)
from skimitate.cloning._base import BaseCloner
from skimitate.cloning._samples import Samples
from skimitate.preprocessing._normalizer import RunningNormalizer


class ContinuousCloner(BaseCloner):
    """Minimizes the squared errors of actions, in units that are fitted to them."""

    _parameter_constraints: dict = BaseCloner._parameter_constraints | {
        "action_scaling": [StrOptions(set(SCALINGS))]
    }

    _loss = "squared_error"

    def _validate_targets(
        self, X: ArrayLike, y: ArrayLike, *, reset: bool
    ) -> tuple[NDArray, NDArray]:
        """Check the pairs, and remember the shape that actions shall have."""
        try:
            observations, actions = validate_pairs(self, X, y, reset=reset)
        except ValueError as error:
            raise _hinting_at_classes(error, y) from None
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
        predicted = self.act(samples.X).reshape(samples.y.shape)
        return r2_score(samples.y, predicted, sample_weight=samples.weight)

    @overload
    def predict(
        self, X: ArrayLike, return_std: Literal[False] = False
    ) -> NDArray[np.float64]: ...

    @overload
    def predict(
        self, X: ArrayLike, return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the policy's actions: the mean of the networks.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, in their own units.
        return_std : bool, default=False
            Whether to tell as well how far the networks are from each other. They
            agree where there was much to learn from, and less where there was not.

        Returns
        -------
        actions : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the shape that ``y`` had.
        std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Standard deviations over the ``n_networks``, in the units of the actions,
            0 with one network; only with ``return_std``.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X is not as described.
        """
        check_is_fitted(self)
        observations = validate_observations(self, X, reset=False)
        actions = self.act(observations)
        if not return_std:
            return actions
        std = self.network_.std(observations, self._units)
        return actions, std.reshape(actions.shape)

    def act(self, observation: NDArray) -> NDArray[np.float64]:
        """Return the action that :meth:`predict` gives, without checking anything.

        Parameters
        ----------
        observation : ndarray of shape (n_features,) or (n_samples, n_features)
            One observation or a batch.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_samples, n_outputs)
            One action or a batch. Without the last axis if ``y`` had one dimension.
        """
        actions = self.network_.act(observation, self._units)
        return actions if self._y_ndim == 2 else actions[..., 0]


def _hinting_at_classes(error: ValueError, y: ArrayLike) -> ValueError:
    """Say who takes actions that are text."""
    if not any(isinstance(action, str) for action in np.ravel(np.asarray(y))[:1]):
        return error
    return ValueError(f"{error} BehaviorCloningClassifier takes actions as classes.")
