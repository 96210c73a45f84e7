"""The script that writes the tables into the README and the docs."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from skimitate.studies._table_text import as_markdown

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


PAGES = {"table-cs294": "docs/results.md", "table-bundled": "README.md"}


@pytest.mark.parametrize(("name", "page"), PAGES.items())
def test_the_pages_have_the_tables_that_are_kept(name, page):
    text = (ROOT / page).read_text()
    rows = json.loads((RESULTS / f"{name}.json").read_text())["rows"]
    assert len({row["env"] for row in rows}) == 6
    assert f"<!-- {name} -->\n{as_markdown(rows)}\n<!-- {name} -->" in text
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", text):
        content = (ROOT / page).parent.joinpath(picture).read_bytes()
        assert content.startswith(b"\x89PNG")


def test_places_are_filled_and_filled_again(make_table, tmp_path):
    (tmp_path / "docs").mkdir()
    for name, page in PAGES.items():
        mark = f"<!-- {name} -->"
        (tmp_path / page).write_text(f"a\n{mark}\n{mark}\nb\n")
    make_table.write_pages()
    once = {page: (tmp_path / page).read_text() for page in PAGES.values()}
    for name, page in PAGES.items():
        mark = f"<!-- {name} -->"
        place = f"a\n{mark}\n\\| Environment .*Humanoid-v5.*{mark}\nb\n"
        assert re.fullmatch(place, once[page], re.DOTALL)
    make_table.write_pages()
    assert once == {page: (tmp_path / page).read_text() for page in PAGES.values()}
    (tmp_path / "README.md").write_text("a\n")
    with pytest.raises(ValueError, match=r"README\.md: expected one place for table-"):
        make_table.write_pages()
    assert (tmp_path / "README.md").read_text() == "a\n"


SHOWN = {
    "action_noise": (
        "docs/experts-and-demonstrations.md",
        "action_noise",
        'as_markdown(kept["rows"])',
    ),
    "default_clone": (
        "docs/results.md",
        "default_clone",
        'as_markdown(kept["rows"], NETWORKS)',
    ),
    "default_query": (
        "docs/labels.md",
        "default_query",
        'as_markdown(current(kept["rows"]))',
    ),
    "export": ("docs/export.md", "export_report", 'as_markdown(kept["rows"])'),
    "which_estimator": (
        "docs/which-estimator.md",
        "which_estimator",
        'as_markdown(kept["cases"])',
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_the_pages_have_the_figures_that_are_kept(name):
    page, script, table = SHOWN[name]
    code = (
        f"import json; from {script} import *; from harness import RESULTS; "
        f"kept = json.loads((RESULTS / '{name}.json').read_text()); print({table})"
    )
    # In a process of its own: what limits the threads is for benchmarks alone.
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "benchmarks",
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    mark = f"<!-- {name.replace('_', '-')} -->"
    assert f"{mark}\n{made}{mark}" in (ROOT / page).read_text()
