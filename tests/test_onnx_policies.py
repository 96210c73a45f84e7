"""ONNX files as experts and policies: ours, those of others, and what is none."""

import pickle
import re
import subprocess
import sys

import numpy as np
import onnx
import pytest
import runs
import skl2onnx
from numpy.testing import assert_allclose
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import PointEnv, expert

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    HistoryClassifier,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    as_policy,
    evaluate_policy,
    export_onnx,
    load_expert,
)
from skimitate.cli._main import main

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2)).astype(np.float32).astype(np.float64)
GROUPS = np.repeat(np.arange(6), 10)
NAMES = np.where(X[:, 0] > 0, "left", "right")
SMALL = {"max_iter": 2, "random_state": 0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "policy.onnx"


def read(estimator, path):
    """A file of an estimator, read again."""
    export_onnx(estimator, path)
    return load_expert(path)


def written(model, path):
    path.write_bytes(model.SerializeToString())
    return path


def test_a_policy_comes_back(path):
    cloner = BehaviorCloner((8,), **SMALL).fit(X, expert(X))
    policy = read(cloner, path)
    assert (policy.n_features, policy.n_outputs) == (2, 2)
    assert not policy.is_stateful
    assert as_policy(policy) is policy
    expected = cloner.predict(X)
    for found in (policy.act(X), policy(X), policy.predict(X)[0]):
        assert found.dtype == np.float64
        assert_allclose(found, expected, atol=1e-5)
    assert_allclose(policy.act(X[0]), expected[0], atol=1e-5)
    assert policy.act(X[:0]).shape == (0, 2)
    policy.reset()


LEARNERS = {
    "recurrent": (RecurrentBehaviorCloner(3, cell="lstm", **SMALL), expert(X)),
    "history": (
        HistoryRegressor(BehaviorCloner((4,), **SMALL), 2, actions=True),
        expert(X),
    ),
    "classes": (
        HistoryClassifier(BehaviorCloningClassifier((4,), **SMALL), 2, actions=True),
        NAMES,
    ),
}


def assert_same(found, expected):
    assert found.shape == expected.shape
    if expected.dtype.kind == "U":
        assert found.tolist() == expected.tolist()
    else:
        assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("learner", "y"), LEARNERS.values(), ids=LEARNERS)
def test_a_memory_comes_back(learner, y, path):
    learner.fit(X, y, groups=GROUPS)
    policy, theirs = read(learner, path), as_policy(learner)
    assert policy.is_stateful
    for begin, rows in ((0, np.s_[:]), (5, np.s_[:]), (0, np.s_[0])):
        policy.reset()
        theirs.reset()
        for step in range(4):
            shown = X[begin + 3 * step : begin + 3 * step + 3][rows]
            assert_same(policy.act(shown), theirs.act(shown))


@pytest.mark.parametrize(("learner", "y"), LEARNERS.values(), ids=LEARNERS)
def test_a_state_may_be_carried_by_others(learner, y, path):
    learner.fit(X, y, groups=GROUPS)
    policy, theirs = read(learner, path), as_policy(learner)
    state = their_state = None
    for step in range(5):
        shown = X[3 * step : 3 * step + 3]
        starts = np.array([False, step == 3, step == 4])
        found, state = policy.predict(shown, state, starts)
        expected, their_state = theirs.predict(shown, their_state, starts)
        assert_same(found, expected)
    one, state = policy.predict(X[0])
    assert one.shape == (policy.n_outputs,)
    again = policy.predict(X[1], state, episode_start=np.array([True]))
    assert_same(again[0], policy.predict(X[1])[0])


def test_episodes_do_not_change_their_number(path):
    learner, y = LEARNERS["recurrent"]
    policy = read(learner.fit(X, y, groups=GROUPS), path)
    policy.act(X[:3])
    with pytest.raises(ValueError, match=r"expected a batch of 3, .* got 2 \(reset"):
        policy.act(X[:2])
    with pytest.raises(ValueError, match=r"expected shape \(2,\) or \(n, 2\), got"):
        policy.act(np.zeros(3))


def test_pickles_hold_the_file_and_no_memory(path):
    learner, y = LEARNERS["recurrent"]
    policy = read(learner.fit(X, y, groups=GROUPS), path)
    first = policy.act(X[0])
    copy = pickle.loads(pickle.dumps(policy))
    path.unlink()
    assert b"skimitate.formats\n" in pickle.dumps(policy, protocol=0)
    np.testing.assert_array_equal(copy.act(X[0]), first)


def test_what_an_episode_earns_is_known_again(path):
    policy = as_policy(BehaviorCloner((4,), **SMALL).fit(X, expert(X)))
    assert read(policy, path).mean_return is None
    for told, expected in ((12.5, 12.5), (np.inf, None)):
        policy.mean_return = told
        assert read(policy, path).mean_return == expected


