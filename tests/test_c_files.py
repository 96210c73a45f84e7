"""Policies as C, compiled on the way: they act as they do in Python."""

import pickle
import re
from copy import deepcopy

import numpy as np
import pytest
from c_models import EPISODES, FEW, FITTED, X, Y, cloner, off, side_by_side
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from toy import LIMIT, PointEnv

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    as_policy,
    collect_rollouts,
    evaluate_policy,
    export_c,
    load_demonstrations,
    load_expert,
)
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._layout import Layout
from skimitate.cloning._units import Units
from skimitate.policies import NetworkPolicy


@pytest.fixture
def path(tmp_path):
    return tmp_path / "policy.h"


def compiled(path, model, **options):
    export_c(model, path, **options)
    return load_expert(path)


KINDS = [
    pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in FITTED
]


@pytest.mark.parametrize("kind", KINDS)
def test_it_acts_as_in_python(path, kind):
    policy = as_policy(FITTED[kind]())
    found = compiled(path, policy)
    expected, actions = side_by_side(policy), side_by_side(found)
    assert (found.n_features, found.is_stateful) == (5, policy.is_stateful)
    assert found.n_outputs == expected.shape[-1]
    if found.classes is None:
        assert actions.dtype == float
        assert off(actions, expected) < 1e-5
    else:
        assert actions.dtype == expected.dtype
        assert (actions == expected).all()
        assert len(np.unique(actions)) > 1
    assert_array_equal(side_by_side(pickle.loads(pickle.dumps(found))), actions)
    found.reset()
    one = [found.act(row) for row in X[EPISODES == 3]]
    assert_array_equal(one, actions[:, 3])


def test_bundled_demonstrations_and_an_expert(path):
    X, y = load_demonstrations("Reacher-v5", return_X_y=True)
    clone = BehaviorCloner(max_iter=2, random_state=0).fit(X, y)
    for actor in (clone, load_expert("Reacher-v5")):
        expected = np.clip(as_policy(actor).act(X), -1, 1)
        found = compiled(path, actor, action_space=(-1, 1))
        assert off(found.act(X), expected) < 1e-5


def of(rng, *sizes, activation="tanh", n_networks=1):
    """A policy of random networks."""
    n_parameters = Layout(sizes).n_parameters
    units = Units(
        *(rng.normal(size=sizes[0]) for _ in "ab"), *rng.normal(size=(2, sizes[-1]))
    )
    units.input_scale[:] = np.abs(units.input_scale) + 0.1
    vectors = rng.normal(size=(n_networks, n_parameters)).astype(np.float32)
    return NetworkPolicy(sizes, activation, vectors / 3, units)


@pytest.mark.slow
@settings(max_examples=15)
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.integers(1, 3),
    st.sampled_from(["float32", "float16", "int8"]),
    st.integers(0, 99),
)
def test_networks_of_any_size(tmp_path_factory, sizes, activation, n, weights, seed):
    rng = np.random.default_rng(seed)
    policy = of(rng, *sizes, activation=activation, n_networks=n)
    path = tmp_path_factory.mktemp("any") / "policy.h"
    found = compiled(path, policy, weights=weights)
    rows = policy.units.input_mean + rng.normal(size=(50, sizes[0]))
    rows = rows.astype(np.float32).astype(np.float64)
    expected = policy.act(rows)
    scale = np.abs(expected - policy.units.output_mean).max(axis=0)
    most = {"float32": 1e-5, "float16": 0.02, "int8": 0.4}[weights]
    assert (np.abs(found.act(rows) - expected) <= most * scale + 1e-6).all()


