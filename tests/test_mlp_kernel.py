"""The training kernel against torch's autograd, and the policy of one observation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skimitate import BehaviorCloner
from skimitate._seeds import generators
from skimitate._threads import one_thread
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._losses import LOSSES
from skimitate.cloning._network import MLP
from skimitate.cloning._settings import Settings
from skimitate.cloning._trainer import Trainer
from skimitate.cloning._units import Units, change_units
from skimitate.kernels import mlp as kernel


@st.composite
def problems(draw, max_networks=1):
    """A network or some, a minibatch for it, and how to train."""
    sizes = draw(st.lists(st.integers(1, 40), min_size=2, max_size=6))
    activation = draw(st.sampled_from(sorted(ACTIVATIONS)))
    n_samples = draw(st.integers(1, 70))
    n_networks = draw(st.integers(1, max_networks))
    rng, *rngs = generators(draw(st.integers(0, 2**32 - 1)), 1 + n_networks)
    X = rng.normal(size=(n_samples, sizes[0])).astype(np.float32)
    y = rng.normal(size=(n_samples, sizes[-1])).astype(np.float32)
    weighted = draw(st.booleans())
    weight = rng.uniform(0, 3, n_samples).astype(np.float32) if weighted else None
    penalty = draw(st.sampled_from([0.0, 1e-3, 1.0]))
    network = MLP(sizes, activation, n_networks).initialize(rngs)
    return network, X, y, weight, penalty


def units_of(rng, n_inputs, n_outputs):
    """Some units far from 0 and 1."""
    sizes = (n_inputs, n_inputs, n_outputs, n_outputs)
    parts = [rng.normal(size=size) for size in sizes]
    return Units(parts[0], np.exp(parts[1]), parts[2], np.exp(parts[3]))


def torch_loss(network, X, y, blocks, weight, penalty, loss):
    """The loss of a minibatch in float64, by torch."""
    outputs = network(torch.from_numpy(X).double()).split(tuple(blocks), dim=1)
    targets = torch.from_numpy(y).double().split(tuple(blocks), dim=1)
    pairs = list(zip(outputs, targets, strict=True))
    if loss == "squared_error":
        of_block = torch.nn.functional.mse_loss
        errors = [of_block(*p, reduction="none").mean(1) for p in pairs]
    else:
        of_block = torch.nn.functional.cross_entropy
        errors = [of_block(*p, reduction="none") for p in pairs]
    errors = sum(errors)
    if weight is not None:
        errors = errors * torch.from_numpy(weight).double()
    squares = sum(linear.weight.square().sum() for linear in network.linears)
    return errors.mean() + penalty / len(X) * squares


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
@settings(max_examples=25)
@given(problems(), st.data())
def test_gradients_agree_with_autograd(loss, problem, data):
    network, X, y, weight, penalty = problem
    cuts = data.draw(st.sets(st.integers(1, y.shape[1]), max_size=3))
    blocks = np.diff([0, *sorted(cuts | {y.shape[1]})])
    if loss == "cross_entropy":
        parts = np.split(y, np.cumsum(blocks)[:-1], axis=1)
        eyes = [np.eye(part.shape[1])[part.argmax(axis=1)] for part in parts]
        y = np.concatenate(eyes, axis=1, dtype=np.float32)
    vector = network.vectors.numpy()[0]
    gradient = np.empty_like(vector)
    value = kernel.loss_gradient(
        X,
        y,
        weight,
        np.array(network.layer_sizes),
        kernel.ACTIVATIONS[network.activation],
        kernel.LOSSES[loss],
        blocks,
        vector,
        penalty,
        gradient,
    )
    exact = network.double()
    with one_thread():  # many would wait for each other, for matrices as small
        expected = torch_loss(exact, X, y, blocks, weight, penalty, loss)
        gradients = torch.autograd.grad(expected, list(exact.parameters()))
    flat = torch.cat([g.reshape(-1) for g in gradients]).numpy()
    assert value == pytest.approx(expected.item(), rel=1e-5, abs=1e-7)
    assert np.linalg.norm(gradient - flat) <= 1e-5 * np.linalg.norm(flat) + 1e-7


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize(
    "hidden", [(), pytest.param((50, 50), marks=pytest.mark.slow), (7, 30, 7)]
)
def test_both_backends_end_at_the_same_loss(activation, hidden):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(133, 9))
    y = np.tanh(X[:, :3]) + 0.1 * rng.normal(size=(133, 3))
    cloners = [
        BehaviorCloner(
            hidden,
            activation=activation,
            alpha=1e-3,
            max_iter=6,
            backend=backend,
            random_state=0,
        ).fit(X, y, sample_weight=X[:, 0] ** 2)
        for backend in ("compiled", "torch", "auto")
    ]
    compiled, torch_, auto = (np.array(cloner.loss_curve_) for cloner in cloners)
    assert_allclose(compiled, torch_, rtol=1e-3)
    assert_array_equal(compiled, auto)
    assert_allclose(cloners[0].predict(X), cloners[1].predict(X), atol=1e-2)


@settings(max_examples=25)
@given(problems(max_networks=3))
def test_one_observation_gets_the_mean_action_of_the_networks(problem):
    network, X, _, _, _ = problem
    sizes = network.layer_sizes
    units = units_of(np.random.default_rng(0), sizes[0], sizes[-1])
    inputs = (X.astype(np.float64) - units.input_mean) / units.input_scale
    actions = network.act(X, units)
    one = network.act(X[-1], units)
    assert one.shape == actions.shape[1:]
    assert_allclose(one, actions[-1], rtol=1e-10, atol=1e-13)
    assert_allclose(network.act(X[-1:], units), one[None], rtol=0)
    with torch.no_grad():
        outputs = network.double()(torch.from_numpy(inputs)).numpy()
    expected = outputs * units.output_scale + units.output_mean
    assert_allclose(actions, expected, rtol=1e-9, atol=1e-11)


@settings(max_examples=25)
@given(problems(max_networks=3))
def test_other_units_keep_the_function(problem):
    network, X, _, _, _ = problem
    sizes = network.layer_sizes
    rng = np.random.default_rng(1)
    old, new = (units_of(rng, sizes[0], sizes[-1]) for _ in range(2))
    before = network.double().act(X, old)
    changed = change_units(network.layout, network.vectors.numpy(), old, new)
    after = MLP.of_arrays((sizes, network.activation, len(changed)), changed)
    # What acts is float32, and the units are up to a hundred apart.
    assert_allclose(after.act(X, new), before, rtol=1e-3, atol=1e-3)


def test_every_activation_and_every_loss_has_its_loop():
    assert kernel.ACTIVATIONS.keys() == ACTIVATIONS.keys()
    assert kernel.LOSSES.keys() == LOSSES.keys()


def test_act_looks_at_the_memory_of_the_torch_parameters():
    X = np.random.default_rng(0).normal(size=(40, 3))
    cloner = BehaviorCloner(normalize=False, max_iter=1, random_state=0).fit(X, X)
    with torch.no_grad():
        for parameter in cloner.network_.parameters():
            parameter.zero_()
        cloner.network_.linears[-1].bias.fill_(3.0)
    assert_array_equal(cloner.act(X[0]), [3, 3, 3])
    assert_array_equal(cloner.predict(X), np.full((40, 3), 3.0))


def test_act_follows_what_torch_does_to_the_module():
    X = np.random.default_rng(0).normal(size=(40, 3))
    network = BehaviorCloner(max_iter=1, random_state=0).fit(X, X).network_
    zeros = {key: torch.zeros_like(v) for key, v in network.state_dict().items()}
    doubled = network.double()
    doubled.load_state_dict({key: v.double() + 1 for key, v in zeros.items()})
    plain = Units.plain(3, 3)
    assert network.act(X[0], plain).max() > 1
    network.load_state_dict(zeros, assign=True)
    assert_array_equal(network.act(X[0], plain), [0, 0, 0])


def test_act_checks_what_it_is_given():
    network = MLP((3, 5, 2), "relu").initialize(generators(0, 1))
    for n_inputs, n_outputs in ((2, 2), (3, 1), (4, 2)):
        with pytest.raises(ValueError, match="units must have length 10"):
            network.act(np.zeros(3), Units.plain(n_inputs, n_outputs))
    with pytest.raises(ValueError, match="observation: expected 3 features, got 4"):
        network.act(np.zeros(4), Units.plain(3, 2))


@pytest.mark.parametrize("batch_size", [1, 7, 60, 61, 10**9])
def test_batches_of_any_size(batch_size):
    X = np.random.default_rng(0).normal(size=(60, 3))
    losses = [
        BehaviorCloner(
            batch_size=batch_size, max_iter=3, backend=backend, random_state=0
        )
        .fit(X, X)
        .loss_curve_
        for backend in ("compiled", "torch")
    ]
    assert_allclose(losses[0], losses[1], rtol=1e-3)


def test_read_only_and_strided_data():
    X = np.random.default_rng(0).normal(size=(60, 6))
    y = X[:, ::2]
    views = [X[::-1].copy()[::-1], np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2]]
    expected = BehaviorCloner(max_iter=2, random_state=0).fit(X, y).predict(X)
    for view in views:
        view = view.view()
        view.flags.writeable = False
        cloner = BehaviorCloner(max_iter=2, random_state=0).fit(view, y)
        assert_array_equal(cloner.predict(view), expected)


def arguments(**changes):
    sizes = np.array([3, 5, 2])
    n = (2, 4 * 5 + 6 * 2)
    given = {
        "X": np.zeros((8, 3), np.float32),
        "y": np.zeros((8, 2), np.float32),
        "sample_weight": None,
        "permutations": np.array([range(8)] * 2),
        "layer_sizes": sizes,
        "activation": 2,
        "loss": 0,
        "blocks": np.array([2]),
        "parameters": np.zeros(n, np.float32),
        "moment1": np.zeros(n, np.float32),
        "moment2": np.zeros(n, np.float32),
        "average": np.zeros(n, np.float32),
        "n_steps": np.zeros(1, np.intp),
        "batch_size": 4,
        "learning_rate": 1e-3,
        "penalty": 0.0,
        "ema_decay": 0.9,
    }
    return given | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"y": np.zeros((7, 2), np.float32)}, "y must have length 8, got 7"),
        ({"y": np.zeros((8, 3), np.float32)}, "layer_sizes must begin with 3 and end"),
        ({"X": np.zeros((8, 4), np.float32)}, "layer_sizes must begin with 4"),
        ({"permutations": np.array([[0, 1], [0, 8]])}, "permutations must hold row n"),
        ({"permutations": np.array([[-1], [0]])}, "permutations must hold row numbers"),
        ({"permutations": np.array([[0]])}, "permutations must have length 2, got 1"),
        ({"parameters": np.zeros((2, 3), np.float32)}, "must have length"),
        (
            {"moment1": np.zeros((2, 3), np.float32)},
            r"moment1 .* \(2, 32\), got \(2, 3",
        ),
        ({"moment2": np.zeros((1, 32), np.float32)}, r"moment2 .*, got \(1, 32\)"),
        ({"average": np.zeros((2, 3), np.float32)}, r"average .*, got \(2, 3\)"),
        ({"sample_weight": np.ones(3, np.float32)}, "sample_weight must have length 8"),
        ({"activation": 7}, "activation must be one of"),
        ({"loss": 2}, "loss must be one of"),
        ({"blocks": np.array([1])}, r"blocks must .* add up to 2, got \[1\]"),
        ({"blocks": np.array([3, -1])}, r"blocks must .*, got \[3, -1\]"),
        ({"blocks": np.empty(0, np.intp)}, r"blocks must .*, got \[\]"),
        ({"n_steps": np.array([-9])}, "n_steps must be at least 0"),
        (
            {"layer_sizes": np.array([3, *[2**31 - 1] * 4, 2**31 - 2, 1, 1, 2])},
            "layer_sizes must have at most",
        ),
        ({"layer_sizes": np.array([3])}, "layer_sizes must have at least 2 entries"),
        ({"layer_sizes": np.array([3, 0, 2])}, "layer_sizes must be between 1 and"),
        ({"layer_sizes": np.array([3, 2**40, 2])}, "layer_sizes must be between 1 and"),
    ],
)
def test_the_kernel_refuses_what_would_lead_outside_its_memory(changes, message):
    with pytest.raises(ValueError, match=message):
        kernel.train_epoch(**arguments(**changes))


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 20), min_size=2, max_size=4),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.integers(1, 4),
    st.integers(1, 12),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_the_kernel_trains_each_as_if_alone(
    sizes, activation, n_networks, batch_size, averaged, seed
):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(30, sizes[0])).astype(np.float32)
    targets = rng.normal(size=(30, sizes[-1])).astype(np.float32)
    orders = np.array([rng.permutation(30) for _ in range(n_networks)])
    network = MLP(sizes, activation, n_networks).initialize(generators(1, n_networks))

    def train(rows):
        parameters = network.vectors.numpy()[rows].copy()
        moments = np.zeros((2, *parameters.shape), np.float32)
        average = parameters.copy() if averaged else None
        n_steps = np.zeros(1, np.intp)
        loss = kernel.train_epoch(
            inputs,
            targets,
            None,
            orders[rows],
            np.array(sizes),
            kernel.ACTIVATIONS[activation],
            kernel.LOSSES["squared_error"],
            np.array(sizes[-1:]),
            parameters,
            *moments,
            average,
            n_steps,
            batch_size,
            0.01,
            0.1,
            0.9,
        )
        assert n_steps[0] == -(-30 // batch_size)
        return loss, parameters, *moments, parameters if average is None else average

    together = train(slice(None))
    alone = [train(slice(i, i + 1)) for i in range(n_networks)]
    assert_allclose(together[0], np.mean([one[0] for one in alone]), rtol=1e-12)
    for i, one in enumerate(alone):
        for part, expected in zip(together[1:], one[1:], strict=True):
            assert_array_equal(part[i], expected[0])


def test_no_samples_are_no_step():
    given = arguments(permutations=np.empty((2, 0), np.intp))
    assert kernel.train_epoch(**given) == 0.0
    assert not given["parameters"].any()


def test_an_observation_of_another_width_is_refused():
    X = np.zeros((5, 3))
    cloner = BehaviorCloner(max_iter=1).fit(X, X)
    with pytest.raises(ValueError, match="observation: expected 3 features"):
        cloner.act(np.zeros(4))


def test_both_backends_minimize_the_cross_entropy_of_each_block():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    told = np.argmax(X[:, :3], axis=1), np.argmax(X[:, 2:], axis=1)
    classes = np.concatenate([np.eye(3)[told[0]], np.eye(2)[told[1]]], axis=1)
    networks = []
    for backend in ("compiled", "torch"):
        network = MLP((4, 10, 5), "tanh").initialize(generators(1, 1))
        options = {
            "blocks": (3, 2),
            "alpha": 0.1,
            "batch_size": 20,
            "learning_rate_init": 0.01,
        }
        options |= {"ema_decay": None, "backend": backend, "device": "cpu"}
        trainer = Trainer(network, Settings("cross_entropy", **options))
        samples = trainer.prepare(X, classes, None)
        with one_thread():  # as a fit does
            order = np.arange(200)[np.newaxis]
            losses = [trainer.run_epoch(samples, order) for _ in range(20)]
        assert losses[-1] < 0.5 * losses[0]
        trainer.write_to(network)
        networks.append(network)
    outputs = [network.act(X, Units.plain(4, 5)) for network in networks]
    assert_allclose(outputs[0], outputs[1], atol=1e-3)
    assert np.mean(outputs[0][:, :3].argmax(axis=1) == told[0]) > 0.9
    assert np.mean(outputs[0][:, 3:].argmax(axis=1) == told[1]) > 0.9
