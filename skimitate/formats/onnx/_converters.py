"""skimitate's estimators for skl2onnx, inside of those of others too."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import skimitate
from skimitate._public import public
from skimitate.cloning._classes import Classes
from skimitate.cloning._classifier import BehaviorCloningClassifier
from skimitate.cloning._history_classifier import HistoryClassifier
from skimitate.cloning._history_regressor import HistoryRegressor
from skimitate.cloning._recurrent_classifier import RecurrentBehaviorCloningClassifier
from skimitate.cloning._recurrent_regressor import RecurrentBehaviorCloner
from skimitate.cloning._regressor import BehaviorCloner
from skimitate.formats._exportable import exportable
from skimitate.formats.onnx._graph import answer, blocks, highest, transformed
from skimitate.formats.onnx._layers import joined, network
from skimitate.formats.onnx._nodes import LOWEST_OPSET, Nodes, needing_onnx
from skimitate.policies._as_policy import check_fitted
from skimitate.policies._transformers import columns_of
from skimitate.preprocessing._normalizer import RunningNormalizer

_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
}


@public
def register_onnx_converters() -> None:
    """Let skl2onnx convert skimitate's estimators, inside of those of others too.

    After one call :func:`skl2onnx.to_onnx` takes a :class:`skimitate.RunningNormalizer`
    and a :class:`skimitate.BehaviorCloner` as steps of pipelines, in searches, and in
    scikit-learn's :class:`~sklearn.multioutput.MultiOutputRegressor` and
    :class:`~sklearn.ensemble.VotingRegressor`, and so on; so too a
    :class:`skimitate.BehaviorCloningClassifier`, with skl2onnx's options ``zipmap``,
    ``nocl`` and ``output_class_labels``, and DAgger estimators, of which the learner is
    converted. The graph computes ``predict`` (and ``predict_proba``), in float64 where
    its input is of float64: neither the environment nor bounds of actions are in it.

    What has a memory is refused: scikit-learn's ``predict`` does not tell such a graph
    where episodes begin. :func:`skimitate.export_onnx` gives it a state.

    Raises
    ------
    ImportError
        If skl2onnx is not installed: ``pip install 'skimitate[onnx]'``.

    See Also
    --------
    skimitate.export_onnx : What acts, alone.

    Examples
    --------
    >>> import numpy as np
    >>> import skl2onnx
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skimitate import BehaviorCloner, register_onnx_converters
    >>> X = np.linspace(-1.0, 1.0, 100).reshape(50, 2)
    >>> clone = make_pipeline(StandardScaler(), BehaviorCloner(max_iter=5)).fit(X, -X)
    >>> register_onnx_converters()
    >>> model = skl2onnx.to_onnx(clone, X[:1].astype(np.float32))
    >>> [value.name for value in model.graph.output]
    ['variable']
    """
    with needing_onnx("register_onnx_converters"):
        from skl2onnx import update_registered_converter as register

    alias = "Skimitate{.__name__}".format
    # By their public names: DAgger is above this package, and not needed by it.
    dagger, votes = skimitate.DAggerRegressor, skimitate.DAggerClassifier
    kinds = [
        (RunningNormalizer, _transformer_shapes, _convert_normalizer),
        (BehaviorCloner, _regressor_shapes, _convert_cloner),
        (dagger, _regressor_shapes, _convert_dagger),
        (RecurrentBehaviorCloner, _regressor_shapes, _refuse),
        (HistoryRegressor, _regressor_shapes, _refuse),
    ]
    for cls, shapes, convert in kinds:
        register(cls, alias(cls), shapes, convert)
    for cls, convert in (
        (BehaviorCloningClassifier, _convert_classifier),
        (votes, _convert_dagger),
        (RecurrentBehaviorCloningClassifier, _refuse),
        (HistoryClassifier, _refuse),
    ):
        register(
            cls,
            alias(cls),
            _classifier_shapes,
            convert,
            parser=_parse_classifier,
            options=_OPTIONS,
        )


class _ScopedNodes(Nodes):
    """Nodes that go into a graph of skl2onnx's.

    Parameters
    ----------
    scope, operator, container : object
        As skl2onnx gives them to a converter.
    """

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        if container.target_opset < LOWEST_OPSET:
            raise ValueError(
                f"target_opset: expected {LOWEST_OPSET} or more, got "
                f"{container.target_opset}"
            )
        super().__init__(_dtype_of(operator))
        self._scope = scope
        self._container = container

    def named(self, what: str) -> str:
        return self._scope.get_unique_variable_name(what.lower())

    def _add(
        self, operator: str, inputs: list[str], output: str, attributes: dict[str, Any]
    ) -> None:
        name = self._scope.get_unique_operator_name(operator)
        self._container.add_node(operator, inputs, [output], name=name, **attributes)

    def _keep(self, name: str, array: NDArray) -> None:
        from onnx import TensorProto, numpy_helper

        if array.dtype.kind == "U":
            texts = [text.encode() for text in array.ravel().tolist()]
            self._container.add_initializer(
                name, TensorProto.STRING, array.shape, texts
            )
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
            self._container.add_initializer(name, None, None, tensor)


def _dtype_of(operator: Any) -> type:
    """Return the type to compute in: that of the input, if it has fractions."""
    from skl2onnx.common.data_types import DoubleTensorType

    kinds = [type(value.type) for value in operator.inputs]
    return np.float64 if DoubleTensorType in kinds else np.float32


def _type_of(operator: Any, shape: list[Any]) -> Any:
    """Return the type of what is computed."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    single = _dtype_of(operator) is np.float32
    return (FloatTensorType if single else DoubleTensorType)(shape)