@pytest.mark.parametrize("weights", ["float16", "int8"])
def test_the_header_says_how_far_off_rounded_weights_are(path, weights):
    policy = as_policy(FITTED["relu"]())
    found = compiled(path, policy, weights=weights)
    text = re.sub(r"\n \* +", " ", path.read_text())
    numbers = r"([\d.e-]+), ([\d.e-]+)"
    said = re.search(rf"by at most {numbers} and by {numbers} \(root mean", text)
    most, typical = np.reshape([float(number) for number in said.groups()], (2, 2))
    units = policy.units
    drawn = np.random.default_rng(1).standard_normal((4000, 5))
    rows = np.float32(units.input_mean + units.input_scale * drawn)
    expected = policy.act(rows.astype(np.float64))
    deviation = np.abs(found.act(rows) - expected) / expected.std(axis=0)
    assert (deviation.max(axis=0) < 2 * most).all()
    rms = np.sqrt((deviation**2).mean(axis=0))
    assert (np.abs(rms - typical) < 0.2 * typical).all()
    assert (typical > 1e-5).all()


def test_the_header_says_how_many_classes_rounded_weights_change(path):
    export_c(FITTED["integers"](), path, weights="int8")
    said = re.search(r"Rounded weights make ([\d.e-]+) %", path.read_text())
    assert 0 <= float(said[1]) < 20


def test_every_float16(path):
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)].astype(np.float32)
    weight = halves.reshape(-1, 64)
    n = len(weight)
    vectors = np.append(weight, np.zeros(n, np.float32))[np.newaxis]
    policy = NetworkPolicy((64, n), "relu", vectors, Units.plain(64, n))
    found = compiled(path, policy, weights="float16")
    assert_array_equal(found.act(np.eye(64)), weight.T)


def test_a_large_mean_and_a_small_scale(path):
    mean = np.array([123456.789, 1e8 / 3])
    rows = np.float32(mean) + np.float32([[0.0, 0.0], [0.0078125, 4.0]])
    X = np.float64(rows[np.arange(60) % 2])
    units = Units(mean, np.array([0.005, 3.0]), np.zeros(1), np.ones(1))
    policy = NetworkPolicy((2, 1), "relu", np.float32([[1.0, 0.7, 0.0]]), units)
    assert off(compiled(path, policy).act(X), policy.act(X)) < 1e-5


def test_actions_are_clipped_to_what_is_asked_for(path):
    policy = as_policy(FITTED["relu"]())
    low, high = [-0.5, -np.inf], [np.inf, 5.0]
    found = compiled(path, policy, action_space=(low, high))
    expected = np.clip(policy.act(X), low, high)
    assert (expected != policy.act(X)).any(axis=0).all()
    assert off(found.act(X), expected) < 1e-5
    assert found.act(X)[:, 1].max() == 5.0


def test_bounds_are_kept_in_float64_too(path):
    policy = as_policy(FITTED["relu"]())
    low, high = np.array([0.1, 5.00001]), np.array([0.7, 5.00002])
    actions = compiled(path, policy, action_space=(low, high)).act(X)
    assert (actions >= low).all()
    assert (actions <= high).all()


@pytest.mark.slow
def test_dagger_clips_to_its_environment_and_tells_its_return(path):
    dagger = DAggerRegressor(
        cloner(), PointEnv, lambda rows: -rows, n_rounds=1, random_state=0
    ).fit()
    found = compiled(path, dagger)
    rows = np.float32(np.random.default_rng(0).normal(size=(50, 2)))
    expected = np.clip(dagger.predict(rows), -LIMIT, LIMIT)
    assert off(found.act(rows), expected) < 1e-5
    assert found.mean_return == as_policy(dagger).mean_return < 0
    returns = [
        evaluate_policy(PointEnv, actor, n_episodes=2, random_state=0)
        for actor in (dagger, found)
    ]
    np.testing.assert_allclose(*returns, rtol=1e-5)


