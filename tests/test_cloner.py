"""BehaviorCloner: what it learns, what acts, what it refuses."""

import copy
import multiprocessing
import os
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info

from skimitate import BehaviorCloner, BehaviorCloningClassifier, RunningNormalizer
from skimitate.cloning._activations import ACTIVATIONS


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal([0, 10, -3, 0], [1, 5, 0.01, 1], size=(400, 4))
    X[:, 3] = 7.0  # a constant feature
    y = np.tanh(np.column_stack([X[:, 0], X[:, 1] / 5 - 2 + X[:, 0]]))
    return X, y


@pytest.fixture(scope="module")
def fitted(data):
    return BehaviorCloner(max_iter=100, random_state=0).fit(*data)


def parameters(cloner):
    return np.concatenate(
        [p.detach().numpy().ravel() for p in cloner.network_.parameters()]
    )


@pytest.mark.slow
def test_it_learns_as_well_as_mlp_regressor(data):
    X, y = data
    train, test = slice(0, 300), slice(300, None)
    reference = make_pipeline(
        RunningNormalizer(),
        MLPRegressor(
            hidden_layer_sizes=(50, 50),
            alpha=0,
            batch_size=32,
            max_iter=100,
            tol=0,
            n_iter_no_change=100,
            random_state=0,
        ),
    )
    with pytest.warns(match="Maximum iterations"):
        reference.fit(X[train], y[train])
    cloner = BehaviorCloner(max_iter=100, random_state=0).fit(X[train], y[train])
    error = 1 - cloner.score(X[test], y[test])
    assert error < 1.2 * (1 - reference.score(X[test], y[test]))


def reference_training(cloner, X, y, weight, n_epochs):
    """The same training with torch's modules and unfused, separate Adam."""
    rng = np.random.default_rng(np.random.RandomState(0).randint(2**31 - 1))
    network = copy.deepcopy(cloner.network_).initialize([rng])
    optimizer = torch.optim.Adam(network.parameters(), lr=cloner.learning_rate_init)
    X, y, weight = (torch.tensor(a, dtype=torch.float32) for a in (X, y, weight))
    iterates = []
    for _ in range(n_epochs):
        order = rng.permutation(len(X))
        for start in range(0, len(X), cloner.batch_size):
            rows = order[start : start + cloner.batch_size]
            error = ((network(X[rows]) - y[rows]) ** 2).mean(dim=1) * weight[rows]
            penalty = sum((m.weight**2).sum() for m in network.linears)
            loss = error.mean() + cloner.alpha / (len(rows) * y.shape[1]) * penalty
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            vector = torch.nn.utils.parameters_to_vector(network.parameters())
            iterates.append(vector.detach().double().numpy())
    return np.array(iterates)


