"""What is saved knows the version that saved it, and is whole or refused."""

import copy
import pickle
import re
import warnings

import joblib
import pytest
import skops.io
from numpy.testing import assert_array_equal
from saved import MODELS, acting, sample
from sklearn.exceptions import InconsistentVersionWarning

import skimitate
from skimitate import BehaviorCloner, RunningNormalizer

STAMP = "_skimitate_version"
MINOR = ".".join(skimitate.__version__.split(".")[:2])

# Known only where data had them, or found anew where they lack.
SPARE = {"feature_names_in_", "n_samples_seen_", "_skl_callbacks"}


def loaded(thing, without=(), **changes):
    """Load what was saved, with changes to the state."""
    state = thing.__getstate__() | changes
    again = type(thing).__new__(type(thing))
    again.__setstate__({name: state[name] for name in state if name not in without})
    return again


@pytest.mark.parametrize("kind", MODELS)
def test_the_version_is_in_the_file_and_not_in_the_model(kind):
    model = MODELS[kind]()
    assert model.__getstate__()[STAMP] == skimitate.__version__
    again = pickle.loads(pickle.dumps(model))
    assert STAMP not in vars(again)
    assert STAMP not in vars(copy.deepcopy(model))
    assert_array_equal(acting(again), acting(model))


@pytest.mark.parametrize("kind", MODELS)
def test_another_minor_version_is_warned_of(kind):
    model = MODELS[kind]()
    with pytest.warns(InconsistentVersionWarning, match="0.0.7.*save_policy") as caught:
        again = loaded(model, **{STAMP: "0.0.7"})
    assert type(model).__name__ in str(caught[0].message)
    assert_array_equal(acting(again), acting(model))


def test_no_version_is_another_one():
    with pytest.warns(InconsistentVersionWarning, match="an unknown version"):
        loaded(RunningNormalizer(), without=[STAMP])


def test_another_patch_of_the_same_minor_version_is_good():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded(BehaviorCloner(max_iter=3), **{STAMP: f"{MINOR}.99"})


@pytest.mark.parametrize("kind", MODELS)
def test_a_state_that_lacks_anything_is_refused_with_its_version(kind):
    model = MODELS[kind]()
    parts = set(model.__getstate__()) - {STAMP} - SPARE
    assert len(parts) >= 3
    for name in parts:
        with (
            warnings.catch_warnings(action="ignore"),
            pytest.raises(ValueError, match=rf"skimitate 0\.0\.7 saved.*{name}"),
        ):
            loaded(model, without=[name], **{STAMP: "0.0.7"})


def test_a_trainer_of_other_settings_is_refused_with_its_version():
    cloner = MODELS["BehaviorCloner"]()
    state = cloner.__getstate__()
    state["_trainer"]["settings"] = {"momentum": 0.9}
    with pytest.raises(ValueError, match=r"cannot be read.*momentum"):
        BehaviorCloner.__new__(BehaviorCloner).__setstate__(state)


def test_an_older_file_that_joblib_reads_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(skimitate, "__version__", "0.0.7")
    joblib.dump(MODELS["BehaviorCloner"](), tmp_path / "old.joblib")
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=re.escape("0.0.7")):
        joblib.load(tmp_path / "old.joblib").partial_fit(*sample())


def test_the_parameters_of_a_subclass_may_be_kept_elsewhere():
    again = pickle.loads(pickle.dumps(Narrow(width=7)))
    assert again.get_params() == {"clip": None, "width": 7}


class Narrow(RunningNormalizer):
    """Keeps a parameter under another name."""

    def __init__(self, *, width=1, clip=None):
        super().__init__(clip=clip)
        self._width = width

    @property
    def width(self):
        return self._width


def test_policies_are_checked_when_they_come_out_of_a_file():
    policy = skimitate.as_policy(MODELS["BehaviorCloner"]())
    for damage in ({"vectors": policy.vectors[:, :-1]}, {"layer_sizes": (2, 10**6, 1)}):
        with pytest.raises(ValueError, match="vectors"):
            loaded(policy, **damage)


def test_skops_keeps_the_version_too(monkeypatch):
    monkeypatch.setattr(skimitate, "__version__", "0.0.7")
    content = skops.io.dumps(MODELS["RunningNormalizer"]())
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=re.escape("0.0.7")):
        skops.io.loads(content, trusted=["skimitate.RunningNormalizer"])
