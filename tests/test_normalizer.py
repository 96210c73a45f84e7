"""RunningNormalizer against exact arithmetic and scikit-learn's StandardScaler."""

import copy
import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from sklearn import clone, config_context
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import RunningNormalizer
from skimitate._validation import check_weights, naming, validate_pairs

ORDINARY = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda x: round(x, 6))


LAYOUTS = ["F", "rows", "cols", "flipped", "rev"]


def arrays(elements=ORDINARY, dtype=np.float64, min_rows=1, max_rows=40):
    shapes = st.tuples(st.integers(min_rows, max_rows), st.integers(1, 4))
    return shapes.flatmap(lambda s: hnp.arrays(dtype, s, elements=elements))


def exact_moments(X, weights=None):
    """Mean and variance of each column in rational arithmetic, rounded once."""
    weights = np.ones(len(X)) if weights is None else weights
    mean, var = [], []
    for column in X.T:
        pairs = [
            (Fraction(float(x)), Fraction(float(w)))
            for x, w in zip(column, weights, strict=True)
            if not np.isnan(x) and w > 0
        ]
        total = sum(w for _, w in pairs)
        m = sum(x * w for x, w in pairs) / total
        mean.append(float(m))
        var.append(float(sum(w * (x - m) ** 2 for x, w in pairs) / total))
    return np.array(mean), np.array(var)


def assert_moments(normalizer, X, rtol, weights=None):
    assert_close(normalizer, exact_moments(X, weights), rtol)


def assert_close(normalizer, moments, rtol):
    mean, var = moments
    spread = np.sqrt(var)
    # The mean of values around zero is known to rtol of their spread, not of itself.
    assert np.all(abs(normalizer.mean_ - mean) <= rtol * np.maximum(abs(mean), spread))
    tiny = np.finfo(np.float64).tiny + (1e-16 * np.abs(mean)) ** 2
    assert np.all(abs(normalizer.var_ - var) <= rtol * var + tiny)


@st.composite
def splits(draw, n):
    cuts = draw(st.lists(st.integers(0, n), max_size=6))
    edges = [0, *sorted(cuts), n]
    parts = [range(a, b) for a, b in itertools.pairwise(edges) if b > a]
    return draw(st.permutations(parts))


@settings(max_examples=15)
@given(arrays(), st.data())
def test_any_split_in_any_order_gives_the_statistics_of_the_whole(X, data):
    parts = data.draw(splits(len(X)))
    normalizer = RunningNormalizer()
    for part in parts:
        normalizer.partial_fit(X[part])
    assert normalizer.n_samples_seen_ == len(X)
    assert_moments(normalizer, X, rtol=1e-10)


@settings(max_examples=15)
@given(arrays(), st.data())
def test_any_tree_of_merges_gives_the_statistics_of_the_whole(X, data):
    leaves = [RunningNormalizer().fit(X[p]) for p in data.draw(splits(len(X)))]
    while len(leaves) > 1:
        i = data.draw(st.integers(0, len(leaves) - 1))
        taken = leaves.pop(i)
        leaves[data.draw(st.integers(0, len(leaves) - 1))].merge(taken)
    assert leaves[0].n_samples_seen_ == len(X)
    assert_moments(leaves[0], X, rtol=1e-10)


@pytest.mark.parametrize(
    ("dtype", "ratio", "rtol"),
    [
        (np.float64, 1e8, 1e-10),
        pytest.param(np.float32, 1e4, 1e-6, marks=pytest.mark.slow),
    ],
)
def test_large_mean(dtype, ratio, rtol):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(600, 3)) + ratio * np.array([1, -1, 0.5])).astype(dtype)
    exact = exact_moments(X)
    for batch in (1, 3, 100, 600):
        assert_large_mean_survives(X, batch, exact, rtol)


def assert_large_mean_survives(X, batch, exact, rtol):
    streamed = RunningNormalizer()
    merged = RunningNormalizer()
    for start in range(0, len(X), batch):
        streamed.partial_fit(X[start : start + batch])
        merged.merge(RunningNormalizer().fit(X[start : start + batch]))
    for normalizer in (streamed, merged):
        assert_close(normalizer, exact, rtol)
        assert_allclose(normalizer.scale_, 1.0, rtol=0.1)
        Z = normalizer.transform(X)
        # mean_ itself is rounded to float64: by up to 7e-9 of the spread at 1e8.
        tolerance = 1e-6 if X.dtype == np.float32 else 1e-8
        assert_allclose(Z.mean(axis=0, dtype=np.float64), 0, atol=tolerance)
        assert_allclose(Z.std(axis=0, dtype=np.float64), 1, rtol=tolerance)


