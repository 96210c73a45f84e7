"""Estimators inside of those of others, as skl2onnx converts them."""

import numpy as np
import onnxruntime
import pytest
import skl2onnx
from numpy.testing import assert_allclose
from skl2onnx.common.data_types import Int64TensorType
from sklearn.ensemble import BaggingRegressor, StackingRegressor, VotingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerClassifier,
    DAggerRegressor,
    HistoryClassifier,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    RecurrentBehaviorCloningClassifier,
    RunningNormalizer,
    register_onnx_converters,
)
from skimitate.cloning._activations import ACTIVATIONS

RNG = np.random.default_rng(0)
X = RNG.normal([0.0, 10.0, -3.0, 0.5], [1.0, 0.1, 20.0, 3.0], (80, 4))
Y = np.sin(X[:, [0, 3]])
GROUPS = np.repeat(np.arange(8), 10)
SIDE = (X[:, 0] > 0).astype(int)
NAMES = np.array(["left", "right"])[SIDE]
SEVERAL = np.column_stack([SIDE, 3 + (X[:, 3] > 0) + (X[:, 3] > 2)])
TOLERANCES = {np.float32: 1e-5, np.float64: 1e-12}


@pytest.fixture(autouse=True)
def registered():
    register_onnx_converters()
    register_onnx_converters()  # a second call does no harm


def cloner(**options):
    return BehaviorCloner((4,), max_iter=2, random_state=0, **options)


def classifier():
    return BehaviorCloningClassifier((4,), max_iter=2, random_state=0)


def answers(estimator, dtype=np.float32, options=None, **more):
    """What onnxruntime makes of a fitted estimator, output by output."""
    rows = X.astype(dtype)
    model = skl2onnx.to_onnx(estimator, rows[:1], options=options, **more)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"X": rows})


REGRESSORS = {
    "alone": cloner(),
    "several networks": cloner(n_networks=2),
    "pipeline": make_pipeline(StandardScaler(), cloner()),
    "search": GridSearchCV(cloner(), {"n_networks": [1, 2]}, cv=2),
    "search of a pipeline": GridSearchCV(
        make_pipeline(RunningNormalizer(), cloner()),
        {"behaviorcloner__n_networks": [1, 2]},
        cv=2,
    ),
    "each output": MultiOutputRegressor(cloner()),
    "DAgger": DAggerRegressor(cloner()),
    "DAgger of a pipeline": make_pipeline(
        RunningNormalizer(),
        DAggerRegressor(make_pipeline(StandardScaler(), LinearRegression())),
    ),
}

OF_ONE_OUTPUT = {
    "vote": VotingRegressor(
        [("a", cloner()), ("b", make_pipeline(StandardScaler(), cloner()))]
    ),
    "bagging": BaggingRegressor(cloner(), 2),
    "stack": StackingRegressor([("a", cloner()), ("b", LinearRegression())], cv=2),
    "vote of DAggers": VotingRegressor([("a", DAggerRegressor(cloner()))]),
}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        *((estimator, Y) for estimator in REGRESSORS.values()),
        *((estimator, Y[:, 0]) for estimator in OF_ONE_OUTPUT.values()),
    ],
    ids=[*REGRESSORS, *OF_ONE_OUTPUT],
)
def test_regressors_predict_the_same(estimator, y, dtype):
    estimator.fit(X, y)
    (found,) = answers(estimator, dtype)
    assert found.dtype == dtype
    expected = estimator.predict(X.astype(dtype)).reshape(80, -1)
    assert_allclose(found, expected, rtol=0, atol=TOLERANCES[dtype])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_in_float64(activation):
    estimator = cloner(activation=activation).fit(X, Y)
    (found,) = answers(estimator, np.float64)
    assert_allclose(found, estimator.predict(X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    "normalizer",
    [
        RunningNormalizer(),
        RunningNormalizer(clip=0.7),
        RunningNormalizer(with_mean=False),
        RunningNormalizer(with_std=False),
    ],
    ids=repr,
)
def test_normalizers_transform_the_same(normalizer, dtype):
    (found,) = answers(normalizer.fit(X), dtype)
    assert found.dtype == dtype
    expected = normalizer.transform(X)
    atol = TOLERANCES[dtype] * np.abs(expected).max()
    assert_allclose(found, expected, rtol=0, atol=atol)


def test_missing_values_stay_missing():
    rows = X.astype(np.float32)
    rows[3, 1] = np.nan
    normalizer = RunningNormalizer(clip=1.0).fit(X)
    model = skl2onnx.to_onnx(normalizer, rows)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {"X": rows})
    np.testing.assert_array_equal(np.isnan(found), np.isnan(rows))


