"""Graphs as onnxruntime runs them."""

from collections.abc import Iterator
from typing import Any

from skimitate.formats.onnx._nodes import needing_onnx


def session_of(content: bytes) -> Any:
    """Return a session that runs a model on one thread.

    Parameters
    ----------
    content : bytes
        Of an ONNX file, whose tensors are all in it; see :func:`check_self_contained`.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    ImportError
        If onnxruntime is not installed.
    Exception
        Whatever onnxruntime makes of a model that is none.
    """
    with needing_onnx("policy"):
        import onnxruntime

    options = onnxruntime.SessionOptions()
    # A policy is small: other threads cost more than they spare, and wait spinning.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # What it would warn of is raised, or checked by whoever asks.
    options.log_severity_level = 4
    # It would print of what it has tried, and try the same once more.
    return onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"], enable_fallback=0
    )


def check_self_contained(model: Any) -> None:
    """Raise if a model would have other files read, or memory.

    Parameters
    ----------
    model : onnx.ModelProto
        Any.

    Raises
    ------
    ValueError
        If a tensor lies outside of it, anywhere in it.
    """
    from onnx import TensorProto

    for message in _messages(model):
        if isinstance(message, TensorProto) and (
            message.data_location == TensorProto.EXTERNAL or message.external_data
        ):
            raise ValueError(
                f"its tensor {message.name!r} lies outside of it, where nothing is read"
            )


def _messages(message: Any) -> Iterator[Any]:
    """Yield a message and all that are in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            parts = [value] if hasattr(value, "ListFields") else value
            for part in parts:
                yield from _messages(part)
