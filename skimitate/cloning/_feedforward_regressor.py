"""What feedforward cloners of continuous actions answer."""

from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from skimitate._validation import validate_observations
from skimitate.cloning._continuous import ContinuousCloner
from skimitate.cloning._feedforward import FeedforwardCloner
from skimitate.cloning._samples import Samples


class FeedforwardRegressor(FeedforwardCloner, ContinuousCloner):
    """Predicts the mean of the networks' outputs."""

    _parameter_constraints: dict = (
        ContinuousCloner._parameter_constraints | FeedforwardCloner._network_constraints
    )

    def _predicted(self, samples: Samples) -> NDArray[np.float64]:
        return self._outputs(samples.X)

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
        actions = self._outputs(observation)
        return actions if self._y_ndim == 2 else actions[..., 0]
