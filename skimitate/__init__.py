"""Imitation learning as scikit-learn estimators."""

from skimitate._cloner import BehaviorCloner
from skimitate._dagger import DAggerRegressor
from skimitate._demonstrations import load_demonstrations
from skimitate._experts import load_expert
from skimitate._normalizer import RunningNormalizer
from skimitate._plotting import LossCurveDisplay, ReturnCurveDisplay
from skimitate._rollouts import Rollouts, collect_rollouts, evaluate_policy

__all__ = [
    "BehaviorCloner",
    "DAggerRegressor",
    "LossCurveDisplay",
    "ReturnCurveDisplay",
    "Rollouts",
    "RunningNormalizer",
    "collect_rollouts",
    "evaluate_policy",
    "load_demonstrations",
    "load_expert",
]
__version__ = "0.1.0"
