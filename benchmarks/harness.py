"""How benchmarks are run: interleaved, pinned to one thread, by medians, with checks.

Import this first: the limits on threads must be set before the libraries are loaded.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skimitate.studies._machine import describe_machine

RESULTS = Path(__file__).resolve().parent / "results"
# The peers' own defaults: both sides do the same work.
AS_PEERS: dict[str, Any] = {"activation": "relu", "alpha": 0.0}
Timed = Callable[[], float | None]


def seconds_of(function: Timed) -> float:
    """Time a call, unless it returns the seconds itself, as another process does."""
    began = time.perf_counter()
    result = function()
    elapsed = time.perf_counter() - began
    return result if isinstance(result, float) else elapsed


def repeated(function: Callable[[], Any], n: int) -> Callable[[], None]:
    """Return a function that makes n calls, where one is too short to time."""

    def calls() -> None:
        for _ in range(n):
            function()

    return calls


def contest(
    work: str,
    against: str,
    ours: Timed,
    peer: Timed,
    *,
    at_least: float,
    repetitions: int,
    per: int = 1,
    check: Callable[[], tuple[str, bool]] | None = None,
) -> dict[str, Any]:
    """Run two sides in turns and compare the medians.

    Parameters
    ----------
    work, against : str
        What is done, and whom it is compared with.
    ours, peer : callable
        The two sides; each may return the seconds it took.
    at_least : float
        What the ratio of the peer's time to ours should be.
    repetitions : int
        Number of times, after one to warm up.
    per : int
        How many units of work (steps, calls) one time stands for.
    check : callable or None
        Tells, afterwards, in words and by a bool whether both did the same work.
    """
    seconds_of(peer), seconds_of(ours)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repetitions):
        times[0].append(seconds_of(peer))
        times[1].append(seconds_of(ours))
    theirs, mine = map(statistics.median, times)
    text, same = check() if check is not None else ("", True)
    row = {
        "work": work,
        "against": against,
        "peer_us": theirs / per * 1e6,
        "ours_us": mine / per * 1e6,
        "ratio": theirs / mine,
        "at_least": at_least,
        "check": text,
        "met": bool(theirs / mine >= at_least and same),
    }
    print(as_row(row), flush=True)
    return row


def as_row(row: dict[str, Any]) -> str:
    """Return a row of the table."""
    return (
        f"| {row['work']} | {row['against']} | {row['peer_us']:,.1f} | "
        f"{row['ours_us']:,.1f} | {row['ratio']:.2f} x | {row['at_least']} x | "
        f"{'yes' if row['met'] else '**no**'} | {row['check']} |"
    )


HEADER = (
    "| work | against | theirs, µs | ours, µs | ratio | at least | met | both did |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def machine() -> dict[str, Any]:
    """Say on what it was measured."""
    return describe_machine("scipy", "skorch", "stable-baselines3")


def main(name: str, run: Callable[[bool], list[dict[str, Any]]]) -> None:
    """Run one benchmark from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="in under 30 s, rougher")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    print(HEADER)
    save(name, run(quick), quick)


def save(name: str, rows: list[dict[str, Any]], quick: bool) -> None:
    """Write the rows; those of a quick run only if there are no better ones."""
    path = RESULTS / f"{name}.json"
    if quick and path.exists():
        return
    RESULTS.mkdir(exist_ok=True)
    content = {"quick": quick, "machine": machine(), "rows": rows}
    path.write_text(json.dumps(content, indent=2) + "\n")
