"""Run the blog post's table, and write it and two pictures where they are read.

The bundled experts' table always, the CS294 experts' if their files are at hand; what
they gave is kept in benchmarks/results. A table of six rows and three seeds takes about
half an hour; one that was interrupted goes on where it stopped.

    python benchmarks/make_table.py [--cs294 FOLDER_OF_CS294_FILES] [--seeds 3]
"""

import argparse
import json
import re
import shutil
from pathlib import Path

from skimitate.cli._main import main as skimitate
from skimitate.studies._table_text import as_markdown

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGES = {"table-bundled": "README.md", "table-cs294": "docs/results.md"}
PICTURES = {
    "Walker2d-v5/seed-0/losses.png": "losses-Walker2d-v5.png",
    "HalfCheetah-v5/seed-0/learning_curve.png": "returns-HalfCheetah-v5.png",
}


def make(name: str, seeds: int, *options: str) -> Path:
    """Run a table, keep its results, and return the folder of its stages."""
    out = ROOT / "runs" / f"table-{name}"
    status = skimitate(["table", "--seeds", str(seeds), "--out", str(out), *options])
    if status:
        raise SystemExit(status)
    shutil.copy(out / "table.json", RESULTS / f"table-{name}.json")
    return out


def write_pages() -> None:
    """Put the tables that are kept between their marks in the pages."""
    for name, page in PAGES.items():
        content = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        write_into(ROOT / page, name, as_markdown(content["rows"]))


def write_into(path: Path, name: str, table: str) -> None:
    """Put a table between the two marks that a page has for it."""
    place = find_place(path, name)
    before, after = place.string[: place.start()], place.string[place.end() :]
    path.write_text(f"{before}{table}\n{after}", encoding="utf-8")


def find_place(path: Path, name: str) -> re.Match[str]:
    """Return what is between the two marks that a page has for a table.

    Raises
    ------
    ValueError
        If the page has no such place, or more than one.
    """
    mark = f"<!-- {name} -->"
    pattern = re.compile(f"(?<={mark}\n)(?:.*?\n)?(?={mark})", re.DOTALL)
    text = path.read_text(encoding="utf-8")
    place = pattern.search(text)
    if place is None or text.count(mark) != 2:
        raise ValueError(f"{path}: expected one place for {name}")
    return place


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cs294", type=Path, help="folder of the CS294 expert files")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    write_pages()  # that it has a place for each is known before the work
    out = make("bundled", args.seeds)
    for picture, place in PICTURES.items():
        shutil.copy(out / picture, RESULTS / place)
    if args.cs294 is not None:
        make("cs294", args.seeds, "--expert", str(args.cs294))
    write_pages()


if __name__ == "__main__":
    main()
