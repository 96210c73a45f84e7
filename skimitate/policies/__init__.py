"""What acts: networks as arrays, callables, and objects with act or predict."""

from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._per_observation import PerObservation

__all__ = ["ActorPolicy", "ClassPolicy", "NetworkPolicy", "PerObservation"]

# Pickles name them by this package, whose rooms may move.
for _class in (ActorPolicy, ClassPolicy, NetworkPolicy, PerObservation):
    _class.__module__ = __name__
