"""Observations of any space as rows of numbers."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from skimitate._validation import all_finite
from skimitate.environments._leaves import Leaf, Path, leaves_of, value_at
from skimitate.policies._actions import StepError


class Observations:
    """How observations look to learners, experts and policies: rows of numbers.

    A Box of one dimension is shown as it is. What else there is becomes a row as
    :func:`gymnasium.spaces.flatten` has it: a Box of more dimensions row by row; a
    Discrete number one-hot, and so each number of a MultiDiscrete; the bits of a
    MultiBinary; the parts of a Dict or Tuple one after the other, in the order of the
    space. :func:`gymnasium.spaces.unflatten` is the way back.

    Numbers keep the type in which they are shown, and the parts are joined in one that
    holds them all; whole numbers become float64.

    Parameters
    ----------
    space : gymnasium.Space
        The environment's observation space.

    Attributes
    ----------
    n_features : int
        Number of columns.
    feature_names : tuple of str or None
        Where each column comes from: ``goal[0]`` is the first number of what a Dict
        calls ``goal``, ``robot.position[1,2]`` one of two dimensions in a Dict inside
        of it, ``mode=3`` tells whether ``mode`` is 3. What a Dict has no key for is
        called ``observation``: ``observation[1]=4`` is in a Tuple. None for a Box of
        one dimension, whose columns Gymnasium has no names for.

    Raises
    ------
    ValueError
        If the space has an image in it, or something else than so many numbers.
    """

    def __init__(self, space: Any) -> None:
        self.feature_names: tuple[str, ...] | None = None
        self._leaves: list[tuple[Path, Leaf]] = []
        if isinstance(space, gymnasium.spaces.Box) and len(space.shape) == 1:
            self._shape = space.shape
            (self.n_features,) = space.shape
            return
        self._leaves = leaves_of(space)
        names = [name for _, leaf in self._leaves for name in leaf.feature_names]
        if not names:
            raise ValueError(
                f"env: expected an observation space with numbers in it, got {space}"
            )
        self.feature_names = tuple(names)
        self.n_features = len(names)

    def observed(self, observation: Any) -> NDArray:
        """Check and copy what the environment shows; it may reuse its memory.

        Parameters
        ----------
        observation : object
            From the environment's ``reset`` or ``step``.

        Returns
        -------
        ndarray of shape (n_features,)
            In a type of floats.

        Raises
        ------
        StepError
            If it does not belong to the space, as far as types, shapes and classes go,
            or has numbers that are not finite. The limits of a Box are not looked at.
        """
        if self._leaves:
            return self._joined(observation)
        copied = np.array(observation)
        if copied.dtype.kind != "f":
            if copied.dtype.kind not in "iub":
                raise StepError(
                    f"env: expected an array of numbers to observe, got {observation!r}"
                )
            copied = copied.astype(np.float64)
        if copied.shape != self._shape:
            raise StepError(
                f"env: expected observations of shape {self._shape}, got {copied.shape}"
            )
        self._check_row(copied)
        return copied

    def observed_rows(self, observations: Any, n: int) -> NDArray:
        """Check and copy what the sub-environments of a vector environment show.

        Parameters
        ----------
        observations : object
            From its ``reset`` or ``step``.
        n : int
            Number of sub-environments.

        Returns
        -------
        ndarray of shape (n, n_features)
            In a type of floats. Whether they are finite is for :meth:`check_finite` to
            see: those of sub-environments that nobody drives do not matter.

        Raises
        ------
        StepError
            If they do not belong to so many spaces.
        """
        if not self._leaves:
            return self._checked_rows(_batch(observations, n))
        parts = []
        for path, leaf in self._leaves:
            values = _batch(value_at(observations, path), n)
            parts.append(np.array([leaf.read(value) for value in values]))
        rows = np.concatenate(parts, axis=1)
        return rows if rows.dtype.kind == "f" else rows.astype(np.float64)

    def _checked_rows(self, values: NDArray) -> NDArray:
        """Return observations of a Box of one dimension."""
        if values.dtype.kind not in "fiub":
            raise StepError(
                f"env: expected an array of numbers to observe, got {values!r}"
            )
        if values.shape[1:] != self._shape:
            raise StepError(
                f"env: expected observations of shape {self._shape}, got "
                f"{values.shape[1:]}"
            )
        return values if values.dtype.kind == "f" else values.astype(np.float64)

    def check_finite(self, observations: NDArray, rows: NDArray[np.intp]) -> None:
        """Raise if some of the observations are not finite.

        Parameters
        ----------
        observations : ndarray of shape (n, n_features)
            From :meth:`observed_rows`.
        rows : ndarray of shape (n_rows,)
            Which of them are looked at.

        Raises
        ------
        StepError
            With the ``row``.
        """
        if all_finite(observations[rows].ravel()):
            return
        for row in rows.tolist():
            try:
                self._check_row(observations[row])
            except StepError as error:
                raise StepError(str(error), row) from None

    def _joined(self, observation: Any) -> NDArray:
        """Return the columns of all leaves."""
        row = np.concatenate(
            [
                leaf.read(value_at(observation, path))
                for path, leaf in self._leaves or ()
            ]
        )
        if row.dtype.kind != "f":
            row = row.astype(np.float64)
        self._check_row(row)
        return row

    def _check_row(self, row: NDArray) -> None:
        if all_finite(row):
            return
        where = ""
        if self.feature_names is not None:
            where = f" in {self.feature_names[int(np.argmin(np.isfinite(row)))]}"
        raise StepError(
            f"env: expected finite observations, got NaN or infinity{where}"
        )


def _batch(values: Any, n: int) -> NDArray:
    copied = np.array(values)
    if not copied.ndim or len(copied) != n:
        raise StepError(
            f"env: expected observations of {n} sub-environments, got an array of "
            f"shape {copied.shape}"
        )
    return copied
