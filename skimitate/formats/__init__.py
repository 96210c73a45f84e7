"""Policies and roll-outs as files."""

from skimitate.formats._onnx_policy import OnnxPolicy

__all__ = ["OnnxPolicy"]

# Pickles name it by this package, whose rooms may move.
OnnxPolicy.__module__ = __name__
