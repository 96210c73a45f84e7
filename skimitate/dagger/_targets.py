"""What the labels are: numbers, whatever users and learners make of them."""

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._validation import (
    validate_actions,
    validate_labelled,
    validate_labels,
    validate_pairs,
)
from skimitate.cloning._accuracy import exact_accuracy
from skimitate.cloning._blocks import blocks
from skimitate.cloning._classes import Classes, hinting_at
from skimitate.environments._drivers import Actions


class Targets(Protocol):
    """From what users and learners call actions to rows of numbers, and back."""

    @classmethod
    def of_space(cls, space: Actions) -> Self:
        """Return those of an environment's actions.

        Parameters
        ----------
        space : ContinuousActions or DiscreteActions
            Where they belong.

        Raises
        ------
        ValueError
            If it is of the other kind; its name is ``env``.
        """

    @classmethod
    def of_pairs(
        cls,
        dagger: Any,
        X: ArrayLike,
        y: ArrayLike,
        space: Actions | None,
        **options: Any,
    ) -> tuple[Self, NDArray, NDArray]:
        """Check the first pairs; return what their actions are, and the pairs.

        Parameters
        ----------
        dagger, X, y, **options
            See :meth:`validate`. DAgger learns the features.
        space : ContinuousActions, DiscreteActions or None
            None without an environment.
        """

    @property
    def learnt(self) -> dict[str, Any]:
        """The attributes of the estimator that tell of them."""

    def validate(
        self, dagger: Any, X: ArrayLike, y: ArrayLike, **options: Any
    ) -> tuple[NDArray, NDArray]:
        """Check pairs, of which DAgger knows the features.

        Parameters
        ----------
        dagger : estimator
            On whose behalf.
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Actions.
        **options
            See :func:`validate_pairs`.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs), of numbers
        """

    def read(self, y: ArrayLike) -> NDArray:
        """Check actions alone.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Actions.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), of numbers
        """

    def of_numbers(self, numbers: NDArray[np.float64]) -> NDArray:
        """Return rows of numbers as what a learner is trained on."""

    def loss(self, y: NDArray, predicted: NDArray) -> float:
        """Return how wrong a learner is about what it was trained on."""


class ContinuousTargets:
    """Numbers, which are what they are."""

    @classmethod
    def of_space(cls, space: Actions) -> Self:
        """Return those of an environment's actions; see :class:`Targets`."""
        if space.classes is not None:
            raise ValueError(
                "env: expected a Box action space, got one whose actions are classes, "
                f"{space.description}: DAggerClassifier learns such"
            )
        return cls()

    @classmethod
    def of_pairs(
        cls,
        dagger: Any,
        X: ArrayLike,
        y: ArrayLike,
        space: Actions | None,
        **options: Any,
    ) -> tuple[Self, NDArray, NDArray]:
        """Check the first pairs; see :class:`Targets`."""
        targets = cls() if space is None else cls.of_space(space)
        return targets, *targets.validate(dagger, X, y, reset=True, **options)

    @property
    def learnt(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def validate(
        self, dagger: Any, X: ArrayLike, y: ArrayLike, **options: Any
    ) -> tuple[NDArray, NDArray]:
        """Check pairs; see :class:`Targets`."""
        with hinting_at("DAggerClassifier", y):
            return validate_pairs(dagger, X, y, **options)

    def read(self, y: ArrayLike) -> NDArray:
        """Check actions alone; see :class:`Targets`."""
        with hinting_at("DAggerClassifier", y):
            return validate_actions(y)

    def of_numbers(self, numbers: NDArray[np.float64]) -> NDArray:
        """Return the numbers."""
        return numbers

    def loss(self, y: NDArray, predicted: NDArray) -> float:
        """Return the mean squared error."""
        predicted, total = predicted.reshape(y.shape), 0.0
        for rows in blocks(len(y)):
            errors = np.subtract(predicted[rows], y[rows], dtype=np.float64)
            total += float(np.vdot(errors, errors))
        return total / y.size


class DiscreteTargets:
    """Classes. Those that are numbers stand for themselves, others are counted.

    Parameters
    ----------
    classes : Classes
        Of each output.
    """

    def __init__(self, classes: Classes) -> None:
        self._of_outputs = classes.of_outputs
        kinds = {one.dtype.kind for one in classes.of_outputs}
        self._are_numbers = kinds <= set("biuf")

    @classmethod
    def of_space(cls, space: Actions) -> Self:
        """Return those of an environment's actions; see :class:`Targets`."""
        if space.classes is None:
            raise ValueError(
                "env: expected a Discrete, MultiDiscrete or MultiBinary action space, "
                f"got {space.description}: DAggerRegressor learns continuous actions"
            )
        return cls(Classes(space.classes))

    @classmethod
    def of_pairs(
        cls,
        dagger: Any,
        X: ArrayLike,
        y: ArrayLike,
        space: Actions | None,
        **options: Any,
    ) -> tuple[Self, NDArray, NDArray]:
        """Check the first pairs; see :class:`Targets`."""
        observations, labels = validate_labelled(dagger, X, y, reset=True, **options)
        if space is not None:
            targets = cls.of_space(space)
        else:
            targets = cls(Classes.seen_in(labels.reshape(len(labels), -1)))
        return targets, observations, targets._numbers(labels)

    @property
    def classes(self) -> Classes:
        """The classes of each output."""
        return Classes(self._of_outputs)

    @property
    def learnt(self) -> dict[str, Any]:
        """The classes."""
        return {"classes_": self.classes.public}

    def validate(
        self, dagger: Any, X: ArrayLike, y: ArrayLike, **options: Any
    ) -> tuple[NDArray, NDArray]:
        """Check pairs; see :class:`Targets`."""
        observations, labels = validate_labelled(dagger, X, y, **options)
        return observations, self._numbers(labels)

    def read(self, y: ArrayLike) -> NDArray:
        """Check actions alone; see :class:`Targets`."""
        return self._numbers(validate_labels(y))

    def _numbers(self, labels: NDArray) -> NDArray:
        columns = labels.reshape(len(labels), -1)
        if columns.shape[1] != len(self._of_outputs):
            raise ValueError(
                f"y: expected {len(self._of_outputs)} outputs, got {columns.shape[1]}"
            )
        codes = self.classes.codes(columns)
        numbers = columns if self._are_numbers else codes
        return numbers.reshape(labels.shape).astype(np.float64)

    def of_numbers(self, numbers: NDArray[np.float64]) -> NDArray:
        """Return the classes."""
        if self._are_numbers:
            return numbers.astype(np.result_type(*self._of_outputs))
        return self.classes.labels(numbers.astype(np.intp))

    def loss(self, y: NDArray, predicted: NDArray) -> float:
        """Return the part of the labels that are wrong, in any output."""
        return 1.0 - exact_accuracy(y, predicted.reshape(y.shape))
