"""The fuzzer finds readers with faults, and none in those of skimitate."""

import random
import re
import subprocess
import sys

import bad_readers
import pytest
from benches import ROOT, benchmark_modules

with benchmark_modules("fuzz", "fuzz_targets", "fuzz_worker") as found:
    fuzz, targets, worker = found.fuzz, found.fuzz_targets, found.fuzz_worker


@pytest.fixture(scope="module")
def watch():
    return worker.Watch()


@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_dozen_files_are_refused_or_read(tmp_path, watch, name):
    target = targets.TARGETS[name]
    path = tmp_path / f"case{target.suffix}"
    valid = target.seeds(path)
    for content in valid:
        path.write_bytes(content)
        target.read(path)
    kinds = set()
    for number in range(12):
        path.write_bytes(target.make(random.Random(number), valid))
        kind, detail = worker.attempt(target, path, watch)
        assert kind in ("accepted", "rejected"), (number, detail)
        kinds.add(kind)
    assert "rejected" in kinds


def bad(read):
    return targets.Target(
        "bad", ".txt", bad_readers.valid, read, lambda rng, valid: b"hostile"
    )


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (bad_readers.ask_for_memory, "memory"),
        (bad_readers.run_code, "code run"),
        (bad_readers.write, "code run"),
        (bad_readers.evaluate, "code run"),
        (bad_readers.raise_another, "other error"),
        (bad_readers.tell_no_path, "no path"),
    ],
)
def test_a_fault_is_noted(tmp_path, watch, read, kind):
    path = tmp_path / "case.txt"
    path.write_bytes(b"good")
    assert worker.attempt(bad(read), path, watch) == ("accepted", "")
    path.write_bytes(b"hostile")
    assert worker.attempt(bad(read), path, watch)[0] == kind


@pytest.mark.slow
@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (bad_readers.hang, "hang"),
        (bad_readers.take_memory, "memory"),
        (bad_readers.die, "killed"),
    ],
)
def test_a_process_that_fails_is_replaced(tmp_path, monkeypatch, read, kind):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))  # for processes to come
    target = targets.Target("bad", ".txt", bad_readers.valid, read, bad_readers.forged)
    limits = worker.Limits(seconds=0.5, n_bytes=2**27)
    found = fuzz.fuzz(target, 6, 0, tmp_path / "kept", limits)
    assert found.tried == 6
    assert found.outcomes[kind] == len(found.failures) > 0
    assert {kind for kind, *_ in found.failures} == {kind}
    for *_, path in found.failures:
        assert path.read_bytes() == b"hostile"


@pytest.mark.slow
def test_two_thousand_files(tmp_path):
    command = [sys.executable, ROOT / "benchmarks" / "fuzz.py", "--n", "2000"]
    done = subprocess.run(
        [*command, "--seed", "1", "--kept", tmp_path / "kept"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, last = done.stdout.splitlines()
    assert re.match(r"all +2000 +\d+ +\d+ +0 ", last)
    assert not (tmp_path / "kept").exists()
