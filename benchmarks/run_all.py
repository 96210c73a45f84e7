"""Run every benchmark and print one table: what ``make bench`` does."""

import harness  # first: it limits the threads

# isort: split
import argparse
import importlib
import json
import warnings

NAMES = (
    "normalizer",
    "fit",
    "classifier",
    "act",
    "recurrent",
    "rollouts",
    "vector",
    "dagger",
    "checkpoint",
    "grid_search",
)


def main() -> None:
    """Run them in turn; the rows of all are kept in one file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="rougher and shorter")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    print(harness.HEADER)
    rows = []
    for name in NAMES:
        found = importlib.import_module(f"bench_{name}").run(quick)
        harness.save(name, found, quick)
        rows += found
    print("\n" + "\n".join([harness.HEADER, *map(harness.as_row, rows)]))
    missed = [row for row in rows if not row["met"]]
    print(f"\n{len(rows) - len(missed)} of {len(rows)} met.")
    print(json.dumps(harness.machine()))


if __name__ == "__main__":
    main()