def _input(nodes: Nodes, operator: Any) -> str:
    """Return the observations; columns of a frame come one by one."""
    from onnx import helper

    to = helper.np_dtype_to_tensor_dtype(nodes.dtype)
    names = [value.full_name for value in operator.inputs]
    return joined(nodes, [nodes.node("Cast", name, to=to) for name in names])


def _transformer_shapes(operator: Any) -> None:
    check_fitted(operator.raw_operator, "model")
    n = operator.inputs[0].get_first_dimension()
    width = operator.raw_operator.n_features_in_
    operator.outputs[0].set_type(_type_of(operator, [n, width]))


def _regressor_shapes(operator: Any) -> None:
    check_fitted(operator.raw_operator, "model")
    n = operator.inputs[0].get_first_dimension()
    width = operator.raw_operator.n_outputs_
    operator.outputs[0].set_type(_type_of(operator, [n, width]))


def _classifier_shapes(operator: Any) -> None:
    from skl2onnx.common.data_types import (
        Int64TensorType,
        SequenceType,
        StringTensorType,
    )

    check_fitted(operator.raw_operator, "model")
    n = operator.inputs[0].get_first_dimension()
    labels = _labels(operator.scope_inst, operator.raw_operator)
    kind = StringTensorType if labels[0].dtype.kind == "U" else Int64TensorType
    label, probabilities = operator.outputs
    if len(labels) == 1:
        label.set_type(kind([n]))
        probabilities.set_type(_type_of(operator, [n, len(labels[0])]))
    else:
        label.set_type(kind([n, len(labels)]))
        probabilities.set_type(SequenceType(_type_of(operator, [n, None])))


def _labels(scope: Any, classifier: Any) -> list[NDArray]:
    """Return the classes of each output as skl2onnx has them: numbers or text.

    Raises
    ------
    ValueError
        If they are something else.
    """
    options = scope.get_options(classifier, {"nocl": False})
    of_outputs = Classes.fitted(classifier.classes_).of_outputs
    if options.get("nocl"):
        return [np.arange(len(classes)) for classes in of_outputs]
    labels = []
    for classes in of_outputs:
        listed = np.array(classes.tolist())  # whatever they are, if they are objects
        if listed.dtype.kind != "U":
            with np.errstate(invalid="ignore"):
                integers = listed.astype(np.int64)
            if listed.dtype.kind not in "biuf" or (integers != listed).any():
                raise ValueError(
                    f"classes: expected integers or strings for skl2onnx, got {classes}"
                )
            listed = integers
        labels.append(listed)
    if len({one.dtype.kind for one in labels}) > 1:
        raise ValueError(
            "classes: expected integers or strings of all outputs, got both"
        )
    return labels


def _parse_classifier(
    scope: Any, model: Any, inputs: list[Any], custom_parsers: Any = None
) -> list[Any]:
    """Declare the outputs; with several, there are no maps by the class."""
    from skl2onnx import _parse

    if isinstance(model.classes_, list):
        return _parse._parse_sklearn_simple_model(scope, model, inputs, custom_parsers)
    return _parse._parse_sklearn_classifier(scope, model, inputs, custom_parsers)


def _convert_normalizer(scope: Any, operator: Any, container: Any) -> None:
    nodes, normalizer = _ScopedNodes(scope, operator, container), operator.raw_operator
    columns, shown = columns_of(normalizer), _input(nodes, operator)
    shown = transformed(nodes, columns, shown, normalizer.n_features_in_)
    nodes.node_to(operator.outputs[0].full_name, shown)


def _convert_cloner(scope: Any, operator: Any, container: Any) -> None:
    nodes = _ScopedNodes(scope, operator, container)
    policy = exportable(operator.raw_operator, "BehaviorCloner")
    said = answer(nodes, policy, _input(nodes, operator), None)
    nodes.node_to(operator.outputs[0].full_name, said.actions)


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    nodes = _ScopedNodes(scope, operator, container)
    classifier = operator.raw_operator
    policy: Any = exportable(classifier, "BehaviorCloningClassifier")
    units = network(nodes, policy.units, _input(nodes, operator))
    labels, codes = _labels(scope, classifier), highest(nodes, units, policy)
    is_one = len(labels) == 1
    named = [
        nodes.node("Gather", nodes.constant(one if is_one else one[:, None]), code)
        for one, code in zip(labels, codes, strict=True)
    ]
    label, probabilities = (value.full_name for value in operator.outputs)
    nodes.node_to(label, joined(nodes, named))
    shares = [
        nodes.node("Softmax", block, axis=1) for block in blocks(nodes, units, policy)
    ]
    if is_one:
        nodes.node_to(probabilities, shares[0])
    else:
        nodes.node_to(probabilities, nodes.node("SequenceConstruct", *shares))


def _convert_dagger(scope: Any, operator: Any, container: Any) -> None:
    """Convert the learner in the place of the DAgger that has trained it."""
    from skl2onnx import _parse

    learner = operator.raw_operator.estimator_
    nodes = _ScopedNodes(scope, operator, container)
    options = scope.get_options(operator.raw_operator, {}, fail=False) or {}
    if len(operator.outputs) > 1:
        options = options | {"zipmap": False}
        for known in (scope, container):
            known.add_options(id(learner), options)
    outputs = _parse._parse_sklearn(scope, learner, operator.inputs)
    for value, own in zip(outputs, operator.outputs, strict=True):
        nodes.node_to(own.full_name, value.full_name)


def _refuse(scope: Any, operator: Any, container: Any) -> None:
    name = type(operator.raw_operator).__name__
    raise TypeError(
        f"model: expected estimators without a memory, got {name}, whose predict knows "
        "of episodes by groups, which no graph of skl2onnx is told; "
        "skimitate.export_onnx gives it a state"
    )
