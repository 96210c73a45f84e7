"""The smallest and the wrong of what acts: no observation, no layer, no memory."""

import numpy as np
import pytest
from runs import dagger, demonstrations

from skimitate import BehaviorCloner, as_policy
from skimitate.kernels import mlp as kernel


def act(**changes):
    """Let the kernel act for a layer from 3 inputs to 2 outputs."""
    given = {
        "observation": np.zeros(3),
        "units": np.repeat([0.0, 1.0, 0.0, 1.0], [3, 3, 2, 2]),
        "layer_sizes": np.array([3, 2]),
        "activation": 0,
        "parameters": np.ones((1, 8), dtype=np.float32),
        "out": np.empty(2),
    } | changes
    kernel.act(*given.values())
    return given["out"]


def test_the_kernel_acts():
    np.testing.assert_array_equal(act(observation=np.array([1.0, 2.0, 3.0])), [7, 7])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer_sizes": []}, "^layer_sizes must have at least 2 entries, got 0"),
        ({"layer_sizes": [3]}, "^layer_sizes must have at least 2 entries, got 1"),
        ({"layer_sizes": [3, 0, 2]}, "^layer_sizes must be between 1 and .*, got 0"),
        ({"layer_sizes": [3, -1]}, "^layer_sizes must be between 1 and .*, got -1"),
        ({"layer_sizes": [3, 2**40]}, "^layer_sizes must be between 1 and"),
        ({"layer_sizes": [4, 2]}, "^observation: expected 4 features, got 3"),
        ({"layer_sizes": [3, 3]}, "^units must have length 12, got 10"),
        ({"layer_sizes": [3, 3, 2]}, "^parameters must have length 20, got 8"),
        ({"parameters": np.ones((0, 8), dtype=np.float32)}, "at least 1 network"),
        ({"out": np.empty(3)}, "^out must have length 2, got 3"),
        ({"activation": -1}, "^activation must be one of"),
    ],
)
def test_the_kernel_refuses_to_act_outside_its_memory(changes, message):
    if "layer_sizes" in changes:
        changes = {"layer_sizes": np.array(changes["layer_sizes"], dtype=np.intp)}
    with pytest.raises(ValueError, match=message):
        act(**changes)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("n_networks", [1, 3])
def test_no_observations_get_no_actions(flat, n_networks):
    X, y = demonstrations()
    y = y[:, 0] if flat else y
    cloner = BehaviorCloner((4,), max_iter=1, n_networks=n_networks).fit(X, y)
    assert cloner.act(X[:0]).shape == y[:0].shape
    assert as_policy(cloner).act(X[:0]).shape == (0, 1 if flat else 2)


def test_no_observations_get_no_actions_of_dagger():
    X, y = demonstrations()
    model = dagger(BehaviorCloner((4,), max_iter=1))
    model.ask(X, y)
    assert model.act(X[:0]).shape == (0, 2)
