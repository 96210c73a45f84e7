"""How long a person waits for the command line: for a first line, and for a table.

Prints the seconds until something appears and until the command ends, the median of
some repetitions, in fresh processes.

    python benchmarks/startup.py [--repetitions 5]
"""

import argparse
import statistics
import subprocess
import sys
import time

RUN = ["run", "Reacher-v5", "--jobs"]
COMMANDS = [
    ["--version"],
    ["--help"],
    ["run", "--help"],
    ["rnu", "Reacher-v5"],
    ["run", "Reacher-v5", "--episodes", "ten"],
    [*RUN, "1"],
    [*RUN, "2"],
]


def waits(command: list[str]) -> tuple[float, float]:
    """Return the seconds until the first line, and until the end."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "skimitate", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    process.stdout.readline()
    first = time.perf_counter() - began
    process.stdout.read()
    process.wait()
    return first, time.perf_counter() - began


def main() -> None:
    """Print the table; the commands take turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    rounds = [[waits(command) for command in COMMANDS] for _ in range(repetitions)]
    print("| command | first line, s | end, s |\n| --- | --- | --- |")
    for command, measured in zip(COMMANDS, zip(*rounds, strict=True), strict=True):
        first, end = (statistics.median(times) for times in zip(*measured, strict=True))
        print(f"| `skimitate {' '.join(command)}` | {first:.2f} | {end:.2f} |")


if __name__ == "__main__":
    main()
