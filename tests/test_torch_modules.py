"""Policies as modules of torch: they act alike, alone and exported."""

import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from saved import EPISODES, ESTIMATORS, classes, classifier, regressor, sample
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

import skimitate as sk
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._units import Units
from skimitate.policies import HistoryPolicy, NetworkPolicy

X = np.random.default_rng(1).normal(size=(30, 2))


FOREST = RandomForestRegressor(2).fit(X, X)


def network(sizes=(2, 5, 3), activation="tanh", n_networks=1, *, far=0.0):
    """A network whose observations lie far from zero, and its observations."""
    rng = np.random.default_rng(0)
    n = sum((a + 1) * b for a, b in pairwise(sizes))
    scale = np.array([1e-3, 20.0])
    units = Units(far * scale, scale, np.arange(3.0), [0.1, 1.0, 10.0])
    vectors = rng.normal(size=(n_networks, n))
    return NetworkPolicy(sizes, activation, vectors, units), (X + far) * scale


def classes_shown(estimator):
    """A history of classes that is shown what was done."""
    return sk.HistoryClassifier(estimator, 3, actions=True)


# What does not act, and what is only another way to train one of the others.
LEFT_OUT = {"RunningNormalizer", "DAggerClassifier"}

KINDS = {
    **{name: make for name, make in ESTIMATORS.items() if name not in LEFT_OUT},
    "LSTM": lambda: sk.RecurrentBehaviorCloner(
        cell="lstm", hidden_size=3, hidden_layer_sizes=(4,), max_iter=2, random_state=0
    ).fit(*sample(), groups=EPISODES),
    "mean of networks": lambda: sk.BehaviorCloner(
        (4,), n_networks=3, max_iter=2, random_state=0
    ).fit(*sample()),
    "history with actions": lambda: sk.HistoryRegressor(
        regressor(), 3, actions=True
    ).fit(*sample(), groups=EPISODES),
    "history with classes": lambda: classes_shown(classifier()).fit(
        *classes(), groups=EPISODES
    ),
    "pipeline": lambda: make_pipeline(
        MinMaxScaler((0.2, 0.8), clip=True), sk.RunningNormalizer(clip=0.5), regressor()
    ).fit(*sample()),
    "pipeline of classes": lambda: make_pipeline(StandardScaler(), classifier()).fit(
        *classes()
    ),
    "history in a pipeline": lambda: make_pipeline(
        RobustScaler(), sk.HistoryRegressor(regressor(), 2)
    ).fit(*sample(), historyregressor__groups=EPISODES),
    "pipeline in a history": lambda: sk.HistoryRegressor(
        make_pipeline(RobustScaler(), regressor()), 2
    ).fit(*sample(), groups=EPISODES),
}


def told(module, outputs):
    """The actions that a module's outputs stand for."""
    outputs = outputs.detach().numpy()
    if module.classes is None:
        return outputs
    ends = np.cumsum([len(one) for one in module.classes])[:-1]
    parts = np.split(outputs, ends, axis=-1)
    pairs = zip(module.classes, parts, strict=True)
    return np.stack([np.array(c)[p.argmax(axis=-1)] for c, p in pairs], axis=-1)


def episodes_of(module, step, observations, n_steps=5):
    """What a module does in several episodes side by side."""
    actions, state = [], None
    for t in range(n_steps):
        shown = torch.from_numpy(observations[t])
        if not module.is_stateful:
            outputs = step(shown)
        else:
            state = module.start(shown) if state is None else state
            outputs, state = step(shown, state)
        actions.append(told(module, outputs))
    return np.array(actions)


def assert_close(actual, expected):
    """They differ by less than 1e-5 of what actions vary by."""
    if np.asarray(expected).dtype.kind != "f":
        assert_array_equal(actual, expected)
    else:
        spread = np.std(expected, axis=tuple(range(expected.ndim - 1)))
        assert (np.abs(actual - expected) < 1e-5 * spread).all()


@pytest.fixture(params=KINDS, scope="module")
def kind(request):
    """A policy and its module."""
    estimator = KINDS[request.param]()
    return sk.as_policy(estimator), sk.to_torch(estimator)


def episodes(policy, n_steps=5, n=7):
    rng = np.random.default_rng(2)
    return rng.normal(size=(n_steps, n, policy.n_features))


def acted(policy, observations):
    policy.reset()
    return np.array([policy.act(batch) for batch in observations])


def test_a_module_acts_as_its_policy(kind):
    policy, module = kind
    seen = episodes(policy)
    expected = acted(policy, seen)
    assert module.n_features == policy.n_features
    assert module.is_stateful == policy.is_stateful
    assert_close(episodes_of(module, module, seen), expected)
    assert_close(episodes_of(module, module, seen.astype(np.float32)), expected)
    one = episodes_of(module, module, seen[:, 0])
    assert_close(one, expected[:, 0])


