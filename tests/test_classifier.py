"""BehaviorCloningClassifier: what it learns, what acts, how it goes on."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.class_weight import compute_sample_weight

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerClassifier,
    DAggerRegressor,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    RunningNormalizer,
    as_policy,
)


@pytest.fixture(scope="module")
def data():
    """Three classes, of which the last is rare, with some noise between them."""
    rng = np.random.default_rng(0)
    X = rng.normal([0, 10, -3, 0], [1, 5, 0.01, 1], size=(400, 4))
    X[:, 3] = 7.0  # a constant feature
    score = X[:, 0] + (X[:, 1] - 10) / 5 + 0.3 * rng.normal(size=400)
    return X, np.digitize(score, [0.0, 2.0])


@pytest.fixture(scope="module")
def several(data):
    """Two outputs, of three classes and of two."""
    X, y = data
    return X, np.column_stack([y, 5 + (X[:, 0] > X[:, 1] - 10)])


def cloner_of(**options):
    options = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0} | options
    return BehaviorCloningClassifier(**options)


def same(one, other, X):
    """Assert that two cloners say the same, to the last bit."""
    for a, b in zip(probabilities(one, X), probabilities(other, X), strict=True):
        assert_array_equal(a, b)


def probabilities(cloner, X):
    found = cloner.predict_proba(X)
    return found if isinstance(found, list) else [found]


def test_it_learns_as_well_as_mlp_classifier(data):
    X, y = data
    other = MLPClassifier((50, 50), activation="tanh", max_iter=100, random_state=0)
    other = make_pipeline(RunningNormalizer(), other)
    other.set_params(mlpclassifier__n_iter_no_change=100, mlpclassifier__tol=0)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        other.fit(X[:300], y[:300])
    own = BehaviorCloningClassifier(max_iter=100, random_state=0).fit(X[:300], y[:300])
    assert own.score(X[300:], y[300:]) >= other.score(X[300:], y[300:]) - 0.03
    assert own.score(X[300:], y[300:]) > 0.85


def test_without_a_hidden_layer_it_is_logistic_regression(data):
    X, y = data
    cloner = cloner_of(hidden_layer_sizes=(), alpha=40.0, batch_size=400)
    cloner.set_params(max_iter=1000, learning_rate_init=0.01, ema_decay=0.99)
    Z = cloner.fit(X, y).normalizer_.transform(X)
    expected = LogisticRegression(C=1 / 40.0, tol=1e-10).fit(Z, y).predict_proba(Z)
    assert_allclose(cloner.predict_proba(X), expected, atol=1e-3)


@pytest.mark.parametrize("n_networks", [1, 3])
def test_probabilities_are_the_softmax_of_the_torch_network(several, n_networks):
    X, y = several
    cloner = cloner_of(n_networks=n_networks).fit(X, y)
    inputs = torch.tensor(cloner.normalizer_.transform(X), dtype=torch.float32)
    with torch.no_grad():
        units = cloner.network_(inputs).double().numpy()
        each = cloner.network_.each(inputs.expand(n_networks, -1, -1)).double().numpy()
    found = cloner.predict_proba(X)
    for block, proba, width in ((slice(3), found[0], 3), (slice(3, 5), found[1], 2)):
        assert proba.shape == (400, width)
        assert_allclose(proba, softmax(units[:, block], axis=1), rtol=1e-4)
        # Of several networks: the mean of their log-probabilities.
        mean = np.exp(log_softmax(each[..., block], axis=-1).mean(axis=0))
        assert_allclose(proba, mean / mean.sum(axis=1, keepdims=True), rtol=1e-4)
    chosen = [cloner.classes_[i][p.argmax(axis=1)] for i, p in enumerate(found)]
    assert_array_equal(cloner.predict(X), np.column_stack(chosen))


@pytest.mark.parametrize(
    "options", [{}, {"n_networks": 2}, {"class_weight": "balanced"}]
)
def test_both_backends_take_the_same_steps(several, options):
    X, y = several
    one, other = (cloner_of(backend=b, **options) for b in ("compiled", "torch"))
    one.fit(X, y)
    other.fit(X, y)
    for a, b in zip(probabilities(one, X), probabilities(other, X), strict=True):
        assert_allclose(a, b, atol=1e-4)
    assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-4)


def test_the_loss_is_the_cross_entropy_of_all_outputs_together(several):
    X, y = several
    options = {"max_iter": 1, "alpha": 0.0, "batch_size": 400}
    loss = cloner_of(**options).fit(X, y).loss_curve_[0]
    start = cloner_of(max_iter=1, learning_rate_init=1e-30).fit(X, y)
    expected = sum(
        log_loss(column, proba)
        for column, proba in zip(y.T, start.predict_proba(X), strict=True)
    )
    assert loss == pytest.approx(expected, rel=1e-5)


def test_a_score_is_the_part_of_rows_that_are_right(data, several):
    weight = np.random.default_rng(0).uniform(size=400)
    X, y = data
    one = cloner_of().fit(X, y)
    assert one.score(X, y) == accuracy_score(y, one.predict(X))
    weighted = accuracy_score(y, one.predict(X), sample_weight=weight)
    assert one.score(X, y, sample_weight=weight) == pytest.approx(weighted)
    X, y = several
    two = cloner_of().fit(X, y)
    is_right = (two.predict(X) == y).all(axis=1)
    assert two.score(X, y) == is_right.mean()
    found = two.score(X, y, sample_weight=weight)
    assert found == pytest.approx(np.average(is_right, weights=weight))
    with pytest.raises(ValueError, match=r"y: expected shape \(400, 2\), got \(400,\)"):
        two.score(X, y[:, 0])
    with pytest.raises(ValueError, match="sample_weight"):
        two.score(X, y, sample_weight=weight[:3])


@pytest.mark.parametrize(
    "names",
    [
        [0, 1, 2],
        [-7, 0, 1000],
        [0.0, 0.5, 1.0],
        ["brake", "left", "straight on"],
        [False, True, True],
    ],
)
def test_classes_of_any_kind_are_learnt_alike(data, names):
    X, y = data
    labels = np.array(names)[y]
    if names[0] == 0.0 and isinstance(names[0], float):
        labels = labels * 2  # scikit-learn takes fractions for continuous
    cloner = cloner_of().fit(X, labels)
    assert_array_equal(cloner.classes_, np.unique(labels))
    predicted = cloner.predict(X)
    assert predicted.dtype == labels.dtype
    assert set(predicted.tolist()) <= set(labels.tolist())
    if len(cloner.classes_) == 3:
        same(cloner, cloner_of().fit(X, y), X)
    if labels.dtype.kind == "U":  # scikit-learn takes no others as objects
        objects = cloner_of().fit(X, labels.astype(object))
        assert_array_equal(objects.predict(X), predicted)


def test_shapes_and_what_acts_alone(data, several):
    X, y = data
    for target, shape in ((y, ()), (y[:, np.newaxis], (1,)), (several[1], (2,))):
        cloner = cloner_of().fit(X, target)
        predicted = cloner.predict(X)
        assert predicted.shape == (400, *shape)
        assert cloner.n_outputs_ == (shape or (1,))[0]
        assert_array_equal(cloner.act(X), predicted)
        assert_array_equal([cloner.act(x) for x in X[:20]], predicted[:20])
        policy = as_policy(cloner)
        rows = predicted.reshape(400, -1)
        assert_array_equal(policy.act(X), rows)
        assert_array_equal([policy.act(x) for x in X[:20]], rows[:20])
        assert (policy.n_features, policy.n_outputs) == (4, rows.shape[1])
        again = assert_public_names(policy)
        assert_array_equal(again.act(X), rows)


def test_one_class_alone(data):
    X, y = data
    cloner = cloner_of().fit(X, np.full(400, "left"))
    assert_array_equal(cloner.predict_proba(X), np.ones((400, 1)))
    assert set(cloner.predict(X)) == {"left"}
    two = cloner_of().fit(X, np.column_stack([y, np.full(400, 3)]))
    assert_array_equal(two.predict_proba(X)[1], np.ones((400, 1)))
    same(two.set_params(), two, X)
    assert_allclose(
        two.predict_proba(X)[0], cloner_of().fit(X, y).predict_proba(X), atol=0.3
    )


WEIGHTS = {0: 1.0, 1: 0.25, 2: 5.0}


def test_the_weight_of_a_class_is_that_of_its_samples(data, several):
    X, y = data
    rng = np.random.default_rng(0)
    own = rng.uniform(size=400)
    by_class = np.vectorize(WEIGHTS.get)(y)
    for class_weight, weight in (
        (WEIGHTS, by_class),
        ({2: 5.0}, np.where(y == 2, 5.0, 1.0)),
        ("balanced", compute_sample_weight("balanced", y)),
    ):
        told = cloner_of(class_weight=class_weight)
        same(clone(told).fit(X, y), cloner_of().fit(X, y, weight), X)
        same(told.fit(X, y, own), cloner_of().fit(X, y, own * weight), X)
    X, y = several
    by_both = by_class * np.where(y[:, 1] == 6, 3.0, 1.0)
    for class_weight, weight in (
        ([WEIGHTS, {5: 1.0, 6: 3.0}], by_both),
        ("balanced", compute_sample_weight("balanced", y)),
    ):
        told = cloner_of(class_weight=class_weight).fit(X, y)
        same(told, cloner_of().fit(X, y, weight), X)


def test_balance_finds_what_is_rare(data):
    X, y = data
    plain, balanced = (
        cloner_of(max_iter=30, class_weight=w).fit(X, y) for w in (None, "balanced")
    )
    rare = y == 2
    assert rare.mean() < 0.1
    assert balanced.score(X[rare], y[rare]) > plain.score(X[rare], y[rare])


def test_classes_weigh_in_what_validates(data):
    X, y = data
    options = {"early_stopping": True, "class_weight": {0: 0.0}, "max_iter": 2}
    cloner = cloner_of(**options).fit(X, y, X_val=X, y_val=y)
    counts = y != 0
    scored = cloner.score(X[counts], y[counts])
    assert cloner.best_validation_score_ == pytest.approx(scored)


def test_what_weighs_nothing_is_not_learnt(data):
    X, y = data
    weight = np.where(y == 2, 0.0, 1.0)
    cloner = cloner_of(max_iter=100).fit(X, y, weight)
    assert cloner.classes_.tolist() == [0, 1, 2]
    assert cloner.predict_proba(X)[:, 2].max() < 0.1


def test_partial_fit_is_told_all_classes_that_will_come(data):
    X, y = data
    few = y < 2
    cloner = cloner_of(class_weight={2: 5.0})
    cloner.partial_fit(X[few], y[few], classes=[2, 1, 0])
    assert cloner.classes_.tolist() == [0, 1, 2]
    assert cloner.predict_proba(X).shape == (400, 3)
    cloner.partial_fit(X, y).partial_fit(X[~few], y[~few], [0, 1, 2])
    assert cloner.n_iter_ == 3
    two = cloner_of().partial_fit(
        X, np.column_stack([y, y]), classes=[[0, 1, 2], [0, 1, 2, 3]]
    )
    assert [len(one) for one in two.classes_] == [3, 4]
    assert [p.shape[1] for p in two.predict_proba(X)] == [3, 4]


def test_partial_fit_repeated_is_fit(data):
    X, y = data
    whole = cloner_of(max_iter=4, alpha=1e-3).fit(X, y)
    parts = cloner_of(alpha=1e-3)
    for i in range(4):
        parts.partial_fit(X, y, classes=[0, 1, 2] if i == 0 else None)
    assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-3)


def test_warm_start_goes_on_with_the_classes_that_it_has(data):
    X, y = data
    cloner = cloner_of(warm_start=True, max_iter=5).fit(X, y)
    few = y < 2
    cloner.fit(X[few], y[few])
    assert cloner.n_iter_ == 10
    assert cloner.classes_.tolist() == [0, 1, 2]
    before = cloner.predict_proba(X)
    with pytest.raises(ValueError, match="y: expected one of the classes 0, 1, 2, got"):
        cloner.fit(X, y + 1)
    assert_array_equal(cloner.predict_proba(X), before)
    cloner.set_params(warm_start=False).fit(X, y + 1)
    assert cloner.classes_.tolist() == [1, 2, 3]
    assert cloner.n_iter_ == 5


def test_continue_fit_goes_on(data):
    X, y = data
    cloner = cloner_of().fit(X, y)
    on = copy.deepcopy(cloner).continue_fit(X, y, n_epochs=4)
    assert on.n_iter_ == len(on.loss_curve_) == 7
    assert on.loss_curve_[-1] < cloner.loss_curve_[-1]
    # The normalizer is fitted anew, which alone changes nothing.
    still = cloner_of(ema_decay=0.5, max_iter=20).fit(X, y)
    still.set_params(learning_rate_init=1e-30).continue_fit(X, y, n_epochs=5)
    before = still.predict_proba(X)
    still.continue_fit(X * 2 + 1, y)
    assert_allclose(still.predict_proba(X), before, atol=2e-4)


def test_early_stopping_holds_out_episodes(data):
    X, y = data
    episodes = np.repeat(np.arange(10), 40)
    options = {"early_stopping": True, "max_iter": 40, "n_iter_no_change": 3}
    cloner = cloner_of(**options).fit(X, y, groups=episodes)
    assert cloner.normalizer_.n_samples_seen_ == 360
    assert cloner.best_validation_score_ == max(cloner.validation_scores_)
    (held_out,) = (
        e
        for e in range(10)
        if np.allclose(X[episodes != e].mean(axis=0), cloner.normalizer_.mean_)
    )
    rows = episodes == held_out
    scored = cloner.score(X[rows], y[rows])
    assert cloner.best_validation_score_ == pytest.approx(scored)


def test_a_class_that_occurs_in_the_held_out_part_alone(data):
    X, _ = data
    y = np.zeros(400, dtype=int)
    episodes = np.repeat(np.arange(10), 40)
    options = {"early_stopping": True, "max_iter": 2}
    first = cloner_of(**options).fit(X, y, groups=episodes)
    for e in range(10):
        if np.allclose(X[episodes != e].mean(axis=0), first.normalizer_.mean_):
            y[episodes == e] = 1
    cloner = cloner_of(**options).fit(X, y, groups=episodes)
    assert cloner.classes_.tolist() == [0, 1]
    assert cloner.best_validation_score_ < 0.5


def test_validation_data_of_ones_own(data, several):
    X, y = data
    options = {"early_stopping": True, "max_iter": 5}
    cloner = cloner_of(**options).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert cloner.normalizer_.n_samples_seen_ == 300
    scored = cloner.score(X[300:], y[300:])
    assert cloner.best_validation_score_ == pytest.approx(scored)
    before = cloner.predict_proba(X)
    one, two = (y, y + 1), (several[1], several[1] + [0, 1])
    for (train, held_out), classes, odd in (
        (one, "0, 1, 2", 3),
        (two, "5, 6 in column 1", 7),
    ):
        message = f"^y_val: expected one of the classes {classes}, got {odd}$"
        with pytest.raises(ValueError, match=message):
            cloner.fit(X, train, X_val=X, y_val=held_out)
        assert_array_equal(cloner.predict_proba(X), before)
    with pytest.raises(ValueError, match="y_val: expected 2 outputs, got 1"):
        cloner.fit(X, several[1], X_val=X, y_val=several[1][:, 0])


@pytest.mark.parametrize("backend", ["compiled", "torch"])
@pytest.mark.parametrize("names", [[0, 1, 2], ["left", "right", "straight on"]])
def test_pickles_and_copies_go_on_alike(data, names, backend):
    X, y = data
    labels = np.array(names)[y]
    cloner = cloner_of(backend=backend).fit(X, labels)
    for again in (assert_public_names(cloner), copy.deepcopy(cloner)):
        same(again, cloner, X)
        again.partial_fit(X, labels)
    same(again, copy.deepcopy(cloner).partial_fit(X, labels), X)
    assert not np.array_equal(again.predict_proba(X), cloner.predict_proba(X))


def test_a_monitor_sees_the_policy_of_each_epoch(data, several):
    monitor = ScoringMonitor(scoring="accuracy")
    cloner = cloner_of(max_iter=4).set_callbacks(monitor).fit(*data)
    log = monitor.get_logs(select="most_recent").data
    scores = [row["accuracy"] for row in log if row["task_name"] == "epoch"]
    assert len(scores) == 4
    assert scores[-1] == pytest.approx(cloner.score(*data))
    monitor = ScoringMonitor(scoring={"score": BehaviorCloningClassifier.score})
    cloner = cloner_of(max_iter=2).set_callbacks(monitor).fit(*several)
    log = monitor.get_logs(select="most_recent").data
    scores = [row["score"] for row in log if row["task_name"] == "epoch"]
    assert scores[-1] == pytest.approx(cloner.score(*several))


def test_a_search_over_a_pipeline_with_groups(data):
    X, y = data
    pipeline = make_pipeline(RunningNormalizer(), cloner_of(max_iter=10))
    name = "behaviorcloningclassifier__"
    grid = {name + "learning_rate_init": [1e-2, 1e-6]}
    groups = np.repeat(np.arange(8), 50)
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(4))
    search.fit(X, np.array(["a", "b", "c"])[y], groups=groups)
    assert search.best_params_ == {name + "learning_rate_init": 1e-2}
    assert search.classes_.tolist() == ["a", "b", "c"]
    assert search.predict_proba(X).shape == (400, 3)


@pytest.mark.parametrize(
    ("regressor", "classifier"),
    [
        (BehaviorCloner(), "BehaviorCloningClassifier"),
        (RecurrentBehaviorCloner(), "RecurrentBehaviorCloningClassifier"),
        (DAggerRegressor(), "DAggerClassifier"),
        (HistoryRegressor(LinearRegression(), 2), "HistoryClassifier"),
    ],
)
def test_regressors_say_who_takes_text(regressor, classifier):
    y = ["left", "right", "left"]
    groups = {} if classifier == "DAggerClassifier" else {"groups": [0, 0, 1]}
    with pytest.raises(ValueError, match=rf"^y: .* {classifier} takes actions as cl"):
        regressor.fit(np.eye(3), y, **groups)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", None, "b"], "expected a class in each row, got None in row 1"),
        ([1, 2, None], "expected a class in each row, got None in row 2"),
        (
            [["a", "b"], ["a", "b"], [None, "b"]],
            "expected a class in each row, got None in row 2",
        ),
        (
            ["a", 1, "b"],
            "expected classes of one kind, all strings or all numbers, got 'a' and 1",
        ),
    ],
)
@pytest.mark.parametrize("kind", [BehaviorCloningClassifier, DAggerClassifier])
def test_what_is_no_class_is_named(labels, message, kind):
    y = np.array(labels, dtype=object)
    with pytest.raises(ValueError, match=f"^y: {message}$"):
        kind().fit(np.zeros((3, 2)), y)
