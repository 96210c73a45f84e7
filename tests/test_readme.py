"""What people read: its examples run, its links lead somewhere, its lists are whole.

The README's examples stand alone; those of a page of the docs build on each other.
"""

import ast
import inspect
import re
from pathlib import Path

import pytest
from robots import write_lerobot, write_robomimic
from test_architecture import FLOORS

import skimitate

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md", *DOCS]


def blocks(page):
    """The Python examples of a page."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)


def run(page, examples):
    """Run examples, one after the other, in one namespace."""
    namespace = {"__name__": page.stem}
    for example in examples:
        exec(compile(example, page.name, "exec"), namespace)
    return namespace


def names(path):
    """What a page is called in a test's id."""
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Examples may write files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))


def write_robots_files():
    """Write what the page on data reads of others."""
    write_robomimic("low_dim.hdf5", lengths=[40, 30, 20])
    write_lerobot(Path("pusht"), "v3.0", lengths=(40, 30), videos=["observation.image"])


# What the examples of a page find beside them.
FILES = {"data.md": write_robots_files}


@pytest.mark.slow
def test_the_readme_s_example_on_arrays_runs():
    on_arrays, _, _ = blocks(README)
    namespace = run(README, [on_arrays])
    X, y = namespace["observations"], namespace["actions"]
    assert namespace["policy"].score(X, y) > 0.99


@pytest.mark.slow
def test_the_readme_s_example_with_an_environment_runs(capsys):
    _, with_environment, _ = blocks(README)
    run(README, [with_environment])
    printed = capsys.readouterr().out
    mean = int(re.fullmatch(r"(\d+) after 5 rounds\n", printed)[1])
    assert mean > 3000


@pytest.mark.slow
def test_the_readme_s_example_of_one_s_own_runs(capsys):
    *_, all_of_it = blocks(README)
    run(README, [all_of_it])
    expert, policy = map(float, capsys.readouterr().out.split())
    assert policy > 1.1 * expert  # returns are negative


# Whole runs and many episodes; a moment is enough to see that what they name is there.
WHOLE_RUNS = {
    "actions-and-memory.md",
    "callbacks.md",
    "dagger.md",
    "episodes.md",
    "labels.md",
    "reinforcement-learning.md",
}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.slow if page.name in WHOLE_RUNS else ())
        for page in DOCS
        if blocks(page)
    ],
    ids=names,
)
def test_the_examples_of_the_docs_run(page):
    FILES.get(page.name, list)()
    run(page, blocks(page))


def test_from_a_file_of_others_to_a_clone_are_three_lines():
    fits = [block for block in blocks(ROOT / "docs" / "data.md") if ".fit(" in block]
    readers = ("read_csv", "pl.read_parquet", "parquet.read_table", "from_frame")
    formats = (*readers, "from_minari", "from_robomimic", "from_lerobot")
    assert all(any(reader in block for block in fits) for reader in formats)
    for block in fits:
        lines = [line for line in block.splitlines() if line and "import" not in line]
        assert len([line for line in lines if not line.startswith("print")]) <= 3


def of_skimitate(node, known):
    """What a name, or an attribute of one, stands for if it is of skimitate."""
    if isinstance(node, ast.Attribute):
        owner = of_skimitate(node.value, known)
        return None if owner is None else getattr(owner, node.attr)
    return known.get(node.id) if isinstance(node, ast.Name) else None


def check_calls(tree):
    """Assert that what is taken from skimitate is there, and takes these arguments."""
    known = {}
    calls = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            ours = [alias for alias in node.names if alias.name == "skimitate"]
            known |= {alias.asname or alias.name: skimitate for alias in ours}
        elif isinstance(node, ast.ImportFrom) and node.module == "skimitate":
            taken = {one.asname or one.name: one.name for one in node.names}
            known |= {own: getattr(skimitate, name) for own, name in taken.items()}
    for node in ast.walk(tree):
        called = of_skimitate(node.func, known) if isinstance(node, ast.Call) else None
        if called is not None:
            positional = [a for a in node.args if not isinstance(a, ast.Starred)]
            keywords = {k.arg: None for k in node.keywords if k.arg is not None}
            inspect.signature(called).bind_partial(*positional, **keywords)
            calls += 1
    return calls


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=names)
def test_what_the_examples_of_a_page_call_is_there(page):
    assert check_calls(ast.parse("\n".join(blocks(page)))) > 0


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=names)
def test_what_an_example_calls_is_there(path):
    assert check_calls(ast.parse(path.read_text())) > 0


def anchors(page):
    """The anchors that a page's headings have where Markdown is shown."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    kept = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_paths_that_are_named_exist(page):
    pattern = r"`((?:skimitate|tests|docs|examples|benchmarks)/[\w/.*-]*)`"
    for path in re.findall(pattern, page.read_text()):
        assert list(ROOT.glob(path.rstrip("/"))), f"{page.name} names {path}"


def test_the_table_of_public_names_is_complete():
    text = (ROOT / "docs" / "README.md").read_text()
    section = text.split("## Public names")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.M)) == set(skimitate.__all__)


def test_the_table_of_examples_is_complete():
    text = (ROOT / "docs" / "README.md").read_text()
    listed = re.findall(r"^\| \[`(\w+\.py)`\]", text, re.M)
    assert set(listed) == {path.name for path in (ROOT / "examples").glob("*.py")}


def test_every_page_of_the_docs_is_listed():
    text = (ROOT / "docs" / "README.md").read_text()
    others = {page.name for page in DOCS} - {"README.md"}
    assert others <= set(re.findall(r"\]\(([\w.-]+)\)", text))


def test_contributing_lists_the_floors_in_their_order():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.split("## The house")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", section, re.M)
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert listed == [floor for floor in FLOORS if floor != "__main__"]