def test_what_it_can_be_trained_by_are_the_weights(kind):
    _, module = kind
    before = {name: buffer.clone() for name, buffer in module.named_buffers()}
    assert before
    outputs = module(*example(module, torch.float32))
    outputs = outputs[0] if module.is_stateful else outputs
    outputs.square().sum().backward()
    assert all(p.grad is not None for p in module.parameters())
    assert not any(buffer.requires_grad for buffer in before.values())


def example(module, dtype, n=2):
    """What a module is called with."""
    shown = torch.zeros(n, module.n_features, dtype=dtype)
    return (shown, module.start(shown)) if module.is_stateful else (shown,)


@pytest.mark.slow
def test_torch_export_takes_it_with_a_batch_of_any_size(kind):
    policy, module = kind
    n = torch.export.Dim("n")
    arguments = example(module, torch.float64)
    program = torch.export.export(
        module, arguments, dynamic_shapes=({0: n},) * len(arguments)
    )
    seen = episodes(policy, n=9)
    exported = episodes_of(module, program.module(), seen)
    assert_close(exported, acted(policy, seen))


def test_one_export_stands_for_the_slow_ones():
    policy, seen = network()
    n = torch.export.Dim("n")
    program = torch.export.export(
        sk.to_torch(policy), (torch.zeros(2, 2),), dynamic_shapes=({0: n},)
    )
    shown = torch.from_numpy(seen.astype(np.float32))
    assert_close(program.module()(shown).detach().numpy(), policy.act(seen))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation):
    policy, seen = network(activation=activation, n_networks=2)
    outputs = sk.to_torch(policy)(torch.from_numpy(seen))
    assert_close(outputs.detach().numpy(), policy.act(seen))


@pytest.mark.parametrize("far", [0.0, 1e3, 1e6])
def test_observations_far_from_zero_lose_nothing_in_float64(far):
    policy, seen = network(far=far)
    outputs = sk.to_torch(policy)(torch.from_numpy(seen))
    assert_close(outputs.detach().numpy(), policy.act(seen))


def test_observations_far_from_zero_lose_no_more_than_float32_does():
    policy, seen = network(far=1e3)
    rounded = seen.astype(np.float32)
    outputs = sk.to_torch(policy)(torch.from_numpy(rounded))
    assert_close(outputs.detach().numpy(), policy.act(rounded))


def test_a_module_is_an_expert():
    policy, seen = network()
    module = sk.to_torch(policy)
    acting = sk.as_policy(module)
    assert (acting.n_features, acting.n_outputs) == (2, 3)
    assert_close(acting.act(seen), policy.act(seen))


def test_torch_s_generator_is_left_alone():
    policy, _ = network()
    before = torch.random.get_rng_state()
    sk.to_torch(policy)
    assert_array_equal(torch.random.get_rng_state(), before)


def test_a_module_is_its_own():
    policy, seen = network()
    expected = policy.act(seen)
    with torch.no_grad():
        for parameter in sk.to_torch(policy).parameters():
            parameter.zero_()
    assert_array_equal(policy.act(seen), expected)


def test_the_bundled_expert():
    expert = sk.load_expert("Hopper-v5")
    seen, _ = sk.load_demonstrations("Hopper-v5", return_X_y=True)
    outputs = sk.to_torch(expert)(torch.from_numpy(seen[:200]).float())
    assert_close(outputs.detach().numpy(), expert(seen[:200]))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (lambda X: X, "policy: expected a network of skimitate's"),
        (FOREST, "got RandomForestRegressor"),
        (
            make_pipeline(sk.RunningNormalizer(), RandomForestRegressor(2)).fit(X, X),
            "got RandomForestRegressor",
        ),
        (
            HistoryPolicy(sk.as_policy(KINDS["LSTM"]()), 1, 2, 1),
            "expected a history of what does not remember anything itself",
        ),
    ],
)
def test_what_torch_does_not_know(policy, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        sk.to_torch(policy)


def test_an_estimator_that_was_not_fitted():
    with pytest.raises(ValueError, match="policy: expected a fitted estimator"):
        sk.to_torch(regressor())


@pytest.mark.parametrize(
    ("mean", "scale", "message"),
    [
        ([1e39, 0.0], [1.0, 1.0], "float32 can hold, got input_mean 1e\\+39"),
        ([0.0, 0.0], [1.0, 1e-39], "float32 can hold, got input_scale 1e-39"),
    ],
)
def test_numbers_beyond_float32(mean, scale, message):
    units = Units(mean, scale, np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match=message):
        sk.to_torch(NetworkPolicy((2, 1), "relu", np.ones((1, 3)), units))


def test_weights_beyond_float32():
    vectors = np.array([[1.0, -1e200, 0.0]])
    policy = NetworkPolicy((2, 1), "relu", vectors, Units.plain(2, 1))
    with pytest.raises(ValueError, match=r"got weights -1e\+200"):
        sk.to_torch(policy)


def test_float64_all_through():
    policy, seen = network()
    outputs = sk.to_torch(policy).double()(torch.from_numpy(seen))
    assert outputs.dtype == torch.float64
    assert_allclose(outputs.detach().numpy(), policy.act(seen), rtol=1e-6, atol=1e-7)
