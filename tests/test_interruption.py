"""Ctrl-C in the middle of a fit: what was learnt is kept, and what is around ends."""

import gc
import os
import pickle
import signal
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from toy import PointEnv, expert

from skimitate import BehaviorCloner, BehaviorCloningClassifier, DAggerRegressor
from skimitate._seeds import generators
from skimitate.cloning._network import MLP
from skimitate.cloning._settings import Settings
from skimitate.cloning._signals import rows_of_a_call
from skimitate.cloning._trainer import Trainer
from skimitate.kernels import mlp as kernel

FOR_EVER = 10**9

# Python drops an interruption that comes while it destroys something, and warns.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def old_things():
    """Look once, and not before each test, at all that is there."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_garbage(old_things):
    """Let nothing be destroyed that other tests have left."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    return X, np.tanh(X[:, :2] - X[:, 2:]) + 0.3 * rng.normal(size=(200, 2))


class CtrlC:
    """A callback that interrupts when an epoch begins or has ended."""

    def __init__(self, epoch, when="end"):
        self.epoch = epoch
        self.when = when
        self.n = {"begin": 0, "end": 0}

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.count("begin", context)

    def on_fit_task_end(self, estimator, context):
        self.count("end", context)

    def count(self, when, context):
        self.n[when] += context.task_name == "epoch"
        if self.n[when] == self.epoch and self.when == when:
            self.epoch = None
            os.kill(os.getpid(), signal.SIGINT)


def interrupt(cloner, callback, train, *arguments, **options):
    """Train, and be interrupted by a callback."""
    cloner.set_callbacks(callback)
    with pytest.raises(KeyboardInterrupt) as caught:
        getattr(cloner, train)(*arguments, **options)
    assert caught.type is KeyboardInterrupt
    return cloner


@contextmanager
def ctrl_c_after(seconds, since=None):
    """Expect to be interrupted, by a signal that is sent again if it gets lost."""
    noticed = threading.Event()

    def press():
        if since is not None:
            since.wait()
        pause = seconds
        while not noticed.wait(pause):
            os.kill(os.getpid(), signal.SIGINT)
            pause = 5.0

    thread = threading.Thread(target=press)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        noticed.set()
        thread.join()


def cloner_of(kind=BehaviorCloner, **options):
    return kind(**{"hidden_layer_sizes": (8,), "random_state": 0} | options)


@pytest.mark.parametrize("kind", [BehaviorCloner, BehaviorCloningClassifier])
@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_what_was_learnt_acts(data, backend, kind):
    X, y = data
    y = y if kind is BehaviorCloner else y > 0
    options = {"backend": backend, "batch_size": 50, "kind": kind}
    shorter = cloner_of(max_iter=3, **options).fit(X, y)
    cloner = interrupt(cloner_of(**options), CtrlC(3), "fit", X, y)
    assert cloner.n_iter_ == len(cloner.loss_curve_) == 3
    assert_array_equal(cloner.predict(X), shorter.predict(X))
    assert_array_equal(cloner.act(X[0]), shorter.act(X[0]))
    assert cloner.loss_curve_ == shorter.loss_curve_
    again = pickle.loads(pickle.dumps(cloner))
    for other in (shorter, cloner, again):
        other.set_callbacks().set_params(warm_start=True, max_iter=2).partial_fit(X, y)
        other.fit(X, y)
        assert other.n_iter_ == len(other.loss_curve_) == 6
        assert_array_equal(other.predict(X), shorter.predict(X))


def test_the_best_weights_so_far_act(data):
    X, y = data
    options = {"early_stopping": True, "learning_rate_init": 0.1, "ema_decay": None}
    options["activation"] = "relu"
    whole = cloner_of(n_iter_no_change=50, max_iter=50, **options).fit(X, y)
    best = int(np.argmax(whole.validation_scores_[:30]))
    assert 0 < best < 29
    cloner = cloner_of(n_iter_no_change=50, **options)
    interrupt(cloner, CtrlC(30), "fit", X, y)
    assert cloner.n_iter_ == len(cloner.loss_curve_) == 30
    assert cloner.validation_scores_ == whole.validation_scores_[:30]
    assert cloner.best_validation_score_ == max(cloner.validation_scores_)
    shorter = cloner_of(max_iter=best + 1, **options).fit(X, y)
    assert_array_equal(cloner.predict(X), shorter.predict(X))


def test_before_the_first_step_nothing_was_learnt(data):
    X, y = data
    never = interrupt(cloner_of(), CtrlC(1, "begin"), "fit", X, y)
    with pytest.raises(NotFittedError):
        never.predict(X)
    for train in ("fit", "partial_fit", "continue_fit"):
        cloner, other = (cloner_of(max_iter=2).fit(X, y) for _ in range(2))
        interrupt(cloner, CtrlC(1, "begin"), train, 3 * X + 1, 5 * y + 7)
        assert_array_equal(cloner.predict(X), other.predict(X))
        assert cloner.loss_curve_ == other.loss_curve_
        for each in (cloner, other):
            each.set_callbacks().partial_fit(X, y)
        assert_array_equal(cloner.predict(X), other.predict(X))


