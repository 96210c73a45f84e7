"""Policies as files: what comes back, what cannot be saved, and files that are none."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from toy import PointEnv, expert

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerClassifier,
    DAggerRegressor,
    as_policy,
    evaluate_policy,
    load_expert,
    load_policy,
    save_policy,
)
from skimitate.cloning._units import Units
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._network_policy import NetworkPolicy

X = np.random.default_rng(0).normal(size=(60, 2))
KEY = "skimitate_policy"


def fitted(**options):
    options = {"max_iter": 3, "random_state": 0} | options
    return BehaviorCloner(**options).fit(X, expert(X))


# The same side of a line, in what people call classes: of one output and of several.
SIDE = (X[:, 0] > X[:, 1]).astype(int)
LABELS = {
    "integers": 5 - 7 * SIDE,
    "strings": np.array(["right", "links"])[SIDE],
    "objects": np.array(["right", "ü\n"], dtype=object)[SIDE],
    "bools": SIDE == 1,
    "floats": SIDE * 3.0,
    "bytes of memory": SIDE.astype(np.uint8),
    "large": SIDE.astype(np.uint64) + 2**63,
    "one class": np.zeros(len(X), dtype=int),
    "several": np.column_stack([SIDE, (X[:, 0] * 2).astype(int)]),
    "several of strings": np.array([["a", "b"], ["b", "long"]])[SIDE],
}


def fitted_classifier(y=LABELS["several"], **options):
    options = {"max_iter": 3, "random_state": 0} | options
    return BehaviorCloningClassifier(**options).fit(X, y)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "policy.safetensors"


@pytest.fixture
def saved(path):
    save_policy(fitted(), path)
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalize": False},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (3, 4, 5), "activation": "logistic"},
        {"activation": "tanh", "backend": "torch"},
        {"n_networks": 3},
    ],
)
def test_a_cloner_comes_back_to_the_last_bit(path, options):
    cloner = fitted(**options)
    save_policy(cloner, path)
    policy = load_policy(str(path))
    assert_array_equal(policy.act(X), cloner.predict(X))
    assert_array_equal(policy.act(X[0]), cloner.act(X[0]))
    assert (policy.n_features, policy.n_outputs) == (2, 2)
    assert policy.mean_return is None


def test_a_dagger_policy_comes_back_with_its_return(path):
    model = DAggerRegressor(
        BehaviorCloner(max_iter=2), PointEnv, expert, n_rounds=2, n_epochs_per_round=1
    ).fit()
    save_policy(model, path)
    policy = load_policy(path)
    assert_array_equal(policy.act(X), model.predict(X))
    kept = model.history_[model.best_round_]
    assert policy.mean_return == kept["mean_return"]
    save_policy(as_policy(model), path, mean_return=-7)
    assert load_policy(path).mean_return == -7
    save_policy(load_policy(path), path)
    assert load_policy(path).mean_return == -7


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_a_classifier_comes_back_with_its_classes(path, y):
    cloner = fitted_classifier(y, n_networks=2)
    save_policy(cloner, path, mean_return=3)
    policy = load_policy(path)
    actions = cloner.predict(X)
    assert_array_equal(policy.act(X), actions.reshape(len(X), -1))
    assert_array_equal(policy.act(X[0]), np.ravel(cloner.act(X[0])))
    kind = {"O": "U", "u": "i"}.get(y.dtype.kind, y.dtype.kind)
    assert policy.act(X).dtype.kind.replace("u", "i") == kind
    known = cloner.classes_ if isinstance(cloner.classes_, list) else [cloner.classes_]
    for found, expected in zip(policy.classes, known, strict=True):
        assert_array_equal(found, expected)
    assert (policy.n_features, policy.n_outputs) == (2, len(known))
    assert policy.mean_return == 3
    before = path.read_bytes()
    save_policy(policy, path)
    assert path.read_bytes() == before


@given(
    st.sampled_from([st.integers(-(2**63), 2**63 - 1), st.text(max_size=4)]).flatmap(
        lambda of: st.lists(
            st.lists(of, min_size=1, max_size=4), min_size=1, max_size=4
        )
    )
)
@settings(max_examples=12)  # the disk is waited for at each
def test_any_classes_come_back(tmp_path_factory, lists):
    path = tmp_path_factory.mktemp("classes") / "policy.safetensors"
    classes = [np.unique(np.array(one)) for one in lists]
    n_units = sum(map(len, classes))
    units = Units(np.zeros(1), np.ones(1), np.zeros(n_units), np.ones(n_units))
    vectors = np.zeros((1, 2 * n_units), dtype=np.float32)
    networks = NetworkPolicy([1, n_units], "identity", vectors, units)
    save_policy(ClassPolicy(networks, classes), path)
    for found, expected in zip(load_policy(path).classes, classes, strict=True):
        assert_array_equal(found, expected)
        assert found.dtype.kind == expected.dtype.kind


def balance(observations):
    return (observations @ [0.1, 0.4, 1.0, 1.0] > 0).astype(int)


def test_what_dagger_learnt_of_classes_comes_back_and_drives(path):
    model = DAggerClassifier(
        BehaviorCloningClassifier(max_iter=2),
        "CartPole-v1",
        balance,
        n_rounds=1,
        n_epochs_per_round=1,
        n_eval_episodes=1,
    ).fit()
    save_policy(model, path)
    policy = load_policy(path)
    assert policy.mean_return == model.history_[model.best_round_]["mean_return"]
    options = {"n_episodes": 2, "random_state": 0}
    returns = [evaluate_policy("CartPole-v1", p, **options) for p in (model, policy)]
    assert_array_equal(*returns)


def test_an_expert_comes_back_and_drives(path):
    original = load_expert("Reacher-v5")
    save_policy(original, path)
    observations = np.random.default_rng(0).normal(size=(20, 10))
    assert_array_equal(load_policy(path).act(observations), original(observations))
    options = {"n_episodes": 1, "random_state": 0}
    returns = [
        evaluate_policy("Reacher-v5", p, **options)
        for p in (original, load_policy(path))
    ]
    assert_array_equal(*returns)


def test_the_file_is_what_other_languages_read(path):
    cloner = fitted(n_networks=3)
    save_policy(cloner, path)
    saved = path
    tensors = load_file(saved)
    assert tensors["weight_0"].shape == (3, 50, 2)
    assert_array_equal(tensors["input_mean"], cloner.normalizer_.mean_)
    assert_array_equal(tensors["output_scale"], cloner.action_scale_)
    standardized = (X - tensors["input_mean"]) / tensors["input_scale"]
    for i in (0, 1):
        weight, bias = tensors[f"weight_{i}"], tensors[f"bias_{i}"]
        standardized = np.tanh(standardized @ weight.mT + bias[:, None])
    outputs = standardized @ tensors["weight_2"].mT + tensors["bias_2"][:, None]
    actions = outputs.mean(axis=0) * tensors["output_scale"] + tensors["output_mean"]
    np.testing.assert_allclose(actions, cloner.predict(X), rtol=1e-12)
    header = saved.read_bytes()[8:]
    described = json.loads(
        json.JSONDecoder().raw_decode(header.decode("latin1"))[0]["__metadata__"][KEY]
    )
    assert described["policy"] == {
        "kind": "network",
        "n_networks": 3,
        "layer_sizes": [2, 50, 50, 2],
        "activation": "tanh",
    }
    assert set(described["versions"]) == {"skimitate", "numpy"}


@pytest.mark.slow
def test_a_loaded_policy_acts_without_torch(saved):
    script = (
        "import sys, numpy as np, skimitate\n"
        f"policy = skimitate.load_policy({str(saved)!r})\n"
        "print(policy.act(np.zeros(2)).shape, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "(2,) False\n"


class Remembering:
    """A policy of logits that remembers."""

    n_features, n_outputs, is_stateful = 2, 2, True

    def act(self, observation):
        return observation

    def reset(self):
        pass


def test_what_cannot_be_saved(path):
    with pytest.raises(NotFittedError, match=r"policy: .* BehaviorCloner unfitted"):
        save_policy(BehaviorCloner(), path)
    with_memory = ClassPolicy(Remembering(), [np.array([0, 1])])  # nobody knows whose
    for actor in (LinearRegression().fit(X, X), expert, Remembering(), with_memory):
        with pytest.raises(TypeError, match="policy: expected a network of skimitate"):
            save_policy(actor, path)
    units = as_policy(fitted_classifier(SIDE)).units
    for classes, reason in (
        (np.array([b"a", b"b"]), "all strings"),
        (np.array(["2001-01-01", "2001-01-02"], dtype="M8[D]"), "all strings"),
        (np.array(["a", "a\0"], dtype=object), "ascending"),
    ):
        with pytest.raises(ValueError, match=f"classes: .*{reason}"):
            save_policy(ClassPolicy(units, [classes]), path)
    assert not path.exists()
    save_policy(fitted(), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="mean_return: expected a finite number"):
        save_policy(fitted(), path, mean_return=float("nan"))
    with pytest.raises(FileNotFoundError, match=r"path: no such folder: .*nowhere$"):
        save_policy(fitted(), path.parent / "nowhere" / "policy.safetensors")
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_file_that_is_not_there(tmp_path):
    for missing in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(FileNotFoundError, match="path: no such file"):
            load_policy(missing)


def rewritten(path, change=lambda tensors, described: None, metadata=None):
    """Change what a file holds."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        described = json.loads(file.metadata()[KEY])
    tensors = load_file(path)
    change(tensors, described)
    save_file(tensors, path, metadata or {KEY: json.dumps(described)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, d: d.update(version=2), "version 2 of the format"),
        (lambda t, d: d["policy"].pop("n_networks"), "no entry 'n_networks'"),
        (lambda t, d: d["policy"].update(n_networks=4), "it holds arrays"),
        (lambda t, d: d["policy"].update(n_networks=0), "its n_networks is 0"),
        (lambda t, d: d.pop("version"), "no entry 'version'"),
        (
            lambda t, d: d["policy"].update(activation="softmax"),
            "activation: .*'softmax'",
        ),
        (lambda t, d: d["policy"].update(layer_sizes=[2, 50, 2]), "it holds arrays"),
        (lambda t, d: d["policy"].update(layer_sizes=[]), "its layer_sizes are"),
        (
            lambda t, d: d["policy"].update(layer_sizes=[10**9, 10**9]),
            "it holds arrays",
        ),
        (lambda t, d: d["policy"].update(layer_sizes="2"), "its layer_sizes are '2'"),
        (
            lambda t, d: d["policy"].update(layer_sizes=[2.0, 50, 50, 2]),
            "its layer_sizes are",
        ),
        (lambda t, d: d.update(n_features=3), "its n_features is 3, not 2"),
        (lambda t, d: d.update(n_outputs="2"), "its n_outputs is '2', not 2"),
        (lambda t, d: d.update(version=True), "version True of the format"),
        (lambda t, d: t.update(input_mean=np.zeros(2, "c8")), "arrays of"),
        (lambda t, d: t.update(bias_0=np.zeros((1, 50), int)), "arrays of .*int64"),
        (lambda t, d: d.update(mean_return="high"), ""),
        (lambda t, d: t.pop("bias_1"), "it holds arrays"),
        (lambda t, d: t.update(more=np.zeros(2)), "it holds arrays"),
        (lambda t, d: t.update(input_scale=np.ones(3)), "it holds arrays"),
        (lambda t, d: t.update(input_scale=np.zeros(2)), "input_scale: .* positive"),
        (lambda t, d: t["weight_0"].fill(np.nan), "expected finite numbers"),
    ],
)
def test_a_file_that_holds_something_else(saved, change, message):
    rewritten(saved, change)
    with pytest.raises(ValueError, match=f"{saved}: expected a policy .*{message}"):
        load_policy(saved)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("none at all", "no entry 'classes'"),
        ([[0, 1], [0, 1, 2, 3]], "classes: expected 5 of all outputs together"),
        ([[0, 1, 2, 3, 4]] * 2, "classes: expected 5 of all outputs together"),
        ([[0, 1], [0, 1, "2"]], "all integers, all floats, all strings or all bools"),
        ([[0, 1], [0, 1, 2.0]], "all integers"),
        ([[False, True], [0, 1, 2]], "all integers"),
        ([[0, 1], [0, 1, None]], "all integers"),
        ([[0, 1], [0, [1], 2]], "all integers"),
        ([[1, 0], [0, 1, 2]], "in ascending order"),
        ([[0, 1], [0, 1, 1]], "in ascending order"),
        ([[0, 1], [0, 1, 10**30]], "integers of 64 bits"),
        ([[0.0, 1.0], [0.0, 1.0, float("inf")]], "in ascending order"),
        ([[0.0, 1.0], [float("nan")]], "in ascending order"),
        ([["a", "b"], ["a", "a\0", "c"]], "in ascending order"),
        ([[0, 1, 2, 3, 4], []], "lists of classes"),
        ([], "lists of classes"),
        ({"0": [0, 1]}, "lists of classes"),
        ([0, 1, 2, 3, 4], "lists of classes"),
        (5, "lists of classes"),
    ],
)
def test_a_file_whose_classes_are_none(path, classes, message):
    def change(tensors, described):
        assert list(map(len, described["policy"].pop("classes"))) == [2, 3]
        if classes != "none at all":
            described["policy"]["classes"] = classes

    y = np.column_stack([SIDE, np.arange(len(X)) % 3])
    save_policy(fitted_classifier(y), path)
    rewritten(path, change)
    with pytest.raises(ValueError, match=f"{path}: expected a policy .*{message}"):
        load_policy(path)