def test_an_outlier_first_does_not_spoil_what_follows():
    X = np.concatenate([[[1e10]], np.random.default_rng(0).normal(size=(500, 1))])
    normalizer = RunningNormalizer()
    for row in X:
        normalizer.partial_fit(row[None])
    assert_moments(normalizer, X, rtol=1e-10)


@given(arrays(dtype=np.float32, elements=st.floats(-1e3, 1e3, width=32)))
def test_float32_is_reduced_in_float64(X):
    normalizer = RunningNormalizer().fit(X)
    assert normalizer.mean_.dtype == normalizer.var_.dtype == np.float64
    assert_moments(normalizer, X.astype(np.float64), rtol=1e-6)
    assert normalizer.transform(X).dtype == np.float32


@settings(max_examples=15)
@given(arrays(elements=ORDINARY | st.just(float("nan"))), st.data())
def test_parity_with_standard_scaler(X, data):
    weights = data.draw(
        st.none() | hnp.arrays(np.float64, len(X), elements=st.floats(0.5, 4))
    )
    with np.errstate(invalid="ignore"):
        theirs = StandardScaler().fit(X, sample_weight=weights)
    ours = RunningNormalizer().fit(X, sample_weight=weights)
    scale = np.abs(np.nan_to_num(X)).max() + 1e-300
    assert_allclose(ours.mean_, theirs.mean_, rtol=1e-12, atol=1e-12 * scale)
    assert_allclose(ours.var_, theirs.var_, rtol=1e-12, atol=1e-12 * scale**2)
    assert_allclose(ours.n_samples_seen_, theirs.n_samples_seen_, rtol=1e-12)
    # Where rounding decides which of the two calls a feature constant, they may
    # differ; ordinary features are those whose spread is well above it.
    ordinary = ~(theirs.var_ < (1e-2 * scale) ** 2)
    if ordinary.any():
        assert_allclose(
            ours.transform(X)[:, ordinary],
            theirs.transform(X)[:, ordinary],
            rtol=1e-12,
            atol=1e-12,
        )


def test_parity_of_transform_with_standard_scaler():
    X = np.random.default_rng(0).normal(3, 2, size=(1000, 5))
    for options in ({}, {"with_mean": False}, {"with_std": False}):
        ours = RunningNormalizer(**options).fit(X)
        theirs = StandardScaler(**options).fit(X)
        Z = theirs.transform(X)
        assert_allclose(ours.transform(X), Z, rtol=1e-12, atol=1e-12)
        assert_allclose(ours.inverse_transform(Z), X, rtol=1e-12, atol=1e-12)
        assert (ours.scale_ is None) == (theirs.scale_ is None)


@pytest.mark.parametrize("name", ["with_std", "with_mean"])
def test_a_parameter_turned_off_after_fit_counts_as_standard_scalers_does(name):
    X = np.random.default_rng(0).normal(3, 2, size=(100, 3))
    ours, theirs = RunningNormalizer().fit(X), StandardScaler().fit(X)
    var = ours.var_
    for scaler in (ours, theirs):
        scaler.set_params(**{name: False})
    Z = theirs.transform(X)
    assert_allclose(ours.transform(X), Z, rtol=1e-12)
    assert_allclose(ours.inverse_transform(Z), X, rtol=1e-12)
    # What was learned stays as it was learned until there is more to learn.
    assert_array_equal(ours.var_, var)
    assert_allclose(ours.scale_, theirs.scale_, rtol=1e-12)
    for scaler in (ours, theirs):
        scaler.partial_fit(X + 1)
    assert (ours.scale_ is None) == (theirs.scale_ is None) == (name == "with_std")
    assert (ours.var_ is None) == (name == "with_std")
    assert_allclose(ours.mean_, theirs.mean_, rtol=1e-12)
    assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-12)