def test_what_goes_on_keeps_what_it_adds(data):
    X, y = data
    for train, n_epochs in (("continue_fit", 3), ("fit", 3), ("partial_fit", 1)):
        options = {"n_epochs": 9} if train == "continue_fit" else {}
        cloner = cloner_of(max_iter=2, warm_start=True).fit(X, y)
        cloner.set_params(max_iter=9)
        interrupt(cloner, CtrlC(n_epochs), train, 2 * X, y + 1, **options)
        other = cloner_of(max_iter=2, warm_start=True).fit(X, y)
        if train == "partial_fit":
            other.partial_fit(2 * X, y + 1)
        else:
            other.continue_fit(2 * X, y + 1, n_epochs=n_epochs)
        assert cloner.n_iter_ == 2 + n_epochs
        assert_array_equal(cloner.predict(X), other.predict(X))


@pytest.mark.parametrize(
    "backend", ["compiled", pytest.param("torch", marks=pytest.mark.slow)]
)
def test_a_signal_in_the_middle_of_an_epoch(data, backend):
    X, y = (np.tile(array, (200, 1)) for array in data)
    cloner = cloner_of(backend=backend, max_iter=FOR_EVER, warm_start=True)
    cloner.partial_fit(X[:200], y[:200])
    n_iter = 1
    for seconds in (0.15, 0.21, 0.26):
        with ctrl_c_after(seconds):
            cloner.fit(X, y)
        assert cloner.n_iter_ == len(cloner.loss_curve_) >= n_iter
        n_iter = cloner.n_iter_
        assert np.isfinite(cloner.predict(X[:9])).all()
        again = pickle.loads(pickle.dumps(cloner))
        assert_array_equal(again.predict(X[:9]), cloner.predict(X[:9]))
    assert_array_equal(
        again.partial_fit(X[:200], y[:200]).predict(X),
        cloner.partial_fit(X[:200], y[:200]).predict(X),
    )


class Stopwatch(CtrlC):
    """A callback that takes the times at which an epoch begins and ends."""

    def __init__(self):
        self.times = {}
        self.begun = threading.Event()

    def count(self, when, context):
        if context.task_name == "epoch":
            self.times[when] = time.perf_counter()
            self.begun.set()

    def fit(self, X):
        cloner = cloner_of(hidden_layer_sizes=(50, 50), max_iter=1)
        return cloner.set_callbacks(self).fit(X, X)


@pytest.mark.slow
def test_no_call_of_the_kernel_keeps_a_signal_waiting():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500_000, 3)).astype(np.float32)
    first, second = Stopwatch(), Stopwatch()
    first.fit(X)
    whole = first.times["end"] - first.times["begin"]
    # When a tenth of the epoch is done; a call of the kernel does another tenth.
    with ctrl_c_after(whole / 10, since=second.begun):
        second.fit(X)
    assert time.perf_counter() - second.times["begin"] < 0.7 * whole
    assert "end" not in second.times