def test_it_drives_and_is_evaluated(path):
    cloner = BehaviorCloner((), max_iter=50, random_state=0).fit(X, expert(X))
    policy = read(cloner, path)
    same = {"n_episodes": 3, "random_state": 0}
    assert_allclose(
        evaluate_policy(PointEnv, policy, **same),
        evaluate_policy(PointEnv, cloner, **same),
        rtol=1e-4,
    )


def test_a_run_goes_on_with_the_expert_that_it_was_begun_with(path, tmp_path):
    cloner = BehaviorCloner((), max_iter=20, random_state=0)
    first = read(cloner.fit(X, expert(X)), path)
    again = pickle.loads(pickle.dumps(first))
    other = read(cloner.fit(X, -expert(X)), path)

    def fit(by):
        return runs.dagger(expert=by, n_rounds=1, checkpoint_dir=tmp_path / "run").fit()

    found = fit(first).predict(X)
    np.testing.assert_array_equal(fit(again).predict(X), found)
    with pytest.raises(ValueError, match=r"expert was .*OnnxPolicy with the checksum"):
        fit(other)


def test_the_command_line_takes_it(path, capsys):
    rows = RNG.normal(size=(60, 3))
    export_onnx(BehaviorCloner((4,), **SMALL).fit(rows, rows[:, 0]), path)
    assert (
        main(["evaluate", "Pendulum-v1", "--policy", str(path), "--episodes", "1"]) == 0
    )
    assert re.search(r"^Pendulum-v1: -\d+", capsys.readouterr().out, re.MULTILINE)


# Files of others.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_of_scikit_learn_s(dtype, path):
    network = MLPRegressor(hidden_layer_sizes=(4,), max_iter=200, solver="lbfgs")
    pipeline = make_pipeline(StandardScaler(), network).fit(X, expert(X))
    written(skl2onnx.to_onnx(pipeline, X[:1].astype(dtype)), path)
    policy = load_expert(path)
    assert (policy.n_features, policy.n_outputs) == (2, 2)
    assert policy.mean_return is None
    for n in (0, 1, 60):
        assert policy.act(X[:n]).shape == (n, 2)
    assert_allclose(policy.act(X), pipeline.predict(X), atol=1e-5)


@pytest.mark.parametrize("y", [NAMES, np.where(X[:, 0] > 0, 3, 4)])
def test_a_classifier_s_label(y, path):
    classifier = LogisticRegression().fit(X, y)
    written(skl2onnx.to_onnx(classifier, X[:1].astype(np.float32)), path)
    policy = load_expert(path)
    assert policy.act(X).ravel().tolist() == classifier.predict(X).tolist()
    assert policy.act(X[0]).tolist() == classifier.predict(X[:1]).tolist()


def model_of(
    nodes=None,
    shape=("batch", 2),
    kind=TensorProto.FLOAT,
    outputs=(("doubled", TensorProto.FLOAT),),
    constants=(),
):
    """A graph that doubles what it is shown."""
    nodes = nodes or [helper.make_node("Add", ["x", "x"], ["doubled"])]
    graph = helper.make_graph(
        nodes,
        "doubling",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(*output, None) for output in outputs],
        list(constants),
    )
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, ir_version=8, opset_imports=opsets)


def test_a_graph_that_takes_one_at_a_time(path):
    policy = load_expert(written(model_of(shape=(1, 2)), path))
    for n in (0, 1, 3):
        np.testing.assert_array_equal(policy.act(X[:n]), 2 * X[:n])
    np.testing.assert_array_equal(policy.act(X[0]), 2 * X[0])


def test_the_output_that_is_called_action_counts(path):
    nodes = [
        helper.make_node("Neg", ["x"], ["value"]),
        helper.make_node("Add", ["x", "x"], ["action"]),
    ]
    outputs = [("value", TensorProto.FLOAT), ("action", TensorProto.FLOAT)]
    policy = load_expert(written(model_of(nodes, outputs=outputs), path))
    np.testing.assert_array_equal(policy.act(X), 2 * X)


# What is refused.


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (model_of(shape=("batch", 3, 64, 64)), "its x is .* of shape"),
        (model_of(shape=("batch", "features")), "its x is .* of shape"),
        (model_of(shape=("batch", 2**31)), "its x has 2147483648 columns"),
        (model_of(shape=(7, 2)), "expected a batch of any size, or of 1"),
        (model_of(kind=TensorProto.INT64, outputs=[("doubled", 7)]), "its x is .*int"),
        (
            model_of(
                [helper.make_node("SequenceConstruct", ["x"], ["many"])], outputs=[]
            ),
            "policy",
        ),
        (
            model_of([helper.make_node("ReduceSum", ["x"], ["doubled"], keepdims=0)]),
            "expected actions of shape",
        ),
    ],
)
def test_graphs_that_are_no_policies(model, message, path):
    with pytest.raises(ValueError, match=message) as caught:
        load_expert(written(model, path))
    assert str(path) in str(caught.value)


