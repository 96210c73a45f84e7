"""Policies out of Python: how exact, what they earn, how fast and how large they are.

The parts are ``parity`` (the largest deviation of an action from ``predict``, in parts
of its spread, on the bundled demonstrations and experts), ``returns`` (episodes driven
by the compiled C policy and by the Python one, on the same seeds), ``speed`` (an action
of 11-50-50-3 in a loop in C, on one core) and ``size`` (bytes of code and constants).
"""

import harness  # first: it limits the threads

# isort: split
import argparse
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from export_report import as_markdown
from make_table import ROOT, find_place, write_into

from skimitate import (
    BehaviorCloner,
    as_policy,
    collect_rollouts,
    evaluate_policy,
    export_c,
    export_onnx,
    load_demonstrations,
    load_expert,
    load_policy,
    save_policy,
)

Rows = list[dict[str, Any]]

ENVS = ("Ant", "HalfCheetah", "Hopper", "Humanoid", "Reacher", "Walker2d")
WITH_DEMONSTRATIONS = ("HalfCheetah", "Hopper", "Reacher")
WEIGHTS = ("float32", "float16", "int8")
ROUNDED = ("C, float16", "C, int8")
MOST_OFF = 1e-5
LIMIT = {"relu": 1.5, "tanh": 2.5}

TIMED = """
#define _POSIX_C_SOURCE 199309L
#include "policy.h"
#include <stdio.h>
#include <time.h>
static float observations[1000][policy_n_observations];
int main(void)
{
    unsigned seed = 1;
    float sum = 0.0f;
    for (int i = 0; i < 1000; i++)
        for (int j = 0; j < policy_n_observations; j++) {
            seed = seed * 1664525u + 1013904223u;
            observations[i][j] = 3.0f + (float)(seed >> 8) / 4194304.0f - 2.0f;
        }
    for (int i = 0; i < REPETITIONS; i++) {
        struct timespec began, ended;
        clock_gettime(CLOCK_MONOTONIC, &began);
        for (int n = 0; n < 20000; n++) {
            float action[policy_n_actions];
            policy_act(observations[n % 1000], action);
            sum += action[n % policy_n_actions];
        }
        clock_gettime(CLOCK_MONOTONIC, &ended);
        printf("%.9g\\n", ((double)(ended.tv_sec - began.tv_sec) * 1e9
            + (double)(ended.tv_nsec - began.tv_nsec)) / 20000.0);
    }
    /* So that nothing is left out. */
    fprintf(stderr, "%g\\n", (double)sum);
    return 0;
}
"""

USED = """
#include "policy.h"
void control(const float *observation, float *action);
void control(const float *observation, float *action)
{
    policy_act(observation, action);
}
"""

CORTEX = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
MACHINES = {
    "x86-64, gcc -O2": ("gcc -O2", "size"),
    "x86-64, gcc -O3": ("gcc -O3", "size"),
    "Cortex-M4, gcc -Os": (f"arm-none-eabi-gcc -Os {CORTEX}", "arm-none-eabi-size"),
    "riscv64, gcc -Os": ("riscv64-linux-gnu-gcc -Os", "riscv64-linux-gnu-size"),
}


def run_in(folder: Path, command: str) -> str:
    """Return what a command prints."""
    done = subprocess.run(
        command.split(), cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def exported(folder: Path, actor: Any) -> dict[str, Callable[[np.ndarray], Any]]:
    """Return what acts of an actor, by the form that it was exported in."""
    forms: dict[str, Callable[[np.ndarray], Any]] = {}
    for weights in WEIGHTS:
        export_c(actor, folder / "policy.h", weights=weights)
        forms[f"C, {weights}"] = load_expert(folder / "policy.h").act
    save_policy(actor, folder / "policy.safetensors")
    forms["safetensors"] = load_policy(folder / "policy.safetensors").act
    ask = in_onnx(folder, actor)
    return forms if ask is None else forms | {"ONNX": ask}


def in_onnx(folder: Path, actor: Any) -> Callable[[np.ndarray], Any] | None:
    """Return what acts of an actor in onnxruntime, None where that is missing."""
    try:
        import onnxruntime

        export_onnx(actor, folder / "policy.onnx")
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        folder / "policy.onnx", options, providers=["CPUExecutionProvider"]
    )

    def ask(observations: np.ndarray) -> np.ndarray:
        batch = np.atleast_2d(observations).astype(np.float32)
        return session.run(["action"], {"observation": batch})[0]

    return ask