@pytest.mark.parametrize("name", ["with_std", "with_mean"])
def test_a_parameter_turned_on_after_fit_counts_too(name):
    X = np.random.default_rng(0).normal(3, 2, size=(100, 3))
    off = {"with_std": False, "with_mean": False}
    late = RunningNormalizer(**off).fit(X).set_params(**{name: True})
    early = RunningNormalizer(**{**off, name: True}).fit(X)
    Z = early.transform(X)
    assert_array_equal(late.transform(X), Z)
    assert_array_equal(late.inverse_transform(Z), early.inverse_transform(Z))
    late.partial_fit(X + 1)
    assert_array_equal(late.transform(X), early.partial_fit(X + 1).transform(X))


class Witness:
    """A callback that writes down what it is shown."""

    def __init__(self):
        self.seen = []

    def setup(self, estimator, context):
        self.seen.append(("setup",))

    def teardown(self, estimator, context):
        self.seen.append(("teardown",))

    def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
        self.seen.append(("begin", context.task_name, X, y, metadata))

    def on_fit_task_end(self, estimator, context, *, X, metadata, fitted_estimator):
        self.seen.append(("end", X, metadata, fitted_estimator.mean_[0]))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_callbacks_see_each_fit_as_standard_scalers_do(method):
    frame = pd.DataFrame({"height": [1.0, 3.0], "speed": [0.0, 5.0]})
    y, weights = np.array([7.0, 8.0]), np.array([1.0, 3.0])
    kinds = []
    for scaler in (RunningNormalizer(), StandardScaler()):
        witness = Witness()
        scaler.set_callbacks(witness)
        getattr(scaler, method)(frame, y, sample_weight=weights)
        kinds.append([entry[0] for entry in witness.seen])
        _, (_, task, X, y_seen, metadata), (_, _, after, mean), _ = witness.seen
        assert task == "fit"
        assert_array_equal(X, frame)
        assert_array_equal(y_seen, y)
        assert_array_equal(metadata["sample_weight"], weights)
        assert_array_equal(after["sample_weight"], weights)
        assert mean == 2.5
        assert "_callback_fit_ctx" not in vars(scaler)
    assert kinds[0] == kinds[1]


def test_callbacks_of_a_failed_fit_are_torn_down():
    witness = Witness()
    normalizer = RunningNormalizer().set_callbacks(witness)
    with pytest.raises(ValueError, match="infinity"):
        normalizer.fit([[np.inf], [1.0]])
    assert [entry[0] for entry in witness.seen] == ["setup", "begin", "teardown"]
    assert set(vars(normalizer)) == {*normalizer.get_params(), "_skl_callbacks"}


def test_a_monitor_scores_a_frame_without_a_warning_about_names():
    frame = pd.DataFrame({"height": [1.0, 2.0, 3.0], "speed": [0.0, 1.0, 5.0]})
    monitor = ScoringMonitor(
        scoring={
            "spread": lambda scaler, X, y, **_: scaler.transform(X).to_numpy().std()
        }
    )
    normalizer = RunningNormalizer().set_output(transform="pandas")
    normalizer.set_callbacks(monitor).fit(frame, np.zeros(3))
    (row,) = monitor.get_logs().data
    assert_allclose(row["spread"], 1.0)


def test_a_normalizer_is_pickled_cloned_and_shown_under_its_public_name():
    normalizer = RunningNormalizer(clip=3.0).fit([[1.0, 2.0], [3.0, 5.0]])
    again = assert_public_names(normalizer)
    assert_array_equal(
        again.transform([[1.0, 2.0]]), normalizer.transform([[1.0, 2.0]])
    )
    assert clone(normalizer).get_params() == normalizer.get_params()
    assert repr(normalizer) == "RunningNormalizer(clip=3.0)"
    assert "RunningNormalizer" in make_pipeline(normalizer)._repr_html_()


@settings(max_examples=15)
@given(arrays(min_rows=2), st.data())
def test_weights_are_repetitions(X, data):
    weights = data.draw(hnp.arrays(np.int64, len(X), elements=st.integers(0, 3)))
    weights[0] = 1
    weighted = RunningNormalizer().fit(X, sample_weight=weights)
    repeated = RunningNormalizer().fit(np.repeat(X, weights, axis=0))
    assert_allclose(weighted.mean_, repeated.mean_, rtol=1e-12, atol=1e-12)
    assert_allclose(weighted.var_, repeated.var_, rtol=1e-10, atol=1e-12)
    assert_moments(weighted, X, rtol=1e-10, weights=weights.astype(float))
    assert weighted.n_samples_seen_ == repeated.n_samples_seen_


