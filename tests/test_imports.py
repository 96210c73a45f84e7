"""What ``import skimitate`` loads, and under which names it is found again."""

import json
import subprocess
import sys

import pytest
from pickles import assert_public_names

import skimitate

SCRIPT = """
import json, sys
import sklearn.neural_network, gymnasium, joblib
before = set(sys.modules)
import skimitate
by_import = set(sys.modules) - before
from skimitate.cli._main import main
try:
    main(["--help"])
except SystemExit as end:
    assert end.code in (0, None)
by_help = set(sys.modules) - before - by_import
print(json.dumps([sorted(by_import), sorted(by_help)]))
"""

# What the standard library may add for the command line; nothing for the import.
MAY_COME_WITH_HELP = {"argparse", "gettext", "locale"}


@pytest.fixture(scope="module")
def loaded():
    """What importing skimitate loads beyond its libraries, and what ``--help`` adds."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def others(modules):
    return {name.split(".")[0] for name in modules} - {"skimitate"}


def test_import_loads_nothing_beyond_scikit_learn_and_gymnasium(loaded):
    by_import, _ = loaded
    assert "skimitate.preprocessing._normalizer" in by_import
    assert others(by_import) == set()


def test_help_loads_no_library(loaded):
    by_import, by_help = loaded
    assert "skimitate.cli._main" in by_help + by_import
    assert others(by_help) <= MAY_COME_WITH_HELP


@pytest.mark.parametrize("name", skimitate.__all__)
def test_what_is_public_is_pickled_under_its_public_name(name):
    public = getattr(skimitate, name)
    assert assert_public_names(public) is public
    assert public.__module__ == "skimitate"