def test_several_inputs_that_are_not_ours(path):
    model = model_of([helper.make_node("Add", ["x", "goal"], ["doubled"])])
    goal = helper.make_tensor_value_info("goal", TensorProto.FLOAT, ["batch", 2])
    model.graph.input.append(goal)
    with pytest.raises(ValueError, match="it takes x, goal: expected one input"):
        load_expert(written(model, path))


def outside(name, location):
    """A tensor whose numbers are elsewhere."""
    tensor = numpy_helper.from_array(np.ones(2, dtype=np.float32), name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def test_no_other_file_is_read(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_bytes(np.ones(2, dtype=np.float32).tobytes())
    adding = helper.make_node("Add", ["x", "secret"], ["doubled"])
    inner = helper.make_graph(
        [helper.make_node("Identity", ["hidden"], ["found"])],
        "inner",
        [],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, [2])],
        [outside("hidden", "secret")],
    )
    true = numpy_helper.from_array(np.array(True), "true")
    choosing = helper.make_node(
        "If", ["true"], ["secret"], then_branch=inner, else_branch=inner
    )
    value = helper.make_node("Constant", [], ["secret"], value=outside("v", "secret"))
    for model in (
        model_of([adding], constants=[outside("secret", "secret")]),
        model_of([adding], constants=[outside("secret", "../secret")]),
        model_of([adding], constants=[outside("secret", "*/_ORT_MEM_ADDR_/*")]),
        model_of([value, adding]),
        model_of([choosing, adding], constants=[true]),
    ):
        with pytest.raises(ValueError, match="lies outside of it") as caught:
            load_expert(written(model, path))
        assert str(path) in str(caught.value)


def test_damaged_files(path):
    export_onnx(BehaviorCloner((4,), **SMALL).fit(X, expert(X)), path)
    whole = path.read_bytes()
    cut = whole[:-10], whole[: len(whole) // 2]
    for content in (b"", b"no file of this kind", *cut):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="expected a policy as ONNX") as caught:
            load_expert(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("told", ["[]", "null", "5"])
def test_a_description_that_is_none(told, path):
    export_onnx(BehaviorCloner((8,), **SMALL).fit(X, expert(X)), path)
    model = onnx.load(path)
    model.metadata_props[0].value = told
    with pytest.raises(ValueError, match="skimitate_policy is no description, but"):
        load_expert(written(model, path))


def test_a_memory_of_another_width_than_it_takes(path):
    learner = RecurrentBehaviorCloner(4, **SMALL).fit(X, X, groups=GROUPS)
    export_onnx(learner, path)
    model = onnx.load(path)
    (last,) = (node for node in model.graph.node if node.output[0] == "next_state")
    model.graph.node.remove(last)
    twice = [last.input[0], last.input[0]]
    model.graph.node.append(helper.make_node("Concat", twice, ["next_state"], axis=1))
    model.graph.output[1].type.tensor_type.shape.dim[1].dim_param = "any"
    model.graph.output[1].type.tensor_type.shape.dim[1].ClearField("dim_value")
    with pytest.raises(ValueError, match="next_state"):
        load_expert(written(model, path))
    model.graph.output[1].type.tensor_type.shape.dim[1].dim_value = 4
    with pytest.raises(ValueError, match=r"next_state: expected shape \(1, 4\)"):
        load_expert(written(model, path))


def test_a_graph_that_gives_nothing(path):
    export_onnx(BehaviorCloner((8,), **SMALL).fit(X, expert(X)), path)
    model = onnx.load(path)
    model.graph.ClearField("output")
    with pytest.raises(ValueError, match="it gives nothing: expected actions"):
        load_expert(written(model, path))


def test_a_graph_with_an_operator_that_nobody_knows(path):
    nodes = [helper.make_node("Doubled", ["x"], ["doubled"], domain="elsewhere")]
    model = model_of(nodes)
    model.opset_import.append(helper.make_opsetid("elsewhere", 1))
    with pytest.raises(ValueError, match="expected a policy as ONNX"):
        load_expert(written(model, path))


@pytest.mark.slow
def test_without_onnx_all_else_works(tmp_path):
    (tmp_path / "policy.onnx").write_bytes(onnx.ModelProto().SerializeToString())
    code = """
import sys
for name in ("onnx", "onnxruntime", "skl2onnx"):
    sys.modules[name] = None
import numpy as np
import skimitate as sk
X = np.zeros((10, 2))
cloner = sk.BehaviorCloner(max_iter=1).fit(X, X)
for act in (
    lambda: sk.export_onnx(cloner, "clone.onnx"),
    lambda: sk.load_expert("policy.onnx"),
    sk.register_onnx_converters,
):
    try:
        act()
    except ImportError as error:
        print(error)
"""
    job = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = job.stdout.splitlines()
    assert len(lines) == 3
    assert all("pip install 'skimitate[onnx]'" in line for line in lines)
    assert [path.name for path in tmp_path.iterdir()] == ["policy.onnx"]
