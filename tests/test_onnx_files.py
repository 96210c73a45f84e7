"""Policies as ONNX files: what the graphs compute, and what cannot be one."""

import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from gymnasium.spaces import Box
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    PolynomialFeatures,
    StandardScaler,
)
from toy import PointEnv, expert

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerRegressor,
    HistoryClassifier,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    RecurrentBehaviorCloningClassifier,
    RunningNormalizer,
    as_policy,
    export_onnx,
    load_demonstrations,
    load_expert,
)
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._cells import CELLS
from skimitate.cloning._layout import Layout
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._units import Units
from skimitate.data._bundled import bundled_files
from skimitate.policies import (
    ClassPolicy,
    Columns,
    HistoryPolicy,
    NetworkPolicy,
    PipelinePolicy,
    RecurrentPolicy,
)

RNG = np.random.default_rng(0)
# In float32 from the start, so that nothing is lost on the way into a graph.
X = RNG.normal([0.0, 10.0, -3.0, 0.5], [1.0, 0.1, 20.0, 3.0], (80, 4))
X = X.astype(np.float32).astype(np.float64)
Y = np.sin(X[:, [0, 3]])
GROUPS = np.repeat(np.arange(8), 10)
SIDE = (X[:, 0] > 0).astype(int)
LABELS = {
    "integers": 5 - 7 * SIDE,
    "strings": np.array(["right", "ü"])[SIDE],
    "objects": np.array(["right", "links"], dtype=object)[SIDE],
    "bools": SIDE == 1,
    "floats": SIDE * 3.0,
    "large": SIDE.astype(np.uint64) + 2**63,
    "one class": np.zeros(len(X), dtype=int),
    "several": np.column_stack([SIDE, 3 + (X[:, 3] > 0) + (X[:, 3] > 2)]),
    "several of strings": np.array([["a", "b"], ["b", "long"]])[SIDE],
}
SMALL = {"max_iter": 2, "random_state": 0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "policy.onnx"


def exported(policy, path, **options):
    """What onnxruntime makes of the file."""
    export_onnx(policy, path, **options)
    return onnxruntime.InferenceSession(path)


def exported_anywhere(policy):
    """The same, where there is no fixture."""
    with tempfile.TemporaryDirectory() as folder:
        return exported(policy, Path(folder) / "policy.onnx")


def answer(session, observations, *memory):
    """What a graph says to observations, and a state and starts if it has a memory."""
    feed = dict(
        zip(
            ("observation", "state", "episode_start"),
            (np.asarray(observations, dtype=np.float32), *memory),
            strict=False,
        )
    )
    return session.run(None, feed)


def assert_close(found, expected):
    """To 1e-5 of the spread, beside the rounding of the actions themselves."""
    spread = np.ptp(expected, axis=0).max()
    assert_allclose(found, expected, rtol=1e-6, atol=1e-5 * spread)


CLONERS = {
    "plain": BehaviorCloner((8,), **SMALL),
    "of no layer": BehaviorCloner((), **SMALL),
    "not normalized": BehaviorCloner((8,), normalize=False, **SMALL),
    "several networks": BehaviorCloner((8, 3), n_networks=3, **SMALL),
    "scaled": make_pipeline(
        RunningNormalizer(clip=1.0), StandardScaler(), BehaviorCloner((8,), **SMALL)
    ),
    "searched": GridSearchCV(BehaviorCloner(**SMALL), {"max_iter": [1, 2]}, cv=2),
    "with PCA": make_pipeline(
        StandardScaler(),
        PCA(3),
        PolynomialFeatures(2),
        RunningNormalizer(),
        BehaviorCloner((8,), **SMALL),
    ),
    "DAgger": DAggerRegressor(BehaviorCloner((8,), **SMALL)),
}


@pytest.mark.parametrize("estimator", CLONERS.values(), ids=CLONERS)
def test_a_graph_does_what_the_estimator_predicts(estimator, path):
    session = exported(estimator.fit(X, Y), path)
    expected = estimator.predict(X)
    for n in (0, 1, 80):
        (found,) = answer(session, X[:n])
        assert found.dtype == np.float32
        assert found.shape == (n, 2)
        assert_allclose(found, expected[:n], rtol=1e-5, atol=1e-5)


def test_actions_of_one_dimension_are_columns(path):
    cloner = BehaviorCloner((4,), **SMALL).fit(X, Y[:, 0])
    (found,) = answer(exported(cloner, path), X)
    assert_close(found, cloner.predict(X)[:, np.newaxis])


def random_units(rng, n_inputs, n_outputs):
    """Means may be far above the spread, or nothing."""
    return Units(
        rng.normal(size=n_inputs) * rng.choice([0.0, 1.0, 1e4]),
        rng.uniform(0.1, 10.0, n_inputs),
        rng.normal(size=n_outputs) * rng.choice([0.0, 1.0, 1e3]),
        rng.uniform(0.1, 10.0, n_outputs),
    )


widths = st.lists(st.integers(1, 9), min_size=2, max_size=4)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=15, deadline=None)
@given(widths, st.sampled_from(sorted(ACTIVATIONS)), st.integers(1, 3), seeds)
def test_networks_of_any_architecture(sizes, activation, n_networks, seed):
    rng = np.random.default_rng(seed)
    n_parameters = Layout(sizes).n_parameters
    vectors = rng.normal(size=(n_networks, n_parameters))
    policy = NetworkPolicy(
        sizes, activation, vectors, random_units(rng, sizes[0], sizes[-1])
    )
    units = policy.units
    rows = units.input_mean + units.input_scale * rng.normal(size=(30, sizes[0]))
    rows = rows.astype(np.float32)
    (found,) = answer(exported_anywhere(policy), rows)
    assert_allclose(
        found,
        policy.act(rows.astype(np.float64)),
        rtol=1e-5,
        atol=1e-4 * units.output_scale.max(),
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, path):
    cloner = BehaviorCloner((8, 4), activation=activation, **SMALL).fit(X, Y)
    (found,) = answer(exported(cloner, path), X)
    assert_close(found, cloner.predict(X))


