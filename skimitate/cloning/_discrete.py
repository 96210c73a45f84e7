"""What there is to learn where actions are classes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from skimitate._sklearn import StrOptions
from skimitate._validation import naming, validate_labelled
from skimitate.cloning._accuracy import exact_accuracy
from skimitate.cloning._base import BaseCloner
from skimitate.cloning._classes import Classes
from skimitate.cloning._samples import Samples


class DiscreteCloner(ClassifierMixin, BaseCloner):
    """Minimizes the cross-entropy of classes, of each output, added up."""

    _parameter_constraints: dict = BaseCloner._parameter_constraints | {
        "class_weight": [StrOptions({"balanced"}), dict, list, None]
    }

    _learnt = (*BaseCloner._learnt, "classes_")

    _loss = "cross_entropy"
    _predicted: Callable[[Samples], NDArray[np.float64]]

    class_weight: Any
    classes_: NDArray | list[NDArray]

    @property
    def _classes(self) -> Classes:
        # Not kept: no file names a class of ours that may be moved.
        return Classes.fitted(self.classes_)

    def _blocks(self) -> tuple[int, ...]:
        return self._classes.widths

    def _validate_targets(
        self, X: ArrayLike, y: ArrayLike, *, reset: bool, classes: Any = None
    ) -> tuple[NDArray, NDArray]:
        """Check the pairs, and learn which classes there are.

        Training goes on with the classes that it began with.
        """
        observations, labels = validate_labelled(self, X, y, reset=reset)
        self._y_ndim = labels.ndim
        columns = labels.reshape(len(labels), -1)
        told = None if classes is None else Classes.told(classes, columns.shape[1])
        if reset and not (self.warm_start and hasattr(self, "_trainer")):
            self._learn_classes(Classes.seen_in(columns) if told is None else told)
        elif told is not None and told != self._classes:
            raise ValueError(
                f"classes: expected those of the first call, {self.classes_}, "
                f"got {classes!r}"
            )
        if columns.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y: expected {self.n_outputs_} outputs, got {columns.shape[1]}"
            )
        known = self._classes
        return observations, known.one_hot(known.codes(columns))

    def _check_classes_told(self, classes: Any) -> None:
        """Raise if a part of the samples does not tell what there is to know."""
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight: expected a dict or None for partial_fit, which sees a "
                "part of the samples, got 'balanced' (compute_class_weight of "
                "scikit-learn gives the dict, of all samples)"
            )
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError(
                "classes must be passed on the first call to partial_fit: expected all "
                "that will ever come, got None"
            )

    def _learn_classes(self, classes: Classes) -> None:
        self.classes_ = classes.public
        self.n_outputs_ = len(classes.widths)

    def _weigh(
        self, targets: NDArray, weight: NDArray[np.float64] | None
    ) -> NDArray[np.float64] | None:
        """Weigh the samples by their classes as well; what weighs nothing has none."""
        if self.class_weight is None:
            return weight
        weight = np.ones(len(targets)) if weight is None else weight.copy()
        counts = weight > 0
        with naming("class_weight"):
            codes = self._classes.highest(targets[counts])
            weight[counts] *= self._weights_of_classes(codes)
        if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.any()):
            raise ValueError(
                "class_weight: expected weights that are not negative, and not zero "
                f"for all samples, got {self.class_weight!r}"
            )
        return weight

    def _weights_of_classes(self, codes: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return what ``class_weight`` says of samples, given their classes' numbers.

        Dicts are held against all classes that there are: not each of them need occur
        in a part of the samples.
        """
        if isinstance(self.class_weight, str):
            return compute_sample_weight(self.class_weight, codes)
        told = self.class_weight
        of_outputs = [told] if isinstance(told, dict) else told
        are_dicts = all(isinstance(given, dict) for given in of_outputs)
        if len(of_outputs) != self.n_outputs_ or not are_dicts:
            raise ValueError(
                f"expected a dict for each of the {self.n_outputs_} outputs, got "
                f"{told!r}"
            )
        weight = np.ones(len(codes))
        for given, classes, column in zip(
            of_outputs, self._classes.of_outputs, codes.T, strict=True
        ):
            known = compute_class_weight(given, classes=classes, y=classes)
            weight *= known[column]
        return weight

    def _fit_output_unit(
        self, train: Samples, *, running: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return 0 and 1: units of a softmax are what they are."""
        n_units = train.y.shape[1]
        return np.zeros(n_units), np.ones(n_units)

    def _loss_unit(self) -> float:
        return 1.0

    def _score_samples(self, samples: Samples) -> float:
        """Return the part of the samples in which the policy that acts is right."""
        highest = self._classes.highest
        found = highest(self._predicted(samples))
        return exact_accuracy(highest(samples.y), found, samples.weight)

    def __sklearn_tags__(self) -> Tags:
        """Return that outputs of two classes each, as labels that apply, are taken."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
