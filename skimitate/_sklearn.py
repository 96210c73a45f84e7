"""The names that scikit-learn keeps private or calls experimental: imported here alone.

A change there is met in one place.
"""

from sklearn.base import _clone_parametrized as clone_parametrized
from sklearn.base import _fit_context as fit_context
from sklearn.callback import CallbackContext, CallbackSupportMixin, ScoringMonitor
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._set_output import ADAPTERS_MANAGER
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "ADAPTERS_MANAGER",
    "CallbackContext",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "ScoringMonitor",
    "StrOptions",
    "check_sample_weight",
    "clone_parametrized",
    "fit_context",
    "safe_indexing",
]
