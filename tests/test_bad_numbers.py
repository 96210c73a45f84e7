"""Numbers that go wrong: a finite model, or an error that says what was wrong."""

import numpy as np
import pytest
from cases import quick_first
from numpy.testing import assert_allclose
from sklearn.base import is_classifier
from sklearn.preprocessing import StandardScaler

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerClassifier,
    DAggerRegressor,
    RecurrentBehaviorCloner,
    RecurrentBehaviorCloningClassifier,
    RunningNormalizer,
    as_policy,
)

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
STEPS = RNG.integers(-1, 2, size=(N, 3))
EPS = {dtype: np.finfo(dtype).eps for dtype in (np.float32, np.float64)}

# In tanh much is lost that is seen in relu.
NETWORK = {"hidden_layer_sizes": (6,), "activation": "relu"}
LEARNERS = {
    "BehaviorCloner": lambda **o: BehaviorCloner(**NETWORK, **o),
    "BehaviorCloner, torch": lambda **o: BehaviorCloner(
        **NETWORK, backend="torch", **o
    ),
    "BehaviorCloningClassifier": lambda **o: BehaviorCloningClassifier(**NETWORK, **o),
    "RecurrentBehaviorCloner": lambda **o: RecurrentBehaviorCloner(hidden_size=4, **o),
    "RecurrentBehaviorCloningClassifier": lambda **o: (
        RecurrentBehaviorCloningClassifier(hidden_size=4, **o)
    ),
    "DAggerRegressor": lambda **o: DAggerRegressor(BehaviorCloner(**NETWORK, **o)),
    "DAggerClassifier": lambda **o: DAggerClassifier(
        BehaviorCloningClassifier(**NETWORK, **o)
    ),
}

# Observations, options, and how small the loss is at least: as that of usual data where
# nothing but the unit is strange.
USUAL = 20.0
DATA = {
    "a learning rate of a million": (X, {"learning_rate_init": 1e6}, np.inf),
    "1e30": (X * 1e30, {}, USUAL),
    "constants of 1e30": (np.full((N, 3), 1e30), {}, USUAL),
    "1e30 and rounding": (1e30 * (1 + EPS[np.float64] * STEPS), {}, USUAL),
    "1e30 and rounding, float32": (
        (np.float32(1e30) * (1 + EPS[np.float32] * STEPS)).astype(np.float32),
        {},
        USUAL,
    ),
    "1 and rounding": (1 + EPS[np.float64] * STEPS, {}, USUAL),
    "denormals, float32": ((X * 1e-40).astype(np.float32), {}, USUAL),
    "one feature": (X[:, :1], {}, USUAL),
    "10,000 features": (RNG.normal(size=(8, 10_000)), {}, USUAL),
    "float16": (X.astype(np.float16), {}, USUAL),
    "the largest of float16": (
        np.copysign(np.float16(65504), X.astype(np.float16)),
        {},
        USUAL,
    ),
    "identical rows": (np.tile(X[:1], (N, 1)), {}, USUAL),
    "batches of one": (X, {"batch_size": 1}, USUAL),
    "one sample": (X[:1], {"batch_size": 1}, USUAL),
    "1e18, as it is": (X * 1e18, {"normalize": False}, np.inf),
}


def trained(learner, X, y, **options):
    options = {"max_iter": 3, "random_state": 0} | options
    model = LEARNERS[learner](**options)
    return model.fit(X, y, **one_episode(model, X))


def one_episode(model, X):
    """What a learner with a memory is told beside X."""
    remembers = hasattr(getattr(model, "estimator", model), "cell")
    return {"groups": np.zeros(len(X), int)} if remembers else {}


def actions_for(learner, X):
    """Actions that depend on the observations, in the learner's kind."""
    wide = X.astype(np.float64)
    y = 2.0 * wide[:, :1] / np.abs(wide).max() + 1.0
    if "Classifier" in learner:
        return (y[:, 0] > np.median(y)).astype(int)
    return y + np.linspace(-0.5, 0.5, len(X))[:, np.newaxis]


