"""What the benchmark of labels reports: tables, pictures, and where they go."""

import json

import numpy as np
import pytest
from benches import ROOT, benchmark_modules
from label_rows import finished, rows_of
from numpy.testing import assert_array_equal


@pytest.fixture(scope="module")
def bench():
    with benchmark_modules(
        "label_report",
        "label_results",
        "label_pictures",
        "label_settings",
        "bench_labels",
    ) as modules:
        yield modules


def test_the_table_has_medians_ranges_and_what_failed(bench):
    cell = bench.label_report.cell
    hopper = "Hopper-v5", "random 25"
    assert cell(rows_of(*hopper, 300, 275, 900, 350, 325)) == "**325** (275 to 900)"
    failed = cell(rows_of(*hopper, 300, None, 900, 350, None))
    assert failed == ("**900** (300 to 900); 2 of 5 not within 1,000, best 1.00, 1.00")
    assert cell(rows_of(*hopper, None)).startswith("not reached; 1 of 1 not within")
    assert cell(rows_of(*hopper, 300, 400)) == "**350** (300 to 400), 2 runs"
    rows = rows_of(*hopper, 300) + rows_of("Ant-v5", "a tenth", 700, first=7)
    text = bench.label_report.as_markdown(rows)
    first, others = text.split("\n\nSeeds 5 to 9, which nothing was tuned to either:\n")
    assert "Hopper" in first
    assert "Ant" not in first
    assert "| a tenth    | **700** (700 to 700), 1 run |" in others


TABLES = {
    "labels": lambda bench, rows: bench.label_report.as_markdown(rows),
    "label-rules": lambda bench, rows: bench.label_report.against_chance(
        rows, bench.label_settings.RULES, bench.label_settings.SEEDS
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_the_tables_that_are_kept(bench, name):
    folder = ROOT / "benchmarks"
    kept = json.loads((folder / "results" / "labels.json").read_text())
    assert kept["experts"] == "CS294"
    table = TABLES[name](bench, kept["rows"])
    mark = f"<!-- {name} -->"
    assert f"{mark}\n{table}\n{mark}" in (ROOT / "docs" / "labels.md").read_text()


def marked(*names):
    """The text of a page with places for tables."""
    return "\n".join(f"<!-- {name} -->\n<!-- {name} -->" for name in names) + "\n"


@pytest.fixture
def command(bench, tmp_path, monkeypatch):
    """Call the script, which has its page and its results in a folder of the test's."""
    script = bench.bench_labels
    monkeypatch.setattr(script, "PAGE", tmp_path / "labels.md")
    monkeypatch.setattr(script, "RESULTS", tmp_path)
    (tmp_path / "labels.md").write_text(marked(*TABLES))

    def call(*options):
        paths = ["--out", str(tmp_path / "runs"), "--results", str(tmp_path)]
        monkeypatch.setattr("sys.argv", ["bench_labels.py", *options, *paths])
        script.main()

    return call


@pytest.fixture
def two_runs(bench, tmp_path):
    """Finished runs of the control and of a rule, with the CS294 experts."""
    for setting in (bench.label_settings.CONTROL, "novelty"):
        for seed in (0, 1):
            run = bench.label_results.Run("Hopper-v5", setting, seed)
            kept = bench.label_results.RunFolder(
                tmp_path / "runs", tmp_path / "labels.json", "CS294"
            )
            kept.do(run, lambda run: finished(300 + run.seed))


CS294 = "--experts", "folder"
REPORT = "--only", "report"


def test_a_report_fills_the_page(bench, command, two_runs, tmp_path):
    command(*CS294, *REPORT)
    text = (tmp_path / "labels.md").read_text()
    rows = json.loads((tmp_path / "labels.json").read_text())["rows"]
    assert len(rows) == 4
    for name, table in TABLES.items():
        mark = f"<!-- {name} -->"
        assert f"{mark}\n{table(bench, rows)}\n{mark}" in text
    assert "| Hopper-v5   | novelty | 2 " in text
    assert (tmp_path / "labels-Hopper-v5.png").exists()


def test_a_report_of_other_experts_leaves_everything_as_it_is(
    command, two_runs, tmp_path
):
    command(*CS294, *REPORT)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    message = "^experts: expected CS294, .*labels.json are, got bundled: .* --experts"
    with pytest.raises(ValueError, match=message):
        command(*REPORT)
    with pytest.raises(ValueError, match=message):
        command("--only", "list")
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_place_is_told_before_the_work(command, tmp_path, name):
    (tmp_path / "labels.md").write_text(marked(*set(TABLES) - {name}))
    with pytest.raises(ValueError, match=f"labels.md: expected one place for {name}$"):
        command("--experts", str(tmp_path / "no-such-folder"))


def test_a_rule_is_better_by_two_standard_errors_or_not(bench):
    env, control = "Hopper-v5", bench.label_settings.CONTROL
    rows = rows_of(env, control, 300, 400, 500, 600, None)
    rows += rows_of(env, "novelty", 200, 310, 390, 500, 900)
    rows += rows_of(env, "disagreement", 900, 310, 390, 500, 900)
    table = bench.label_report.against_chance(
        rows, ["novelty", "disagreement"], [*range(5)]
    )
    novelty, disagreement = (
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table.splitlines()[2:]
    )
    saved = np.array([100, 90, 110, 100, 100])
    error = 2 * saved.std(ddof=1) / np.sqrt(5)
    assert novelty[5:] == [f"{saved.mean():.0f} ± {error:.0f}", "yes", "no"]
    assert disagreement[6:] == ["no", "no"]


def test_the_median_of_curves_of_different_lengths(bench):
    runs = [
        {"labels": [100, 150, 200], "scores": [0.0, 0.5, 1.0]},
        {"labels": [100, 125], "scores": [0.2, 0.9]},
        {"labels": [110, 160], "scores": [0.4, 0.6]},
    ]
    labels, scores = bench.label_pictures.median_curve(runs)
    assert_array_equal(labels, [110, 125, 150, 160, 200])
    assert_array_equal(scores, [0.2, 0.4, 0.5, 0.6, 0.9])


def test_a_picture_of_each_environment(bench, tmp_path):
    rows = rows_of("Reacher-v5", "a tenth", 300, None) + rows_of(
        "Reacher-v5", "every state", None, None, None
    )
    bench.label_pictures.draw(rows, tmp_path / "labels.png")
    assert (tmp_path / "labels.png").read_bytes().startswith(b"\x89PNG")