@settings(max_examples=12)
@given(arrays(min_rows=4, max_rows=120), st.sampled_from(LAYOUTS))
def test_strides_and_read_only_arrays(X, layout):
    view = {
        "F": np.asfortranarray(X),
        "rows": np.repeat(X, 2, axis=0)[::2],
        "cols": np.repeat(X, 3, axis=1)[:, ::3],
        "flipped": X[::-1].copy()[::-1],
        "rev": X[::-1, ::-1].copy()[::-1, ::-1],
    }[layout]
    view.flags.writeable = False
    plain, strided = RunningNormalizer().fit(X), RunningNormalizer().fit(view)
    assert_array_equal(plain.mean_, strided.mean_)
    assert_array_equal(plain.var_, strided.var_)
    assert_array_equal(plain.transform(X), strided.transform(view))


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e8 + 0.1, 1e-9, 1e30])
@pytest.mark.parametrize("batch", [1, 7, 200])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_constant_feature_has_scale_one(value, batch, dtype):
    X = np.full((200, 2), value, dtype=dtype)
    X[:, 1] = np.arange(200)
    normalizer = RunningNormalizer()
    for start in range(0, len(X), batch):
        normalizer.partial_fit(X[start : start + batch])
    assert normalizer.scale_[0] == 1.0
    assert_allclose(normalizer.transform(X)[:, 0], 0, atol=1e-15 * abs(value))


def test_constant_up_to_rounding_has_scale_one():
    X = np.array([[0.1 + 0.2], [0.3], [0.3], [0.1 + 0.2]] * 50)
    assert X.std() > 0
    assert RunningNormalizer().fit(X).scale_[0] == 1.0


def test_tiny_but_real_variance_is_kept():
    X = np.array([[1e-20], [-1e-20]] * 10)
    assert_allclose(RunningNormalizer().fit(X).scale_, 1e-20)
    X = 1.0 + np.array([[1e-12], [-1e-12]] * 10)
    assert_allclose(RunningNormalizer().fit(X).scale_, 1e-12, rtol=1e-3)


def test_missing_values():
    X = np.array([[1.0, np.nan], [3.0, 4.0], [np.nan, 6.0], [5.0, np.nan]])
    normalizer = RunningNormalizer()
    for row in X:
        normalizer.partial_fit(row[None])
    assert_allclose(normalizer.mean_, [3, 5])
    assert_allclose(normalizer.var_, [8 / 3, 1])
    assert_array_equal(normalizer.n_samples_seen_, [3, 2])
    assert_array_equal(np.isnan(normalizer.transform(X)), np.isnan(X))


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinities_are_refused_and_nothing_is_lost(bad):
    normalizer = RunningNormalizer().fit([[1.0], [2.0]])
    for method in (normalizer.fit, normalizer.partial_fit, normalizer.transform):
        with pytest.raises(ValueError, match=r"X contains infinity"):
            method([[bad], [1.0]])
    assert normalizer.mean_[0] == 1.5
    assert normalizer.n_samples_seen_ == 2


def test_large_finite_values_are_no_infinities():
    X = np.array([[3e38], [3e38], [-3e38]], dtype=np.float32)
    normalizer = RunningNormalizer().fit(X).partial_fit(X)
    assert_allclose(normalizer.mean_, [1e38], rtol=1e-6)
    assert_allclose(normalizer.transform(X).mean(), 0, atol=1e-6)


@pytest.mark.parametrize("where", ["first", "last"])
@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("weights", [None, np.ones(3000)])
def test_an_infinity_anywhere_is_found(where, layout, weights):
    X = np.zeros((3000, 3), order=layout)
    X[0 if where == "first" else -1, 1] = np.inf
    X[5, 1] = np.nan
    with pytest.raises(ValueError, match="X contains infinity"):
        RunningNormalizer().fit(X, sample_weight=weights)


def test_assume_finite_does_not_cut_the_statistics_short():
    X = np.random.default_rng(0).normal(size=(3000, 3))
    normalizer = RunningNormalizer().fit(X[:100])
    X[2000, 1] = np.inf
    state = vars(normalizer).copy()
    for method in (normalizer.fit, normalizer.partial_fit):
        with (
            config_context(assume_finite=True),
            pytest.raises(ValueError, match="X contains infinity"),
        ):
            method(X)
    assert vars(normalizer) == state


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_assume_finite_lets_nothing_infinite_be_learned(bad, reset):
    estimator = RunningNormalizer().fit([[1.0]])
    good, spoilt = np.ones((3, 1)), np.array([[1.0], [bad], [1.0]])
    with config_context(assume_finite=True):
        for X, y, name in [(spoilt, good, "X"), (good, spoilt, "y")]:
            with pytest.raises(ValueError, match=f"{name} contains"):
                validate_pairs(estimator, X, y, reset=reset)
        with pytest.raises(ValueError, match="sample_weight contains"):
            check_weights(spoilt[:, 0], good)


