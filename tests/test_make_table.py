"""The script that writes the tables into the README."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from skimitate.studies._table import as_markdown

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


@pytest.fixture
def make_table(tmp_path, monkeypatch):
    path = ROOT / "benchmarks" / "make_table.py"
    spec = importlib.util.spec_from_file_location("make_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def test_the_readme_has_the_tables_that_are_kept():
    readme = (ROOT / "README.md").read_text()
    for name in ("table-cs294", "table-bundled"):
        rows = json.loads((RESULTS / f"{name}.json").read_text())["rows"]
        assert len(rows) == 6
        assert f"<!-- {name} -->\n{as_markdown(rows)}\n<!-- {name} -->" in readme
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", readme):
        assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")


def test_places_are_filled_and_filled_again(make_table, tmp_path):
    marks = [f"<!-- table-{name} -->" for name in ("cs294", "bundled")]
    readme = tmp_path / "README.md"
    readme.write_text("a\n" + "\n".join(f"{m}\n{m}\nb" for m in marks) + "\n")
    make_table.write_readme()
    once = readme.read_text()
    for mark in marks:
        assert re.search(
            f"{mark}\n\\| Environment .*Humanoid-v5.*{mark}\nb", once, re.S
        )
    make_table.write_readme()
    assert readme.read_text() == once
    readme.write_text("a\n")
    with pytest.raises(ValueError, match=r"README\.md: expected one place for table-"):
        make_table.write_readme()
    assert readme.read_text() == "a\n"
