"""The names that scikit-learn keeps private or calls experimental: imported here alone.

A change there is met in one place.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sklearn.base import _clone_parametrized as clone_parametrized
from sklearn.base import _fit_context as fit_context
from sklearn.callback import CallbackContext, CallbackSupportMixin, ScoringMonitor
from sklearn.callback._callback_support import callback_management_context
from sklearn.metrics._scorer import _BaseScorer as BaseScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions
from sklearn.utils._set_output import ADAPTERS_MANAGER
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "ADAPTERS_MANAGER",
    "BaseScorer",
    "BaseSearchCV",
    "CallbackContext",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "RealNotInt",
    "ScoringMonitor",
    "StrOptions",
    "callback_management_context",
    "check_sample_weight",
    "clone_parametrized",
    "fit_context",
    "fit_task",
    "is_watched",
    "safe_indexing",
]


def is_watched(estimator: CallbackSupportMixin) -> bool:
    """Tell whether callbacks, or the task of another estimator, follow a fit."""
    return hasattr(estimator, "_skl_callbacks") or hasattr(
        estimator, "_parent_callback_ctx"
    )


@contextmanager
def fit_task(
    estimator: CallbackSupportMixin, X: object, y: object, metadata: Mapping[str, Any]
) -> Iterator[None]:
    """Show a fit in one piece, without tasks inside, to the estimator's callbacks.

    The estimator must be ready for use at the end of the block.
    """
    context = estimator._init_callback_context()
    shown: dict[str, Any] = {"estimator": estimator, "X": X, "y": y}
    context.call_on_fit_task_begin(**shown, metadata=metadata)
    yield
    context.call_on_fit_task_end(
        **shown, metadata=metadata, reconstruction_attributes={}
    )
