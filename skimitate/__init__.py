"""Imitation learning as scikit-learn estimators."""

from skimitate._normalizer import RunningNormalizer

__all__ = ["RunningNormalizer"]
__version__ = "0.1.0"