@pytest.mark.parametrize(
    ("X", "why"),
    [
        ([[1e160], [-1e160], [3e160]], "too large"),
        ([[1.7e308], [1.7e308], [1.0]], "too large"),
        ([[1e-200], [-1e-200], [0.0]], "differ by too little"),
        ([[0.0], [0.0], [5e-324]], "differ by too little"),
        ([[1e-156], [3e-156], [2e-156]], "differ by too little"),
    ],
)
@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("weights", [None, np.full(3, 2.0)])
def test_what_no_float_can_standardize_is_refused(X, why, batch, weights):
    X = np.insert(X, 0, [1.0, 2.0, 3.0], axis=1)
    before = RunningNormalizer().fit([[5.0, 0.0]])
    streamed, merged = copy.copy(before), copy.copy(before)

    def stream():
        for start in range(0, 3, batch):
            rows = slice(start, start + batch)
            part = None if weights is None else weights[rows]
            kept.append(vars(streamed).copy())
            streamed.partial_fit(X[rows], sample_weight=part)

    def merge():
        for row in X:
            kept.append(vars(merged).copy())
            merged.merge(RunningNormalizer().fit(row[None]))

    for normalizer, name, work in [(streamed, "X", stream), (merged, "other", merge)]:
        kept = []
        with pytest.raises(ValueError, match=rf"^{name}: .* column\(s\) 1: .*{why}"):
            work()
        assert vars(normalizer) == kept[-1]


def test_a_refusal_names_the_first_few_features():
    X = np.outer([1.0, -1.0], np.full(8, 1e200))
    X[:, 2] = [0.0, 1.0]
    with pytest.raises(ValueError, match=r"column\(s\) 0, 1, 3, 4, 5 and 2 more: "):
        RunningNormalizer().fit(X)
    frame = pd.DataFrame(X[:, :3], columns=["height", "speed", "time"])
    with pytest.raises(ValueError, match=r"column\(s\) height, speed: "):
        RunningNormalizer().fit(frame)
    with (
        pytest.raises(ValueError, match=r"^y: .* column\(s\) 0, 1, 3"),
        naming("y", instead_of="X"),
    ):
        RunningNormalizer().fit(X)


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e-310, 1e-200, -1e-145, 0.1, 1e150])
@pytest.mark.parametrize("weights", [None, np.full(1000, 3.0)])
def test_constants_of_any_size_are_legal(value, weights):
    X = np.full((1000, 2), value)
    normalizer = RunningNormalizer().fit(X, sample_weight=weights)
    normalizer.partial_fit(X[:1]).merge(RunningNormalizer().fit(X[:7]))
    assert_array_equal(normalizer.scale_, 1.0)
    assert_allclose(normalizer.mean_, value, rtol=1e-12)


def test_small_values_before_large_ones_are_legal():
    X = np.array([[1e-200], [2.0], [-1e-200], [4.0]])
    normalizer = RunningNormalizer().partial_fit(X[:1])
    for row in X[1:]:
        normalizer.partial_fit(row[None])
    assert_moments(normalizer, X, rtol=1e-12)


@pytest.mark.parametrize("size", [1e-150, 1e-100, 1e100, 1e150])
def test_all_that_can_be_standardized_is(size):
    X = np.random.default_rng(0).normal(3, 2, size=(1000, 2))
    Z = RunningNormalizer().fit(X * size).transform(X * size)
    assert_allclose(Z, RunningNormalizer().fit_transform(X), rtol=1e-10, atol=1e-12)