def test_a_mean_far_above_the_spread_costs_nothing(path):
    rows = (1e6 + RNG.integers(-64, 64, (80, 4)) / 16).astype(np.float32)
    assert len(np.unique(rows)) > 100  # float32 tells them apart
    mean = rows.mean(axis=0, dtype=np.float64) + 1e-3
    units = Units(mean, np.full(4, 4.0), np.zeros(2), np.ones(2))
    policy = NetworkPolicy([4, 8, 2], "tanh", RNG.normal(size=(1, 58)), units)
    (found,) = answer(exported(policy, path), rows)
    assert_close(found, policy.act(rows.astype(np.float64)))


MEMORIES = {
    "gru": RecurrentBehaviorCloner(3, **SMALL),
    "lstm and layers": RecurrentBehaviorCloner(
        3, cell="lstm", hidden_layer_sizes=(4, 3), **SMALL
    ),
    "history": HistoryRegressor(BehaviorCloner((4,), **SMALL), 3),
    "history and actions": HistoryRegressor(
        BehaviorCloner((4,), **SMALL), 3, actions=True
    ),
    "history of one step": HistoryRegressor(
        BehaviorCloner((4,), **SMALL), 1, actions=True
    ),
    "history of a pipeline": HistoryRegressor(
        make_pipeline(StandardScaler(), BehaviorCloner((4,), **SMALL)), 2
    ),
    "history of PCA": HistoryRegressor(
        make_pipeline(PCA(3), BehaviorCloner((4,), **SMALL)), 2, actions=True
    ),
}


