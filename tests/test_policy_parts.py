"""Policies of several parts as files: pipelines, and what has a memory."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
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
    evaluate_policy,
    load_policy,
    save_policy,
)
from skimitate.formats._exportable import exportable

RNG = np.random.default_rng(0)
X = RNG.normal([0.0, 5.0], [1.0, 0.5], (60, 2))
Y = expert(X)
LABELS = np.column_stack([X[:, 0] > 0, X[:, 1] > 5]).astype(int)
GROUPS = np.repeat(np.arange(6), 10)
FEW = {"max_iter": 2, "random_state": 0}


def remembering(learner, y, **names):
    return learner.fit(X, y, **(names or {"groups": GROUPS}))


def of_kinds():
    """A fitted estimator of each kind, small."""
    cloner, classifier = BehaviorCloner((3,), **FEW), BehaviorCloningClassifier(**FEW)
    classifier.set_params(hidden_layer_sizes=(3,))
    scaled = make_pipeline(StandardScaler(), RunningNormalizer(clip=1.0), cloner)
    recurrent = RecurrentBehaviorCloner(3, **FEW)
    lstm = RecurrentBehaviorCloningClassifier(3, cell="lstm", **FEW)
    behind = make_pipeline(MinMaxScaler(clip=True), RecurrentBehaviorCloner(3, **FEW))
    return {
        "pipeline": scaled.fit(X, Y),
        "pipeline to classes": make_pipeline(MinMaxScaler(), classifier).fit(X, LABELS),
        "recurrent": remembering(recurrent, Y),
        "recurrent with classes": remembering(lstm, LABELS),
        "history": remembering(HistoryRegressor(cloner, 3), Y),
        "history and actions": remembering(
            HistoryRegressor(cloner, 2, actions=True), Y
        ),
        "history of classes": remembering(
            HistoryClassifier(classifier, 2, actions=True), LABELS
        ),
        "pipeline to recurrent": remembering(
            behind, Y, recurrentbehaviorcloner__groups=GROUPS
        ),
        "history of a pipeline": remembering(HistoryRegressor(scaled, 3), Y),
    }


KINDS = of_kinds()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "policy.safetensors"


@pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)
def test_what_comes_back_acts_the_same(path, model):
    save_policy(model, path, mean_return=-2)
    known, found = exportable(model), load_policy(path)
    assert found.mean_return == -2
    assert found.is_stateful == known.is_stateful
    assert (found.n_features, found.n_outputs) == (2, known.n_outputs)
    for _ in range(2):
        for policy in (known, found):
            policy.reset()
        for t in range(4):
            assert_array_equal(found.act(X[t]), known.act(X[t]))
    for policy in (known, found):
        policy.reset()
    for t in range(3):
        seen = X[GROUPS < 3].reshape(3, -1, 2)[:, t]
        assert_array_equal(found.act(seen), known.act(seen))
    before = path.read_bytes()
    save_policy(found, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["pipeline", "history and actions", "recurrent"])
def test_in_a_closed_loop(path, kind):
    save_policy(KINDS[kind], path)
    options = {"n_episodes": 3, "random_state": 0}
    returns = [
        evaluate_policy(PointEnv, policy, **options)
        for policy in (KINDS[kind], load_policy(path))
    ]
    np.testing.assert_allclose(*returns, rtol=1e-9)


def test_what_dagger_measured_of_a_memory_comes_back(path):
    learner = HistoryRegressor(BehaviorCloner((3,), max_iter=2), 2)
    options = {"n_rounds": 1, "n_epochs_per_round": 1}
    model = DAggerRegressor(learner, PointEnv, expert, **options).fit()
    save_policy(model, path)
    kept = model.history_[model.best_round_]["mean_return"]
    assert load_policy(path).mean_return == as_policy(model).mean_return == kept


def changed(path, change):
    with safe_open(path, framework="numpy") as file:
        described = json.loads(file.metadata()["skimitate_policy"])
    tensors = load_file(path)
    change(tensors, described["policy"])
    save_file(tensors, path, {"skimitate_policy": json.dumps(described)})


def nested(tensors, part):
    inner = dict(part)
    for _ in range(20):
        inner = {"kind": "history", "of": inner}
    part.clear()
    part.update(inner)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("recurrent", lambda t, p: p.update(cell="rnn"), "its cell is 'rnn'"),
        ("recurrent", lambda t, p: p.update(cell=["gru"]), ""),
        ("recurrent", lambda t, p: p.update(cell="lstm"), "it holds arrays"),
        ("recurrent", lambda t, p: p.update(sizes=[2, 3]), "its sizes are"),
        (
            "recurrent",
            lambda t, p: p.update(sizes=[2, 10**9, 64, 2]),
            "it holds arrays",
        ),
        ("recurrent", lambda t, p: p.update(activation="max"), "activation: expected"),
        ("recurrent", lambda t, p: p.update(kind="network"), "no entry 'layer_sizes'"),
        ("history", lambda t, p: p.update(n_steps=2), "4 numbers are shown to a part"),
        ("history", lambda t, p: p.update(n_steps=10**12), "numbers are shown to a"),
        ("history", lambda t, p: p.update(n_steps=0), "its n_steps is 0"),
        ("history", lambda t, p: p.update(n_outputs=3), "its n_outputs is 3"),
        ("history", lambda t, p: p.update(actions=2), "12 numbers are shown"),
        ("history", lambda t, p: p.update(actions=True), "its actions is True"),
        ("history", lambda t, p: p.update(kind=["history"]), "of the kind"),
        ("history", lambda t, p: p.update(of=None), ""),
        ("history", nested, "more than 16 parts"),
        ("pipeline", lambda t, p: p.update(n_features=1), "indices: expected numbers"),
        ("pipeline", lambda t, p: p.update(n_columns=3), "it holds arrays"),
        ("pipeline", lambda t, p: t["columns_0_scale"].fill(0), "scale: .* positive"),
        ("pipeline", lambda t, p: t["columns_0_low"].fill(np.nan), "low <= high"),
        (
            "pipeline",
            lambda t, p: t.update(columns_0_indices=np.array([0.0, 1.0])),
            "arrays of float64 .columns_0_indices",
        ),
    ],
)
def test_parts_that_are_none(path, kind, change, message):
    save_policy(KINDS[kind], path)
    changed(path, change)
    with pytest.raises(ValueError, match=f"{path}: expected a policy .*{message}"):
        load_policy(path)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    position=st.integers(0, 2500),
    value=st.integers(0, 255),
)
def test_damaged_files_are_refused_or_still_a_policy(
    tmp_path_factory, kind, position, value
):
    path = tmp_path_factory.mktemp("damaged") / "policy.safetensors"
    save_policy(KINDS[kind], path)
    content = bytearray(path.read_bytes())
    content[min(position, len(content) - 1)] = value
    path.write_bytes(content)
    message = None
    try:
        shape = load_policy(path).act(X).shape
    except ValueError as error:
        message = str(error)
    assert shape == (60, 2) if message is None else str(path) in message
