"""Standardization of observations by the statistics of a stream."""

from contextlib import nullcontext
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, check_is_fitted

from skimitate._attributes import unchanged_on_error
from skimitate._features import check_same_features
from skimitate._public import public
from skimitate._sklearn import (
    CallbackSupportMixin,
    Interval,
    fit_context,
    fit_task,
    is_watched,
)
from skimitate._validation import (
    check_weights,
    validate_observations,
)
from skimitate._versions import VersionedEstimator
from skimitate.kernels import running_stats as _running_stats
from skimitate.preprocessing._moments import check_range, moments_of


@public
class RunningNormalizer(
    CallbackSupportMixin, OneToOneFeatureMixin, TransformerMixin, VersionedEstimator
):
    """Standardize features by a mean and a variance that a stream keeps updating.

    The result is that of :class:`sklearn.preprocessing.StandardScaler`. Beyond it,
    normalizers that saw different parts of the data can be merged, and mean and
    variance do not depend on how the data was split, even where the mean is many
    orders of magnitude above the spread.

    A feature whose standard deviation is zero, or below what floating point can tell
    from zero beside its mean, is centered but not scaled: its ``scale_`` is 1.

    Parameters
    ----------
    with_mean : bool, default=True
        Whether to subtract the mean.
    with_std : bool, default=True
        Whether to divide by the standard deviation.
    clip : float or None, default=None
        If given, transformed values are limited to ``[-clip, clip]``, in standard
        deviations.
    copy : bool, default=True
        If False, :meth:`transform` and :meth:`inverse_transform` work in place where
        the input is an array of float32 or float64.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,) or None
        Mean of each feature, in its own unit; NaN where no value was seen. None if
        neither ``with_mean`` nor ``with_std``.
    var_ : ndarray of shape (n_features,) or None
        Variance (of the population: divided by the number of values) of each feature.
        None if not ``with_std``.
    scale_ : ndarray of shape (n_features,) or None
        What values are divided by: the standard deviation, or 1 for a constant
        feature. None if not ``with_std``.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        Number of values seen, or their total weight; one for each feature where they
        differ because of missing values.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if the data had any.

    Notes
    -----
    Parameters that are set after a fit count at once where data is transformed, on or
    off; the attributes follow with the next fit, ``partial_fit`` or ``merge``.

    Float64 cannot hold the squares of values from about 1e154 up, nor of differences
    below about 1e-154: a feature of nothing else is refused where they are needed.

    Blocks of rows are reduced to a mean and a sum of squared deviations in float64,
    which are joined by the pairwise formula of Chan, Golub and LeVeque (1979),
    equations 2.1. NaN counts as missing: it enters no statistic, and stays NaN.

    References
    ----------
    Chan, Golub, LeVeque: "Updating formulae and a pairwise algorithm for computing
    sample variances", Stanford University, STAN-CS-79-773, 1979.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import RunningNormalizer
    >>> first = RunningNormalizer().fit([[0.0, 5.0], [2.0, 5.0]])
    >>> second = RunningNormalizer().fit([[4.0, 5.0]])
    >>> first.merge(second).mean_
    array([2., 5.])
    >>> first.scale_.round(3)
    array([1.633, 1.   ])
    """

    _state: NDArray[np.float64]
    _weighted: bool

    _learnt = ("_state", "_weighted", "mean_", "var_", "scale_", "n_features_in_")

    _parameter_constraints: dict = {
        "with_mean": ["boolean"],
        "with_std": ["boolean"],
        "clip": [Interval(Real, 0, None, closed="neither"), None],
        "copy": ["boolean"],
    }

    def __init__(
        self,
        *,
        with_mean: bool = True,
        with_std: bool = True,
        clip: float | None = None,
        copy: bool = True,
    ) -> None:
        self.with_mean = with_mean
        self.with_std = with_std
        self.clip = clip
        self.copy = copy

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Compute the statistics of X, forgetting what was seen before.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data; NaN counts as missing.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the samples.

        Returns
        -------
        RunningNormalizer
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If X or ``sample_weight`` are not as described, hold infinite values
            (whatever scikit-learn's ``assume_finite`` says), or are out of range (see
            the notes of the class); what was fitted before is then unchanged.
        """
        return self._update(X, y, sample_weight, reset=True)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Add the samples of X to the statistics.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data; NaN counts as missing.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the samples.

        Returns
        -------
        RunningNormalizer
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If X or ``sample_weight`` are not as described, hold infinite values
            (whatever scikit-learn's ``assume_finite`` says), or are out of range (see
            the notes of the class); the statistics are then unchanged.
        """
        return self._update(X, y, sample_weight, reset=not hasattr(self, "_state"))

    def _update(
        self, X: ArrayLike, y: object, sample_weight: ArrayLike | None, *, reset: bool
    ) -> Self:
        """Check the data, then forget the past if asked to, then add the data."""
        with unchanged_on_error(self):
            data = validate_observations(self, X, reset=reset, ensure_all_finite=False)
            weights = check_weights(sample_weight, data)
            state = np.zeros((4, data.shape[1])) if reset else self._state.copy()
            # Contexts cost more than a row: they are opened for those who look.
            metadata = {"sample_weight": weights}
            with fit_task(self, X, y, metadata) if is_watched(self) else nullcontext():
                # The kernel meets infinities on its way; looking for them beforehand
                # would read the data from memory twice.
                if not _running_stats.update(data, weights, state):
                    with config_context(assume_finite=False):
                        check_array(data, ensure_all_finite="allow-nan", input_name="X")
                self._state = state
                self._weighted = weights is not None or (not reset and self._weighted)
                self._publish("X")
        return self

    def merge(self, other: "RunningNormalizer") -> Self:
        """Add the statistics of another normalizer, as if its data had been seen here.

        Parameters
        ----------
        other : RunningNormalizer
            A fitted normalizer of the same features; not changed.

        Returns
        -------
        RunningNormalizer
            The object itself; fitted now, also if it was not before.

        Raises
        ------
        TypeError, NotFittedError
            If ``other`` is no RunningNormalizer, or not fitted.
        ValueError
            If the features differ in number or names, or if what both saw is out of
            range together; the statistics are then unchanged.
        """
        if not isinstance(other, RunningNormalizer):
            raise TypeError(
                f"other: expected a RunningNormalizer, got {type(other).__name__}"
            )
        check_is_fitted(other)
        known = hasattr(self, "_state")
        if known:
            check_same_features(self, other, "other")
        with unchanged_on_error(self):
            if not known:
                self._state, self._weighted = np.zeros_like(other._state), False
                self.n_features_in_: int = other.n_features_in_
                if hasattr(other, "feature_names_in_"):
                    self.feature_names_in_: NDArray = other.feature_names_in_
            state = self._state.copy()
            _running_stats.merge(other._state, state)
            self._state = state
            self._weighted |= other._weighted
            self._publish("other")
        return self

    def _publish(self, source: str) -> None:
        """Derive the public attributes from the state, which ``source`` changed."""
        count = self._state[0]
        seen = count[0] if (count == count[0]).all() else count.copy()
        self.n_samples_seen_ = seen if self._weighted else seen.astype(np.int64)
        check_range(self, self._state, source)
        mean, var, scale = moments_of(self._state)
        self.mean_: Any = mean if self.with_mean or self.with_std else None
        self.var_ = var if self.with_std else None
        self.scale_: Any = scale if self.with_std else None

    def transform(self, X: ArrayLike) -> NDArray:
        """Standardize X with the statistics seen so far.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data; NaN stays NaN.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In standard deviations from the mean; float32 for float32 input, else
            float64. X itself if ``copy=False`` and X could be written to.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X is not as described, or holds infinite values.
        """
        check_is_fitted(self)
        data = validate_observations(
            self,
            X,
            reset=False,
            ensure_all_finite="allow-nan",
            force_writeable=not self.copy,
        )
        out = np.empty_like(data) if self.copy else data
        clip = np.inf if self.clip is None else self.clip
        _running_stats.standardize(data, *self._mean_and_scale(), clip, out)
        return out

    def inverse_transform(self, X: ArrayLike) -> NDArray:
        """Undo the standardization, except for the clipping.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Standardized data; NaN stays NaN.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Data in its own unit; X itself if ``copy=False`` and X could be written to.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X is not as described, or holds infinite values.
        """
        check_is_fitted(self)
        data: NDArray = check_array(
            X,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            force_writeable=not self.copy,
            input_name="X",
        )
        if data.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X: expected {self.n_features_in_} features, got {data.shape[1]}"
            )
        out = np.empty_like(data) if self.copy else data
        _running_stats.unstandardize(data, *self._mean_and_scale(), out)
        return out

    def _mean_and_scale(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what to subtract and what to divide by, as the parameters are now."""
        mean, scale = self.mean_, self.scale_
        if (self.with_mean and mean is None) or (self.with_std and scale is None):
            check_range(self, self._state, "with_mean or with_std, turned on after fit")
            mean, _, scale = moments_of(self._state)
        return (
            mean if self.with_mean else np.zeros(self.n_features_in_),
            scale if self.with_std else np.ones(self.n_features_in_),
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
