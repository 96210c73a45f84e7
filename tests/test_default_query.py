"""What DAgger earns with its defaults, measured: what is kept, and shown."""

import json
from functools import partial
from multiprocessing.pool import ThreadPool

import pytest
from benches import benchmark_modules

from skimitate import BehaviorCloner, DAggerRegressor


@pytest.fixture(scope="module")
def bench():
    with benchmark_modules("default_query", "shared_rows") as modules:
        yield modules


@pytest.fixture
def script(bench, tmp_path, monkeypatch):
    """The script, with its page and its results in a folder of the test's.

    What is measured is made up: who measured it, and how often.
    """
    script, log = bench.default_query, []

    def measure(env, query, seed, experts):
        log.append((env, query, seed))
        return {"score": 0.5 if experts is None else 0.75, "labels": 1000 + len(log)}

    monkeypatch.setattr(script, "PAGE", tmp_path / "labels.md")
    monkeypatch.setattr(script, "KEPT", tmp_path / "default_query.json")
    monkeypatch.setattr(script, "measure", measure)
    mark = "<!-- default-query -->"
    (tmp_path / "labels.md").write_text(f"a\n{mark}\n{mark}\nb\n")

    def call(*options):
        log.clear()
        monkeypatch.setattr("sys.argv", ["default_query.py", *options])
        script.main()
        return list(log)

    script.call = call
    yield script
    del script.call


HOPPER = "--envs", "Hopper-v5", "--seeds", "1"
RUNS = [("Hopper-v5", query, 400) for query in ("all", 0.1, 25)]


def test_it_goes_on_where_it_stopped_with_each_kind_of_experts(script, tmp_path):
    assert script.call(*HOPPER) == RUNS
    assert script.call(*HOPPER) == []
    assert script.call(*HOPPER, "--experts", "folder") == RUNS
    assert script.call(*HOPPER, "--experts", "folder") == []
    second = [("Hopper-v5", query, 401) for query in ("all", 0.1, 25)]
    assert script.call("--envs", "Hopper-v5", "--seeds", "2") == second
    text = (tmp_path / "labels.md").read_text()
    bundled, cs294 = text.split("With the CS294 experts:")
    assert "With the bundled experts:" in bundled
    assert "| Hopper-v5   | 2     | 0.500 " in bundled
    assert "| Hopper-v5   | 1     | 0.750 " in cs294


def test_runs_of_other_defaults_are_done_again(script, monkeypatch):
    script.call(*HOPPER)
    kept = json.loads(script.KEPT.read_text())
    kept["rows"][1]["parameters"]["learner"]["max_iter"] = 7
    script.KEPT.write_text(json.dumps(kept))
    assert len(script.current(kept["rows"])) == 2
    assert script.call(*HOPPER) == [RUNS[1]]
    assert len(json.loads(script.KEPT.read_text())["rows"]) == 3


def test_a_missing_place_is_told_before_the_work(script, tmp_path):
    (tmp_path / "labels.md").write_text("a\n")
    with pytest.raises(ValueError, match=r"expected one place for default-query$"):
        script.call(*HOPPER)
    assert not script.KEPT.exists()


def test_what_others_add_at_the_same_time_is_not_lost(bench, tmp_path):
    path = tmp_path / "rows.json"

    def add(number):
        # Each with what it would know of the file by itself.
        bench.shared_rows.SharedRows(path, ["n"]).add({"n": number, "x": 0})

    with ThreadPool(4) as pool:
        pool.map(add, range(20), chunksize=1)
    kept = bench.shared_rows.SharedRows(path, ["n"])
    assert sorted(row["n"] for row in kept.read()) == list(range(20))
    kept.add({"n": 3, "x": 1})
    assert [row["x"] for row in kept.read() if row["n"] == 3] == [1]
    assert len(kept.read()) == 20


def test_a_run_that_is_small_is_measured(bench, monkeypatch):
    monkeypatch.setattr(bench.default_query, "N_EPISODES", 1)
    short = {"n_rounds": 1, "n_epochs_per_round": 1, "n_eval_episodes": 1}
    dagger = partial(DAggerRegressor, BehaviorCloner((4,), max_iter=1), **short)
    monkeypatch.setattr(bench.default_query, "DAggerRegressor", dagger)
    found = bench.default_query.measure("Reacher-v5", 10, 0, None)
    assert found["labels"] == 50 + 10
    assert found["score"] < 0.0
    assert json.loads(json.dumps(found)) == found