def test_only_what_is_asked_for_must_be_in_range():
    X = np.array([[1e160], [3e160]])
    normalizer = RunningNormalizer(with_std=False).fit(X)
    assert_allclose(normalizer.transform(X), [[-1e160], [1e160]])
    normalizer.set_params(with_std=True)
    with pytest.raises(ValueError, match=r"turned on after fit: .* too large"):
        normalizer.transform(X)
    with pytest.raises(ValueError, match=r"^X: .* too large"):
        normalizer.partial_fit([[1.0]])
    assert normalizer.n_samples_seen_ == 2


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.empty((0, 2)), ValueError, r"X: Found array with 0 sample"),
        (np.array([["1", "2"]]), ValueError, r"X: .*bytes/strings"),
        (np.array([[1 + 2j]]), ValueError, r"X: Complex data"),
        ([1.0, 2.0], ValueError, r"X: Expected 2D array, got 1D"),
    ],
)
def test_bad_input(X, error, message):
    with pytest.raises(error, match=message):
        RunningNormalizer().fit(X)


def test_integers_are_converted():
    normalizer = RunningNormalizer().fit(np.array([[1, 2], [3, 6]]))
    assert_allclose(normalizer.mean_, [2, 4])
    assert normalizer.transform(np.array([[1, 2]])).dtype == np.float64


def test_bad_weights():
    X = np.ones((3, 1))
    for weights, message in [
        ([1, 1], r"sample_weight\.shape == \(2,\)"),
        ([1, -1, 1], "Negative values in data passed to `sample_weight`"),
        ([0, 0, 0], "Sample weights must contain at least one non-zero number"),
        ([1, np.nan, 1], "sample_weight contains NaN"),
    ]:
        with pytest.raises(ValueError, match=message):
            RunningNormalizer().fit(X, sample_weight=weights)


def test_bad_parameters():
    with pytest.raises(ValueError, match="'clip' parameter of RunningNormalizer"):
        RunningNormalizer(clip=-1.0).fit([[1.0]])


def test_clip():
    X = np.array([[-1.0], [1.0]] * 50)
    normalizer = RunningNormalizer(clip=2.0).fit(X)
    assert_allclose(normalizer.transform([[5.0], [-5.0], [0.5]]).ravel(), [2, -2, 0.5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_in_place(dtype, order):
    X = np.asarray(np.random.default_rng(0).normal(5, 2, (50, 3)), dtype, order=order)
    original = X.copy()
    normalizer = RunningNormalizer(copy=False).fit(X)
    assert_array_equal(X, original)
    expected = RunningNormalizer().fit(X).transform(X)
    Z = normalizer.transform(X)
    assert Z is X
    assert_array_equal(Z, expected)
    back = normalizer.inverse_transform(Z)
    assert back is X
    assert_allclose(back, original, rtol=1e-5 if dtype == np.float32 else 1e-12)


def test_copy_leaves_the_input_alone():
    X = np.random.default_rng(0).normal(size=(20, 2))
    original = X.copy()
    normalizer = RunningNormalizer().fit(X)
    normalizer.inverse_transform(normalizer.transform(X))
    assert_array_equal(X, original)


def test_feature_names_and_output_containers():
    frame = pd.DataFrame({"height": [1.0, 2.0, 3.0], "speed": [0.0, 1.0, 5.0]})
    normalizer = RunningNormalizer().set_output(transform="pandas").fit(frame)
    assert_array_equal(normalizer.get_feature_names_out(), ["height", "speed"])
    assert list(normalizer.transform(frame).columns) == ["height", "speed"]
    renamed = frame.rename(columns={"speed": "velocity"})
    with pytest.raises(ValueError, match="feature names should match"):
        normalizer.partial_fit(renamed)
    with pytest.raises(ValueError, match=r"other: expected the features \['height'"):
        normalizer.merge(RunningNormalizer().fit(renamed))


def test_merge_refuses_what_does_not_fit():
    normalizer = RunningNormalizer().fit([[1.0, 2.0]])
    with pytest.raises(TypeError, match="other: expected a RunningNormalizer, got Sta"):
        normalizer.merge(StandardScaler().fit([[1.0, 2.0]]))
    with pytest.raises(NotFittedError):
        normalizer.merge(RunningNormalizer())
    with pytest.raises(ValueError, match="other: expected 2 features, got 1"):
        normalizer.merge(RunningNormalizer().fit([[1.0]]))
    with pytest.raises(ValueError, match="X: expected 2 features, got 1"):
        normalizer.inverse_transform([[1.0]])


def test_merge_with_itself_counts_twice():
    X = [[1.0], [2.0], [6.0]]
    normalizer = RunningNormalizer().fit(X)
    var = normalizer.var_[0]
    normalizer.merge(normalizer)
    assert normalizer.n_samples_seen_ == 6
    assert_allclose(normalizer.var_, var)
