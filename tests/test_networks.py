"""Several networks side by side: each is trained as if alone, and their mean acts."""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from test_interruption import cloner_of, interrupt_at_lines, interrupted_at_line
from toy import PointEnv, expert

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    RunningNormalizer,
    as_policy,
    load_policy,
    save_policy,
)
from skimitate._seeds import draw_seed, generators
from skimitate._threads import one_thread
from skimitate.cloning import _signals
from skimitate.cloning._network import MLP
from skimitate.cloning._settings import Settings
from skimitate.cloning._trainer import Trainer
from skimitate.policies import NetworkPolicy

RNG = np.random.default_rng(0)
X = RNG.normal(2.0, 3.0, size=(150, 3))
Y = np.column_stack([np.tanh(X[:, 0]), 5 + X[:, 1] * X[:, 2] / 9])


def fitted(n_networks=3, y=Y, **options):
    options = {"max_iter": 3, "random_state": 0} | options
    return BehaviorCloner((8, 5), n_networks=n_networks, **options).fit(X, y)


def actions_of_each(cloner, observations):
    """What each network does, by NumPy: shape (n_networks, n_samples, n_outputs)."""
    layers = [
        (linear.weight.detach().double().numpy(), linear.bias.detach().numpy())
        for linear in cloner.network_.linears
    ]
    actions = []
    for i in range(cloner.n_networks):
        z = (observations - cloner.normalizer_.mean_) / cloner.normalizer_.scale_
        for weight, bias in layers[:-1]:
            z = np.tanh(z @ weight[i].T + bias[i])
        z = z @ layers[-1][0][i].T + layers[-1][1][i]
        actions.append(z * cloner.action_scale_ + cloner.action_mean_)
    return np.array(actions)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_the_mean_of_the_networks_acts(backend, tmp_path):
    cloner = fitted(backend=backend)
    each = actions_of_each(cloner, X)
    assert np.ptp(each, axis=0).min() > 0
    mean = each.mean(axis=0)
    save_policy(cloner, tmp_path / "policy")
    alone = as_policy(cloner)
    loaded = load_policy(tmp_path / "policy")
    for actor in (cloner, alone, loaded, pickle.loads(pickle.dumps(alone))):
        assert_allclose(actor.act(X), mean, rtol=1e-12)
        assert_allclose(actor.act(X[7]), mean[7], rtol=1e-12)
        assert_array_equal(actor.act(X[7]), cloner.act(X[7]))
        assert_array_equal(actor.act(X), cloner.predict(X))
    assert alone.n_networks == loaded.n_networks == 3
    inputs = torch.tensor(cloner.normalizer_.transform(X), dtype=torch.float32)
    with torch.no_grad():
        for shape in ((150, 3), (3, 50, 3), (3,)):
            rows = inputs[:1] if shape == (3,) else inputs
            outputs = cloner.network_(rows.reshape(shape)).numpy()
            assert outputs.shape == (*shape[:-1], 2)
            actions = outputs * cloner.action_scale_ + cloner.action_mean_
            assert_allclose(actions.reshape(-1, 2), mean[: len(rows)], atol=1e-5)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_each_has_a_start_and_an_order_of_its_own(backend):
    cloner = fitted(backend=backend, ema_decay=None, alpha=0.1)
    data = cloner.normalizer_.transform(X), (Y - cloner.action_mean_)
    alone = Settings("squared_error", 0.1, 32, 1e-3, None, backend, "cpu")
    losses = []
    for i, rng in enumerate(generators(draw_seed(0), 3)):
        network = MLP((3, 8, 5, 2), "tanh").initialize([rng])
        trainer = Trainer(network, alone)
        samples = trainer.prepare(data[0], data[1] / cloner.action_scale_, None)
        with one_thread():
            losses.append(
                [trainer.run_epoch(samples, rng.permutation(150)[None]) for _ in "123"]
            )
        trainer.write_to(network)
        assert_allclose(
            cloner.network_.vectors[i], network.vectors[0], rtol=1e-3, atol=1e-5
        )
    unit = np.mean(cloner.action_scale_**2)
    assert_allclose(cloner.loss_curve_, np.mean(losses, axis=0) * unit, rtol=1e-4)


def test_the_first_network_is_that_of_one():
    one, three = fitted(1).network_.vectors, fitted(3).network_.vectors
    assert_array_equal(one[0], three[0])
    assert_array_equal(three, fitted(3).network_.vectors)
    assert len(np.unique(fitted(3, random_state=1).network_.vectors[:, 0])) == 3


@pytest.mark.parametrize("y", [Y, Y[:, 1], 1e9 + Y], ids=["2d", "1d", "far"])
def test_std_tells_how_far_they_are_from_each_other(y):
    cloner = fitted(y=y)
    actions, std = cloner.predict(X, return_std=True)
    assert_array_equal(actions, cloner.predict(X))
    cloner.action_mean_ = np.zeros(cloner.n_outputs_)  # which would round the others
    expected = actions_of_each(cloner, X).std(axis=0)
    assert expected.min() > 0
    assert std.shape == y.shape
    assert_allclose(std, expected.reshape(y.shape), rtol=1e-9)
    assert_array_equal(fitted(1, y).predict(X, return_std=True)[1], np.zeros(y.shape))


