"""A run in two halves is saved and copied between them, and not held afterwards."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from runs import by_hand, curved, dagger, demonstrations, holds_no_run, same_run
from sklearn.base import clone

from skimitate import BehaviorCloner, as_policy, load_policy, save_policy

pytestmark = pytest.mark.usefixtures("empty_logs")


def test_a_run_that_is_over_is_not_held():
    X, y = demonstrations(2000)
    model = dagger(n_rounds=1)
    asked = model.ask(X, y)
    assert len(pickle.dumps(model)) > X.nbytes
    model.tell(asked.ids, curved(asked.observations))
    holds_no_run(model)
    assert len(pickle.dumps(model)) < 10_000


COPIES = {
    "joblib": lambda model, tmp_path: through_a_file(model, tmp_path / "run.joblib"),
    "deepcopy": lambda model, tmp_path: copy.deepcopy(model),
    "copy": lambda model, tmp_path: copy.copy(model),
}


def through_a_file(model, path):
    joblib.dump(model, path)
    return joblib.load(path)


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_goes_on_where_the_run_is(kind, tmp_path):
    options = {"query": 3, "n_episodes_per_round": 2}
    whole = dagger(expert=curved, **options).fit()
    model = by_hand(
        dagger(expert=curved, **options),
        between=lambda model: COPIES[kind](model, tmp_path),
    )
    same_run(model, whole)


@pytest.mark.parametrize("kind", ["joblib", "deepcopy"])
def test_a_copy_is_a_run_of_its_own(kind, tmp_path):
    model = dagger(n_rounds=2)
    asked = model.ask(*demonstrations())
    other = COPIES[kind](model, tmp_path)
    other.tell(asked.ids, -curved(asked.observations))
    assert len(model.history_) == 1
    model.tell(asked.ids, curved(asked.observations))
    assert_array_equal(model.ask().ids, other.ask().ids)
    assert not np.array_equal(model.estimator_.coef_, other.estimator_.coef_)


def test_a_clone_has_no_run():
    model = dagger()
    asked = model.ask(*demonstrations())
    cloned = clone(model)
    with pytest.raises(ValueError, match="no run is open"):
        cloned.tell(asked.ids, curved(asked.observations))
    assert set(vars(cloned)) == set(model.get_params(deep=False))
    model.tell(asked.ids, curved(asked.observations))


def test_between_the_halves_it_acts_as_it_stands(tmp_path):
    X, y = demonstrations()
    model = dagger(BehaviorCloner((4,), max_iter=2))
    asked = model.ask(X, y)
    for n_told in range(2):
        policy = as_policy(model)
        expected = model.predict(X)
        np.testing.assert_allclose(policy.act(X), expected, rtol=1e-5)
        np.testing.assert_allclose(model.act(X), expected, rtol=1e-5)
        save_policy(model, tmp_path / "policy.safetensors")
        loaded = load_policy(tmp_path / "policy.safetensors")
        np.testing.assert_allclose(loaded.act(X), expected, rtol=1e-5)
        assert model.best_round_ == n_told
        assert model.get_params()["estimator__max_iter"] == 2
        model.tell(asked.ids, curved(asked.observations))
        asked = model.ask()


ASK = """
import joblib, numpy as np
from runs import dagger, demonstrations
begins = {begins}
model = dagger(query=3) if begins else joblib.load("run")
asked = model.ask(*(demonstrations() if begins else ()))
joblib.dump(model, "run")
np.savez("asked.npz", ids=asked.ids, observations=asked.observations)
"""


TELL = """
import joblib, numpy as np
from runs import curved
model, asked = joblib.load("run"), np.load("asked.npz")
model.tell(asked["ids"][::-1], curved(asked["observations"][::-1]))
joblib.dump(model, "run")
"""


@pytest.mark.slow
def test_another_process_goes_on(tmp_path):
    """Each half in a process of its own, with what is asked in a file between them."""
    paths = [str(Path(__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    for i in range(3):
        for half in (ASK.format(begins=i == 0), TELL):
            command = [sys.executable, "-c", half]
            subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    whole = dagger(query=3, expert=curved).fit(*demonstrations())
    same_run(joblib.load(tmp_path / "run"), whole)