@pytest.mark.parametrize("kind", ["gru", "history of names"])
def test_batches_of_episodes_that_begin_at_different_steps(path, kind):
    policy = as_policy(FITTED[kind]())
    found = compiled(path, policy)
    states = [None, None]
    for step, begins in enumerate([[0, 0], [0, 0], [1, 0], [0, 0]]):
        rows = X[[step, step + 50]]
        (expected, actions), states = zip(
            *(
                actor.predict(rows, state, np.array(begins, dtype=bool))
                for actor, state in zip((policy, found), states, strict=True)
            ),
            strict=True,
        )
        if found.classes is None:
            np.testing.assert_allclose(actions, expected, rtol=1e-4)
        else:
            assert (actions == expected).all()
    with pytest.raises(ValueError, match="state: expected shape"):
        found.predict(X[:3], states[1])


@pytest.mark.parametrize(
    ("kind", "others"),
    [
        ("history", Y + 1.0),
        ("history of names", np.array([["left"], ["up"]])[np.arange(200) % 2]),
        ("history of integers", np.array([[-7, 1], [99, 0]])[np.arange(200) % 2]),
    ],
)
def test_what_somebody_else_did_is_remembered(path, kind, others):
    policy = as_policy(FITTED[kind]())
    found = compiled(path, policy)
    with pytest.raises(ValueError, match="action: expected a step before it"):
        found.did(others[0])
    policy.reset()
    for row, other in zip(X[:30], others, strict=False):
        expected, action = policy.act(row), found.act(row)
        if found.classes is None:
            np.testing.assert_allclose(action, expected, rtol=1e-4)
        else:
            assert (action == expected).all()
        policy.did(other)
        found.did(other)


def test_nan_shows(path):
    row = np.full(5, np.nan)
    assert np.isnan(
        compiled(path, FITTED["relu"](), action_space=(-1, 1)).act(row)
    ).all()
    found = compiled(path, FITTED["integers"]())
    assert found.act(row).tolist() == [one[0] for one in found.classes]


def test_another_number_of_features_or_episodes(path):
    found = compiled(path, FITTED["gru"]())
    with pytest.raises(ValueError, match=r"observation: expected shape \(5,\)"):
        found.act(X[:, :4])
    found.act(X[:2])
    with pytest.raises(ValueError, match=r"expected a batch of 2, .* got 3"):
        found.act(X[:3])
    assert len(compiled(path, FITTED["relu"]()).act(X[:0])) == 0
    assert repr(found) == "CompiledPolicy(n_features=5, n_outputs=2)"


def test_the_same_policy_makes_the_same_file(path):
    policy = FITTED["gru"]()
    export_c(policy, path, weights="int8")
    first = path.read_bytes()
    export_c(deepcopy(policy), path, weights="int8")
    assert path.read_bytes() == first


def units_of(**changes):
    parts = {name: np.ones(1) for name in ("input_scale", "output_scale")}
    parts |= {name: np.zeros(1) for name in ("input_mean", "output_mean")}
    return Units(**(parts | {name: np.array([v]) for name, v in changes.items()}))


@pytest.mark.parametrize(
    ("units", "weight", "message"),
    [
        ({"input_mean": 1e39}, 1.0, "input_mean: .* got 1e\\+39"),
        ({"input_scale": 1e-40}, 1.0, "input_scale"),
        ({"input_scale": 1e39}, 1.0, "input_scale"),
        ({"output_scale": 1e-42}, 1.0, "output_scale"),
        ({"output_mean": -1e300}, 1.0, "output_mean"),
        ({}, 1e39, "weights: .* room for those"),
    ],
)
def test_numbers_that_float32_has_no_room_for(path, units, weight, message):
    vectors = np.array([[weight, 0.0]], dtype=np.float64)
    policy = NetworkPolicy((1, 1), "relu", vectors, units_of(**units))
    with pytest.raises(ValueError, match=f"policy: {message}"):
        export_c(policy, path)
    assert not path.exists()


