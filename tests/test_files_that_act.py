"""Policies read back from C and ONNX, in the same hands as those of Python."""

import pickle
from inspect import signature

import numpy as np
import pytest
from cases import quick_first
from gymnasium.vector import AutoresetMode
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from test_vector_envs import LengthsEnv, made_by
from toy import PointEnv

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    as_policy,
    collect_rollouts,
    export_c,
    export_onnx,
    load_expert,
    save_policy,
)
from skimitate.policies import NetworkPolicy, PipelinePolicy

SMALL = {"max_iter": 2, "random_state": 0}
X = np.random.default_rng(0).normal(size=(60, 2))
GROUPS = np.repeat(np.arange(6), 10)
WRITERS = {".h": export_c, ".onnx": export_onnx, ".safetensors": save_policy}
compiled_or_onnx = pytest.mark.parametrize("suffix", [".h", ".onnx"])


def again(policy, folder, suffix, **options):
    path = folder / f"policy{suffix}"
    WRITERS[suffix](policy, path, **options)
    return load_expert(path)


def remembering(kind):
    learner = {
        "history": HistoryRegressor(BehaviorCloner((4,), **SMALL), 3, actions=True),
        "recurrent": RecurrentBehaviorCloner(4, **SMALL),
    }[kind]
    return learner.fit(X, -0.7 * X, groups=GROUPS)


@compiled_or_onnx
@pytest.mark.parametrize("kind", ["history", "recurrent"])
def test_a_memory_for_each_episode_side_by_side(kind, suffix, tmp_path):
    policy = again(remembering(kind), tmp_path, suffix)
    options = {"n_episodes": 7, "random_state": 1}
    alone = collect_rollouts(LengthsEnv, policy, **options)
    beside = collect_rollouts(made_by(mode=AutoresetMode.SAME_STEP), policy, **options)
    assert_allclose(beside.actions, alone.actions, atol=1e-5)


@compiled_or_onnx
@pytest.mark.parametrize("kind", ["history", "recurrent"])
def test_no_episode_has_no_action_and_a_memory_all_the_same(kind, suffix, tmp_path):
    policy = again(remembering(kind), tmp_path, suffix)
    for _ in range(2):
        assert policy.act(X[:0]).shape == (0, 2)


def test_what_somebody_else_did_in_one_of_the_episodes(tmp_path):
    policies = as_policy(remembering("history")), None
    policies = policies[0], again(policies[0], tmp_path, ".h")
    for policy in policies:
        policy.reset()
        policy.act(X[:3])
        policy.did([[9.0, -9.0]], np.array([1]))
    expected, found = (policy.act(X[3:6]) for policy in policies)
    assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["skimitate", "act", "did", "size", "state"])
def test_no_name_is_one_of_the_reader_s_own(name, tmp_path):
    policy = again(remembering("history"), tmp_path, ".h", name=name)
    assert policy.act(X[0]).shape == (2,)


@pytest.mark.parametrize("suffix", quick_first(WRITERS, ".onnx"))
def test_dagger_of_a_pipeline_tells_its_return(suffix, tmp_path):
    learner = make_pipeline(StandardScaler(), BehaviorCloner((4,), **SMALL))
    dagger = DAggerRegressor(
        learner, PointEnv, lambda rows: -rows, n_rounds=1, random_state=0
    ).fit()
    record = dagger.history_[dagger.best_round_]
    assert record["mean_return"] < 0
    told = again(dagger, tmp_path, suffix).mean_return
    assert told == record["mean_return"]


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("told", [-5, np.float32(2.5), np.int64(3)])
def test_a_return_may_be_any_number(told, suffix, tmp_path):
    policy = as_policy(BehaviorCloner((4,), **SMALL).fit(X, X))
    policy = NetworkPolicy(
        policy.layer_sizes,
        policy.activation,
        policy.vectors,
        policy.units,
        mean_return=told,
    )
    assert again(policy, tmp_path, suffix).mean_return == told


class Élève(BehaviorCloner):
    """A cloner, whose name ASCII has no letters for."""


def test_a_class_may_have_any_name(tmp_path):
    cloner = Élève((4,), **SMALL).fit(X, X)
    found = again(cloner, tmp_path, ".h").act(X)
    assert_allclose(found, cloner.predict(X), atol=1e-5)


@compiled_or_onnx
def test_bounds_are_kept_in_float64_too(suffix, tmp_path):
    low, high = np.array([0.1, 0.3]), np.array([0.7, 0.4])
    cloner = BehaviorCloner((4,), **SMALL).fit(X, 9 * X)
    actions = again(cloner, tmp_path, suffix, action_space=(low, high)).act(X)
    assert (actions >= low).all()
    assert (actions <= high).all()
    assert np.ptp(actions[:, 0]) > 0.5


FAR = np.float32([1e6, -3e4] + X * [0.5, 0.01]).astype(float)
FAR_Y = np.tanh((FAR - FAR.mean(axis=0)) / FAR.std(axis=0))


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(
    "behind",
    [
        BehaviorCloner((6,), **SMALL),
        make_pipeline(MaxAbsScaler(), BehaviorCloner((6,), **SMALL)),
        HistoryRegressor(BehaviorCloner((6,), **SMALL), 2, actions=True),
        HistoryRegressor(
            make_pipeline(StandardScaler(), BehaviorCloner((6,), **SMALL)), 2
        ),
        RecurrentBehaviorCloner(4, **SMALL),
    ],
    ids=["cloner", "pipeline", "history", "history of a pipeline", "recurrent"],
)
def test_a_scaler_that_leaves_the_mean_costs_nothing(behind, suffix, tmp_path):
    groups = {"groups": GROUPS} if "groups" in signature(behind.fit).parameters else {}
    scaler = MaxAbsScaler().fit(FAR)
    learner = clone(behind).fit(scaler.transform(FAR), FAR_Y, **groups)
    policy = PipelinePolicy(scaler, as_policy(learner))
    found = again(policy, tmp_path, suffix)
    policy.reset()
    for rows in FAR.reshape(6, 10, 2).swapaxes(0, 1):
        expected = policy.act(rows)
        assert_allclose(found.act(rows), expected, atol=1e-5)


@compiled_or_onnx
def test_a_number_is_no_observation(suffix, tmp_path):
    policy = again(BehaviorCloner((4,), **SMALL).fit(X[:, :1], X), tmp_path, suffix)
    with pytest.raises(ValueError, match=r"observation: expected shape \(1,\) or"):
        policy.act(3.0)


@pytest.mark.parametrize("write", WRITERS.values())
@pytest.mark.parametrize("path", [None, 5, b"policy"])
def test_what_is_no_path(write, path):
    with pytest.raises(TypeError, match="path: expected a str or a Path, got"):
        write(BehaviorCloner((4,), **SMALL).fit(X, X), path)


def test_copies_of_a_policy_are_compiled_once(tmp_path, monkeypatch):
    compiler, log = tmp_path / "cc.sh", tmp_path / "log"
    compiler.write_text(f'#!/bin/sh\necho compiled >> "{log}"\nexec cc "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    cloner = BehaviorCloner((4,), **SMALL).fit(X, X)
    policy = again(cloner, tmp_path, ".h", name="compiled_once")
    for _ in range(3):
        copied = pickle.loads(pickle.dumps(policy))
    assert_array_equal(copied.act(X), policy.act(X))
    assert log.read_text().split() == ["compiled"]