def assert_same_over_episodes(policy, session, same):
    """Episodes side by side: one that ends is followed by another in its row."""
    state_size = session.get_inputs()[1].shape[1]
    state = np.full((3, state_size), np.nan, dtype=np.float32)
    theirs = None
    for step in range(6):
        rows = X[3 * step : 3 * step + 3]
        starts = np.array([step == 0, step in (0, 3), step in (0, 5)])
        found, state = answer(session, rows, state, starts)
        assert state.dtype == np.float32
        assert state.shape == (3, state_size)
        expected, theirs = policy.predict(rows, theirs, starts)
        same(found, expected)


@pytest.mark.parametrize("estimator", MEMORIES.values(), ids=MEMORIES)
def test_a_graph_remembers_what_the_policy_remembers(estimator, path):
    estimator.fit(X, Y, groups=GROUPS)
    session = exported(estimator, path)
    names = [value.name for value in session.get_inputs()]
    assert names == ["observation", "state", "episode_start"]
    assert_same_over_episodes(as_policy(estimator), session, assert_close)


def test_a_graph_with_a_memory_takes_no_episode_as_well(path):
    recurrent = RecurrentBehaviorCloner(3, **SMALL).fit(X, Y, groups=GROUPS)
    session = exported(recurrent, path)
    none = np.zeros((0, 3), dtype=np.float32), np.zeros(0, dtype=bool)
    found, state = answer(session, X[:0], *none)
    assert (found.shape, state.shape) == ((0, 2), (0, 3))


def test_a_memory_behind_a_scaler(path):
    pipeline = make_pipeline(StandardScaler(), RecurrentBehaviorCloner(3, **SMALL))
    pipeline.fit(X, Y, recurrentbehaviorcloner__groups=GROUPS)
    session = exported(pipeline, path)
    assert_same_over_episodes(as_policy(pipeline), session, assert_close)


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(sorted(CELLS)),
    st.lists(st.integers(1, 6), min_size=3, max_size=5),
    st.sampled_from(sorted(ACTIVATIONS)),
    seeds,
)
def test_recurrent_networks_of_any_architecture(cell, sizes, activation, seed):
    rng = np.random.default_rng(seed)
    architecture = RecurrentArchitecture(cell, tuple(sizes), activation)
    policy = RecurrentPolicy(
        architecture,
        rng.normal(size=(1, architecture.layout.n_parameters)),
        random_units(rng, sizes[0], sizes[-1]),
    )
    units = policy.units
    session = exported_anywhere(policy)
    state, theirs = np.zeros((5, architecture.state_size), dtype=np.float32), None
    for step in range(5):
        rows = units.input_mean + units.input_scale * rng.normal(size=(5, sizes[0]))
        rows = rows.astype(np.float32)
        starts = rng.random(5) < (0.3 if step else 2.0)
        found, state = answer(session, rows, state, starts)
        expected, theirs = policy.predict(rows.astype(np.float64), theirs, starts)
        assert_allclose(
            found, expected, rtol=1e-5, atol=1e-4 * units.output_scale.max()
        )


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_classes_are_the_tensors_that_they_are(y, path):
    classifier = BehaviorCloningClassifier((8,), **SMALL).fit(X, y)
    session = exported(classifier, path)
    kinds = {"i": "int64", "u": "uint64", "b": "bool", "f": "double"}
    assert (
        session.get_outputs()[0].type == f"tensor({kinds.get(y.dtype.kind, 'string')})"
    )
    for n in (0, 1, 80):
        (found,) = answer(session, X[:n])
        assert found.tolist() == classifier.predict(X).reshape(80, -1)[:n].tolist()


@pytest.mark.parametrize("name", ["integers", "several", "several of strings"])
def test_classes_with_a_memory(name, path):
    y = LABELS[name]
    inner = BehaviorCloningClassifier((8,), **SMALL)
    for classifier in (
        HistoryClassifier(inner, 2),
        HistoryClassifier(inner, 2, actions=True),
        RecurrentBehaviorCloningClassifier(3, **SMALL),
    ):
        classifier.fit(X, y, groups=GROUPS)
        session = exported(classifier, path)
        policy = as_policy(classifier)
        assert_same_over_episodes(
            policy, session, lambda a, b: assert_array_equal(a.astype(b.dtype), b)
        )


