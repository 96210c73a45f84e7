"""The classes of each output: what stands for them in arrays of numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._validation import naming


class Classes:
    """What each output may be, in ascending order.

    The outputs of a network are blocks, one for each output of the policy, with a unit
    for each class: the highest unit of a block is the class.

    Parameters
    ----------
    of_outputs : sequence of ndarray of shape (n_classes,)
        The classes of each output: sorted, each once.
    """

    def __init__(self, of_outputs: Sequence[NDArray]) -> None:
        self.of_outputs = list(of_outputs)
        self.widths = tuple(len(classes) for classes in of_outputs)

    @classmethod
    def seen_in(cls, labels: NDArray) -> Self:
        """Return those that occur.

        Parameters
        ----------
        labels : ndarray of shape (n_samples, n_outputs)
            Classes.

        Returns
        -------
        Classes
        """
        return cls([np.unique(column) for column in labels.T])

    @classmethod
    def told(cls, classes: Any, n_outputs: int) -> Self:
        """Return what a user says that there are.

        Parameters
        ----------
        classes : array-like of shape (n_classes,), or list of array-like
            A list with one of them for each output where there are several.
        n_outputs : int
            Number of outputs.

        Returns
        -------
        Classes

        Raises
        ------
        ValueError, TypeError
            If they are something else.
        """
        of_outputs = (
            [classes] if n_outputs == 1 and not _is_nested(classes) else classes
        )
        expected = (
            f"classes: expected those of {n_outputs} "
            f"{'output' if n_outputs == 1 else 'outputs, a list of arrays'}"
        )
        try:
            arrays = [np.asarray(one) for one in of_outputs]
            read = [np.unique(array) for array in arrays]
        except (TypeError, ValueError) as error:
            raise type(error)(f"{expected}, got {classes!r}: {error}") from None
        if len(read) != n_outputs or any(a.ndim != 1 or not a.size for a in arrays):
            raise ValueError(f"{expected}, got {classes!r}")
        return cls(read)

    @classmethod
    def fitted(cls, classes: NDArray | list[NDArray]) -> Self:
        """Return those of an estimator's ``classes_``."""
        return cls(classes if isinstance(classes, list) else [classes])

    @property
    def public(self) -> NDArray | list[NDArray]:
        """As ``classes_`` has them: an array, or a list of arrays for several."""
        return self.of_outputs[0] if len(self.widths) == 1 else self.of_outputs

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Classes):
            return NotImplemented
        pairs = zip(self.of_outputs, other.of_outputs, strict=False)
        return self.widths == other.widths and all(
            np.array_equal(own, theirs) for own, theirs in pairs
        )

    __hash__ = None  # type: ignore[assignment]  # arrays may change

    def codes(self, labels: NDArray, name: str = "y") -> NDArray[np.intp]:
        """Return the number of each class.

        Parameters
        ----------
        labels : ndarray of shape (n_samples, n_outputs)
            Classes.
        name : str, default="y"
            What errors call them.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)

        Raises
        ------
        ValueError
            If one of them is none of these classes.
        """
        codes = np.empty(labels.shape, dtype=np.intp)
        for i, (classes, column) in enumerate(
            zip(self.of_outputs, labels.T, strict=True)
        ):
            with naming(name):
                found, where = np.unique(column, return_inverse=True)
            is_known = _are_among(found, classes)
            if not is_known.all():
                output = f" in column {i}" if len(self.widths) > 1 else ""
                raise ValueError(
                    f"{name}: expected one of the classes {_listed(classes)}{output}, "
                    f"got {_shown(found[~is_known][0])}"
                )
            codes[:, i] = np.searchsorted(classes, found)[where]
        return codes

    def one_hot(self, codes: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return 1 in the unit of each class, and 0 elsewhere.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_outputs)
            Numbers of classes.

        Returns
        -------
        ndarray of shape (n_samples, n_units)
        """
        hot = np.zeros((len(codes), sum(self.widths)), dtype=np.float32)
        np.put_along_axis(hot, codes + self._starts(), 1.0, axis=1)
        return hot

    def highest(self, units: ArrayLike) -> NDArray[np.intp]:
        """Return the number of the class of the highest unit of each block.

        Parameters
        ----------
        units : array-like of shape (..., n_units)
            Of a network, or probabilities.

        Returns
        -------
        ndarray of shape (..., n_outputs)
        """
        blocks = self._blocks(np.asarray(units))
        return np.stack([block.argmax(axis=-1) for block in blocks], axis=-1)

    def labels(self, codes: NDArray[np.intp]) -> NDArray:
        """Return the classes of these numbers.

        Parameters
        ----------
        codes : ndarray of shape (..., n_outputs)
            Numbers of classes.

        Returns
        -------
        ndarray of shape (..., n_outputs)
        """
        columns = [classes[codes[..., i]] for i, classes in enumerate(self.of_outputs)]
        return np.stack(columns, axis=-1)

    def chosen(self, units: NDArray) -> NDArray:
        """Return the class of the highest unit of each block.

        Parameters
        ----------
        units : ndarray of shape (n_units,) or (n_samples, n_units)
            Of a network, or probabilities.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_samples, n_outputs)
        """
        if units.ndim > 1:
            return self.labels(self.highest(units))
        # What a control loop waits for: arrays of arrays cost 30 microseconds.
        if len(self.widths) == 1:
            highest = units.argmax()
            return self.of_outputs[0][highest : highest + 1].copy()
        labels = np.empty(len(self.widths), dtype=np.result_type(*self.of_outputs))
        begin = 0
        for i, classes in enumerate(self.of_outputs):
            end = begin + len(classes)
            labels[i] = classes[units[begin:end].argmax()]
            begin = end
        return labels

    def probabilities(self, units: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return the softmax of each block.

        Parameters
        ----------
        units : ndarray of shape (n_samples, n_units)
            Of a network.

        Returns
        -------
        list of ndarray of shape (n_samples, n_classes)
            One for each output.
        """
        softmaxes = []
        for block in self._blocks(units):
            shares = np.exp(block - block.max(axis=-1, keepdims=True))
            softmaxes.append(shares / shares.sum(axis=-1, keepdims=True))
        return softmaxes

    def _starts(self) -> NDArray[np.intp]:
        return np.cumsum((0, *self.widths[:-1]))

    def _blocks(self, units: NDArray) -> list[NDArray]:
        if len(self.widths) == 1:
            return [units]
        return np.split(units, self._starts()[1:], axis=-1)


