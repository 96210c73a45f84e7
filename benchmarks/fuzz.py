"""Files that were damaged or forged, shown to everything that reads files.

Each is read in a process of its own kind, under a limit on memory and one on time, and
with a hook that notes whether anything in it was run. A reader may accept a file or
refuse it by a ValueError with its path; all else is a failure, and its file is kept.

    python benchmarks/fuzz.py [--n 100000] [--seed 0] [--targets cs294 rollouts]

A failure's file comes again from its target, seed and number. Another reader is one
entry in fuzz_targets.py.
"""

import argparse
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fuzz_targets import TARGETS, Target
from fuzz_worker import GOOD, Limits, work

# Longest time that a process is silent, as while it starts.
_START_SECONDS = 300.0

# Where there are files in memory, a disk need not take a hundred thousand.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@dataclass
class Found:
    """What came of the files of a target."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, int, str, Path]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def tried(self) -> int:
        """Number of files."""
        return self.outcomes.total()


def fuzz(target: Target, n: int, seed: int, kept: Path, limits: Limits) -> Found:
    """Show files to a reader, in a process that is replaced when it has to be.

    Parameters
    ----------
    target : Target
        What reads them.
    n : int
        How many.
    seed : int
        Of the generator that makes them.
    kept : Path
        Folder for those of failures.
    limits : Limits
        How much memory and time one may take.

    Returns
    -------
    Found
    """
    found, began, next_one = Found(), time.perf_counter(), 0
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        path = Path(folder) / f"case{target.suffix}"
        while next_one < n:
            next_one = _watch(target, next_one, n, seed, path, kept, limits, found)
    found.seconds = time.perf_counter() - began
    return found


def _watch(
    target: Target,
    first: int,
    n: int,
    seed: int,
    path: Path,
    kept: Path,
    limits: Limits,
    found: Found,
) -> int:
    """Follow one process to its end; return the number of the file that is next."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=work, args=(target, range(first, n), seed, path, limits, theirs)
    )
    process.start()
    theirs.close()
    number = first - 1
    try:
        while True:
            message = _next_message(ours, process, limits)
            if message == "reading":
                number += 1
                message = _next_message(ours, process, limits)
            elif message == "done":
                return n
            if isinstance(message, str) or number < first:
                raise RuntimeError(f"{target.name}, {number}: {message}")
            kind, detail = message
            found.outcomes[kind] += 1
            if kind in GOOD:
                continue
            name = f"{target.name}-{seed}-{number}{target.suffix}"
            kept.mkdir(parents=True, exist_ok=True)
            place = Path(shutil.copyfile(path, kept / name))
            found.failures.append((kind, number, detail, place))
            print(f"{target.name} {number}: {kind}: {detail}: {place}", flush=True)
            if kind in ("hang", "killed", "memory"):
                return number + 1  # what it has taken is not measured again
            ours.send("kept")
    finally:
        process.kill()
        process.join()
        ours.close()


def _next_message(connection: Connection, process: Any, limits: Limits) -> Any:
    """Return what a process says next, or what its silence says."""
    try:
        if connection.poll(max(6 * limits.seconds, _START_SECONDS)):
            return connection.recv()
    except (EOFError, ConnectionResetError):
        process.join()
        if process.exitcode != -signal.SIGPROF:
            return "killed", f"the process died: {process.exitcode}"
    return "hang", f"longer than {limits.seconds:g} s"


def main(argv: list[str] | None = None) -> int:
    """Try all targets in turn and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000, help="files of all targets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=[*TARGETS])
    parser.add_argument("--kept", type=Path, default=Path("runs/fuzz"))
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="of a processor, a file"
    )
    args = parser.parse_args(argv)
    limits = Limits(seconds=args.seconds)
    share, rest = divmod(args.n, len(args.targets))
    total = Found()
    row = "{:<12}{:>9}{:>10}{:>10}{:>10}{:>9}  {}".format
    head = row(
        "target", "tried", "rejected", "accepted", "failures", "seconds", "kinds"
    )
    print(head, flush=True)
    for i, name in enumerate(args.targets):
        found = fuzz(TARGETS[name], share + (i < rest), args.seed, args.kept, limits)
        print(row(*_cells(name, found)), flush=True)
        total.outcomes += found.outcomes
        total.failures += found.failures
        total.seconds += found.seconds
    print(row(*_cells("all", total)))
    return 1 if total.failures else 0


def _cells(name: str, found: Found) -> list[Any]:
    kinds = Counter(kind for kind, *_ in found.failures)
    return [
        name,
        found.tried,
        found.outcomes["rejected"],
        found.outcomes["accepted"],
        len(found.failures),
        f"{found.seconds:.0f}",
        ", ".join(f"{kind}: {n}" for kind, n in kinds.items()) or "none",
    ]


if __name__ == "__main__":
    sys.exit(main())
