"""Runs of DAgger to be compared: in one piece, in two halves, with a stop between."""

import numpy as np
from numpy.testing import assert_array_equal, assert_equal


def curved(observations):
    """An expert of whom a linear learner depends on which states are labelled.

    It leads to another state in each step, however many there are.
    """
    return 0.2 * np.sin(3 * observations) - 0.1 * observations


def demonstrations(n=12, expert=curved):
    """States of which someone knows what to do there."""
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, expert(X)


def numbers(model, name):
    """What the records of all rounds have under a name."""
    return [record[name] for record in model.history_]


def same_run(one, other):
    """Assert that two runs came to the same, to the last bit."""
    X = np.random.default_rng(1).normal(size=(7, one.n_features_in_))
    assert_array_equal(one.predict(X), other.predict(X))
    records = [
        [{**record, "seconds": 0} for record in model.history_]
        for model in (one, other)
    ]
    assert_equal(*records)
    assert one.best_round_ == other.best_round_
    assert one.expert_return_ == other.expert_return_
