"""Policies and roll-outs as files."""

from skimitate.formats.onnx._policy import OnnxPolicy

__all__ = ["OnnxPolicy"]

# Pickles name it by this package, whose rooms may move.
OnnxPolicy.__module__ = __name__