def test_a_class_that_is_never_taken_is_shown_as_a_column_all_the_same(path):
    # The learner knows two classes; those that are shown are three.
    units = NetworkPolicy([5, 2], "tanh", RNG.normal(size=(1, 12)), Units.plain(5, 2))
    inner = ClassPolicy(units, [np.array([1, 2])])
    policy = HistoryPolicy(inner, 1, 2, 1, [np.array([0, 1, 2])])
    session = exported(policy, path)
    state, starts = np.zeros((4, 5), dtype=np.float32), np.ones(4, dtype=bool)
    rows, theirs = RNG.normal(size=(4, 2)).astype(np.float32), None
    for step in range(4):
        found, state = answer(session, rows, state, starts & (step == 0))
        expected, theirs = policy.predict(rows.astype(np.float64), theirs)
        assert found.tolist() == expected.tolist()
        assert_allclose(state, theirs, rtol=1e-6)


def test_actions_are_clipped_where_they_are_to_be(path):
    cloner = BehaviorCloner((8,), **SMALL).fit(X, 5 * Y)
    free = cloner.predict(X)
    assert np.abs(free).max() > 0.5
    ends = np.array([-0.5, -np.inf]), np.array([0.25, 0.5])
    for space in (ends, Box(*(end.astype(np.float32) for end in ends))):
        (found,) = answer(exported(cloner, path, action_space=space), X)
        assert_close(found, np.clip(free, *ends))
    (found,) = answer(exported(cloner, path), X)
    assert_close(found, free)


def test_a_dagger_s_own_environment_clips(path):
    dagger = DAggerRegressor(
        BehaviorCloner((4,), **SMALL), PointEnv, expert, n_rounds=1, random_state=0
    ).fit()
    far = 1e3 * np.eye(2)
    (found,) = answer(exported(dagger, path), far)
    expected = as_policy(dagger).act(far)
    assert np.abs(expected).max() > 0.5
    assert_close(found, np.clip(expected, -0.5, 0.5))


def test_what_is_shown_is_not_clipped(path):
    """A policy is shown its own actions, before anything clips them."""
    history = HistoryRegressor(BehaviorCloner((4,), **SMALL), 2, actions=True)
    history.fit(X, 5 * Y, groups=GROUPS)
    session = exported(history, path, action_space=(-0.01, 0.01))
    policy = as_policy(history)
    assert_same_over_episodes(
        policy, session, lambda a, b: assert_close(a, np.clip(b, -0.01, 0.01))
    )


def test_what_a_file_says_of_itself(path):
    cloner = BehaviorCloner((8,), **SMALL).fit(X, Y)
    session = exported(cloner, path, action_space=(-1.0, np.inf))
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert model.producer_name == "skimitate"
    assert model.ir_version <= 10  # what onnxruntime 1.20 reads
    assert [(domain.domain, domain.version) for domain in model.opset_import] == [
        ("", 18)
    ]
    assert session.get_inputs()[0].shape == ["batch", 4]
    assert session.get_outputs()[0].shape == ["batch", 2]
    told = json.loads(session.get_modelmeta().custom_metadata_map["skimitate_policy"])
    assert told["n_features"], told["n_outputs"] == (4, 2)
    assert told["state_size"] == 0
    assert told["bounds"] == [[-1.0, -1.0], [None, None]]
    assert told["classes"] is None
    assert told["units"].keys() == {"observation", "action"}
    assert told["versions"].keys() == {"skimitate", "onnx", "numpy"}
    assert all(value.doc_string for value in model.graph.input)


