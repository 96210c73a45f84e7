"""Data at the edges of what floats can hold, and what alpha means."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPRegressor

from skimitate import BehaviorCloner
from skimitate.cloning._network import MLP
from skimitate.cloning._settings import Settings
from skimitate.cloning._trainer import Trainer


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 3))
    return X, np.column_stack([X @ [1.0, 2.0, -1.0], np.tanh(X[:, 0])])


def r2(y, predicted):
    """In units in which nothing overflows."""
    y, predicted = (a / np.abs(y).max() for a in (y, predicted))
    y_mean = y.mean(axis=0)
    return 1 - np.sum((predicted - y) ** 2) / np.sum((y - y_mean) ** 2)


@pytest.mark.parametrize(
    ("mean", "backend"),
    [
        (0.0, "compiled"),
        (1.2e8, "compiled"),
        (-3e12, "compiled"),
        pytest.param(1.2e8, "torch", marks=pytest.mark.slow),
        pytest.param(0.0, "torch", marks=pytest.mark.slow),
        pytest.param(-3e12, "torch", marks=pytest.mark.slow),
    ],
)
def test_a_large_mean_of_the_actions_costs_nothing(data, mean, backend):
    X, y = data[0], data[1][:, 0] * 3
    options = {"learning_rate_init": 0.01, "max_iter": 20, "random_state": 0}
    cloner = BehaviorCloner((), backend=backend, **options).fit(X, y + mean)
    assert r2(y, cloner.predict(X) - mean) > 0.999
    cloner.partial_fit(X[:700], y[:700] + mean)
    assert r2(y, cloner.predict(X) - mean) > 0.999


@settings(max_examples=6)
@given(
    st.floats(-140, 140), st.floats(-140, 140), st.sampled_from(["compiled", "torch"])
)
def test_finite_data_of_any_unit_are_learnt(log_x, log_y, backend):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = X @ [[1.0], [2.0]]
    options = {"learning_rate_init": 0.03, "max_iter": 20, "random_state": 0}
    cloner = BehaviorCloner((), backend=backend, **options)
    inputs, actions = X * 10.0**log_x, y * 10.0**log_y
    cloner.fit(inputs, actions)
    assert r2(actions, cloner.predict(inputs)) > 0.99
    assert_allclose(cloner.act(inputs[0]), cloner.predict(inputs[:1])[0], rtol=1e-7)


@pytest.mark.parametrize("scale", [1e160, 1e300, 1e-200, 1e-300])
@pytest.mark.parametrize("name", ["X", "y"])
def test_what_no_float_can_standardize_is_named(data, scale, name):
    X, y = data
    given = {"X": X, "y": y}
    given[name] = given[name] * scale
    cloner = BehaviorCloner(max_iter=1, random_state=0)
    with pytest.raises(ValueError, match=rf"^{name}: float64 cannot hold"):
        cloner.fit(**given)
    assert not hasattr(cloner, "network_")


@pytest.mark.parametrize("scale", [1e40, 1e-60])
@pytest.mark.parametrize("name", ["X", "y"])
def test_without_normalizing_float32_is_the_limit(data, scale, name):
    X, y = data
    given = {"X": X, "y": y}
    given[name] = given[name] * scale
    cloner = BehaviorCloner(normalize=False, max_iter=1, random_state=0)
    with pytest.raises(ValueError, match=rf"{name}: expected numbers that float32"):
        cloner.fit(**given)


def test_zeros_are_data(data):
    X, y = data
    for normalize in (True, False):
        cloner = BehaviorCloner(normalize=normalize, max_iter=1, random_state=0)
        cloner.fit(X * 0, y * 0)
        assert np.isfinite(cloner.predict(X)).all()


def test_a_warm_start_adopts_another_shape_of_the_same_actions(data):
    X, y = data[0], data[1][:, 0]
    cloner = BehaviorCloner(max_iter=1, warm_start=True, random_state=0).fit(X, y)
    assert cloner.predict(X).shape == (1500,)
    assert cloner.fit(X, y[:, None]).predict(X).shape == (1500, 1)
    assert cloner.partial_fit(X, y).predict(X).shape == (1500,)
    assert cloner.act(X[0]).shape == ()
    assert cloner.n_iter_ == 3
    with pytest.raises(ValueError, match="y: expected 1 outputs, got 2"):
        cloner.fit(X, data[1])
    assert cloner.predict(X).shape == (1500,)


def test_a_warm_start_adopts_names_and_refuses_others(data):
    X, y = data
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    cloner = BehaviorCloner(max_iter=1, warm_start=True, random_state=0).fit(X, y)
    cloner.fit(frame, y)
    assert list(cloner.feature_names_in_) == ["a", "b", "c"]
    cloner.predict(frame)
    before = cloner.predict(frame)
    with pytest.raises(ValueError, match=r"X: warm_start .* got \['a', 'b', 'z'\]"):
        cloner.fit(frame.rename(columns={"c": "z"}), y)
    with pytest.raises(ValueError, match=r"X: warm_start goes on .* got 2"):
        cloner.fit(X[:, :2], y)
    assert list(cloner.feature_names_in_) == ["a", "b", "c"]
    assert cloner.n_features_in_ == 3
    assert_array_equal(cloner.predict(frame), before)
    cloner.fit(X, y)
    assert not hasattr(cloner, "feature_names_in_")
    assert cloner.n_iter_ == 3


@pytest.mark.parametrize(
    "backend", ["compiled", pytest.param("torch", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_alpha_is_that_of_mlp_regressor(n_outputs, backend):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4))
    y = rng.normal(size=(50, n_outputs)) + X[:, :1]
    options = {"alpha": 3.0, "learning_rate_init": 0.01, "batch_size": 50}
    reference = MLPRegressor(
        hidden_layer_sizes=(6,), max_iter=1, warm_start=True, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        reference.set_params(**options | {"learning_rate_init": 1e-300}).fit(
            X, y.squeeze()
        )
        start = [a.copy() for a in reference.coefs_ + reference.intercepts_]
        reference.set_params(**options, max_iter=200, n_iter_no_change=200, tol=0)
        reference.fit(X, y.squeeze())
    weights, biases = start[:2], start[2:]
    pairs = zip(weights, biases, strict=True)
    vector = np.concatenate([np.append(w.T.ravel(), b) for w, b in pairs])
    network = MLP.of_arrays(
        ((4, 6, n_outputs), "relu", 1), vector[None].astype(np.float32)
    )
    trainer = Trainer(
        network,
        Settings(
            "squared_error", **options, ema_decay=None, backend=backend, device="cpu"
        ),
    )
    samples = trainer.prepare(X, y, None)
    for _ in range(200):
        trainer.run_epoch(samples, np.arange(50)[None])
    trainer.write_to(network)
    predicted = network.act(X, trainer.units)
    expected = reference.predict(X).reshape(y.shape)
    moved = np.abs(expected - y.mean(axis=0)).max()
    assert_allclose(predicted, expected, atol=0.01 * moved)