def parity(folder: Path, quick: bool) -> Rows:
    """Compare actions with those of Python."""
    print("\n| policy | form | largest deviation, in parts of the spread | met |")
    print("| --- | --- | --- | --- |")
    rows = []
    for env in ENVS[-2:] if quick else ENVS:
        expert = load_expert(f"{env}-v5")
        if env in WITH_DEMONSTRATIONS:
            X, y = load_demonstrations(f"{env}-v5", return_X_y=True)
        else:
            ran = collect_rollouts(f"{env}-v5", expert, n_episodes=2, random_state=0)
            X, y = ran.observations, ran.actions
        n = {"max_iter": 2 if quick else 20, "random_state": 0}
        actors = {f"{env} expert": expert}
        for activation in ("relu", "tanh"):
            clone = BehaviorCloner(activation=activation, **n).fit(X, y)
            actors[f"{env} clone, {activation}"] = clone
        for who, actor in actors.items():
            expected = as_policy(actor).act(X)
            for form, act in exported(folder, actor).items():
                off = (np.abs(act(X) - expected) / expected.std(axis=0)).max()
                # Rounded weights are for whoever has no room for others.
                met = None if form in ROUNDED else bool(off <= MOST_OFF)
                told = {None: "", True: "yes", False: "**no**"}[met]
                row = {"policy": who, "form": form, "deviation": off}
                rows.append(row | {"at_most": MOST_OFF, "met": met})
                print(f"| {who} | {form} | {off:.2g} | {told} |", flush=True)
    return rows


def returns(folder: Path, quick: bool) -> Rows:
    """Let the expert and its compiled form drive on the same seeds."""
    n = 2 if quick else 50
    print(f"\n| environment | driven by | mean of {n} ± two standard errors |")
    print("| --- | --- | --- |")
    rows = []
    for env in ("Hopper-v5", "Walker2d-v5", "Humanoid-v5"):
        expert = load_expert(env)
        export_c(expert, folder / "policy.h")
        drivers = {"C": load_expert(folder / "policy.h"), "Python": expert}
        for form, driver in drivers.items():
            earned = evaluate_policy(env, driver, n_episodes=n, random_state=0)
            error = 2 * earned.std(ddof=1) / n**0.5
            row = {"env": env, "driver": form, "n": n, "mean": earned.mean()}
            rows.append(row | {"two_standard_errors": error})
            print(
                f"| {env} | {form} | {earned.mean():,.0f} ± {error:,.0f} |", flush=True
            )
    return rows


def clone_of(activation: str) -> BehaviorCloner:
    """Return a network of 11-50-50-3."""
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, size=(2000, 11))
    cloner = BehaviorCloner(max_iter=20, random_state=0, activation=activation)
    return cloner.fit(X, np.tanh(X[:, :3] - 3))


