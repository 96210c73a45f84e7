"""Runs of DAgger that are killed come to what those come to that never were."""

import pytest
from benches import ROOT, benchmark_modules


@pytest.fixture(scope="module")
def kill_dagger():
    with benchmark_modules("kill_dagger") as modules:
        yield modules.kill_dagger


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", ["one job, query=20", "two jobs, asked during episodes"]
)
def test_killed_at_random_instants(kill_dagger, case, monkeypatch):
    # What is killed is started where its module is found.
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    tally = kill_dagger.kill_case(case, n_kills=5, seed=1)
    assert tally.kills >= 5
    assert tally.runs > 0
    assert tally.other == tally.again == 0
    # Something was kept, and of what was not no more than one episode for each job.
    assert tally.durable > 100
    assert (
        tally.in_flight <= tally.kills * kill_dagger.CASES[case].get("n_jobs", 1) * 1000
    )
