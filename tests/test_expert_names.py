"""What the name of an expert leads to, and what errors say where it leads nowhere."""

import re
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skimitate import as_policy, load_expert
from skimitate.cli._main import main

X = np.random.default_rng(0).normal(size=(40, 3))


def test_what_a_module_holds(tmp_path, monkeypatch):
    (tmp_path / "my_experts.py").write_text(
        "class robots:\n    @staticmethod\n    def push(X):\n        return X[:, :1]\n"
        "number = 3\n"
        "class Memory:\n    def predict(self, X):\n        return X[:, :1]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert_array_equal(
        as_policy(load_expert("my_experts:robots.push")).act(X), X[:, :1]
    )
    for spec, error, message in [
        ("my_experts:pull", ValueError, "expected module:callable, but .*pull"),
        ("no_such_module:f", ValueError, "expected module:callable, but .*No module"),
        ("my_experts:number", TypeError, "expected a callable or an object"),
        (
            "my_experts:Memory",
            TypeError,
            r".* the class my_experts:Memory: give an instance of it, as by expert = "
            r"Memory\(\) in my_experts and my_experts:expert",
        ),
    ]:
        with pytest.raises(error, match=f"name_or_path: {message}"):
            load_expert(spec)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("missing.zip", FileNotFoundError, "no such file: missing.zip"),
        ("missing.safetensors", FileNotFoundError, "no such file"),
        ("folder/missing", FileNotFoundError, "no such file: folder/missing"),
        ("notes.txt", ValueError, r"ends in one of \.npz, \.pkl, .*got notes.txt"),
        (
            "Hoper-v5",
            ValueError,
            r"bundled expert \(Acrobot-v1, Ant-v5, .*\.zip.*or module:call",
        ),
    ],
)
def test_the_error_begins_with_the_option_that_was_given(
    tmp_path, monkeypatch, capsys, name, error, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(error, match=f"name_or_path: .*{message}"):
        load_expert(name)
    for option in ("--expert", "--policy"):
        assert main(["evaluate", "Pendulum-v1", option, name]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert re.match(f"skimitate: error: {option}: .*{message}", line)


def test_what_does_not_tell_its_widths_is_asked_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "narrow.py").write_text("def expert(X):\n    return X[:, :2]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    command = ["evaluate", "Pendulum-v1", "--expert", "narrow:expert", "--jobs", "2"]
    assert main(command) == 2
    line = capsys.readouterr().err
    assert re.search(r"--expert: expected actions of shape \(1, 1\)", line)
    assert "(episode 0, step 0)" in line


@pytest.mark.parametrize("odd", [None, 3, ["Hopper-v5"]])
def test_what_is_no_name_is_told_by_the_parameter(odd):
    with pytest.raises(TypeError, match=r"name_or_path: expected a str or a Path, got"):
        load_expert(odd)


def test_a_folder_names_the_files_in_it(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"name_or_path: .* a folder; it has "):
        load_expert(tmp_path)
    (tmp_path / "demonstrations.npz").touch()
    with pytest.raises(IsADirectoryError, match=r"take one of .*demonstrations.npz$"):
        load_expert(tmp_path)
    for name in ("dagger.joblib", "clone.safetensors", "results.json"):
        (tmp_path / name).touch()
    files = f"{tmp_path}/clone.safetensors, {tmp_path}/dagger.joblib"
    with pytest.raises(IsADirectoryError, match=f"a folder; take one of {files}$"):
        load_expert(tmp_path)
