"""Imitation learning as scikit-learn estimators."""

from skimitate._cloner import BehaviorCloner
from skimitate._normalizer import RunningNormalizer

__all__ = ["BehaviorCloner", "RunningNormalizer"]
__version__ = "0.1.0"