def test_the_same_policy_is_the_same_file(tmp_path):
    cloner = BehaviorCloner((8,), **SMALL).fit(X, Y)
    export_onnx(cloner, tmp_path / "a.onnx")
    export_onnx(cloner, tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize("env_id", sorted(bundled_files("demonstrations")))
def test_bundled_experts_act_the_same_on_bundled_demonstrations(env_id, path):
    observations, actions = load_demonstrations(env_id, return_X_y=True)
    policy = load_expert(env_id)
    (found,) = answer(exported(policy, path), observations)
    off = np.abs(found - policy(observations)).max(axis=0)
    assert (off <= 1e-5 * actions.std(axis=0)).all()


# What cannot be a file.


def test_what_is_no_network_is_refused(path):
    forest = RandomForestRegressor(2).fit(X, Y)
    for actor in (forest, lambda observations: observations[:, :2]):
        with pytest.raises(TypeError, match=r"policy: .*skl2onnx.to_onnx converts"):
            export_onnx(actor, path)
    with pytest.raises(NotFittedError, match="policy"):
        export_onnx(BehaviorCloner(), path)
    assert not list(path.parent.iterdir())


def test_transformers_that_nobody_knows_are_refused(path):
    sine = FunctionTransformer(np.sin)
    pipeline = make_pipeline(sine, BehaviorCloner((4,), **SMALL)).fit(X, Y)
    with pytest.raises(TypeError, match=r"policy: expected transformers .* skl2onnx"):
        export_onnx(pipeline, path)
    assert not list(path.parent.iterdir())


def network(units=None, **changes):
    vectors = np.full((1, 9), 0.5)
    arrays = {"vectors": vectors, "units": units or Units.plain(2, 3)} | changes
    return NetworkPolicy([2, 3], "relu", **arrays)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            network(vectors=np.full((1, 9), 1e39)),
            "policy: weights: .* float32 holds, got 1e",
        ),
        (
            network(Units([1e300, 0], np.ones(2), np.zeros(3), np.ones(3))),
            "policy: mean: .* float32 holds, got 1e",
        ),
        (
            network(Units(np.zeros(2), [1e-60, 1.0], np.zeros(3), np.ones(3))),
            "policy: scale: .* float32 holds, got 1e-60",
        ),
        (
            network(Units(np.zeros(2), np.ones(2), np.zeros(3), [1e200, 1, 1])),
            "policy: output_scale: .* float32 holds, got 1e",
        ),
        (network(vectors=np.full((1, 9), 3e38)), "policy: expected one that float32"),
    ],
)
def test_numbers_that_float32_does_not_hold(policy, message, path):
    with pytest.raises(ValueError, match=message):
        export_onnx(policy, path)
    assert not list(path.parent.iterdir())


def test_sums_that_float32_cannot_compute(path):
    # 1e9 times the same number, taken away from itself: what is left is rounding.
    vectors = np.array([[1e9, -1e9, 0.0]])
    chosen = Columns(1, [0, 0], [0, 1e-3], [1, 1], [-np.inf] * 2, [np.inf] * 2)
    difference = NetworkPolicy([2, 1], "relu", vectors, Units.plain(2, 1))
    with pytest.raises(ValueError, match="policy: expected one that float32 can"):
        export_onnx(PipelinePolicy(chosen, difference), path)
    assert not path.exists()


def test_classes_that_no_file_holds(path):
    days = np.array([1, 2], dtype="M8[D]")
    units = NetworkPolicy([4, 2], "relu", np.ones((1, 10)), Units.plain(4, 2))
    with pytest.raises(ValueError, match="classes: expected"):
        export_onnx(ClassPolicy(units, [days]), path)


def test_classes_are_not_clipped(path):
    classifier = BehaviorCloningClassifier((4,), **SMALL).fit(X, SIDE)
    with pytest.raises(ValueError, match="action_space: expected None"):
        export_onnx(classifier, path, action_space=(0, 1))


def test_a_path_that_leads_nowhere(tmp_path):
    policy = network()
    with pytest.raises(FileNotFoundError, match="path: no such folder"):
        export_onnx(policy, tmp_path / "none" / "policy.onnx")
    with pytest.raises(IsADirectoryError):
        export_onnx(policy, tmp_path)
    assert not list(tmp_path.iterdir())
