"""Threads and processes: estimators answer and learn in them as they do alone."""

import multiprocessing
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from benches import benchmark_modules
from cases import quick_first
from numpy.testing import assert_array_equal
from saved import ESTIMATORS, MODELS, acting, classes, classifier, regressor, sample
from sklearn.base import clone

from skimitate import RunningNormalizer

ACTING = [kind for kind in ESTIMATORS if kind != "RunningNormalizer"]
WITHOUT_ROUNDS = [kind for kind in ACTING if "DAgger" not in kind]


@pytest.fixture(scope="module")
def threads():
    with benchmark_modules("threads") as modules:
        yield modules.threads


@pytest.mark.parametrize("kind", quick_first(ACTING, *WITHOUT_ROUNDS))
def test_eight_threads_get_the_serial_answers(threads, kind):
    model = MODELS[kind]()
    X = np.random.default_rng(1).normal(size=(20, model.n_features_in_))
    found = threads.ask_in_threads(threads.questions(model, X), 8, seconds=0.1)
    assert found.n_answers >= 8 * 4
    assert (found.n_wrong, found.errors) == (0, [])


@pytest.mark.slow
def test_eight_threads_get_the_serial_answers_for_a_second(threads):
    X = np.random.default_rng(1).normal(size=(64, 11))
    for name, model in threads.estimators().items():
        found = threads.ask_in_threads(threads.questions(model, X), 8, seconds=1.0)
        assert (found.n_wrong, found.errors) == (0, []), name


def test_wrong_answers_and_errors_are_seen(threads):
    counter = iter(range(10**9))
    found = threads.ask_in_threads([lambda: np.array(next(counter))], 2, seconds=0.01)
    assert found.n_wrong == found.n_answers > 0
    asked = []

    def fail():
        asked.append(1)
        if len(asked) > 1:  # alone it answers
            raise OSError("gone")
        return 0

    assert len(threads.ask_in_threads([fail], 2, seconds=0.01).errors) == 2


@pytest.mark.parametrize(
    "backend", ["compiled", pytest.param("torch", marks=pytest.mark.slow)]
)
def test_four_fits_in_threads_are_the_serial_ones(backend):
    X, y = sample(400)
    models = [
        regressor().set_params(backend=backend, max_iter=5, random_state=seed)
        for seed in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda model: clone(model).fit(X, y), models))
    for model, threaded in zip(models, together, strict=True):
        assert_array_equal(threaded.predict(X), model.fit(X, y).predict(X))


@pytest.mark.parametrize(
    "kind", quick_first(ESTIMATORS, "RunningNormalizer", *WITHOUT_ROUNDS)
)
def test_four_fits_of_a_kind_are_the_same(kind):
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: ESTIMATORS[kind](), range(4)))
    for model in together:
        assert_array_equal(acting(model), acting(MODELS[kind]()))


def answers_of_a_process(model):
    """Act by what came, and train: all that a worker does."""
    X, y = classes() if hasattr(model, "classes_") else sample()
    again = clone(model).fit(X, y)
    return model.predict(X), again.predict(X), RunningNormalizer().fit(X).mean_


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_all_kinds_work_after_a_fit(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this platform has no {method}")
    models = [regressor().fit(*sample(2000)), classifier().fit(*classes(2000))]
    with warnings.catch_warnings():
        # Newer versions of Python warn that threads are running, which is the point.
        warnings.simplefilter("ignore", DeprecationWarning)
        with multiprocessing.get_context(method).Pool(2) as pool:
            jobs = pool.map_async(answers_of_a_process, models)
            found = jobs.get(timeout=120)
    for model, answers in zip(models, found, strict=True):
        for answer, expected in zip(answers, answers_of_a_process(model), strict=True):
            assert_array_equal(answer, expected)
