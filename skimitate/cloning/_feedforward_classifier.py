"""What feedforward cloners of classes answer."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from skimitate._validation import validate_observations
from skimitate.cloning._accuracy import exact_accuracy
from skimitate.cloning._discrete import DiscreteCloner
from skimitate.cloning._feedforward import FeedforwardCloner
from skimitate.cloning._samples import Samples


class FeedforwardClassifier(FeedforwardCloner, DiscreteCloner):
    """Predicts the classes that the networks find most probable."""

    _parameter_constraints: dict = (
        DiscreteCloner._parameter_constraints | FeedforwardCloner._network_constraints
    )

    def _predicted(self, samples: Samples) -> NDArray[np.float64]:
        return self._outputs(samples.X)

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the policy's actions: the most probable classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, in their own units.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the shape that ``y`` had.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X is not as described.
        """
        check_is_fitted(self)
        return self.act(validate_observations(self, X, reset=False))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64] | list[NDArray]:
        """Return how probable each class is: of several networks the geometric mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, in their own units.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            In the order of ``classes_``; for several outputs a list, one for each.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X is not as described.
        """
        check_is_fitted(self)
        outputs = self._outputs(validate_observations(self, X, reset=False))
        of_outputs = self._classes.probabilities(outputs)
        return of_outputs[0] if self.n_outputs_ == 1 else of_outputs

    def act(self, observation: NDArray) -> NDArray:
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
        actions = self._classes.chosen(self._outputs(observation))
        return actions if self._y_ndim == 2 else actions[..., 0]

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the part of the actions that are right, in all outputs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's actions for them.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            What each sample counts for.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X or y are not as described.
        """
        return exact_accuracy(y, self.predict(X), sample_weight)
