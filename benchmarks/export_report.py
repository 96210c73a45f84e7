"""What the benchmark of exported policies found, as tables for the docs."""

from typing import Any

from skimitate.studies._markdown import markdown_table

Rows = list[dict[str, Any]]


def as_markdown(rows: Rows) -> str:
    """Return a table for each part that there are rows of.

    Parameters
    ----------
    rows : list of dict
        As ``results/export.json`` has them.

    Returns
    -------
    str
    """
    found = []
    for part, (heading, table) in _TABLES.items():
        own = [row for row in rows if row["part"] == part]
        if own:
            found.append(f"{heading}\n\n{table(own)}")
    return "\n\n".join(found)


def _across(rows: Rows, down: str, across: str, told: Any) -> str:
    """Return a table with a row and a column for each value of two entries."""
    columns = list(dict.fromkeys(row[across] for row in rows))
    table = [["", *columns]]
    for name in dict.fromkeys(row[down] for row in rows):
        cells = {row[across]: told(row) for row in rows if row[down] == name}
        table.append([name, *(cells.get(column, "") for column in columns)])
    return markdown_table(table)


def _parity(rows: Rows) -> str:
    return _across(rows, "policy", "form", lambda row: f"{row['deviation']:.1e}")


def _returns(rows: Rows) -> str:
    def told(row: dict[str, Any]) -> str:
        return f"{row['mean']:,.0f} ± {row['two_standard_errors']:,.0f}"

    return _across(rows, "env", "driver", told)


def _speed(rows: Rows) -> str:
    def told(row: dict[str, Any]) -> str:
        missed = "" if row["met"] in (None, True) else ", **missed**"
        limit = f" (at most {row['at_most']}{missed})" if row["at_most"] else ""
        return f"{row['us']:.2f}{limit}"

    return _across(rows, "what", "activation", told)


def _size(rows: Rows) -> str:
    named = [
        row | {"network": f"{row['activation']}, {row['weights']}"} for row in rows
    ]
    return _across(
        named, "network", "machine", lambda row: f"{row['text']:,} + {row['rodata']:,}"
    )


_TABLES = {
    "parity": (
        "Largest deviation of an action from `predict`, in parts of the actions' "
        "spread, on the bundled demonstrations, or on two episodes of the expert where "
        "there are none:",
        _parity,
    ),
    "returns": (
        "Mean return, with two standard errors, of the expert as C and in Python, in "
        "episodes of the same seeds:",
        _returns,
    ),
    "speed": (
        "Microseconds an action of 11-50-50-3 takes on one core, the median; those in "
        "C in a loop in C, the others called from Python:",
        _speed,
    ),
    "size": ("Bytes of code and of constants, of 11-50-50-3:", _size),
}