def speed(folder: Path, quick: bool) -> Rows:
    """Time an action of 11-50-50-3."""
    print("\n| what acts | µs an action | at most | met |\n| --- | --- | --- | --- |")
    rows, n = [], 5 if quick else 31

    def note(what: str, microseconds: float, most: float | None = None) -> None:
        met = None if most is None else bool(microseconds <= most)
        row = {"what": what, "activation": activation, "us": microseconds}
        rows.append(row | {"at_most": most, "met": met})
        limit = f"{most} | {'yes' if met else '**no**'}" if most else "|"
        print(f"| {what}, {activation} | {microseconds:.2f} | {limit} |", flush=True)

    for activation, most in LIMIT.items():
        clone = clone_of(activation)
        for weights in WEIGHTS:
            export_c(clone, folder / "policy.h", weights=weights, action_space=(-1, 1))
            program = TIMED.replace("REPETITIONS", str(n))
            (folder / "timed.c").write_text(program)
            for compiler in ("gcc -O2", "gcc -O3", "clang -O2"):
                if shutil.which(compiler.split()[0]) is None:
                    continue
                run_in(folder, f"{compiler} -std=c99 timed.c -o timed")
                times = list(map(float, run_in(folder, "./timed").split()))
                is_goal = weights == "float32" and compiler.startswith("gcc")
                note(
                    f"C, {weights}, {compiler}",
                    statistics.median(times) / 1e3,
                    most if is_goal else None,
                )
        for what, ask in in_python(folder, clone).items():
            note(what, time_of(ask, n))
    return rows


def in_python(folder: Path, clone: Any) -> dict[str, Callable[[np.ndarray], Any]]:
    """Return what acts in Python."""
    save_policy(clone, folder / "policy.safetensors")
    asked = {"load_policy(...).act": load_policy(folder / "policy.safetensors").act}
    export_c(clone, folder / "policy.h")
    asked["load_expert(policy.h).act"] = load_expert(folder / "policy.h").act
    onnx = in_onnx(folder, clone)
    return asked if onnx is None else asked | {"onnxruntime": onnx}


def time_of(ask: Callable[[np.ndarray], Any], repetitions: int) -> float:
    """Return the median time of an action in microseconds."""
    rows = np.random.default_rng(1).normal(3, 2, size=(500, 11)).astype(np.float32)
    times = []
    for _ in range(repetitions + 1):
        began = time.perf_counter()
        for row in rows:
            ask(row)
        times.append((time.perf_counter() - began) / len(rows) * 1e6)
    return statistics.median(times[1:])


def size(folder: Path, quick: bool) -> Rows:
    """Count the bytes of code and of constants."""
    print("\n| machine | network | weights | code | constants |")
    print("| --- | --- | --- | --- | --- |")
    rows = []
    for activation in ("relu",) if quick else LIMIT:
        clone = clone_of(activation)
        for weights in WEIGHTS:
            export_c(clone, folder / "policy.h", weights=weights, action_space=(-1, 1))
            (folder / "used.c").write_text(USED)
            for machine, (compiler, count) in MACHINES.items():
                if shutil.which(compiler.split()[0]) is None:
                    continue
                run_in(folder, f"{compiler} -std=c99 -c used.c -o used.o")
                table = run_in(folder, f"{count} -A used.o")
                row: dict[str, Any] = {"machine": machine, "activation": activation}
                row |= {"weights": weights}
                for section in ("text", "rodata"):
                    found = re.findall(rf"^\.{section}\S*\s+(\d+)", table, re.M)
                    row[section] = sum(map(int, found))
                rows.append(row)
                print(
                    f"| {machine} | 11-50-50-3, {activation} | {weights} | "
                    f"{row['text']:,} | {row['rodata']:,} |"
                )
    return rows


PAGE = ROOT / "docs" / "export.md"
PARTS = {"parity": parity, "returns": returns, "speed": speed, "size": size}


def main() -> None:
    """Run the parts that are asked for, and keep the others as they were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in under 30 s, rougher")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    find_place(PAGE, "export")  # a missing one is known before the work
    path = harness.RESULTS / "export.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    for name in arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            found = PARTS[name](Path(folder), arguments.quick)
        rows = [row for row in rows if row["part"] != name]
        rows += [{"part": name, **row} for row in found]
    harness.save("export", rows, arguments.quick)
    kept = json.loads(path.read_text())["rows"]
    write_into(PAGE, "export", as_markdown(kept))


if __name__ == "__main__":
    main()
