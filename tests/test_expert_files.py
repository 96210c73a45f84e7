"""Experts in files of torch and of skops: they act as they did, or are refused."""

import io
import re
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import runs
import skops.io
import torch
from numpy.testing import assert_allclose, assert_array_equal
from pickles import assert_public_names
from saved import ESTIMATORS, classes, regressor, sample
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

import skimitate as sk
from skimitate.cli._main import main
from skimitate.experts._identity import identify_expert

X = np.random.default_rng(0).normal(size=(20, 3)) * [1, 1, 5]
DYNAMIC = ({0: torch.export.Dim("n")},)


class Swing(nn.Module):
    """A module of one's own for Pendulum-v1."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, observations):
        return 2.0 * torch.tanh(self.dropout(self.layer(observations)))


class TakesTwo(nn.Module):
    def forward(self, observations, state):
        return observations + state, state


def clone():
    """What acts, and its module."""
    cloner = sk.BehaviorCloner((4,), max_iter=2, random_state=0).fit(X, X[:, :1])
    return cloner, sk.to_torch(cloner)


def write_program(module, path, dtype=torch.float32):
    shown = torch.zeros(2, 3, dtype=dtype)
    program = torch.export.export(module.eval(), (shown,), dynamic_shapes=DYNAMIC)
    torch.export.save(program, path)


def write_script(module, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(module), path)


WRITERS = {
    "module.pt2": write_program,
    "module.pt": torch.save,
    "module.pth": torch.save,
    "script.pt": write_script,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_module_of_torch_acts_as_it_did(name, tmp_path):
    module = Swing().eval()
    WRITERS[name](module, tmp_path / name)
    expected = module(torch.from_numpy(X).float()).detach().numpy()
    policy = sk.as_policy(sk.load_expert(tmp_path / name))
    assert_allclose(policy.act(X), expected, rtol=1e-5, atol=1e-6)
    assert_allclose(policy.act(X[0]), expected[0], rtol=1e-5, atol=1e-6)
    again = sk.as_policy(assert_public_names(sk.load_expert(tmp_path / name)))
    assert_array_equal(again.act(X), policy.act(X))
    assert not policy.is_stateful


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_clone_comes_back_from_torch_export(dtype, tmp_path):
    cloner, module = clone()
    write_program(module, tmp_path / "clone.pt2", dtype)
    expert = sk.load_expert(tmp_path / "clone.pt2")
    assert sk.as_policy(expert).n_features == 3
    assert_allclose(sk.as_policy(expert).act(X), cloner.predict(X), atol=1e-5)


def test_a_program_is_an_actor_in_python_as_well():
    cloner, module = clone()
    shown = torch.zeros(2, 3)
    program = torch.export.export(module, (shown,), dynamic_shapes=DYNAMIC)
    acting = sk.as_policy(program.module())
    assert_allclose(acting.act(X), cloner.predict(X), atol=1e-5)


@pytest.mark.parametrize("name", WRITERS)
def test_the_command_line_takes_it_and_says_that_it_runs_code(name, tmp_path, capsys):
    path = tmp_path / name
    WRITERS[name](Swing(), path)
    options = ["--episodes", "2", "--max-steps", "10", "--jobs", "1"]
    assert main(["evaluate", "Pendulum-v1", "--policy", str(path), *options]) == 0
    shown = capsys.readouterr()
    assert f"--policy: reading {path} can run code that it contains" in shown.err
    assert "episode 1" in shown.out


def test_a_program_for_another_environment(tmp_path, capsys):
    path = tmp_path / "swing.pt2"
    write_program(Swing(), path)
    assert main(["evaluate", "CartPole-v1", "--policy", str(path)]) == 2
    assert "this one is for 3 observation" in capsys.readouterr().err


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pt", saved(Swing().state_dict()), "it is a state_dict, or another dict"),
        ("a.pth", saved({"model": Swing().state_dict(), "step": 3}), "state_dict"),
        ("a.pt", saved(torch.zeros(3)), "it is a Tensor"),
        ("a.pt", b"nothing", "a module of torch, saved by torch.save or torch.jit"),
        ("a.pt", b"", "a module of torch"),
        ("a.pt2", b"nothing", "a module of torch, saved by torch.export.save, but"),
    ],
)
def test_files_of_torch_that_hold_no_module(name, content, message, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        sk.load_expert(path)
    assert f"name_or_path: {path}: expected" in str(caught.value)


def test_a_program_of_two_arguments(tmp_path):
    shown = torch.zeros(2, 3)
    program = torch.export.export(TakesTwo(), (shown, shown))
    torch.export.save(program, tmp_path / "two.pt2")
    with pytest.raises(ValueError, match=r"got 2 \(observations, state\)"):
        sk.load_expert(tmp_path / "two.pt2")


class Note:
    """Leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_bare_state_dict_is_read_without_running_code(tmp_path):
    (tmp_path / "a.pt").write_bytes(saved(Swing().state_dict()))
    unpickled = torch.load
    seen = []

    def load(file, *arguments, **options):
        seen.append(options["weights_only"])
        return unpickled(file, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "load", load)
        with pytest.raises(ValueError, match="state_dict"):
            sk.load_expert(tmp_path / "a.pt")
    assert seen == [True]


