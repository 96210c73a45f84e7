"""What threads get that ask one fitted estimator at once: the serial answers, how fast.

Every kind of estimator is asked for batches by ``predict`` and for single actions by
``act``, for some seconds, by some threads.

    python benchmarks/threads.py [--threads 8] [--seconds 10]
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import skimitate as sk

Ask = Callable[[], Any]


class Answers(NamedTuple):
    """How many answers came, and how many of them were not the serial one."""

    n_answers: int
    n_wrong: int
    errors: list[Exception]


def ask_in_threads(asks: Sequence[Ask], n_threads: int, seconds: float) -> Answers:
    """Have threads ask the same for some time, each in another order.

    Parameters
    ----------
    asks : sequence of callable
        Each gives an array, always the same.
    n_threads : int
        How many threads ask.
    seconds : float
        For how long; each asks everything once at least.

    Returns
    -------
    Answers
    """
    expected = [np.array(ask()) for ask in asks]
    counts, wrong, errors = [0] * n_threads, [0] * n_threads, []
    ready = threading.Barrier(n_threads)

    def run(thread: int) -> None:
        ready.wait()
        until = time.perf_counter() + seconds
        n = thread
        try:
            while time.perf_counter() < until or n < thread + len(asks):
                answer = asks[n % len(asks)]()
                wrong[thread] += not np.array_equal(answer, expected[n % len(asks)])
                n += 1
        except Exception as error:  # whatever two threads do to each other
            errors.append(error)
        counts[thread] = n - thread

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Answers(sum(counts), sum(wrong), errors)


def questions(estimator: Any, X: np.ndarray) -> list[Ask]:
    """Return what to ask an estimator: batches of several sizes, and single actions."""
    asks = [lambda n=n: estimator.predict(X[:n]) for n in (1, 7, len(X))]
    if hasattr(estimator, "act"):
        asks += [lambda row=row: estimator.act(row) for row in X[:5]]
    else:  # with a memory: each thread has a policy of its own
        asks += [lambda: _episode(sk.as_policy(estimator), X[:9])]
    return asks


def _episode(policy: Any, observations: np.ndarray) -> np.ndarray:
    policy.reset()
    return np.array([policy.act(observation) for observation in observations])


def estimators() -> dict[str, Any]:
    """Return one of each kind, of 11 observations and 3 actions."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 11))
    y = np.tanh(X[:, :3])
    episodes = np.repeat(np.arange(20), 100)
    labels = (y > 0).astype(int)
    once = {"max_iter": 2, "random_state": 0}
    cloner, classifier = (
        sk.BehaviorCloner(**once),
        sk.BehaviorCloningClassifier(**once),
    )
    recurrent = sk.RecurrentBehaviorCloner, sk.RecurrentBehaviorCloningClassifier
    return {
        "BehaviorCloner": cloner.fit(X, y),
        "BehaviorCloner of 4": sk.BehaviorCloner(n_networks=4, **once).fit(X, y),
        "BehaviorCloningClassifier": classifier.fit(X, labels),
        "RecurrentBehaviorCloner": recurrent[0](**once).fit(X, y, groups=episodes),
        "RecurrentBehaviorCloningClassifier": recurrent[1](**once).fit(
            X, labels, groups=episodes
        ),
        "HistoryRegressor": sk.HistoryRegressor(cloner, 3).fit(X, y, groups=episodes),
        "HistoryClassifier": sk.HistoryClassifier(classifier, 3).fit(
            X, labels, groups=episodes
        ),
        "DAggerRegressor": sk.DAggerRegressor(cloner).fit(X, y),
        "DAggerClassifier": sk.DAggerClassifier(classifier).fit(X, labels),
    }


def main() -> int:
    """Print the table; return 1 if any answer was another one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    X = np.random.default_rng(1).normal(size=(64, 11))
    print("| estimator | answers a second | wrong | errors |")
    print("| --- | --- | --- | --- |")
    failed = False
    for name, estimator in estimators().items():
        asks = questions(estimator, X)
        found = ask_in_threads(asks, options.threads, options.seconds)
        rate = found.n_answers / options.seconds
        print(f"| `{name}` | {rate:,.0f} | {found.n_wrong} | {len(found.errors)} |")
        failed |= bool(found.n_wrong or found.errors)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
