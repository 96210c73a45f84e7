"""The time of ``import skimitate`` beside what it is built on, in fresh processes."""

import argparse
import statistics
import subprocess
import sys
import time

OURS = "from skimitate import BehaviorCloner, DAggerRegressor, collect_rollouts"
PEER = "import sklearn.neural_network, gymnasium"
AT_MOST = 1.15


def seconds(statement: str) -> float:
    """Time a process that imports and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - began


def main() -> int:
    """Take turns, print the medians and the ratio, and tell whether it is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=21, help="of each side")
    repetitions = parser.parse_args().repetitions
    nothing, peer, ours = [], [], []
    for statement in (PEER, OURS):
        seconds(statement)
    for _ in range(repetitions):
        nothing.append(seconds(""))
        peer.append(seconds(PEER))
        ours.append(seconds(OURS))
    start, theirs, mine = map(statistics.median, (nothing, peer, ours))
    ratio = (mine - start) / (theirs - start)
    print("| imported | ms, without Python's own start |\n| --- | --- |")
    print(f"| `{PEER}` | {(theirs - start) * 1e3:.0f} |")
    print(f"| `{OURS}` | {(mine - start) * 1e3:.0f} |")
    print(f"\n{ratio:.3f} times as long; at most {AT_MOST} ({repetitions} of each).")
    return 0 if ratio <= AT_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
