"""The README's example runs, and its tables name what there is."""

import re
from pathlib import Path

import skimitate

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()


def test_the_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    mean = int(re.fullmatch(r"(\d+) after 5 rounds\n", printed)[1])
    assert mean > 3000


def test_the_table_of_public_names_is_complete():
    section = README.split("## Public names")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == set(
        skimitate.__all__
    )
