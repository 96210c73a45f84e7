"""Which version saved an object, and whether this one can use it."""

import warnings
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

import skimitate

# Beside the attributes in a saved state, as scikit-learn has its own.
_KEY = "_skimitate_version"

_ADVICE = (
    "joblib and pickle files load within a minor version of skimitate; what "
    "save_policy writes loads for ever"
)


class _OtherVersionWarning(InconsistentVersionWarning):
    """scikit-learn's warning, of our versions and with our advice."""

    def __str__(self) -> str:
        return (
            f"{self.estimator_name} was saved by skimitate "
            f"{self.original_sklearn_version} and is loaded by "
            f"{self.current_sklearn_version}: it may fail, or give other results. "
            f"{_ADVICE}"
        )


class Versioned:
    """Says in its saved state which version of skimitate saved it.

    scikit-learn's estimators do so as well, with scikit-learn's version: a state is
    good for those who know its attributes. Where a class keeps other things than its
    attributes, it says so in ``_pack`` and ``_unpack``.
    """

    # What a fit leaves in a saved state: all of it or nothing.
    _learnt: tuple[str, ...] = ()

    def _pack(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return what to save of the attributes."""
        return state

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes for what was saved."""
        return state

    def __getstate__(self) -> dict[str, Any]:
        attributes: Any = super().__getstate__()
        return self._pack(dict(attributes or {})) | {_KEY: skimitate.__version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        saved_by = str(state.pop(_KEY, "of an unknown version"))
        self._check_complete(state, saved_by)
        if _minor(saved_by) != _minor(skimitate.__version__):
            warnings.warn(
                _OtherVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=skimitate.__version__,
                    original_sklearn_version=saved_by,
                ),
                stacklevel=2,
            )
        try:
            attributes = self._unpack(state)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._unusable(saved_by, f"cannot be read: {error!r}") from error
        vars(self).update(attributes)

    def _check_complete(self, state: dict[str, Any], saved_by: str) -> None:
        """Raise if a state lacks what methods of this version take for granted."""
        needed = [*self._parameters(), *self._learnt_beside(state)]
        if lacking := [name for name in needed if name not in state]:
            raise self._unusable(saved_by, f"lacks {', '.join(lacking)}")

    def _parameters(self) -> list[str]:
        """Return the parameters that a state holds."""
        return []

    def _learnt_beside(self, state: dict[str, Any]) -> tuple[str, ...]:
        """Return what a fit has left, if a state is one of after a fit."""
        return self._learnt if any(name in state for name in self._learnt) else ()

    def _unusable(self, saved_by: str, why: str) -> ValueError:
        return ValueError(
            f"{type(self).__name__}: what skimitate {saved_by} saved {why}; this is "
            f"skimitate {skimitate.__version__}. {_ADVICE}"
        )


class VersionedEstimator(Versioned, BaseEstimator):
    """An estimator that says in its saved state which version saved it."""

    def _parameters(self) -> list[str]:
        # A subclass may keep one elsewhere, and show it as a property.
        names = self._get_param_names()
        return [name for name in names if not hasattr(type(self), name)]


def unstamped(state: dict[str, Any]) -> dict[str, Any]:
    """Return a saved state without the version that saved it.

    Parameters
    ----------
    state : dict
        What ``__getstate__`` returned.

    Returns
    -------
    dict
    """
    return {name: value for name, value in state.items() if name != _KEY}


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
