"""What is loaded when, and under which names it is found again."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pickles import assert_public_names

import skimitate

NAMES = [name for name in skimitate.__all__ if not name.isupper()]  # no constants

# Each step is named by what it adds to what the interpreter had loaded at its start.
SCRIPT = """
import contextlib, io, json, sys
loaded = {}
def step(name):
    new = set(sys.modules) - step.before
    loaded[name] = sorted(new)
    step.before |= new
step.before = set(sys.modules)
import skimitate
dir(skimitate), skimitate.__all__
step("import")
from skimitate.cli._main import main
for argv in (
    ["--help"], ["--version"], ["run", "--help"], ["table", "--help"],
    ["runn", "Hopper-v5"], ["run", "Hopper-v5", "--episodes", "x"], [],
):
    with contextlib.redirect_stdout(io.StringIO()), \
            contextlib.redirect_stderr(io.StringIO()):
        try:
            main(argv)
        except SystemExit:
            pass
        else:
            raise AssertionError(argv)
step("command line")
import sklearn.neural_network, gymnasium, joblib
step("libraries")
from importlib import import_module
modules = {}
for name, room in skimitate._ROOMS.items():
    if name.isupper():
        continue  # a constant comes from no module
    modules[name] = vars(import_module(f"skimitate.{room}"))[name].__module__
loaded["public names"] = modules
step("rooms")
from skimitate import *
step("names")
import numpy
policy = load_policy(sys.argv[1])
assert policy.act(numpy.zeros(policy.n_features)).shape == (policy.n_outputs,)
step("policy")
print(json.dumps(loaded))
"""


def loaded_by(*arguments):
    """What is loaded by what a user does, one thing after the other."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def others(modules):
    """The libraries among modules; not what comes with Python."""
    return {name.split(".")[0] for name in modules} - {
        "skimitate",
        *sys.stdlib_module_names,
    }


def test_each_thing_loads_no_more_than_it_needs(tmp_path):
    """One test for all: each process more would load the libraries once more."""
    path = tmp_path / "expert.safetensors"
    skimitate.save_policy(skimitate.load_expert("Reacher-v5"), path)
    loaded = loaded_by(path)
    # The import of the package.
    assert others(loaded["import"]) == set()
    assert [name for name in loaded["import"] if "skimitate" in name] == ["skimitate"]
    # Help and typos.
    assert "skimitate.cli._main" in loaded["command line"]
    assert others(loaded["command line"]) == set()
    # Names: nothing beyond scikit-learn and Gymnasium.
    assert "skimitate.preprocessing._normalizer" in loaded["rooms"]
    assert others(loaded["rooms"] + loaded["names"]) == set()
    assert "torch" not in others(loaded["libraries"])
    # A policy that is loaded and acts.
    assert "skimitate.policies._network_policy" in loaded["names"] + loaded["rooms"]
    assert "torch" not in others(loaded["policy"])
    # Whoever comes by the room finds the public name.
    assert loaded["public names"] == dict.fromkeys(NAMES, "skimitate")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_public_is_pickled_under_its_public_name(name):
    public = getattr(skimitate, name)
    assert assert_public_names(public) is public
    assert public.__module__ == "skimitate"
    assert inspect.getmodule(public) is skimitate


def test_names_are_listed_before_they_are_loaded():
    assert set(skimitate.__all__) <= set(dir(skimitate))


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="'skimitate' has no attribute 'Cloner'"):
        _ = skimitate.Cloner
    with pytest.raises(ImportError, match="cannot import name 'Cloner'"):
        exec("from skimitate import Cloner")


def test_type_checkers_are_told_the_same_names_of_the_same_rooms():
    told = {}
    for node in ast.walk(ast.parse(Path(skimitate.__file__).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("skimitate."):
            for alias in node.names:
                assert alias.asname == alias.name, "a name is exported as itself"
                told[alias.name] = node.module.removeprefix("skimitate.")
    assert told == skimitate._ROOMS
