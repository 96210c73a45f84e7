"""Policies as ONNX, and read back by onnxruntime."""