def test_what_cannot_be_exported(path):
    for actor in (RandomForestRegressor(2).fit(X, Y), lambda rows: rows):
        with pytest.raises(TypeError, match="policy: expected a network of skimitate"):
            export_c(actor, path)
    with pytest.raises(NotFittedError, match="policy"):
        export_c(BehaviorCloner(), path)
    for name in ("2nd", "a-b", "", "_x", "ü", None, "while", "class"):
        with pytest.raises(ValueError, match=r"^name: expected"):
            export_c(FITTED["relu"](), path, name=name)
    with pytest.raises(ValueError, match=r"weights: expected one of .* got 'int4'"):
        export_c(FITTED["relu"](), path, weights="int4")
    with pytest.raises(ValueError, match="action_space: expected None where"):
        export_c(FITTED["names"](), path, action_space=(-1, 1))
    large = classes_of(np.array([0, 2**31]))
    with pytest.raises(ValueError, match="classes: expected integers of 32 bits"):
        export_c(large, path)
    alike = classes_of(np.array([1.0, 1.0 + 1e-12]))
    with pytest.raises(ValueError, match="classes: expected floats that float32 tells"):
        export_c(alike, path)
    with pytest.raises(FileNotFoundError, match="path: no such folder"):
        export_c(FITTED["relu"](), path.parent / "nowhere" / "policy.h")
    assert not list(path.parent.iterdir())
    with pytest.raises(IsADirectoryError):
        export_c(FITTED["relu"](), path.parent)
    assert not list(path.parent.iterdir())


def classes_of(classes):
    from skimitate.policies import ClassPolicy

    units = Units.plain(1, 2)
    vectors = np.ones((1, 4), dtype=np.float32)
    return ClassPolicy(NetworkPolicy((1, 2), "relu", vectors, units), [classes])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[3:], "does not begin with"),
        (lambda text: text.replace('"version": 1', '"version": 2', 1), "version 2"),
        (lambda text: text.replace('"n_outputs": 2', '"n_outputs": "2"', 1), "'2'"),
        (lambda text: text.replace('"n_outputs": 2,', "", 1), "no entry 'n_outputs'"),
        (lambda text: text.replace("n_actions = 2", "n_actions = 3", 1), "widths"),
        (lambda text: text.replace('"policy"', '"p(); "', 1), "its name is"),
        (lambda text: text.replace("null", "[[0, 1]]", 1), "classes of 1 outputs"),
        (lambda text: text.replace("return x * (p", "return y * (p"), "cannot compile"),
        (lambda text: text + "ü", "ascii"),
    ],
)
def test_a_header_that_is_none_of_ours(path, change, message):
    export_c(FITTED["tanh of three"](), path)
    path.write_text(change(path.read_text()), encoding="utf-8")
    with pytest.raises(ValueError, match=f"{path}: .*{message}"):
        load_expert(path)


def test_no_compiler(path, monkeypatch):
    export_c(FITTED["relu"](), path)
    monkeypatch.setenv("CC", "nocc -O9")
    with pytest.raises(FileNotFoundError, match=r"needs a C compiler.*got nocc -O9"):
        load_expert(path)
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="got none of them"):
        load_expert(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "env", ["Ant", "HalfCheetah", "Hopper", "Humanoid", "Reacher", "Walker2d"]
)
def test_the_bundled_experts_and_their_clones(path, env):
    expert = load_expert(f"{env}-v5")
    if env in ("HalfCheetah", "Hopper", "Reacher"):
        X, y = load_demonstrations(f"{env}-v5", return_X_y=True)
    else:
        runs = collect_rollouts(
            f"{env}-v5", expert, n_episodes=1, max_steps=300, random_state=0
        )
        X, y = runs.observations, runs.actions
    options = {"max_iter": 5, "random_state": 0}
    for actor in (
        expert,
        BehaviorCloner(activation="tanh", **options).fit(X, y),
        BehaviorCloner(activation="relu", n_networks=2, **options).fit(X, y),
    ):
        expected = as_policy(actor).act(X)
        assert off(compiled(path, actor).act(X), expected) < 1e-5
        clipped = compiled(path, actor, action_space=(-0.4, 0.4)).act(X)
        assert off(clipped, np.clip(expected, -0.4, 0.4), expected) < 1e-5
