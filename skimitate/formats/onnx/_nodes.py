"""Nodes and constants of an ONNX graph, as they are made one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

# Of operators that have meant the same in all versions from here to OPSET and beyond.
LOWEST_OPSET = 13

# What files are written in: onnxruntime has read it since 2022, and so do others.
OPSET = 18
IR_VERSION = 8


@contextmanager
def needing_onnx(what: str) -> Iterator[None]:
    """Say in an ImportError who needs what, and how it is installed.

    Parameters
    ----------
    what : str
        Who needs it.

    Raises
    ------
    ImportError
        In the place of one that is raised inside.
    """
    try:
        yield
    except ImportError as error:
        raise ImportError(
            f"{what}: ONNX needs onnx, onnxruntime and skl2onnx: "
            f"pip install 'skimitate[onnx]' ({error})"
        ) from None


class Nodes:
    """What a graph is made of, in the order in which it is computed.

    Parameters
    ----------
    dtype : dtype, default=float32
        Of all its floating-point numbers.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
    constants : list of onnx.TensorProto
    domains : dict
        The versions of operators by the names of their domains, beside ONNX's own.
    """

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype: np.dtype = np.dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.domains: dict[str, int] = {}
        self._n_names = 0

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output.

        Parameters
        ----------
        operator : str
            What it computes.
        *inputs : str
            Of what.
        **attributes : object
            How.

        Returns
        -------
        str
            The name of its output.
        """
        output = self.named(operator)
        self._add(operator, list(inputs), output, attributes)
        return output

    def node_to(self, name: str, value: str) -> None:
        """Give a value another name."""
        self._add("Identity", [value], name, {})

    def numbers(self, values: ArrayLike, what: str = "policy") -> str:
        """Add a constant of floating-point numbers.

        Parameters
        ----------
        values : array-like
            Finite numbers, and infinity.
        what : str, default="policy"
            What errors call them.

        Returns
        -------
        str
            Its name.

        Raises
        ------
        ValueError
            If they are too large for the type.
        """
        exact = np.asarray(values, dtype=np.float64)
        with np.errstate(over="ignore", under="ignore"):
            rounded = exact.astype(self.dtype)
        wrong = np.isinf(rounded) & np.isfinite(exact)
        if wrong.any():
            raise ValueError(
                f"{what}: expected numbers that {self.dtype} holds, got "
                f"{exact[wrong].flat[0]}"
            )
        return self.constant(rounded)

    def constant(self, array: NDArray) -> str:
        """Add a constant of whatever type.

        Parameters
        ----------
        array : ndarray
            Integers, floating-point numbers, bools or text.

        Returns
        -------
        str
            Its name.
        """
        name = self.named("constant")
        self._keep(name, array)
        return name

    def named(self, what: str) -> str:
        """Return a name that nothing has yet."""
        self._n_names += 1
        return f"{what.lower()}_{self._n_names}"

    def _add(
        self, operator: str, inputs: list[str], output: str, attributes: dict[str, Any]
    ) -> None:
        from onnx import helper

        node = helper.make_node(operator, inputs, [output], output, **attributes)
        self.nodes.append(node)

    def _keep(self, name: str, array: NDArray) -> None:
        self.constants.append(tensor(name, array))


def tensor(name: str, array: NDArray) -> Any:
    """Return an array as ONNX has it.

    Parameters
    ----------
    name : str
        What it is called.
    array : ndarray
        Integers, floating-point numbers, bools or text.

    Returns
    -------
    onnx.TensorProto
    """
    from onnx import TensorProto, helper, numpy_helper

    if array.dtype.kind == "U":
        texts = [text.encode() for text in array.ravel().tolist()]
        return helper.make_tensor(name, TensorProto.STRING, array.shape, texts)
    return numpy_helper.from_array(np.ascontiguousarray(array), name)


def parted(values: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return numbers as two: what float32 has of them, and what is left.

    Parameters
    ----------
    values : ndarray
        Of float64.

    Returns
    -------
    high, low : ndarray
    """
    with np.errstate(over="ignore", under="ignore"):
        high = values.astype(np.float32).astype(np.float64)
        high = np.where(np.isinf(high), values, high)  # for whoever refuses these
        low = values - high
        # Too little for float32 to tell: it makes no difference.
        low[np.abs(low) < np.finfo(np.float32).tiny] = 0.0
    return high, low
