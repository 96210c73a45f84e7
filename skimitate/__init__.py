"""Imitation learning as scikit-learn estimators."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what _ROOMS says, for those who read and do not run
    from skimitate._errors import EpisodeError as EpisodeError
    from skimitate._errors import WorkerError as WorkerError
    from skimitate.callbacks._tensorboard import (
        TensorBoardCallback as TensorBoardCallback,
    )
    from skimitate.cloning._classifier import (
        BehaviorCloningClassifier as BehaviorCloningClassifier,
    )
    from skimitate.cloning._history_classifier import (
        HistoryClassifier as HistoryClassifier,
    )
    from skimitate.cloning._history_regressor import (
        HistoryRegressor as HistoryRegressor,
    )
    from skimitate.cloning._recurrent_classifier import (
        RecurrentBehaviorCloningClassifier as RecurrentBehaviorCloningClassifier,
    )
    from skimitate.cloning._recurrent_regressor import (
        RecurrentBehaviorCloner as RecurrentBehaviorCloner,
    )
    from skimitate.cloning._regressor import BehaviorCloner as BehaviorCloner
    from skimitate.dagger._classifier import DAggerClassifier as DAggerClassifier
    from skimitate.dagger._load_labels import load_labels as load_labels
    from skimitate.dagger._regressor import DAggerRegressor as DAggerRegressor
    from skimitate.datasets._demonstrations import (
        load_demonstrations as load_demonstrations,
    )
    from skimitate.displays._drift import DriftDisplay as DriftDisplay
    from skimitate.displays._loss_curve import LossCurveDisplay as LossCurveDisplay
    from skimitate.displays._return_curve import (
        ReturnCurveDisplay as ReturnCurveDisplay,
    )
    from skimitate.environments._collect import collect_rollouts as collect_rollouts
    from skimitate.environments._collect import evaluate_policy as evaluate_policy
    from skimitate.environments._rollouts import Rollouts as Rollouts
    from skimitate.environments._scorer import make_return_scorer as make_return_scorer
    from skimitate.experts._load import load_expert as load_expert
    from skimitate.formats._safetensors import load_policy as load_policy
    from skimitate.formats._safetensors import save_policy as save_policy
    from skimitate.formats._trusted import TRUSTED_TYPES as TRUSTED_TYPES
    from skimitate.formats.c._export import export_c as export_c
    from skimitate.formats.onnx._converters import (
        register_onnx_converters as register_onnx_converters,
    )
    from skimitate.formats.onnx._export import export_onnx as export_onnx
    from skimitate.formats.torch._export import to_torch as to_torch
    from skimitate.policies._as_policy import as_policy as as_policy
    from skimitate.policies._per_observation import per_observation as per_observation
    from skimitate.preprocessing._normalizer import (
        RunningNormalizer as RunningNormalizer,
    )
    from skimitate.reinforcement._from_model import (
        from_stable_baselines3 as from_stable_baselines3,
    )
    from skimitate.reinforcement._stable_baselines3 import (
        to_stable_baselines3 as to_stable_baselines3,
    )

# Where each public name lives. A name loads what it needs when it is first used:
# importing all of scikit-learn and Gymnasium takes seconds.
_ROOMS = {
    "BehaviorCloner": "cloning._regressor",
    "BehaviorCloningClassifier": "cloning._classifier",
    "DAggerClassifier": "dagger._classifier",
    "DAggerRegressor": "dagger._regressor",
    "DriftDisplay": "displays._drift",
    "EpisodeError": "_errors",
    "HistoryClassifier": "cloning._history_classifier",
    "HistoryRegressor": "cloning._history_regressor",
    "LossCurveDisplay": "displays._loss_curve",
    "RecurrentBehaviorCloner": "cloning._recurrent_regressor",
    "RecurrentBehaviorCloningClassifier": "cloning._recurrent_classifier",
    "ReturnCurveDisplay": "displays._return_curve",
    "Rollouts": "environments._rollouts",
    "RunningNormalizer": "preprocessing._normalizer",
    "TRUSTED_TYPES": "formats._trusted",
    "TensorBoardCallback": "callbacks._tensorboard",
    "WorkerError": "_errors",
    "as_policy": "policies._as_policy",
    "collect_rollouts": "environments._collect",
    "evaluate_policy": "environments._collect",
    "export_onnx": "formats.onnx._export",
    "export_c": "formats.c._export",
    "from_stable_baselines3": "reinforcement._from_model",
    "load_demonstrations": "datasets._demonstrations",
    "load_expert": "experts._load",
    "load_labels": "dagger._load_labels",
    "load_policy": "formats._safetensors",
    "make_return_scorer": "environments._scorer",
    "per_observation": "policies._per_observation",
    "register_onnx_converters": "formats.onnx._converters",
    "save_policy": "formats._safetensors",
    "to_stable_baselines3": "reinforcement._stable_baselines3",
    "to_torch": "formats.torch._export",
}

__all__ = sorted(_ROOMS)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    thing = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    """List the public names, whether they are loaded or not."""
    return sorted({*globals(), *__all__})