def test_a_file_of_others(saved):
    rewritten(saved, metadata={"format": "pt"})
    with pytest.raises(ValueError, match="its metadata has no 'skimitate_policy'"):
        load_policy(saved)
    rewritten_metadata = {KEY: "[" * 100_000}
    save_file({"a": np.zeros(1)}, saved, rewritten_metadata)
    with pytest.raises(ValueError, match=str(saved)):
        load_policy(saved)


def test_types_that_numpy_has_not(saved):
    array = {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}
    header = json.dumps({"a": array})
    saved.write_bytes(len(header).to_bytes(8, "little") + header.encode() + b"0")
    with pytest.raises(ValueError, match=str(saved)):
        load_policy(saved)


SMALL = {"hidden_layer_sizes": (2,), "max_iter": 1}
WHOLE = (
    as_policy(fitted(**SMALL)),
    as_policy(fitted_classifier(np.array([["a", "b"], ["b", "c"]])[SIDE], **SMALL)),
)


@given(
    policy=st.sampled_from(WHOLE),
    position=st.integers(0, 700),
    value=st.integers(0, 255),
    end=st.booleans(),
)
def test_damaged_files_are_refused_or_still_a_policy(
    tmp_path_factory, policy, position, value, end
):
    path = tmp_path_factory.mktemp("damaged") / "policy.safetensors"
    save_policy(policy, path)
    content = bytearray(path.read_bytes())
    position = min(position, len(content) - 1)
    content[position] = value
    path.write_bytes(content[:position] if end else content)
    message = None
    try:
        shape = load_policy(path).act(X).shape
    except ValueError as error:
        message = str(error)
    assert shape == (60, 2) if message is None else str(path) in message
