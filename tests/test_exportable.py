"""What acts, made of parts that every format knows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_regression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    RunningNormalizer,
)
from skimitate.formats._exportable import exportable
from skimitate.policies import Columns, PipelinePolicy

RNG = np.random.default_rng(0)
X = RNG.normal([0.0, 10.0, -3.0, 0.5], [1.0, 0.1, 20.0, 3.0], (80, 4))
Y = np.sin(X[:, [0, 3]])
GROUPS = np.repeat(np.arange(8), 10)

TRANSFORMERS = {
    "standard": StandardScaler(),
    "standard without mean": StandardScaler(with_mean=False),
    "standard without std": StandardScaler(with_std=False),
    "running": RunningNormalizer(),
    "running and clipped": RunningNormalizer(clip=0.7),
    "running without mean": RunningNormalizer(with_mean=False),
    "running without std": RunningNormalizer(with_std=False),
    "min max": MinMaxScaler((-2, 3)),
    "min max, clipped": MinMaxScaler(clip=True),
    "max abs": MaxAbsScaler(),
    "robust": RobustScaler(),
    "robust without centering": RobustScaler(with_centering=False),
    "robust without scaling": RobustScaler(with_scaling=False),
    "selected": SelectKBest(f_regression, k=2),
    "varying": VarianceThreshold(0.5),
    "function": FunctionTransformer(),
    "nothing": "passthrough",
    "several": make_pipeline(
        RunningNormalizer(clip=1.0), VarianceThreshold(0.1), MinMaxScaler(clip=True)
    ),
    "columns": ColumnTransformer(
        [
            ("a", StandardScaler(), [2, 0]),
            ("b", "passthrough", slice(1, 2)),
            ("c", "drop", [3]),
            ("d", make_pipeline(MinMaxScaler(clip=True), "passthrough"), [True] * 4),
        ]
    ),
    "weighted columns": ColumnTransformer(
        [("a", MinMaxScaler(clip=True), [2, 0]), ("b", "passthrough", [1])],
        transformer_weights={"a": 3.0},
    ),
    "the rest": ColumnTransformer(
        [("a", StandardScaler(), [1])], remainder=MaxAbsScaler()
    ),
}


@pytest.mark.parametrize("transformer", TRANSFORMERS.values(), ids=TRANSFORMERS)
def test_a_pipeline_does_the_same_of_known_parts(transformer):
    pipeline = make_pipeline(transformer, BehaviorCloner((4,), max_iter=2))
    pipeline.fit(X, Y[:, 0] if isinstance(transformer, SelectKBest) else Y)
    policy = exportable(pipeline)
    assert isinstance(policy, PipelinePolicy)
    assert isinstance(policy.transformer, Columns)
    # Beyond what was seen, where clipping shows.
    wide = 3 * RNG.normal(X.mean(axis=0), X.std(axis=0), (50, 4))
    expected = pipeline.predict(wide).reshape(50, -1)
    assert_allclose(policy.act(wide), expected, rtol=1e-9, atol=1e-9)
    assert_allclose(policy.act(wide[0]), expected[0], rtol=1e-9, atol=1e-9)
    assert (policy.n_features, policy.n_outputs) == (4, expected.shape[1])


def test_columns_of_a_frame_are_found_by_name():
    frame = pd.DataFrame(X, columns=list("abcd"))
    chosen = ColumnTransformer(
        [("x", StandardScaler(), ["d", "a"]), ("y", "passthrough", ["c"])]
    )
    pipeline = make_pipeline(chosen, BehaviorCloner((4,), max_iter=2)).fit(frame, Y)
    policy = exportable(pipeline)
    assert policy.transformer.indices.tolist() == [3, 0, 2]
    assert_allclose(policy.act(X), pipeline.predict(frame), rtol=1e-9)


def test_columns_of_a_frame_between_two_names():
    frame = pd.DataFrame(X, columns=list("abcd"))
    chosen = ColumnTransformer([("x", StandardScaler(), slice("b", "c"))])
    pipeline = make_pipeline(chosen, BehaviorCloner((4,), max_iter=2)).fit(frame, Y)
    policy = exportable(pipeline)
    assert policy.transformer.indices.tolist() == [1, 2]
    assert_allclose(policy.act(X), pipeline.predict(frame), rtol=1e-9)


def test_learners_with_a_memory_behind_scalers():
    inner = make_pipeline(MinMaxScaler(), BehaviorCloner((4,), max_iter=2))
    history = HistoryRegressor(inner, 3, actions=True)
    recurrent = RecurrentBehaviorCloner(4, max_iter=2)
    for learner in (history, recurrent):
        pipeline = Pipeline([("scale", StandardScaler()), ("learner", learner)])
        pipeline.fit(X, Y, learner__groups=GROUPS)
        policy = exportable(pipeline)
        assert policy.is_stateful
        shown = pipeline[0].transform(X)
        expected = pipeline[-1].predict(shown, groups=GROUPS)
        policy.reset()
        found = [policy.act(row) for row in X[GROUPS == 0]]
        if learner is recurrent:
            assert_allclose(found, expected[GROUPS == 0], rtol=1e-6, atol=1e-9)
        else:
            assert_allclose(found[0], expected[0], rtol=1e-6, atol=1e-9)
            assert isinstance(policy.policy.policy.transformer, Columns)


class Doubling(StandardScaler):
    """Whatever a subclass may do."""

    def transform(self, X, copy=None):
        return 2 * super().transform(X)


@pytest.mark.parametrize(
    "transformer",
    [PCA(2), Doubling(), FunctionTransformer(np.sin)],
    ids=lambda transformer: type(transformer).__name__,
)
def test_other_transformers_are_refused(transformer):
    pipeline = make_pipeline(transformer, BehaviorCloner((4,), max_iter=2)).fit(X, Y)
    with pytest.raises(TypeError, match=f"policy: .*got {type(transformer).__name__}"):
        exportable(pipeline)


def test_columns_that_are_weighted_below_zero_are_refused():
    chosen = ColumnTransformer(
        [("a", StandardScaler(), [1])], transformer_weights={"a": -1.0}
    )
    pipeline = make_pipeline(chosen, BehaviorCloner((4,), max_iter=2)).fit(X, Y)
    with pytest.raises(TypeError, match=r"policy: .*transformer_weights .* got -1\.0"):
        exportable(pipeline)


def test_what_is_no_network_is_refused():
    forest = RandomForestRegressor(2).fit(X, Y)
    for actor in (
        forest,
        lambda observations: observations[:, :2],
        make_pipeline(StandardScaler(), forest),
        HistoryRegressor(forest, 2).fit(X, Y, groups=GROUPS),
    ):
        with pytest.raises(TypeError, match="policy: expected a network of skimitate"):
            exportable(actor)
    with pytest.raises(NotFittedError, match="policy"):
        exportable(make_pipeline(StandardScaler(), BehaviorCloner()))


numbers = st.floats(-5, 5)
steps = st.tuples(numbers, st.floats(0.1, 5), numbers, numbers)


@given(st.lists(steps, min_size=1, max_size=4), st.lists(numbers, min_size=1))
def test_columns_one_after_the_other_are_columns(parts, values):
    steps = [
        Columns(1, [0], [mean], [scale], [min(ends)], [max(ends)])
        for mean, scale, *ends in parts
    ]
    joined = steps[0]
    for step in steps[1:]:
        joined = joined.then(step)
    expected = rows = np.reshape(values, (-1, 1))
    for step in steps:
        expected = step.transform(expected)
    assert_allclose(joined.transform(rows), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"indices": [0, 4]}, "indices: expected numbers from 0 to 3, got 0 to 4"),
        ({"indices": [-1, 0]}, "indices: .* got -1 to 0"),
        ({"indices": [0]}, "as many numbers of each kind"),
        ({"mean": [0.0, np.nan]}, "finite"),
        ({"scale": [1.0, 0.0]}, "scale: expected positive"),
        ({"low": [0.0, 2.0]}, "low <= high"),
        ({"high": [0.0, np.nan]}, "low <= high"),
        ({"low": [np.inf, 0.0], "high": [np.inf, 1.0]}, "numbers between, got none"),
        ({"low": [-np.inf, 0.0], "high": [-np.inf, 1.0]}, "numbers between, got none"),
    ],
)
def test_columns_that_are_none(change, message):
    whole = {"indices": [0, 3], "mean": [0.0, 1.0], "scale": [1.0, 2.0]}
    with pytest.raises(ValueError, match=message):
        Columns(4, **(whole | {"low": [0.0, 0.0], "high": [1.0, 1.0]} | change))


def test_a_classifier_behind_a_scaler():
    labels = np.where(X[:, 0] > 0, "left", "right")
    cloner = BehaviorCloningClassifier((4,), max_iter=2)
    pipeline = make_pipeline(StandardScaler(), cloner).fit(X, labels)
    actions = exportable(pipeline).act(X)
    assert actions.ravel().tolist() == pipeline.predict(X).tolist()