def averaged(iterates, ema_decay):
    """The average as a weighted sum: share t of iterate t, of what later ones leave."""
    share = np.maximum(1 - ema_decay, 10 / (10 + np.arange(len(iterates))))
    left = np.append(np.cumprod(1 - share[:0:-1])[::-1], 1.0)
    weights = share * left
    assert_allclose(weights.sum(), 1.0)
    return weights @ iterates


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize(
    ("alpha", "ema_decay"), [(0.0, None), (0.1, 0.5), (0.1, 0.9995)]
)
@pytest.mark.parametrize(
    "backend", ["compiled", pytest.param("torch", marks=pytest.mark.slow)]
)
def test_training_is_adam_on_the_penalized_weighted_error(
    activation, alpha, ema_decay, backend
):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(70, 3)), rng.normal(size=(70, 2))
    weight = rng.uniform(0, 3, size=70)
    cloner = BehaviorCloner(
        (7, 5),
        activation=activation,
        alpha=alpha,
        ema_decay=ema_decay,
        normalize=False,
        max_iter=4,
        backend=backend,
        random_state=0,
    ).fit(X, y, sample_weight=weight)
    iterates = reference_training(cloner, X, y, weight / weight.mean(), 4)
    average = iterates[-1] if ema_decay is None else averaged(iterates, ema_decay)
    assert_allclose(parameters(cloner), average, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "backend", ["compiled", pytest.param("torch", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("unit", [1e-3, 1e4])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_the_unit_of_the_actions_does_not_matter(data, unit, alpha, backend):
    X, y = data
    options = {"max_iter": 5, "alpha": alpha, "backend": backend, "random_state": 0}
    cloner = BehaviorCloner(**options).fit(X, y)
    other = BehaviorCloner(**options).fit(X, y * unit + 3 * unit)
    assert_allclose(other.predict(X) / unit - 3, cloner.predict(X), atol=2e-3)
    assert_allclose(
        np.array(other.loss_curve_) / unit**2, cloner.loss_curve_, rtol=1e-2
    )


def test_small_actions_are_learnt_as_well_as_others(data):
    X, y = data
    options = {"max_iter": 20, "random_state": 0}
    raw = BehaviorCloner(normalize=False, **options).fit(X[:, :2], 0.01 * y)
    scaled = BehaviorCloner(**options).fit(X[:, :2], 0.01 * y)
    errors = [1 - cloner.score(X[:, :2], 0.01 * y) for cloner in (raw, scaled)]
    assert errors[1] < 0.1 * errors[0]


def test_a_stream_that_begins_with_equal_actions(data):
    X, y = data
    cloner = BehaviorCloner(learning_rate_init=5e-3, random_state=0)
    cloner.partial_fit(X[:10], np.full((10, 2), 0.1) + 1e-9 * y[:10])
    for _ in range(60):
        cloner.partial_fit(X, y)
    assert cloner.score(X, y) > 0.95


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_another_unit_keeps_the_function_that_was_trained(data, backend):
    X, y = data
    # Without the average, which would go on moving towards the last iterates.
    cloner = BehaviorCloner(
        max_iter=3, ema_decay=None, backend=backend, random_state=0
    ).fit(X, y)
    before = cloner.predict(X)
    cloner.set_params(learning_rate_init=1e-30)
    # Other actions: other statistics, but no step to speak of.
    cloner.partial_fit(X, 100 * y + 7)
    assert_allclose(cloner.predict(X), before, atol=1e-4)


def test_loss_curve_is_the_mean_squared_error(data):
    X, y = data
    cloner = BehaviorCloner(max_iter=1, alpha=0.0, batch_size=400, random_state=0)
    loss = cloner.fit(X, y).loss_curve_[0]
    start = BehaviorCloner(max_iter=1, learning_rate_init=1e-30, random_state=0)
    assert_allclose(loss, np.mean((start.fit(X, y).predict(X) - y) ** 2), rtol=1e-5)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_predict_is_the_torch_network_on_normalized_observations(data, activation):
    X, y = data
    cloner = BehaviorCloner(
        (20, 10), activation=activation, max_iter=3, random_state=0
    ).fit(X, y)
    inputs = torch.tensor(cloner.normalizer_.transform(X), dtype=torch.float32)
    with torch.no_grad():
        outputs = cloner.network_(inputs).numpy()
    expected = outputs * cloner.action_scale_ + cloner.action_mean_
    assert_allclose(cloner.predict(X), expected, rtol=1e-4, atol=1e-5)
    assert cloner.predict(X).dtype == np.float64


def test_act_gives_the_actions_of_predict(data, fitted):
    X, y = data
    assert_array_equal(fitted.act(X), fitted.predict(X))
    assert fitted.act(X[3]).shape == (2,)
    assert_allclose(fitted.act(X[3]), fitted.predict(X[3:4])[0], rtol=1e-12)
    single = BehaviorCloner(max_iter=2, random_state=0).fit(X, y[:, 0])
    assert single.predict(X).shape == (400,)
    assert_allclose(single.act(X[3]), single.predict(X)[3], rtol=1e-12)
    column = BehaviorCloner(max_iter=2, random_state=0).fit(X, y[:, :1])
    assert column.predict(X).shape == (400, 1)


def test_a_constant_feature_neither_disturbs_nor_divides_by_zero(data, fitted):
    X, _ = data
    assert fitted.normalizer_.scale_[3] == 1.0
    assert np.isfinite(fitted.predict(X)).all()


def test_no_hidden_layer_is_linear_regression(data):
    X, _ = data
    y = X @ [1.0, 0.2, 0, 0] + 3
    cloner = BehaviorCloner((), max_iter=300, learning_rate_init=1e-2, random_state=0)
    assert cloner.fit(X, y).score(X, y) > 0.999


def test_the_normalizer_may_change_but_the_policy_may_not(data):
    X, y = data
    cloner = BehaviorCloner(
        max_iter=5, ema_decay=0.5, random_state=0, warm_start=True
    ).fit(X, y)
    # Without a step size, only the average can move, and it soon is at the iterate.
    cloner.set_params(max_iter=10, learning_rate_init=1e-30).fit(X, y)
    before = cloner.predict(X)
    rng = np.random.default_rng(2)
    shifted = (
        X * [3, 0.5, 1, 1] + [2, 0, 0, 0] + rng.normal(size=X.shape) * [0, 0, 0, 2]
    )
    for train in (cloner.partial_fit, cloner.set_params(max_iter=1).fit):
        old_scale = cloner.normalizer_.scale_
        train(shifted, y)
        assert not np.allclose(cloner.normalizer_.scale_, old_scale)
        assert_allclose(cloner.predict(X), before, atol=2e-4)


def test_partial_fit_takes_statistics_of_all_that_it_saw(data):
    X, y = data
    cloner = BehaviorCloner(random_state=0)
    for part in np.array_split(np.arange(400), 3):
        cloner.partial_fit(X[part], y[part])
    whole = RunningNormalizer().fit(X)
    assert_allclose(cloner.normalizer_.mean_, whole.mean_)
    assert_allclose(cloner.normalizer_.scale_, whole.scale_)
    assert cloner.n_iter_ == len(cloner.loss_curve_) == 3


def test_partial_fit_repeated_is_fit(data):
    X, y = data
    whole = BehaviorCloner(max_iter=5, random_state=0).fit(X, y)
    parts = BehaviorCloner(random_state=0)
    for _ in range(5):
        parts.partial_fit(X, y)
    assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-3, atol=1e-4)


def test_warm_start_goes_on(data):
    X, y = data
    cloner = BehaviorCloner(max_iter=10, warm_start=True, random_state=0).fit(X, y)
    first = cloner.loss_curve_[-1]
    cloner.fit(X, y)
    assert cloner.n_iter_ == len(cloner.loss_curve_) == 20
    assert cloner.loss_curve_[10] < 1.5 * first
    cold = BehaviorCloner(max_iter=10, random_state=0).fit(X, y).fit(X, y)
    assert cold.n_iter_ == 10


@pytest.mark.parametrize(
    "kind",
    [
        BehaviorCloner,
        pytest.param(BehaviorCloningClassifier, marks=pytest.mark.slow),
    ],
)
def test_sample_weight_is_repetition_in_expectation(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 1))
    y = np.sin(X[:, 0]) + rng.normal(size=60)
    y = y if kind is BehaviorCloner else y > 0
    predict = "predict" if kind is BehaviorCloner else "predict_proba"
    weight = rng.integers(0, 4, size=60)
    grid = np.linspace(-1, 1, 9)[:, None]
    options = {"hidden_layer_sizes": (10,), "max_iter": 30, "batch_size": 8}

    def mean_prediction(X, y, sample_weight, max_iter):
        options["max_iter"] = max_iter
        return np.mean(
            [
                getattr(
                    kind(**options, random_state=seed).fit(X, y, sample_weight),
                    predict,
                )(grid)
                for seed in range(8)
            ],
            axis=0,
        )

    # As many steps for each: the repeated data set has more samples.
    n_repeated = weight.sum()
    weighted = mean_prediction(X, y, weight, max_iter=round(n_repeated / 60 * 60))
    repeated = mean_prediction(
        np.repeat(X, weight, axis=0), np.repeat(y, weight), None, max_iter=60
    )
    plain = mean_prediction(X, y, None, max_iter=round(n_repeated / 60 * 60))
    difference = np.abs(weighted - repeated).max()
    assert difference < 0.1
    assert difference < 0.5 * np.abs(plain - repeated).max()


def test_alpha_shrinks_the_weights(data):
    X, y = data
    cloners = [
        BehaviorCloner(alpha=alpha, max_iter=20, random_state=0).fit(X, y)
        for alpha in (0.0, 0.1, 10.0)
    ]
    norms = [np.square(parameters(cloner)).sum() for cloner in cloners]
    assert norms[0] > 1.1 * norms[1] > 1.2 * norms[2]


def test_same_seed_same_bits_and_global_generators_untouched(data):
    X, y = data
    # The global state, which the linter has one avoid, is what is tested here.
    numpy_state = repr(np.random.get_state())  # noqa: NPY002
    torch_state = torch.get_rng_state()
    threads = torch.get_num_threads()
    one, two, other = (
        BehaviorCloner(max_iter=3, random_state=seed, early_stopping=True).fit(X, y)
        for seed in (0, 0, 1)
    )
    assert_array_equal(parameters(one), parameters(two))
    assert not np.array_equal(parameters(one), parameters(other))
    assert repr(np.random.get_state()) == numpy_state  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert torch.get_num_threads() == threads


BITS = """
import sys
import numpy as np
from skimitate import BehaviorCloner
rng = np.random.default_rng(0)
X, y = rng.normal(size=(2000, 60)), rng.normal(size=(2000, 8))
options = {"batch_size": 512, "max_iter": 2, "random_state": 0}
cloner = BehaviorCloner((256, 256), backend=sys.argv[1], **options).fit(X, y)
np.save(sys.argv[2], cloner.network_.vectors.numpy())
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_the_number_of_threads_does_not_change_a_bit(backend, tmp_path):
    fits = []
    for threads in ("1", "2"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, threads)
        path = str(tmp_path / f"{threads}.npy")
        command = [sys.executable, "-c", BITS, backend, path]
        subprocess.run(command, env=environment, check=True)
        fits.append(np.load(path))
    assert_array_equal(*fits)


def test_a_forked_process_can_fit(data):
    BehaviorCloner(max_iter=1).fit(*data)
    cloner = BehaviorCloner(max_iter=1, random_state=0)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        forked = pool.apply_async(cloner.fit, data).get(timeout=60)
    assert_array_equal(parameters(forked), parameters(cloner.fit(*data)))


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_copies_go_on_training_alike(data, tmp_path, backend):
    X, y = data
    original = BehaviorCloner(random_state=0, backend=backend)
    for _ in range(3):
        original.partial_fit(X, y)
    joblib.dump(original, tmp_path / "cloner.joblib")
    copies = [copy.deepcopy(original), joblib.load(tmp_path / "cloner.joblib")]
    for _ in range(2):
        original.partial_fit(X, y)
    for other in copies:
        for _ in range(2):
            other.partial_fit(X, y)
        assert_array_equal(parameters(other), parameters(original))


@pytest.mark.slow
def test_a_saved_model_predicts_alike_in_a_fresh_process(data, fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "cloner.joblib")
    np.save(tmp_path / "X.npy", data[0])
    script = (
        "import joblib, numpy as np\n"
        "X = np.load('X.npy')\n"
        "np.save('y.npy', joblib.load('cloner.joblib').predict(X))\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    assert_array_equal(np.load(tmp_path / "y.npy"), fitted.predict(data[0]))


@pytest.mark.parametrize(
    "backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)]
)
def test_grid_search_over_a_pipeline_with_groups(data, backend):
    X, y = data
    groups = np.repeat(np.arange(8), 50)
    pipeline = make_pipeline(
        RunningNormalizer(), BehaviorCloner(max_iter=5, random_state=0)
    )
    grid = {
        "behaviorcloner__hidden_layer_sizes": [(2,), (50, 50)],
        "behaviorcloner__learning_rate_init": [1e-3, 1e-5],
    }
    searches = []
    for n_jobs in (1, 2):
        with parallel_config(backend):
            search = GridSearchCV(pipeline, grid, cv=GroupKFold(4), n_jobs=n_jobs)
            searches.append(clone(search).fit(X, y, groups=groups))
    assert searches[0].best_params_ == {
        "behaviorcloner__hidden_layer_sizes": (50, 50),
        "behaviorcloner__learning_rate_init": 1e-3,
    }
    expected, scores = (search.cv_results_["mean_test_score"] for search in searches)
    assert_array_equal(scores, expected)
    assert_array_equal(searches[1].predict(X), searches[0].predict(X))


def test_fits_in_threads_leave_the_limits_on_threads_alone(data):
    limits = [library["num_threads"] for library in threadpool_info()]
    Parallel(n_jobs=4, backend="threading")(
        delayed(BehaviorCloner(max_iter=20, random_state=i).fit)(*data)
        for i in range(8)
    )
    assert [library["num_threads"] for library in threadpool_info()] == limits


class StopAfter:
    """A callback that counts epochs and stops at a number of them."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs
        self.ended = 0

    def setup(self, estimator, context):
        self.set_up = True

    def teardown(self, estimator, context):
        self.torn_down = True

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.ended += 1
            return self.ended == self.n_epochs
        return False


def test_callbacks_follow_epochs_and_may_stop(data):
    callback = StopAfter(3)
    cloner = BehaviorCloner(random_state=0).set_callbacks(callback).fit(*data)
    assert cloner.n_iter_ == callback.ended == 3
    assert callback.set_up
    assert callback.torn_down


def test_scoring_monitor_sees_the_policy_of_each_epoch(data):
    monitor = ScoringMonitor(scoring="r2")
    cloner = BehaviorCloner(max_iter=4, random_state=0).set_callbacks(monitor)
    cloner.fit(*data)
    log = monitor.get_logs(select="most_recent").data
    scores = [row["r2"] for row in log if row["task_name"] == "epoch"]
    assert len(scores) == 4
    assert scores[-1] == pytest.approx(cloner.score(*data))
    assert scores[0] < scores[-1]


def test_verbose_prints_each_epoch_without_validation(data, capsys):
    BehaviorCloner(max_iter=2, verbose=True).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["Epoch 1", "Epoch 2"]
    assert "validation" not in lines[1]


def test_verbose_prints_each_epoch(data, capsys):
    BehaviorCloner(max_iter=2, early_stopping=True, verbose=True).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Epoch 2, loss = ")
    assert "validation score" in lines[1]


def test_a_single_sample_and_integers_fit():
    cloner = BehaviorCloner(max_iter=2).fit(np.array([[1, 2, 3]]), np.array([[4, 5]]))
    assert cloner.predict(np.array([[1, 2, 3]])).shape == (1, 2)


X, Y = np.zeros((5, 2)), np.zeros((5, 3))


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (X + np.nan, Y, ValueError, "Input X contains NaN"),
        (X + np.inf, Y, ValueError, "Input X contains infinity"),
        (X, Y + np.nan, ValueError, "Input y contains NaN"),
        (X, Y - np.inf, ValueError, "Input y contains infinity"),
        (X[:0], Y[:0], ValueError, r"X: Found array with 0 sample"),
        (X[:, :0], Y, ValueError, r"X: Found array with 0 feature"),
        (X, Y[:4], ValueError, r"X and y: .*: \[5, 4\]"),
        (X, np.zeros((5, 0)), ValueError, r"y: Found array with 0 feature"),
        (
            X,
            np.zeros((5, 2, 2)),
            ValueError,
            "y: expected shape",
        ),
        (X.astype(str), Y, ValueError, "X: .*bytes/strings"),
        (X.tolist(), Y.astype(str), ValueError, "y: .*bytes/strings"),
        (X, np.full((5, 1), {}), TypeError, "y: .*argument must be .* number"),
        (np.full((5, 2), {}), Y, TypeError, "X: .*argument must be .* number"),
        (np.full((5, 2), "a", object), Y, ValueError, "X: could not convert"),
        (X.astype("M8[s]"), Y, ValueError, r"X: expected .* got dtype datetime64"),
        ([[1, 2], [3]], [1, 2], ValueError, "X: setting an array element"),
        (X, Y * 1j, ValueError, "y: Complex data not supported"),
        (X[0], Y, ValueError, "X: Expected 2D array, got 1D array"),
        (X, None, ValueError, "requires y to be passed"),
    ],
)
def test_bad_data(X, y, error, message):
    with pytest.raises(error, match=message):
        BehaviorCloner().fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": (50, 0)}, r"hidden_layer_sizes: .* got \(50, 0\)"),
        ({"hidden_layer_sizes": (2.5,)}, r"hidden_layer_sizes: .* got \(2.5,\)"),
        ({"activation": "gelu"}, "'activation' parameter .* Got 'gelu'"),
        ({"batch_size": 0}, "'batch_size' parameter .* Got 0"),
        ({"ema_decay": 1.0}, "'ema_decay' parameter .* Got 1.0"),
        ({"max_iter": 0}, "'max_iter' parameter .* Got 0"),
        ({"device": "abacus"}, "device: expected one .* got 'abacus'"),
        ({"device": "meta", "backend": "compiled"}, "backend: expected .* 'compiled'"),
        ({"device": "cuda:7"}, "device: expected one .* got 'cuda:7'"),
        ({"early_stopping": True}, "validation_fraction: .* got 1 and 4"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        BehaviorCloner(**parameters).fit(X, Y)


def test_what_does_not_fit_the_fitted_model(data):
    frame = pd.DataFrame(data[0], columns=["a", "b", "c", "d"])
    cloner = BehaviorCloner(max_iter=1, warm_start=True).fit(frame, data[1])
    with pytest.raises(ValueError, match="feature names should match"):
        cloner.predict(frame.rename(columns={"a": "z"}))
    with pytest.raises(ValueError, match="feature names should match"):
        cloner.partial_fit(frame[["a", "b", "c"]], data[1])
    with pytest.raises(ValueError, match="y: expected 2 outputs, got 1"):
        cloner.partial_fit(frame, data[1][:, :1])
    with pytest.raises(ValueError, match=r"hidden_layer_sizes, activation, .*\(7,\)"):
        cloner.set_params(hidden_layer_sizes=(7,)).fit(frame, data[1])
    cloner.set_params(hidden_layer_sizes=(50, 50), n_networks=2)
    with pytest.raises(
        ValueError, match=r"n_networks: expected .* and 1, got .* and 2"
    ):
        cloner.continue_fit(frame, data[1])
    with pytest.raises(NotFittedError):
        BehaviorCloner().predict(data[0])


def test_warm_start_heeds_changed_parameters(data):
    X, y = data
    cloner = BehaviorCloner(max_iter=3, warm_start=True, random_state=0).fit(X, y)
    before = cloner.predict(X)
    same = cloner.set_params(learning_rate_init=1e-30, ema_decay=None).fit(X, y)
    iterate = same.predict(X)
    assert not np.allclose(iterate, before, atol=1e-6)  # the iterate, not its average
    assert_allclose(same.fit(X, y).predict(X), iterate, atol=1e-6)
    for normalize in (False, True):
        cloner.set_params(normalize=normalize).fit(X, y)
        assert (cloner.normalizer_ is not None) == normalize
        assert_allclose(cloner.predict(X), iterate, atol=2e-4)
    with pytest.raises(ValueError, match="device: expected"):
        cloner.set_params(device="abacus").fit(X, y)


@pytest.mark.parametrize(
    ("changes", "bad", "message"),
    [
        ({}, (np.zeros((5, 2)), np.zeros((5, 2)), -np.ones(5)), "Negative values"),
        ({"device": "abacus"}, (np.zeros((5, 2)), np.zeros((5, 2))), "device"),
        ({}, (np.zeros((5, 2)), np.full((5, 2), np.nan)), "y contains NaN"),
        ({"learning_rate_init": 1e38}, (np.eye(5, 2), np.eye(5, 2)), "loss became"),
        ({"normalize": False}, (np.ones((5, 2)), np.full((5, 2), 1e39)), "y: expected"),
    ],
)
def test_a_failed_fit_leaves_the_fitted_model_alone(fitted, changes, bad, message):
    cloner = copy.deepcopy(fitted).set_params(**changes)
    X = np.random.default_rng(0).normal(size=(5, 4))
    before = cloner.predict(X)
    with pytest.raises(ValueError, match=message):
        cloner.fit(*bad)
    assert_array_equal(cloner.predict(X), before)
    unfitted = clone(cloner)
    with pytest.raises(ValueError, match=message):
        unfitted.fit(*bad)
    with pytest.raises(NotFittedError):
        unfitted.predict(X)


@pytest.mark.parametrize(
    ("backend", "warm"),
    [
        ("compiled", False),
        ("compiled", True),
        ("torch", False),
        pytest.param("torch", True, marks=pytest.mark.slow),
    ],
)
def test_a_failed_continuation_leaves_the_training_alone(data, backend, warm):
    X, y = data
    options = {"backend": backend, "max_iter": 3, "random_state": 0}
    failing, other = (
        BehaviorCloner(warm_start=warm, **options).fit(X, y) for _ in range(2)
    )
    before = failing.predict(X)
    train = failing.fit if warm else failing.partial_fit
    failing.set_params(learning_rate_init=1e38)
    with pytest.raises(ValueError, match="loss became"):
        train(X * 5 + 3, y * 7)
    failing.set_params(learning_rate_init=1e-3)
    assert_array_equal(failing.predict(X), before)
    for cloner in (failing, other):
        (cloner.fit if warm else cloner.partial_fit)(X, y)
    assert_array_equal(failing.predict(X), other.predict(X))
    assert failing.loss_curve_ == other.loss_curve_


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_what_is_no_number_is_no_action(data, activation):
    X, y = data
    cloner = BehaviorCloner(activation=activation, max_iter=1).fit(X, y)
    for bad in (X[0] * np.nan, np.append(X[0, :3], np.nan)):
        assert np.isnan(cloner.act(bad)).all()
        assert np.isnan(cloner.act(np.array([bad, bad]))).all()


def test_act_refuses_other_widths(fitted):
    for shape in ((5, 1), (1, 1), (3,), (2, 3, 4)):
        with pytest.raises(ValueError, match="observation: expected 4 features, got"):
            fitted.act(np.zeros(shape))


def test_networks_and_batches_of_any_size_are_met_by_name(data):
    X, y = data
    for size in (2**40, 2**63, 10**30):
        for parameters in ({"hidden_layer_sizes": (size,)}, {"n_networks": size}):
            with pytest.raises(ValueError, match=r"hidden_layer_sizes.*: expected"):
                BehaviorCloner(**parameters, max_iter=1).fit(X, y)
    for backend in ("torch", "compiled"):
        cloner = BehaviorCloner(batch_size=10**30, max_iter=1, backend=backend)
        cloner.fit(X, y, sample_weight=np.full(400, 1e308))
        assert np.isfinite(cloner.predict(X)).all()


def test_training_inside_no_grad(data):
    with torch.no_grad():
        BehaviorCloner(max_iter=1, backend="torch").fit(*data)


def test_a_memory_mapped_model(data, fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "cloner.joblib")
    mapped = joblib.load(tmp_path / "cloner.joblib", mmap_mode="r")
    assert_array_equal(mapped.predict(data[0]), fitted.predict(data[0]))
    mapped.partial_fit(*data)


def test_weights_that_are_not_finite_are_reported(data):
    with pytest.raises(ValueError, match="loss became"):
        BehaviorCloner(learning_rate_init=1e38, max_iter=1, batch_size=400).fit(*data)


def test_strided_rows_and_frames(data, fitted):
    X = data[0]
    expected = fitted.predict(X)[3]
    wide = np.repeat(X, 2, axis=1)[:, ::2]
    for row in (np.asfortranarray(X)[3], wide[3], X[:, ::-1][3][::-1]):
        assert_allclose(fitted.act(row), expected, rtol=1e-12)
        assert_allclose(fitted.act(row[None]), expected[None], rtol=1e-12)
    frame = pd.DataFrame(np.asfortranarray(X), columns=list("abcd"))
    cloner = BehaviorCloner(max_iter=1, random_state=0).fit(frame, data[1])
    assert_allclose(cloner.predict(frame.iloc[3:4]), cloner.predict(frame)[3:4])
    for backend in ("torch", "compiled"):
        cloner.set_params(backend=backend, normalize=False).fit(X[::-1], data[1][::-1])


def test_divergence_is_reported(data):
    with pytest.raises(ValueError, match=r"loss became \S+ in epoch .* too"):
        BehaviorCloner(learning_rate_init=1e37).fit(*data)
