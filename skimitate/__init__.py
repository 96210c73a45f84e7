"""Imitation learning as scikit-learn estimators."""

from skimitate.cloning._regressor import BehaviorCloner
from skimitate.dagger._regressor import DAggerRegressor
from skimitate.datasets._demonstrations import load_demonstrations
from skimitate.displays._loss_curve import LossCurveDisplay
from skimitate.displays._return_curve import ReturnCurveDisplay
from skimitate.environments._collect import collect_rollouts, evaluate_policy
from skimitate.environments._rollouts import Rollouts
from skimitate.experts._load import load_expert
from skimitate.formats._safetensors import load_policy, save_policy
from skimitate.policies._as_policy import as_policy
from skimitate.policies._per_observation import per_observation
from skimitate.preprocessing._normalizer import RunningNormalizer

__all__ = [
    "BehaviorCloner",
    "DAggerRegressor",
    "LossCurveDisplay",
    "ReturnCurveDisplay",
    "Rollouts",
    "RunningNormalizer",
    "as_policy",
    "collect_rollouts",
    "evaluate_policy",
    "load_demonstrations",
    "load_expert",
    "load_policy",
    "per_observation",
    "save_policy",
]
__version__ = "0.1.0"

# Pickles name a class by its module: the public one stays when a class moves.
for _name in __all__:
    globals()[_name].__module__ = __name__
