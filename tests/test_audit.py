"""No version with a vulnerability that the last review of the pins knows is allowed."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]

_ROW = re.compile(r"^\| ([\w.-]+) \| (\d[\d.]*) \|", re.MULTILINE)
FIXED = {name.lower(): Version(v) for name, v in _ROW.findall(
    (ROOT / "SECURITY.md").read_text(encoding="utf-8")
)}  # fmt: skip


def pins():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, is_pin, version = line.partition("==")
        if is_pin:
            yield name.lower(), Version(version)


def requirements():
    """The direct dependencies, those of all extras among them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["project"]["optional-dependencies"].values()
    lines = [*project["project"]["dependencies"], *(line for g in groups for line in g)]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", FIXED)
def test_the_pinned_version_has_what_was_fixed(name):
    assert dict(pins())[name] >= FIXED[name]


def test_nothing_that_pyproject_allows_has_what_was_fixed():
    reviewed = [r for r in requirements() if r.name.lower() in FIXED]
    assert len(reviewed) >= 6
    for requirement in reviewed:
        lowest = [
            Version(s.version) for s in requirement.specifier if s.operator == ">="
        ]
        assert max(lowest) >= FIXED[requirement.name.lower()], str(requirement)