def test_integers_and_columns_of_their_own():
    rows = RNG.integers(-5, 5, (80, 2))
    estimator = cloner().fit(rows, Y)
    types = [(name, Int64TensorType([None, 1])) for name in "ab"]
    model = skl2onnx.convert_sklearn(estimator, initial_types=types)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {"a": rows[:, :1], "b": rows[:, 1:]})
    assert_allclose(found, estimator.predict(rows), rtol=0, atol=1e-5)


CLASSIFIERS = {
    "alone": classifier(),
    "pipeline": make_pipeline(StandardScaler(), classifier()),
    "search": GridSearchCV(classifier(), {"max_iter": [1, 2]}, cv=2),
    "DAgger": DAggerClassifier(classifier()),
    "DAgger of a pipeline": DAggerClassifier(
        make_pipeline(StandardScaler(), classifier())
    ),
}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("estimator", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_classifiers_give_labels_and_probabilities(estimator, dtype):
    for y in (NAMES, 5 - 7 * SIDE):
        estimator.fit(X, y)
        label, found = answers(estimator, dtype, {"zipmap": False})
        expected = estimator.predict(X.astype(dtype))
        assert label.tolist() == expected.tolist()
        assert found.dtype == dtype
        probabilities = estimator.predict_proba(X.astype(dtype))
        assert_allclose(found, probabilities, rtol=0, atol=TOLERANCES[dtype])


def test_options_of_classifiers():
    estimator = classifier().fit(X, NAMES)
    expected = estimator.predict_proba(X)
    label, maps = answers(estimator)  # by default, as skl2onnx has it
    assert label.tolist() == estimator.predict(X).tolist()
    rows = [[one["left"], one["right"]] for one in maps]
    assert_allclose(rows, expected, atol=1e-5)
    _, *by_class = answers(estimator, options={"zipmap": "columns"})
    assert_allclose(np.column_stack(by_class), expected, atol=1e-5)
    numbers, _ = answers(estimator, options={"zipmap": False, "nocl": True})
    assert numbers.tolist() == expected.argmax(axis=1).tolist()
    *_, classes = answers(
        estimator, options={"zipmap": False, "output_class_labels": True}
    )
    assert classes.tolist() == ["left", "right"]


@pytest.mark.parametrize("y", [SIDE == 1, SIDE * 3.0], ids=["bools", "floats"])
def test_bools_and_whole_numbers_are_integers(y):
    estimator = classifier().fit(X, y)
    label, _ = answers(estimator, options={"zipmap": False})
    assert label.dtype == np.int64
    assert label.tolist() == estimator.predict(X).astype(int).tolist()


@pytest.mark.parametrize(
    "estimator",
    [
        classifier(),
        make_pipeline(StandardScaler(), classifier()),
        DAggerClassifier(classifier()),
        MultiOutputClassifier(classifier()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_several_outputs_have_a_list_of_probabilities(estimator):
    estimator.fit(X, SEVERAL)
    # skl2onnx warns of what MultiOutputClassifier does not do.
    options = {"zipmap": False}
    label, found = answers(estimator, options=options)
    assert label.tolist() == estimator.predict(X).tolist()
    for one, expected in zip(found, estimator.predict_proba(X), strict=True):
        assert_allclose(one, expected, rtol=0, atol=1e-5)


def test_what_has_a_memory_is_refused():
    for estimator, y in (
        (RecurrentBehaviorCloner(2, max_iter=1), Y),
        (RecurrentBehaviorCloningClassifier(2, max_iter=1), NAMES),
        (HistoryRegressor(cloner(), 2), Y),
        (HistoryClassifier(classifier(), 2), NAMES),
    ):
        estimator.fit(X, y, groups=GROUPS)
        with pytest.raises(TypeError, match=r"model: .* memory, .*export_onnx"):
            answers(estimator)


def test_old_versions_of_operators_are_refused():
    with pytest.raises(ValueError, match="target_opset: expected 13 or more, got 12"):
        answers(cloner().fit(X, Y), target_opset=12)


def test_classes_that_skl2onnx_does_not_have():
    estimator = classifier().fit(X, SIDE == 1)
    estimator.classes_ = np.array([0.25, 0.5])
    with pytest.raises(ValueError, match="classes: expected integers or strings"):
        answers(estimator, options={"zipmap": False})