@pytest.mark.parametrize(
    "name", [name for name in ESTIMATORS if name != "RunningNormalizer"]
)
def test_estimators_of_skimitate_in_files_of_skops(name, tmp_path):
    estimator = ESTIMATORS[name]()
    skops.io.dump(estimator, tmp_path / "estimator.skops")
    loaded = sk.as_policy(sk.load_expert(tmp_path / "estimator.skops"))
    policy = sk.as_policy(estimator)
    shown = np.random.default_rng(3).normal(size=(4, policy.n_features))
    assert_array_equal(loaded.act(shown), policy.act(shown))


def test_estimators_of_scikit_learn_and_policies_in_files_of_skops(tmp_path):
    X, y = sample()
    pipeline = make_pipeline(StandardScaler(), LinearRegression()).fit(X, y)
    for actor in (pipeline, sk.as_policy(regressor().fit(X, y))):
        skops.io.dump(actor, tmp_path / "actor.skops")
        loaded = sk.as_policy(sk.load_expert(tmp_path / "actor.skops"))
        assert_array_equal(loaded.act(X), sk.as_policy(actor).act(X))
    assert "actor.skops (sha256" in identify_expert(str(tmp_path / "actor.skops"))


def test_the_command_line_takes_a_file_of_skops(tmp_path, capsys):
    cloner, _ = clone()
    path = tmp_path / "clone.skops"
    skops.io.dump(cloner, path)
    options = ["--episodes", "1", "--max-steps", "5", "--jobs", "1"]
    assert main(["evaluate", "Pendulum-v1", "--policy", str(path), *options]) == 0
    shown = capsys.readouterr()
    assert "run code" not in shown.err
    assert "episode 0" in shown.out


def test_types_that_nobody_trusts_are_listed(tmp_path):
    X, y = sample()
    own = make_pipeline(FunctionTransformer(classes), LinearRegression())
    own.steps[1][1].fit(X, y)
    own.steps[0][1].fit(X)
    path = tmp_path / "own.skops"
    skops.io.dump(own, path)
    with pytest.raises(ValueError, match=r"not trusted: \['saved.classes'\]") as caught:
        sk.load_expert(path)
    assert f"name_or_path: {path}: expected an estimator saved by skops" in str(
        caught.value
    )


def test_what_a_file_of_skops_would_call_is_not_called(tmp_path):
    path, mark = tmp_path / "call.skops", tmp_path / "called"
    skops.io.dump(Note(mark), path)
    assert not mark.exists()
    with pytest.raises(ValueError, match="not trusted"):
        sk.load_expert(path)
    assert not mark.exists()


def test_files_that_are_none_of_skops(tmp_path):
    path = tmp_path / "bad.skops"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="expected an estimator saved by skops"):
        sk.load_expert(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", " " * 10_000)
    with pytest.raises(ValueError, match="unpacks to more than it is"):
        sk.load_expert(path)
    skops.io.dump({"weights": 1}, path)
    with pytest.raises(ValueError, match="what it holds: expected a callable or an ob"):
        sk.load_expert(path)
    skops.io.dump(LinearRegression(), path)
    with pytest.raises(ValueError, match="expected a fitted estimator"):
        sk.load_expert(path)


def test_a_run_goes_on_with_the_expert_that_it_was_begun_with(tmp_path):
    """A run of DAgger tells modules apart by their files."""
    path = tmp_path / "expert.pt"

    def fit(seed):
        torch.manual_seed(seed)
        torch.save(nn.Sequential(nn.Linear(2, 2)), path)
        expert = sk.load_expert(path)
        return runs.dagger(
            expert=expert, n_rounds=1, checkpoint_dir=tmp_path / "run"
        ).fit()

    with torch.random.fork_rng():
        shown = np.ones((3, 2))
        assert_array_equal(fit(0).predict(shown), fit(0).predict(shown))
        with pytest.raises(ValueError, match=r"expert was \S+TorchExpert with the c"):
            fit(1)
