"""The recurrent kernel against torch's autograd, and one step of an episode."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch.nn.utils.rnn import pack_sequence

from skimitate._seeds import generators
from skimitate._threads import one_thread
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.cloning._cells import CELLS
from skimitate.cloning._losses import LOSSES
from skimitate.cloning._recurrent_network import RecurrentNetwork
from skimitate.cloning._recurrent_pass import RecurrentPass
from skimitate.cloning._units import Units, change_units
from skimitate.kernels import mlp
from skimitate.kernels import recurrent as kernel


class Problem:
    """A network, windows for it, and how to train."""

    def __init__(self, draw):
        cell = draw(st.sampled_from(sorted(CELLS)))
        widths = [draw(st.integers(1, most)) for most in (8, 40)]
        widths += draw(st.lists(st.integers(1, 20), max_size=2))
        sizes = *widths, draw(st.integers(1, 6))
        activation = draw(st.sampled_from(sorted(ACTIVATIONS)))
        rng, own = generators(draw(st.integers(0, 2**32 - 1)), 2)
        self.network = RecurrentNetwork(cell, sizes, activation).initialize([own])
        n_windows = draw(st.integers(1, 9))
        lengths = rng.integers(1, draw(st.sampled_from([2, 30])), n_windows)
        self.lengths = np.sort(lengths)[::-1].copy()
        n_rows = int(lengths.sum()) + 3
        # Windows may lie anywhere, and over each other.
        self.starts = rng.integers(0, n_rows - self.lengths + 1)
        self.X = rng.normal(size=(n_rows, sizes[0])).astype(np.float32)
        self.y = rng.normal(size=(n_rows, sizes[-1])).astype(np.float32)
        self.weight = None
        if draw(st.booleans()):
            labelled = rng.uniform(size=n_rows) < 0.7
            labelled[self.starts[0]] = True
            self.weight = (labelled * rng.uniform(0.1, 3, n_rows)).astype(np.float32)
        state_size = self.network.architecture.state_size
        states = rng.uniform(-1, 1, (n_windows, state_size))
        self.states = states.astype(np.float32) * draw(st.integers(0, 1))
        self.penalty = draw(st.sampled_from([0.0, 1e-3, 1.0]))
        self.loss = draw(st.sampled_from(sorted(LOSSES)))
        n_outputs = sizes[-1]
        self.blocks = [n_outputs]
        if n_outputs > 1 and draw(st.booleans()):
            self.blocks = [1, n_outputs - 1]
        if self.loss == "cross_entropy":
            hot = [np.eye(n, dtype=np.float32)[rng.integers(n, size=n_rows)]
                   for n in self.blocks]  # fmt: skip
            self.y = np.concatenate(hot, axis=1)

    def arguments(self):
        architecture = self.network.architecture
        return {
            "X": self.X,
            "y": self.y,
            "sample_weight": self.weight,
            "starts": self.starts,
            "lengths": self.lengths,
            "states": self.states,
            "sizes": np.array(architecture.sizes),
            "cell": kernel.CELLS[architecture.cell],
            "activation": mlp.ACTIVATIONS[architecture.activation],
            "loss": mlp.LOSSES[self.loss],
            "blocks": np.array(self.blocks),
        }

    def rows(self):
        windows = zip(self.starts, self.lengths, strict=True)
        return [np.arange(start, start + length) for start, length in windows]

    def torch_loss(self, network):
        """The loss of the windows as one minibatch, in float64, by torch."""
        inputs = [torch.from_numpy(self.X[rows]).double() for rows in self.rows()]
        packed = pack_sequence(inputs)
        row = pack_sequence([torch.from_numpy(rows) for rows in self.rows()]).data
        outputs, _ = network(packed, torch.from_numpy(self.states).double())
        targets = torch.from_numpy(self.y)[row].double()
        of_rows = LOSSES[self.loss].of_rows
        blocks = [array.split(self.blocks, 1) for array in (outputs, targets)]
        losses = sum(of_rows(*pair) for pair in zip(*blocks, strict=True))
        n_labels = len(row)
        if self.weight is not None:
            weight = torch.from_numpy(self.weight)[row].double()
            losses, n_labels = losses * weight, int((weight > 0).sum())
        pairs = network.layers_of_parameters()
        squares = sum(weight.square().sum() for weight, _ in pairs)
        return losses.sum() / n_labels + self.penalty / n_labels * squares


@st.composite
def problems(draw):
    return Problem(draw)


@settings(max_examples=25)
@given(problems())
def test_gradients_agree_with_autograd(problem):
    network = problem.network
    vector = network.vectors.numpy()[0].copy()
    gradient = np.empty_like(vector)
    value = kernel.loss_gradient(
        **problem.arguments(),
        parameters=vector,
        penalty=problem.penalty,
        gradient=gradient,
    )
    exact = network.double()
    with one_thread():
        expected = problem.torch_loss(exact)
        parameters = [p for pair in exact.layers_of_parameters() for p in pair]
        gradients = torch.autograd.grad(expected, parameters)
    flat = torch.cat([g.reshape(-1) for g in gradients]).numpy()
    assert value == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
    assert np.linalg.norm(gradient - flat) <= 1e-5 * np.linalg.norm(flat) + 1e-6


@settings(max_examples=25)
@given(problems())
def test_states_at_the_end_agree_with_torch(problem):
    arguments = problem.arguments()
    for name in ("y", "sample_weight", "loss", "blocks"):
        del arguments[name]
    after = np.empty_like(problem.states)
    vector = problem.network.vectors.numpy()[0]
    for batch_size in (1, len(after)):
        kernel.run(**arguments, parameters=vector, batch_size=batch_size, after=after)
        inputs = [torch.from_numpy(problem.X[rows]) for rows in problem.rows()]
        with torch.no_grad():
            _, expected = problem.network(
                pack_sequence(inputs), torch.from_numpy(problem.states)
            )
        assert_allclose(after, expected.numpy(), atol=1e-5)


def units_of(rng, n_inputs, n_outputs):
    """Some units far from 0 and 1."""
    sizes = (n_inputs, n_inputs, n_outputs, n_outputs)
    parts = [rng.normal(size=size) for size in sizes]
    return Units(parts[0], np.exp(parts[1]), parts[2], np.exp(parts[3]))


@settings(max_examples=25)
@given(problems())
def test_a_step_alone_and_a_batch_and_torch_agree(problem):
    architecture = problem.network.architecture
    units = units_of(
        np.random.default_rng(0), architecture.n_inputs, architecture.n_outputs
    )
    vectors = problem.network.vectors.numpy().copy()
    step = RecurrentPass(architecture).step
    n = len(problem.states)
    X, states = problem.X[:n].astype(np.float64), problem.states.astype(np.float64)
    actions, after = step(X, vectors, units, states)
    alone = [step(X[i], vectors, units, states[i]) for i in range(n)]
    assert_allclose([one[0] for one in alone], actions, rtol=1e-9, atol=1e-12)
    assert_allclose([one[1] for one in alone], after, rtol=1e-9, atol=1e-12)
    inputs = torch.from_numpy((X - units.input_mean) / units.input_scale)
    with torch.no_grad(), one_thread():
        outputs, expected = problem.network.double()(
            inputs[None], torch.from_numpy(states)
        )
    outputs = outputs[0].numpy() * units.output_scale + units.output_mean
    assert_allclose(actions, outputs, rtol=1e-9, atol=1e-12)
    assert_allclose(after, expected.numpy(), rtol=1e-9, atol=1e-12)


@settings(max_examples=25)
@given(problems())
def test_other_units_keep_the_function(problem):
    architecture, rng = problem.network.architecture, np.random.default_rng(1)
    widths = architecture.n_inputs, architecture.n_outputs
    old, new = (units_of(rng, *widths) for _ in range(2))
    vectors = problem.network.vectors.double().numpy()
    changed = change_units(architecture.layout, vectors, old, new)
    episodes = np.repeat(np.arange(len(problem.X)), 4)[: len(problem.X)]
    over = RecurrentPass(architecture).over
    assert_allclose(
        over(problem.X, episodes, changed, new),
        over(problem.X, episodes, vectors, old),
        rtol=1e-9,
        atol=1e-9,
    )


def test_every_cell_has_its_loops():
    assert kernel.CELLS.keys() == CELLS.keys()


def arguments_of_training():
    n_parameters = RecurrentNetwork("gru", (3, 5, 4, 2), "relu").layout.n_parameters
    zeros = [np.zeros(n_parameters, np.float32) for _ in range(4)]
    return {
        "X": np.zeros((8, 3), np.float32),
        "y": np.zeros((8, 2), np.float32),
        "sample_weight": np.ones(8, np.float32),
        "starts": np.array([0, 5]),
        "lengths": np.array([5, 3]),
        "states": np.zeros((2, 5), np.float32),
        "sizes": np.array([3, 5, 4, 2]),
        "cell": kernel.CELLS["gru"],
        "activation": mlp.ACTIVATIONS["relu"],
        "loss": mlp.LOSSES["squared_error"],
        "blocks": np.array([2]),
        **dict(
            zip(("parameters", "moment1", "moment2", "average"), zeros, strict=True)
        ),
        "n_steps": np.zeros(1, np.intp),
        "batch_size": 2,
        "learning_rate": 1e-3,
        "penalty": 0.0,
        "ema_decay": 0.99,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.zeros((8, 4), np.float32)}, "a row of X must have length 3, got 4"),
        ({"y": np.zeros((8, 1), np.float32)}, "a row of y must have length 2, got 1"),
        ({"y": np.zeros((7, 2), np.float32)}, "y must have length 8, got 7"),
        ({"sample_weight": np.ones(7, np.float32)}, "sample_weight must have length 8"),
        ({"starts": np.array([0, 6])}, "windows of 8 samples, got 6 and 3"),
        ({"starts": np.array([-1, 5])}, "windows of 8 samples, got -1 and 5"),
        ({"lengths": np.array([5, 0])}, "windows of 8 samples, got 5 and 0"),
        ({"lengths": np.array([2, 3])}, "must not grow within a minibatch, got 3 aft"),
        ({"lengths": np.array([2])}, "lengths must have length 2, got 1"),
        ({"states": np.zeros((1, 5), np.float32)}, "states must have length 2, got 1"),
        ({"states": np.zeros((2, 4), np.float32)}, "a row of states must have length"),
        ({"sizes": np.array([3, 5])}, "sizes must have at least 3 entries, got 2"),
        ({"sizes": np.array([3, 5, 0, 2])}, "sizes must be between 1 and .*, got 0"),
        ({"sizes": np.array([3, 5, 2])}, "parameters must have length"),
        ({"sizes": np.array([3, 6, 4, 2])}, "parameters must have length"),
        ({"sizes": np.array([3, 5, 5, 2])}, "parameters must have length"),
        ({"sizes": np.full(4, 2**24)}, r"sizes must have at most 2\*\*40 parameters"),
        ({"activation": 9}, "activation must be one of ACTIVATIONS, got 9"),
        ({"cell": 2}, "cell must be one of CELLS, got 2"),
        ({"loss": 2}, "loss must be one of LOSSES, got 2"),
        ({"blocks": np.array([1])}, "blocks must be positive widths that add up to 2"),
        ({"moment1": np.zeros(3, np.float32)}, "moment1 must have length"),
        ({"moment2": np.zeros(3, np.float32)}, "moment2 must have length"),
        ({"average": np.zeros(3, np.float32)}, "average must have length"),
        ({"n_steps": np.zeros(2, np.intp)}, "n_steps must have length 1"),
        ({"n_steps": np.full(1, -1)}, "n_steps must be at least 0, got -1"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
    ],
)
def test_what_does_not_fit_is_an_error(changes, message):
    with pytest.raises(ValueError, match=message):
        kernel.train_epoch(**arguments_of_training() | changes)


def test_a_minibatch_without_a_label_takes_no_step():
    arguments = arguments_of_training()
    arguments |= {"sample_weight": np.zeros(8, np.float32), "y": arguments["y"] + 1}
    assert kernel.train_epoch(**arguments) == 0.0
    assert arguments["n_steps"] == [0]
    assert not arguments["parameters"].any()
    arguments["sample_weight"][-1] = 1.0
    assert kernel.train_epoch(**arguments | {"batch_size": 1}) == 1.0
    assert arguments["n_steps"] == [1]
    assert arguments["parameters"].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"observation": np.zeros(4)}, "^observation: expected 3 features, got 4"),
        ({"units": np.ones(9)}, "^units must have length 10, got 9"),
        ({"state": np.zeros(4)}, "^state must have length 5, got 4"),
        ({"out": np.zeros(1)}, "^out must have length 2, got 1"),
        ({"parameters": np.zeros(1, np.float32)}, "^parameters must have length"),
        ({"cell": -1}, "^cell must be one of CELLS, got -1"),
        ({"activation": -1}, "^activation must be one of ACTIVATIONS, got -1"),
    ],
)
def test_acting_checks_what_it_is_given(changes, message):
    known = arguments_of_training()
    arguments = {
        "observation": np.zeros(3),
        "units": np.ones(10),
        "sizes": known["sizes"],
        "cell": known["cell"],
        "activation": known["activation"],
        "parameters": known["parameters"],
        "state": np.zeros(5),
        "out": np.zeros(2),
    }
    with pytest.raises(ValueError, match=message):
        kernel.act(**arguments | changes)
