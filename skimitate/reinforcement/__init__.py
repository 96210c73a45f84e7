"""From a policy on by reinforcement learning, with other people's algorithms.

Models of stable-baselines3 name in their files what their policies are made of. These
names are this package's, whose rooms may move, and they are loaded when they are asked
for: stable-baselines3 need not be installed.
"""

from importlib import import_module
from typing import Any

_PARTS = ("BoundedActor", "BoundedSACPolicy", "StandardizedFeatures")


def __getattr__(name: str) -> Any:
    """Load a part of a model when it is first used (PEP 562)."""
    if name not in _PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}._model_parts"), name)
