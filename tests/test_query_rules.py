"""The rules that are held against chance in the benchmark of labels."""

from types import SimpleNamespace

import numpy as np
import pytest
from benches import benchmark_modules


@pytest.fixture(scope="module")
def bench():
    with benchmark_modules("query_rules") as modules:
        yield modules


class Networks:
    """Four policies, which disagree as much as the first observation is large."""

    normalizer_ = SimpleNamespace(transform=lambda X: X / np.array([1.0, 10.0]))

    def predict(self, X, return_std):
        assert return_std
        return X, np.abs(X[:, :1]) * np.ones(2)


def test_novelty_asks_about_the_farthest_and_remembers_it(bench):
    visited = np.array([[0.0, 0.0], [3.0, 0.0], [3.1, 0.0], [0.0, 20.0], [0.0, 1.0]])
    rule = bench.query_rules.make_rule("novelty", 2, np.zeros((1, 2)))
    # Not the two of one stretch; in the units of the learner 20 is 2.
    assert sorted(rule(visited, Networks())) == [2, 3]
    assert sorted(rule(visited, Networks())) == [1, 4]
    assert sorted(rule(visited[:1], Networks())) == [0]
    same = bench.query_rules.make_rule("novelty", 3, np.zeros((1, 2)))
    assert sorted(same(np.ones((4, 2)), Networks())) == [0, 1, 2]


def test_a_rule_that_is_none_is_named(bench):
    with pytest.raises(ValueError, match=r"^name: expected a rule, got 'chance'$"):
        bench.query_rules.make_rule("chance", 2, np.zeros((1, 2)))


def test_disagreement_asks_where_the_networks_do(bench):
    visited = np.array([[0.0, 1.0], [-5.0, 2.0], [1.0, 1.0], [3.0, 3.0]])
    make = bench.query_rules.make_rule
    top = make("disagreement", 2, visited)
    assert sorted(top(visited, Networks())) == [1, 3]
    assert sorted(top(visited[:1], Networks())) == [0]
