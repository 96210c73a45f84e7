"""Files of every version since 0.1.0 load, and act as was written beside them."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import InconsistentVersionWarning

from skimitate import TRUSTED_TYPES, Rollouts, load_expert, load_policy

FOLDERS = sorted((Path(__file__).parent / "data").glob("*/known.json"))
KNOWN = {path.parent: json.loads(path.read_text()) for path in FOLDERS}
FILES = [folder / name for folder, known in KNOWN.items() for name in known["actions"]]


def load_learner(path):
    with warnings.catch_warnings():
        # It was trained by another version; that it acts the same is what is tested.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return skops.io.load(path, trusted=TRUSTED_TYPES)


LOADERS = {".safetensors": load_policy, ".npz": load_expert, ".skops": load_learner}


def name_of(path):
    return f"{path.parent.name}-{path.name}"


def test_there_are_files_of_the_first_version():
    (known,) = [known for known in KNOWN.values() if known["version"] == "0.1.0"]
    assert {Path(name).suffix for name in known["actions"]} == set(LOADERS)


def first_actions(actor, observations):
    """What acts at the start of episodes, whether it has a memory or none."""
    if hasattr(actor, "reset"):
        actor.reset()
    return actor.act(observations)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_what_acts_acts_as_it_did(path):
    known = KNOWN[path.parent]
    expected = np.array(known["actions"][path.name])
    actor = LOADERS[path.suffix](path)
    observations = np.array(known["observations"])
    for actions in (
        first_actions(actor, observations),
        np.stack([first_actions(actor, row) for row in observations]),
    ):
        if expected.dtype.kind == "f":
            # Machines round their products in different orders.
            assert_allclose(actions, expected, rtol=1e-6, atol=1e-9)
        else:
            assert_array_equal(actions, expected)


@pytest.mark.parametrize("folder", KNOWN, ids=lambda folder: folder.name)
def test_roll_outs_are_what_they_were(folder):
    rollouts = Rollouts.load(folder / "rollouts.npz")
    for name, expected in KNOWN[folder]["rollouts"].items():
        assert_allclose(getattr(rollouts, name), expected)


@pytest.mark.parametrize("folder", KNOWN, ids=lambda folder: folder.name)
def test_the_return_of_a_policy_is_kept(folder):
    assert load_policy(folder / "regressor.safetensors").mean_return == -1.5


@pytest.mark.parametrize("folder", KNOWN, ids=lambda folder: folder.name)
def test_a_learner_goes_on(folder):
    learner = load_learner(folder / "learner.skops")
    X = np.array(KNOWN[folder]["observations"])
    before = learner.predict(X)
    learner.partial_fit(X, -before)
    assert not np.array_equal(learner.predict(X), before)
