"""Transformers of others, as nodes of an ONNX graph: skl2onnx knows them."""

from typing import Any

import numpy as np

from skimitate.formats.onnx._nodes import OPSET, Nodes, needing_onnx

# The version of ONNX's operators for machine learning that came with OPSET's.
_ML_OPSET = 3


def foreign(
    nodes: Nodes, transformer: Any, observation: str, n_features: int | None
) -> str:
    """Add what a transformer does that is no columns.

    Parameters
    ----------
    nodes : Nodes
        Added to.
    transformer : transformer
        Fitted.
    observation : str
        Of shape (batch, n_features).
    n_features : int or None
        Number of columns that it is given; None where it alone knows.

    Returns
    -------
    str
        Of shape (batch, n_columns).

    Raises
    ------
    TypeError
        If skl2onnx cannot convert it.
    ImportError
        If skl2onnx is not installed.
    """
    from onnx import TensorProto, compose, helper

    graph = _converted(transformer, nodes.dtype, n_features)
    prefix = f"{nodes.named('transformer')}_"
    compose.add_prefix_graph(graph, prefix, inplace=True)
    nodes.nodes.append(
        helper.make_node("Identity", [observation], [graph.input[0].name])
    )
    nodes.nodes.extend(graph.node)
    nodes.constants.extend(graph.initializer)
    if any(node.domain == "ai.onnx.ml" for node in graph.node):
        nodes.domains["ai.onnx.ml"] = _ML_OPSET
    dtype = TensorProto.FLOAT if nodes.dtype == np.float32 else TensorProto.DOUBLE
    return nodes.node("Cast", graph.output[0].name, to=dtype)


def _converted(transformer: Any, dtype: np.dtype, n_features: int | None) -> Any:
    """Return the graph that skl2onnx makes of a transformer."""
    with needing_onnx("policy"):
        import skl2onnx
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    width = getattr(transformer, "n_features_in_", n_features)
    kind = FloatTensorType if dtype == np.float32 else DoubleTensorType
    try:
        model = skl2onnx.to_onnx(
            transformer,
            initial_types=[("rows", kind([None, width]))],
            target_opset={"": OPSET, "ai.onnx.ml": _ML_OPSET},
        )
    except Exception as error:  # it raises many kinds, some of its own
        raise TypeError(
            "policy: expected transformers that take columns one by one, or that "
            f"skl2onnx converts, got {transformer!r}: {error}"
        ) from error
    return model.graph