@pytest.mark.parametrize(
    ("n_networks", "batch_size", "weighted"),
    [pytest.param(1, 32, False, marks=pytest.mark.slow), (2, 1000, True)],
)
def test_an_epoch_in_parts_is_an_epoch_in_one(n_networks, batch_size, weighted):
    rng = np.random.default_rng(0)
    sizes = (2, 3, 1)
    n = 300_000 + batch_size // 2
    assert rows_of_a_call(n_networks, 13, batch_size) < n
    X = rng.normal(size=(n, 2))
    weight = rng.uniform(0, 2, size=n) if weighted else None
    network = MLP(sizes, "tanh", n_networks).initialize(generators(0, n_networks))
    vectors = [network.vectors.numpy().copy()]
    vectors += [np.zeros_like(vectors[0]) for _ in range(2)]
    average, n_steps = vectors[0].copy(), np.zeros(1, np.intp)
    trainer = Trainer(
        network,
        Settings("squared_error", 0.01, batch_size, 1e-3, 0.99, "compiled", "cpu"),
    )
    samples = trainer.prepare(X, X[:, :1], weight)
    orders = np.stack([rng.permutation(n) for _ in range(n_networks)])
    loss = trainer.run_epoch(samples, orders)
    choices = kernel.ACTIVATIONS["tanh"], kernel.LOSSES["squared_error"]
    expected = kernel.train_epoch(
        *samples,
        orders,
        np.array(sizes),
        *choices,
        np.array(sizes[-1:]),
        *vectors,
        average,
        n_steps,
        batch_size,
        1e-3,
        0.01,
        0.99,
    )
    assert trainer.n_steps == n_steps[0] == -(-n // batch_size)
    state = trainer.state()["memory"]
    assert_array_equal(state[0], vectors[0])
    assert_array_equal(state[1], average)
    assert_array_equal(state[2:], vectors[1:])
    assert_allclose(loss, expected, rtol=1e-12)


class _Interrupting:
    """A tracer that interrupts where the n-th line of a package begins."""

    def __init__(self, n, package):
        self.left = n
        self.package = f"skimitate/{package}"

    def __call__(self, frame, event, argument):
        if self.package not in frame.f_code.co_filename.replace(os.sep, "/"):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def interrupted_at_line(n, function, *arguments, package="cloning"):
    """Call a function, and return whether it was interrupted."""
    tracer, before = _Interrupting(n, package), sys.gettrace()
    sys.settrace(tracer)
    try:
        function(*arguments)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def assert_in_order(cloner, before, X, y):
    """A cloner is fitted and goes on, or is what it was."""
    if not hasattr(cloner, "network_"):
        assert vars(cloner) == before
        return
    n_before = len(before.get("validation_scores_") or [])
    assert cloner.n_iter_ == len(cloner.loss_curve_)
    if cloner.validation_scores_ is not None:
        new = cloner.validation_scores_[n_before:]
        assert cloner.best_validation_score_ >= max(new, default=-np.inf)
    predicted = cloner.predict(X)
    assert np.isfinite(predicted).all()
    again = pickle.loads(pickle.dumps(cloner))
    assert_array_equal(again.predict(X), predicted)
    # What acts is what training goes on from: without a step to speak of, it stays.
    cloner.set_params(learning_rate_init=1e-30, early_stopping=False, ema_decay=None)
    cloner.continue_fit(X, y)
    assert cloner.n_iter_ == again.n_iter_ + 1
    assert_allclose(cloner.predict(X), predicted, atol=1e-3)


def interrupt_at_lines(make, data, step):
    """Interrupt a fit at every few lines, and look at what it leaves."""
    X, y = data
    n = 1
    while True:
        cloner = make()
        before = dict(vars(cloner))
        interrupted = interrupted_at_line(n, cloner.fit, X, y)
        assert_in_order(cloner, before, X, y)
        if not interrupted:
            return n
        n += step


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("step", [307, pytest.param(1, marks=pytest.mark.slow)])
def test_interrupted_at_any_line_it_is_in_order(data, early_stopping, warm, step):
    X, y = data
    options = {"early_stopping": early_stopping, "ema_decay": None, "max_iter": 2}
    fitted = cloner_of(warm_start=True, **options).fit(2 * X, y - 1)

    def make():
        return pickle.loads(pickle.dumps(fitted)) if warm else clone(fitted)

    assert interrupt_at_lines(make, (X, y), step) > 200


@pytest.mark.parametrize("step", [307, pytest.param(1, marks=pytest.mark.slow)])
def test_a_classifier_that_is_interrupted_at_any_line_is_in_order(data, step):
    X, y = data
    y = np.digitize(y, [-0.5, 0.5])
    options = {"kind": BehaviorCloningClassifier, "max_iter": 2, "warm_start": True}
    fitted = cloner_of(ema_decay=None, early_stopping=True, **options).fit(2 * X, y)

    def make():
        return pickle.loads(pickle.dumps(fitted))

    assert interrupt_at_lines(make, (X, y), step) > 200


def test_a_search_stops_as_well(data):
    grid = {"alpha": [0.0, 1.0]}
    search = GridSearchCV(cloner_of(max_iter=FOR_EVER), grid, cv=2)
    with ctrl_c_after(0.2):
        search.fit(*data)
    assert not hasattr(search, "cv_results_")


@pytest.mark.parametrize("fitted", [False, True])
def test_dagger_stops_and_is_as_it_was(fitted):
    X = np.random.default_rng(0).normal(size=(50, 2))
    options = {"n_rounds": 2, "n_epochs_per_round": 2, "n_eval_episodes": 1}
    dagger = DAggerRegressor(
        cloner_of(max_iter=2), env=PointEnv, expert=expert, random_state=0, **options
    )
    if fitted:
        dagger.fit(X, expert(X))
    before = dict(vars(dagger))
    for changes in (
        {"estimator__max_iter": FOR_EVER},
        {"n_epochs_per_round": FOR_EVER},
    ):
        dagger.set_params(**changes)
        with ctrl_c_after(0.2):
            dagger.fit(X, expert(X))
        dagger.set_params(estimator__max_iter=2, n_epochs_per_round=2)
        run = vars(dagger).pop("_run", None)
        if run is not None:  # what acts is the best round so far
            assert dagger.best_round_ == len(dagger.history_) - 1 == 0
            vars(dagger).clear()
            vars(dagger).update(before)
        assert vars(dagger) == before
    # What was learnt before the interruption is not lost.
    dagger._run = run
    assert [record["round"] for record in dagger.finish().history_] == [0]
