"""The names that scikit-learn keeps private or calls experimental: imported here alone.

A change there is met in one place.
"""

from sklearn.base import _fit_context as fit_context
from sklearn.callback import CallbackContext, CallbackSupportMixin, ScoringMonitor
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "CallbackContext",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "ScoringMonitor",
    "StrOptions",
    "check_sample_weight",
    "fit_context",
    "safe_indexing",
]
