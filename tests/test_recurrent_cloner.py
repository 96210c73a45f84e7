"""Recurrent cloners: what they remember, what they are told, and what they leave."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from recall import recall
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import Pipeline
from test_interruption import CtrlC, interrupt

from skimitate import RecurrentBehaviorCloner, RecurrentBehaviorCloningClassifier

CELLS = ["gru", "lstm"]
REGRESSOR = RecurrentBehaviorCloner(8, max_iter=3, batch_size=4, random_state=0)
CLASSIFIER = RecurrentBehaviorCloningClassifier(
    8, max_iter=3, batch_size=4, random_state=0
)
BOTH = [REGRESSOR, CLASSIFIER]


@pytest.fixture(scope="module")
def data():
    return recall()


@pytest.mark.filterwarnings("ignore:groups. expected the episode of each sample to")
@pytest.mark.parametrize("cell", CELLS)
def test_it_remembers_what_it_saw_at_the_start(data, cell):
    train, other = data, recall(seed=1)
    cloner = RecurrentBehaviorCloner(
        16, cell=cell, max_iter=120, learning_rate_init=3e-3, random_state=0
    ).fit(train.X, train.y, groups=train.groups)
    assert cloner.score(other.X, other.y, groups=other.groups) > 0.9
    assert cloner.score(other.X, other.y) < 0.3  # each step on its own
    classifier = RecurrentBehaviorCloningClassifier(
        16, cell=cell, max_iter=60, learning_rate_init=3e-3, random_state=0
    ).fit(train.X, np.where(train.y > 0, "right", "left"), groups=train.groups)
    expected = np.where(other.y > 0, "right", "left")
    assert classifier.score(other.X, expected, groups=other.groups) > 0.95


@pytest.mark.parametrize("cell", CELLS)
def test_what_was_seen_fifty_steps_ago_is_not_forgotten_from_the_start(cell):
    """A memory that fades at once has no gradient to learn from."""
    train = recall(n_episodes=4)
    cloner = RecurrentBehaviorCloner(
        cell=cell, max_iter=1, learning_rate_init=1e-9, random_state=0
    ).fit(train.X, train.y, groups=train.groups)
    X = np.zeros((2, 51, 2))
    X[:, 0, 0] = -1.0, 1.0
    groups = np.repeat([0, 1], 51)
    left, right = cloner.predict(X.reshape(-1, 2), groups).reshape(2, 51)
    # Biases around 0 leave less than a part in a thousand million.
    assert abs(left[-1] - right[-1]) > 1e-4 * abs(left[0] - right[0])


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("n_steps", [60, 300])
def test_as_it_comes_it_remembers_for_fifty_steps(cell, n_steps):
    """A sign somewhere in an episode decides of what is done fifty steps later."""

    def task(n_episodes, rng):
        signs = rng.choice([-1, 1], n_episodes)
        when = rng.integers(0, n_steps - 55, n_episodes)
        X, y = np.zeros((n_episodes, n_steps, 2)), np.zeros((n_episodes, n_steps), int)
        X[np.arange(n_episodes), when, 0] = signs
        X[np.arange(n_episodes), when + 50, 1] = 1.0
        y[np.arange(n_episodes), when + 50] = signs
        groups = np.arange(n_episodes).repeat(n_steps)
        return X.reshape(-1, 2), y.ravel(), groups

    rng = np.random.default_rng(0)
    (X, y, groups), (X_new, y_new, groups_new) = task(100, rng), task(100, rng)
    cloner = RecurrentBehaviorCloningClassifier(
        cell=cell, max_iter=120, random_state=0
    ).fit(X, y, groups=groups)
    decides = X_new[:, 1] == 1.0
    found = cloner.predict(X_new, groups=groups_new)
    assert np.mean(found[decides] == y_new[decides]) > 0.95


@pytest.mark.parametrize(
    ("cell", "hidden"),
    [
        ("gru", ()),
        ("lstm", (7, 5)),
        pytest.param("lstm", (), marks=pytest.mark.slow),
        pytest.param("gru", (7,), marks=pytest.mark.slow),
        pytest.param("lstm", (7,), marks=pytest.mark.slow),
        pytest.param("gru", (7, 5), marks=pytest.mark.slow),
    ],
)
def test_both_backends_take_the_same_steps(cell, hidden):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = np.stack([X[:, 0] + X[:, 1], np.r_[0.0, X[:-1, 2]]], axis=1)
    groups = np.repeat([0, 1, 2], [150, 30, 220])  # windows of 40: one, and several
    cloners = [
        RecurrentBehaviorCloner(
            12, cell=cell, hidden_layer_sizes=hidden, bptt_steps=40, max_iter=5,
            alpha=1e-2, batch_size=3, backend=backend, random_state=0,
        ).fit(X, y, sample_weight=np.maximum(X[:, 2], 0), groups=groups)
        for backend in ("compiled", "torch", "auto")
    ]  # fmt: skip
    compiled, torch_, auto = (np.array(cloner.loss_curve_) for cloner in cloners)
    assert_allclose(compiled, torch_, rtol=1e-4)
    assert_array_equal(compiled, auto)
    predicted = [cloner.predict(X, groups=groups) for cloner in cloners]
    assert_allclose(predicted[0], predicted[1], atol=1e-3)


def test_what_is_remembered_goes_on_from_window_to_window():
    """A short window cannot see the sign, but begins with what was made of it."""
    rng = np.random.default_rng(0)
    signs = rng.choice([-1.0, 1.0], 60)
    X = np.zeros((60, 12, 1))
    X[:, :3, 0] = signs[:, np.newaxis]
    X, y, groups = X.reshape(-1, 1), signs.repeat(12), np.arange(60).repeat(12)
    cloner = RecurrentBehaviorCloner(
        16, bptt_steps=4, max_iter=100, learning_rate_init=3e-3, random_state=0
    ).fit(X, y, groups=groups)
    assert cloner.score(X, y, groups=groups) > 0.9


@pytest.mark.filterwarnings("ignore:groups. expected the episode of each sample to")
def test_steps_of_weight_0_are_seen_and_their_labels_are_not(data):
    X, y, groups = data
    first = np.append(True, np.diff(groups) > 0)
    nonsense = np.where(first, 1e6, y)
    cloner = RecurrentBehaviorCloner(
        16, max_iter=120, learning_rate_init=3e-3, random_state=0
    ).fit(X, nonsense, sample_weight=1.0 - first, groups=groups)
    assert cloner.score(X[~first], y[~first]) < 0.3
    predicted = cloner.predict(X, groups=groups)
    assert r2_score(y[~first], predicted[~first]) > 0.9
    assert max(cloner.loss_curve_) < 10


def test_class_weights_count_labels_alone(data):
    X, y, groups = data
    labels = np.where(y > 0, 1, 0)
    weight = np.ones(len(X))
    weight[::2] = 0.0
    other = labels.copy()
    other[::2] = 0
    balanced = clone(CLASSIFIER).set_params(class_weight="balanced")
    cloners = [
        clone(balanced).fit(X, each, sample_weight=weight, groups=groups)
        for each in (labels, other)
    ]
    assert_array_equal(*(cloner.predict_proba(X) for cloner in cloners))


@pytest.mark.parametrize("estimator", BOTH)
def test_a_subset_of_episodes_gets_the_same_answers(estimator):
    X, y, _ = recall(n_episodes=20, n_steps=12)
    groups = np.repeat(list("abcde"), [1, 100, 39, 60, 40])
    cloner = clone(estimator).fit(X, y, groups=groups)
    predict = getattr(cloner, "predict_proba", cloner.predict)
    whole = predict(X, groups=groups)
    for label in set(groups):
        own = groups == label
        assert_allclose(predict(X[own], groups=groups[own]), whole[own], rtol=1e-7)
    assert_array_equal(predict(X), predict(X, groups=np.arange(len(X))))


@pytest.mark.parametrize("estimator", BOTH)
def test_without_groups_it_says_that_nothing_is_remembered(data, estimator):
    X, y, _ = data
    with pytest.warns(UserWarning, match=r"groups: .* nothing will be remembered"):
        cloner = clone(estimator).fit(X, y)
    alone = clone(estimator).fit(X, y, groups=np.arange(len(X)))
    assert_array_equal(cloner.predict(X), alone.predict(X))
    assert not hasattr(cloner, "act")
    assert cloner.learns_sequences


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0, 1, 0] * 20, r"groups: .* successive, got episode 0 again in row 2"),
        ([0] * 59, r"groups: expected shape \(60,\)"),
        ([0] * 59 + [None], "groups: expected an episode for each sample, got None"),
    ],
)
def test_groups_that_are_none(estimator, groups, message):
    X, y, right = recall(n_episodes=6)
    groups = np.array(groups, dtype=object)
    for train in ("fit", "continue_fit"):
        with pytest.raises(ValueError, match=message):
            getattr(clone(estimator), train)(X, y, groups=groups)
    cloner = clone(estimator).fit(X, y, groups=right)
    with pytest.raises(ValueError, match=message):
        cloner.predict(X, groups=groups)
    with pytest.raises(ValueError, match=message):
        cloner.score(X, y, groups=groups)


@pytest.mark.parametrize(
    "estimator", [pytest.param(REGRESSOR, marks=pytest.mark.slow), CLASSIFIER]
)
def test_early_stopping_holds_out_whole_episodes(data, estimator):
    X, y, groups = data
    cloner = clone(estimator).set_params(early_stopping=True, max_iter=60)
    cloner.fit(X, y, groups=groups)
    scores = cloner.validation_scores_
    assert len(scores) == cloner.n_iter_
    assert cloner.best_validation_score_ == max(scores)
    apart = recall(seed=1)
    cloner.fit(
        X, y, groups=groups, X_val=apart.X, y_val=apart.y, groups_val=apart.groups
    )
    score = cloner.score(apart.X, apart.y, groups=apart.groups)
    assert score == pytest.approx(cloner.best_validation_score_, rel=1e-6)
    one = np.zeros(len(X))
    with pytest.raises(ValueError, match="groups: early stopping needs 2 episodes"):
        cloner.fit(X, y, groups=one)


def test_what_is_told_of_the_validation_goes_together(data):
    X, y, groups = data
    cloner = clone(REGRESSOR).set_params(early_stopping=True)
    with pytest.raises(ValueError, match="groups_val: expected the episode of each"):
        cloner.fit(X, y, groups=groups, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="groups_val: expected None without X_val"):
        cloner.fit(X, y, groups=groups, groups_val=groups)
    with pytest.raises(ValueError, match=r"groups_val: .*successive"):
        cloner.fit(X, y, groups=groups, X_val=X, y_val=y, groups_val=groups % 2)
    classifier = clone(CLASSIFIER).set_params(early_stopping=True)
    strange = np.where(groups == 3, 7.0, y)
    options = {"groups": groups, "groups_val": groups, "X_val": X, "y_val": strange}
    with pytest.raises(ValueError, match=r"y_val: expected one of .* got 7"):
        classifier.fit(X, y, **options)


@pytest.mark.parametrize("estimator", BOTH)
def test_episodes_of_one_step(estimator):
    X, y, groups = recall(n_episodes=3, n_steps=5)
    X, y, groups = X[4:11], y[4:11], groups[4:11]  # of 1, 5 and 1
    cloner = clone(estimator).fit(X, y, groups=groups)
    assert cloner.predict(X, groups=groups).shape == y.shape


def test_training_goes_on_where_it_stands(data):
    X, y, groups = data
    for estimator, classes in ((REGRESSOR, {}), (CLASSIFIER, {"classes": [-1.0, 1.0]})):
        whole = clone(estimator).set_params(max_iter=4).fit(X, y, groups=groups)
        parts = clone(estimator).set_params(max_iter=2).fit(X, y, groups=groups)
        parts.continue_fit(X, y, groups=groups, n_epochs=2)
        assert parts.n_iter_ == 4
        assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-4)
        warm = clone(estimator).set_params(max_iter=2, warm_start=True)
        warm.fit(X, y, groups=groups).fit(X, y, groups=groups)
        assert_allclose(warm.loss_curve_, whole.loss_curve_, rtol=1e-4)
        stream = clone(estimator).partial_fit(X, y, groups=groups, **classes)
        before = stream.predict(X, groups=groups)
        stream.partial_fit(10 * X + 3, y, groups=groups)
        assert stream.n_iter_ == 2
        assert before.shape == stream.predict(X, groups=groups).shape


def test_training_goes_on_with_the_same_network(data):
    X, y, groups = data
    cloner = clone(REGRESSOR).set_params(
        hidden_layer_sizes=[3], activation="relu", warm_start=True
    )
    cloner.fit(X, y, groups=groups)
    before = cloner.get_params()
    for changes, message in (
        ({"hidden_size": 9}, r"^hidden_size: .* 8, got 9"),
        ({"cell": "lstm"}, r"^cell: .* 'gru', got 'lstm'"),
        ({"hidden_layer_sizes": ()}, r"^hidden_layer_sizes: .* \(3,\), got \(\)"),
        ({"hidden_layer_sizes": 4}, r"^hidden_layer_sizes: .* \(3,\), got \(4,\)"),
        ({"activation": "tanh"}, r"^activation: .* 'relu', got 'tanh'"),
        (
            {"hidden_size": 9, "activation": "tanh"},
            r"^hidden_size, activation: .* 8 and 'relu', got 9 and 'tanh'",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            cloner.set_params(**before | changes).fit(X, y, groups=groups)
        assert cloner.n_iter_ == 3
    same = {"hidden_layer_sizes": np.array(3), "bptt_steps": 5, "batch_size": 2}
    cloner.set_params(**before | same).fit(X, y, groups=groups)
    assert cloner.n_iter_ == 6


@pytest.mark.parametrize(
    ("hidden", "activation"), [((), "relu"), (5, "relu"), ((5, 4), "logistic")]
)
def test_hidden_layers_lie_behind_the_cells(data, hidden, activation):
    X, y, groups = data
    cloner = clone(REGRESSOR).set_params(
        hidden_layer_sizes=hidden, activation=activation
    )
    cloner.fit(X, y, groups=groups)
    modules = [type(module).__name__ for module in cloner.network_.head]
    between = {"relu": "ReLU", "logistic": "Sigmoid"}[activation]
    widths = [8, *np.atleast_1d(np.array(hidden, dtype=int)), 1]
    assert modules == ["Linear", *[between, "Linear"] * (len(widths) - 2)]
    shapes = [m.weight.shape for m in cloner.network_.head if hasattr(m, "weight")]
    assert shapes == list(zip(widths[1:], widths, strict=False))


@pytest.mark.parametrize("estimator", BOTH)
def test_copies_predict_and_learn_alike(data, estimator):
    X, y, groups = data
    cloner = clone(estimator).fit(X, y, groups=groups)
    copies = [assert_public_names(cloner), copy.deepcopy(cloner)]
    expected = cloner.predict(X, groups=groups)
    cloner.continue_fit(X, y, groups=groups)
    for other in copies:
        assert_array_equal(other.predict(X, groups=groups), expected)
        other.continue_fit(X, y, groups=groups)
        assert other.loss_curve_ == cloner.loss_curve_
    network = pickle.loads(pickle.dumps(cloner.network_))
    assert_array_equal(network.vectors.numpy(), cloner.network_.vectors.numpy())


@pytest.mark.parametrize(
    "backend", ["compiled", pytest.param("torch", marks=pytest.mark.slow)]
)
def test_what_was_learnt_acts_after_an_interruption(data, backend):
    X, y, groups = data
    shorter = clone(REGRESSOR).set_params(backend=backend).fit(X, y, groups=groups)
    cloner = clone(REGRESSOR).set_params(backend=backend, max_iter=10**9)
    interrupt(cloner, CtrlC(3), "fit", X, y, groups=groups)
    assert_array_equal(cloner.predict(X, groups), shorter.predict(X, groups))
    for each in (cloner.set_callbacks(), shorter):
        each.continue_fit(X, y, groups=groups)
    assert cloner.loss_curve_ == shorter.loss_curve_


def test_after_an_error_it_is_as_it_was(data):
    X, y, groups = data
    cloner = clone(REGRESSOR).fit(X, y, groups=groups)
    before = cloner.predict(X, groups)
    cloner.set_params(learning_rate_init=1e30)
    with pytest.raises(ValueError, match=r"the loss became .* learning_rate_init"):
        cloner.continue_fit(X, y, groups=groups)
    assert_array_equal(cloner.predict(X, groups), before)
    assert cloner.n_iter_ == 3


def test_groups_are_routed_without_a_request(data):
    X, y, groups = data
    with config_context(enable_metadata_routing=True):
        cloner = clone(REGRESSOR).set_params(max_iter=60, learning_rate_init=1e-2)
        # No request has to be made: without its episodes it is nothing.
        found = cross_validate(
            Pipeline([("cloner", cloner)]),
            X,
            y,
            params={"groups": groups},
            cv=GroupKFold(2),
        )
    assert (found["test_score"] > 0.8).all()


@pytest.mark.filterwarnings("ignore:groups. expected the episode of each sample to")
@pytest.mark.parametrize(
    "estimator", [REGRESSOR, pytest.param(CLASSIFIER, marks=pytest.mark.slow)]
)
def test_scores_of_callbacks_are_told_of_episodes(data, estimator):
    X, y, groups = data
    monitor = ScoringMonitor(scoring={"score": type(estimator).score})
    cloner = clone(estimator).set_params(max_iter=20, learning_rate_init=0.01)
    cloner.set_callbacks(monitor).fit(X, y, groups=groups)
    found = [row["score"] for row in monitor.get_logs().data]
    assert found[-1] == pytest.approx(cloner.score(X, y, groups=groups))
    assert found[-1] != pytest.approx(cloner.score(X, y))


def test_several_outputs_of_classes(data):
    X, y, groups = data
    labels = np.stack([np.where(y > 0, "a", "b"), np.where(X[:, 1] > 0, "c", "d")], 1)
    cloner = clone(CLASSIFIER).fit(X, labels, groups=groups)
    assert [list(one) for one in cloner.classes_] == [["a", "b"], ["c", "d"]]
    predicted = cloner.predict(X, groups)
    assert predicted.shape == labels.shape
    assert [p.shape for p in cloner.predict_proba(X, groups)] == [(len(X), 2)] * 2
    right = (predicted == labels).all(axis=1)
    assert cloner.score(X, labels, groups=groups) == pytest.approx(right.mean())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 0}, "The 'hidden_size' parameter"),
        ({"cell": "rnn"}, "The 'cell' parameter"),
        ({"hidden_layer_sizes": 0}, "The 'hidden_layer_sizes' parameter"),
        ({"hidden_layer_sizes": (4, 0)}, "hidden_layer_sizes: expected positive inte"),
        ({"hidden_layer_sizes": [[4]]}, "hidden_layer_sizes: expected positive integ"),
        ({"activation": "sine"}, "The 'activation' parameter"),
        ({"bptt_steps": 0}, "The 'bptt_steps' parameter"),
        ({"hidden_size": 2**40}, "hidden_size, hidden_layer_sizes: expected a net"),
        ({"hidden_layer_sizes": (2**40,)}, "hidden_size, hidden_layer_sizes: expect"),
    ],
)
def test_parameters_that_are_none(data, changes, message):
    with pytest.raises(ValueError, match=message):
        clone(REGRESSOR).set_params(**changes).fit(*data[:2], groups=data.groups)


def test_the_global_generators_are_left_alone(data):
    import torch

    np.random.seed(0)  # noqa: NPY002 - whether the global one is drawn from
    torch.manual_seed(0)
    states = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002 - as above
    clone(REGRESSOR).fit(*data[:2], groups=data.groups)
    assert_array_equal(np.random.get_state()[1], states[0])  # noqa: NPY002 - as above
    assert_array_equal(torch.get_rng_state().numpy(), states[1].numpy())