def assert_finite(model, X, y):
    """Hold all that a model says to finite numbers."""
    answers = [model.predict_proba(X) if is_classifier(model) else model.predict(X)]
    policy = as_policy(model)
    if not is_classifier(model):
        answers += [policy.act(np.asarray(X[0], dtype=float))]
    if len(X) > 1:  # R² of one sample is nothing
        answers += [model.score(X, y, **one_episode(model, X))]
    answers += [getattr(model, "estimator_", model).loss_curve_]
    for answer in answers:
        assert np.isfinite(answer).all()


@pytest.mark.parametrize(
    "learner",
    quick_first(
        LEARNERS,
        "BehaviorCloner",
        "BehaviorCloningClassifier",
        "RecurrentBehaviorCloner",
        "DAggerRegressor",
    ),
)
@pytest.mark.parametrize("kind", DATA)
def test_a_model_is_finite(kind, learner):
    X, options, at_most = DATA[kind]
    y = actions_for(learner, X)
    model = trained(learner, X, y, **options)
    assert_finite(model, X, y)
    assert getattr(model, "estimator_", model).loss_curve_[-1] < at_most


@pytest.mark.parametrize("learner", LEARNERS)
def test_constant_actions_are_learnt(learner):
    y = np.full(N, 3)
    model = trained(learner, X, y, max_iter=100, learning_rate_init=0.01)
    assert_finite(model, X, y)
    assert_allclose(model.predict(X), 3, atol=0.5)


@pytest.mark.parametrize("scaling", ["common", "individual"])
@pytest.mark.parametrize("beside", [[], [1.0]])
def test_actions_that_are_rounding_are_constants(scaling, beside):
    noise = 1e30 * (1 + EPS[np.float64] * STEPS[:, 0])
    y = np.column_stack([noise, *(unit * X[:, 0] for unit in beside)])
    cloner = BehaviorCloner(
        **NETWORK, action_scaling=scaling, max_iter=20, random_state=0
    )
    cloner.fit(X, y)
    assert_allclose(cloner.predict(X)[:, 0], 1e30, rtol=1e-7)
    assert np.isfinite(cloner.loss_curve_).all()


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize(
    ("observations", "options"),
    [(X * 1e-310, {}), (X * 1e-310, {"normalize": False}), (X * 1e160, {})],
    ids=["denormals", "denormals as they are", "1e160"],
)
def test_what_no_float_holds_is_an_error_that_names_it(learner, observations, options):
    y = actions_for(learner, X)
    with pytest.raises(ValueError, match=r"X: (float64 cannot hold|expected numbers)"):
        trained(learner, observations, y, **options)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_a_loss_that_is_not_finite_is_an_error(backend):
    cloner = BehaviorCloner(**NETWORK, normalize=False, backend=backend, max_iter=1)
    with pytest.raises(ValueError, match=r"the loss became .* too large for float32"):
        cloner.fit(X * 1e30, X[:, :1])
    assert not hasattr(cloner, "network_")


@pytest.mark.parametrize("kind", DATA)
def test_a_normalizer_is_finite_and_goes_back(kind):
    X = DATA[kind][0]
    normalizer = RunningNormalizer().fit(X)
    assert (normalizer.scale_ > 0).all()
    assert np.isfinite(normalizer.transform(X)).all()
    assert_allclose(
        normalizer.inverse_transform(normalizer.transform(X)),
        X,
        rtol=1e-6,
        atol=1e-6 * normalizer.scale_.max(),
    )


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e30])
def test_what_is_constant_to_scikit_learn_is_constant(unit):
    X = unit * (1 + EPS[np.float64] * STEPS)
    normalizer, scaler = RunningNormalizer().fit(X), StandardScaler().fit(X)
    assert (scaler.scale_ == 1).all()
    assert (normalizer.scale_ == 1).all()


@pytest.mark.slow
def test_a_million_identical_rows_are_one():
    X = np.tile(np.array([[0.1, 1e30, -7.0]]), (1_000_000, 1))
    y = np.full((len(X), 1), 0.3)
    for learner in ("BehaviorCloner", "BehaviorCloningClassifier"):
        actions = y if learner == "BehaviorCloner" else np.full(len(X), 3)
        model = LEARNERS[learner](max_iter=1, batch_size=512, random_state=0)
        model.fit(X, actions)
        assert_finite(model, X[:1000], actions[:1000])
    normalizer = RunningNormalizer().fit(X)
    assert_allclose(normalizer.mean_, X[0])
    assert (normalizer.scale_ == 1).all()
