"""Kill DAgger at random instants, let it go on, and see that nothing is lost by it.

A run is killed (SIGKILL) again and again, each time at a random instant of what it does
next, until one of its processes comes to the end; then another one begins. What comes
out is compared, bit for bit, with a run that was never killed, and each state that the
expert is asked about with those whose labels were on the disk when a process was
killed: these must not be asked about again.

    python benchmarks/kill_dagger.py --kills 200
"""

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np

ENV = "Hopper-v5"
PRELOADED = [
    "gymnasium.envs.mujoco",
    "skimitate.dagger._regressor",
    "skops.io",
    "torch",
]

# What is asked about, by whom, and how many processes run the episodes. A stateful
# expert is asked during the episodes, in whichever process they run.
CASES = {
    "one job": {},
    "one job, query=20": {"query": 20},
    "two jobs": {"n_jobs": 2, "n_episodes_per_round": 3},
    "two jobs, query=20": {"n_jobs": 2, "n_episodes_per_round": 3, "query": 20},
    "two jobs, asked during episodes": {
        "n_jobs": 2,
        "n_episodes_per_round": 3,
        "is_stateful": True,
    },
}


class LoggedExpert:
    """Writes down each state that it is asked about, before it answers."""

    def __init__(self, log: Path, is_stateful: bool) -> None:
        from skimitate import load_expert

        self.policy = load_expert(ENV)
        self.log = log
        if is_stateful:
            self.reset = self._begin

    def _begin(self) -> None:
        """Begin an episode: who has a reset() may remember."""

    def __call__(self, observations):
        """Return the actions for a batch."""
        # Appended at once, whoever else writes: asked and killed is asked.
        file = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, np.ascontiguousarray(observations, dtype=np.float64).tobytes())
        os.close(file)
        return self.policy.act(observations)


def run_once(
    folder: Path | None, log: Path, out: Path, case: str, begun: Event
) -> None:
    """Run DAgger, or go on with it, and write down what came out."""
    # Workers whose coordinator is gone say so at length.
    errors = os.open(out.with_suffix(".errors"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(errors, 2)
    from joblib import parallel_config

    from skimitate import BehaviorCloner, DAggerRegressor

    options = dict(CASES[case])
    expert = LoggedExpert(log, options.pop("is_stateful", False))
    dagger = DAggerRegressor(
        BehaviorCloner(max_iter=2),
        env=ENV,
        expert=expert,
        n_rounds=5,
        n_epochs_per_round=2,
        n_eval_episodes=2,
        checkpoint_dir=folder,
        random_state=0,
        **options,
    )
    begun.set()
    # Processes that are forked are there at once: those of loky would not pay here.
    with parallel_config(backend="multiprocessing"):
        dagger.fit()
    history = [{k: v for k, v in r.items() if k != "seconds"} for r in dagger.history_]
    told = [dagger.best_round_, dagger.expert_return_, history]
    part = out.with_suffix(".part.npz")
    vectors = dagger.estimator_.network_.vectors.numpy()
    np.savez(part, vectors=vectors, told=json.dumps(told))
    os.replace(part, out)


def started(*arguments: Any) -> BaseProcess:
    """Start a process that runs it, and wait until the run begins there."""
    context = multiprocessing.get_context("forkserver")
    # Each process is a new one, but libraries are loaded once.
    context.set_forkserver_preload(PRELOADED)
    begun = context.Event()
    process = context.Process(target=run_once, args=(*arguments, begun))
    process.start()
    assert begun.wait(120)
    return process


def durable(folder: Path) -> set[bytes]:
    """Return the states whose labels are on the disk."""
    from skimitate.dagger._round_files import RoundFiles
    from skimitate.files._checked_folder import CheckedFolder

    return set(_labelled(CheckedFolder(folder, "folder"), RoundFiles))


def _labelled(folder, files_of) -> Iterator[bytes]:
    rounds = {int(name.split("-")[1]) for name in folder.names("round-")}
    for number in rounds:
        files = files_of(folder, number)
        for name in folder.names(f"round-{number:04}-episode-"):
            visits = files.find(int(name.rpartition("-")[2]))
            yield from map(np.ndarray.tobytes, visits.observations[visits.is_heard])
        visited = files.visited()
        if visited is None:
            continue
        has_label = ~np.isnan(visited.labels).any(axis=1)
        yield from map(np.ndarray.tobytes, visited.observations[has_label])
        questions = visited.questions
        _, is_known = files.known(questions, visited.labels.shape[1])
        yield from map(np.ndarray.tobytes, questions.observations[is_known])


def asked(log: Path, width: int) -> list[bytes]:
    """Return the states in a log."""
    content = log.read_bytes() if log.exists() else b""
    return [content[i : i + 8 * width] for i in range(0, len(content), 8 * width)]


class Tally:
    """What was found so far."""

    def __init__(self) -> None:
        self.kills = self.runs = self.other = self.again = self.in_flight = 0
        self.durable = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills in {self.runs} runs: {self.runs - self.other} of them "
            f"bit-identical, durable labels (up to {self.durable} at a kill) asked for "
            f"again: {self.again}, labels of episodes in flight asked for again: "
            f"{self.in_flight}"
        )


def kill_until_done(
    folder: Path, reference: Path, case: str, seconds: float, width: int, rng, tally
) -> None:
    """Kill one run until it comes to its end."""
    log, out = folder / "log", folder / "out.npz"
    kept = folder / "checkpoint"
    known: set[bytes] = set()
    seen: set[bytes] = set()
    while not out.exists():
        log.unlink(missing_ok=True)
        process = started(kept, log, out, case)
        process.join(rng.uniform(0, seconds))
        if process.exitcode is None:
            process.kill()
            process.join()
            tally.kills += 1
            # Each gets on a little later: on a busy machine too it comes to its end.
            seconds *= 1.05
        else:
            errors = out.with_suffix(".errors").read_text()[-2000:]
            assert process.exitcode == 0, f"a run that was resumed failed: {errors}"
        new = asked(log, width)
        tally.again += sum(state in known for state in new)
        tally.in_flight += sum(state in seen - known for state in new)
        seen |= set(new)
        if kept.exists():
            known = durable(kept)
            tally.durable = max(tally.durable, len(known))
    with np.load(reference) as expected, np.load(out) as found:
        same = all(np.array_equal(expected[n], found[n]) for n in expected.files)
    tally.runs += 1
    tally.other += not same


def kill_case(case: str, n_kills: int, seed: int) -> Tally:
    """Kill runs of one kind that many times at least."""
    tally, rng = Tally(), random.Random(f"{seed} {case}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = folder / "reference.npz"
        process = started(None, folder / "log", reference, case)
        began = time.perf_counter()
        process.join()
        assert process.exitcode == 0
        seconds = time.perf_counter() - began
        width = 11
        while tally.kills < n_kills:
            own = folder / str(tally.runs)
            own.mkdir()
            # Each gets on by a half of this, if it gets on at all.
            kill_until_done(own, reference, case, seconds / 2, width, rng, tally)
    return tally


def main() -> None:
    """Read the command line, and print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="in all cases together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", choices=CASES, action="append")
    options = parser.parse_args()
    cases = options.case or list(CASES)
    for case in cases:
        n_kills = -(-options.kills // len(cases))
        print(f"{case}: {kill_case(case, n_kills, options.seed)}", flush=True)


if __name__ == "__main__":
    main()
