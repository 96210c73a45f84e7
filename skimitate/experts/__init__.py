"""Whom to imitate."""

from skimitate.experts._classic_control import RuleExpert
from skimitate.experts._network_expert import NetworkExpert
from skimitate.experts._stable_baselines3 import StableBaselines3Expert
from skimitate.experts._vec_normalize import ObservationStatistics

__all__ = [
    "NetworkExpert",
    "ObservationStatistics",
    "RuleExpert",
    "StableBaselines3Expert",
]

# Pickles name them by this package, whose rooms may move.
for _class in (
    NetworkExpert,
    ObservationStatistics,
    RuleExpert,
    StableBaselines3Expert,
):
    _class.__module__ = __name__