@contextmanager
def hinting_at(classifier: str, y: ArrayLike) -> Iterator[None]:
    """Say in errors about actions which classifier takes them, if they are text."""
    try:
        yield
    except ValueError as error:
        if not any(isinstance(one, str) for one in np.ravel(np.asarray(y))[:1]):
            raise
        raise ValueError(f"{error} {classifier} takes actions as classes.") from None


def _are_among(labels: NDArray, classes: NDArray) -> NDArray[np.bool_]:
    """Tell which labels are known; NumPy would take "1" for 1."""
    kinds = {array.dtype.kind in "biuf" for array in (labels, classes)}
    if len(kinds) > 1 and "O" not in (labels.dtype.kind, classes.dtype.kind):
        return np.zeros(len(labels), dtype=bool)
    return np.isin(labels, classes)


def _is_nested(classes: Any) -> bool:
    """Tell whether somebody gives a list of one array for one output."""
    return (
        isinstance(classes, (list, tuple))
        and len(classes) == 1
        and np.ndim(classes[0]) == 1
    )


def _shown(label: Any) -> str:
    return repr(label.item() if isinstance(label, np.generic) else label)


def _listed(classes: NDArray) -> str:
    """Say the classes, a few of them if there are many."""
    shown = [_shown(one) for one in classes[:5]]
    if len(classes) > len(shown):
        shown = [*shown[:3], "...", _shown(classes[-1])]
    return ", ".join(shown)