def test_they_agree_where_there_was_something_to_learn():
    cloner = fitted(4, max_iter=200, learning_rate_init=0.01)
    pipeline = make_pipeline(RunningNormalizer(), cloner).fit(X, Y)
    _, near = pipeline.predict(X, return_std=True)
    _, far = pipeline.predict(X + 30, return_std=True)
    assert near.mean() < 0.2 * far.mean()


def test_early_stopping_validates_the_mean():
    options = {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 2}
    cloner = BehaviorCloner(
        (8,), n_networks=3, learning_rate_init=0.02, random_state=0, **options
    )
    cloner.fit(X[:100], Y[:100], X_val=X[100:], y_val=Y[100:])
    mean = actions_of_each(cloner, X[100:]).mean(axis=0)
    assert_allclose(cloner.best_validation_score_, r2_score(Y[100:], mean))
    assert max(cloner.validation_scores_) == cloner.best_validation_score_


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_training_goes_on_with_all_of_them(backend):
    cloner = fitted(backend=backend, warm_start=True)
    ways = {
        "partial_fit": lambda c: c.partial_fit(X[:40], Y[:40]),
        "continue_fit": lambda c: c.continue_fit(X, Y, n_epochs=2),
        "warm_start": lambda c: c.fit(X, Y),
    }
    for go_on in ways.values():
        copies = [copy.deepcopy(cloner), pickle.loads(pickle.dumps(cloner))]
        before = cloner.network_.vectors.numpy().copy()
        go_on(cloner)
        assert (cloner.network_.vectors.numpy() != before).any(axis=1).all()
        for other in copies:
            assert_array_equal(go_on(other).predict(X), cloner.predict(X))


def test_other_units_keep_what_each_does():
    cloner = fitted().set_params(learning_rate_init=1e-30, ema_decay=None)
    cloner.continue_fit(X, Y)
    before = actions_of_each(cloner, X)
    cloner.continue_fit(3 * X - 2, 0.5 * Y + 1)
    assert_allclose(actions_of_each(cloner, X), before, atol=1e-4)
    assert_allclose(cloner.predict(X), before.mean(axis=0), atol=1e-4)


def test_an_interruption_finds_all_of_them_at_one_step(monkeypatch):
    monkeypatch.setattr(_signals, "_WORK", 1)  # a call of the kernel for each step
    sizes, options = (
        (3, 6, 2),
        Settings("squared_error", 0.1, 10, 1e-2, 0.9, "auto", "cpu"),
    )
    network = MLP(sizes, "tanh", 3).initialize(generators(0, 3))
    orders = np.array([RNG.permutation(150) for _ in range(3)])
    trainer, expected = Trainer(network, options), Trainer(network, options)
    samples = trainer.prepare(X, Y, None)
    assert interrupted_at_line(100, trainer.run_epoch, samples, orders)
    assert 0 < trainer.n_steps < 15
    expected.run_epoch(samples, orders[:, : 10 * trainer.n_steps])
    for found, whole in zip(
        trainer.state()["memory"], expected.state()["memory"], strict=True
    ):
        assert_array_equal(found, whole)


def test_an_interruption_at_any_line_leaves_them_in_order():
    def make():
        return cloner_of(max_iter=2, n_networks=2, ema_decay=None)

    assert interrupt_at_lines(make, (X, Y), 23) > 100


def test_what_went_wrong_is_undone():
    cloner = fitted()
    before, state = cloner.predict(X), pickle.dumps(cloner.__getstate__())
    cloner.set_params(learning_rate_init=1e38)
    with pytest.raises(ValueError, match="loss became"):
        cloner.continue_fit(X, Y)
    assert_array_equal(cloner.predict(X), before)
    cloner.set_params(learning_rate_init=1e-3)
    other = BehaviorCloner.__new__(BehaviorCloner)
    other.__setstate__(pickle.loads(state))
    assert_array_equal(
        cloner.partial_fit(X, Y).predict(X), other.partial_fit(X, Y).predict(X)
    )


def test_dagger_with_some_networks(tmp_path):
    learner = BehaviorCloner((8,), n_networks=3, max_iter=2)
    options = {"n_rounds": 2, "n_epochs_per_round": 2, "random_state": 0}
    model = DAggerRegressor(learner, env=PointEnv, expert=expert, **options).fit()
    observations = X[:, :2]
    cloner = model.estimator_
    assert cloner.n_iter_ > 2
    mean = actions_of_each(cloner, observations).mean(axis=0)
    save_policy(model, tmp_path / "policy")
    for actor in (model, as_policy(model), load_policy(tmp_path / "policy")):
        assert_allclose(actor.act(observations), mean, rtol=1e-12)
        assert_allclose(actor.act(observations[0]), mean[0], rtol=1e-12)


@pytest.mark.parametrize("n_networks", [0, 1.5, "two", None])
def test_what_is_no_number_of_networks(n_networks):
    with pytest.raises(ValueError, match="'n_networks' parameter of BehaviorCloner"):
        fitted(n_networks)


@pytest.mark.parametrize("shape", [(44,), (0, 44), (2, 43), (1, 1, 44), ()])
def test_a_policy_has_a_row_of_parameters_for_each_network(shape):
    alone = as_policy(fitted(1))
    given = alone.layer_sizes, alone.activation, np.zeros(shape, np.float32)
    with pytest.raises(ValueError, match="vectors: expected rows of 89 parameters"):
        NetworkPolicy(*given, alone.units)
