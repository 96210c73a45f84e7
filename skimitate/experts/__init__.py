"""Whom to imitate."""

from skimitate.experts._classic_control import RuleExpert
from skimitate.experts._network_expert import NetworkExpert
from skimitate.experts._stable_baselines3 import StableBaselines3Expert
from skimitate.experts._torch_file import TorchExpert
from skimitate.experts._vec_normalize import DictStatistics, ObservationStatistics

__all__ = [
    "DictStatistics",
    "NetworkExpert",
    "ObservationStatistics",
    "RuleExpert",
    "StableBaselines3Expert",
    "TorchExpert",
]

# Pickles name them by this package, whose rooms may move.
for _class in (
    DictStatistics,
    NetworkExpert,
    ObservationStatistics,
    RuleExpert,
    StableBaselines3Expert,
    TorchExpert,
):
    _class.__module__ = __name__
