"""What acts: networks as arrays, callables, and objects with act or predict."""

from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._history_policy import HistoryPolicy
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._per_observation import PerObservation
from skimitate.policies._pipeline_policy import PipelinePolicy
from skimitate.policies._recurrent_policy import RecurrentPolicy

__all__ = [
    "ActorPolicy",
    "ClassPolicy",
    "Columns",
    "HistoryPolicy",
    "NetworkPolicy",
    "PerObservation",
    "PipelinePolicy",
    "RecurrentPolicy",
]

# Pickles name them by this package, whose rooms may move.
for _class in (
    ActorPolicy,
    ClassPolicy,
    Columns,
    HistoryPolicy,
    NetworkPolicy,
    PerObservation,
    PipelinePolicy,
    RecurrentPolicy,
):
    _class.__module__ = __name__
