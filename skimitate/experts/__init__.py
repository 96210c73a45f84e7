"""Whom to imitate."""

from skimitate.experts._network_expert import NetworkExpert

__all__ = ["NetworkExpert"]

# Pickles name it by this package, whose rooms may move.
NetworkExpert.__module__ = __name__
