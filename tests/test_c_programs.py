"""Policies as C, in the hands of compilers: strict, small, on other processors."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from c_models import EPISODES, FEW, FITTED, MODELS, X, off
from numpy.testing import assert_allclose

from skimitate import as_policy, export_c
from skimitate.cli._main import main

STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow"]
C99 = ["-std=c99", *STRICT]

# Compilers of other machines, and what runs their programs here.
CROSS = {
    "arm": ("arm-linux-gnueabihf-gcc", "qemu-arm"),
    "riscv64": ("riscv64-linux-gnu-gcc", "qemu-riscv64"),
}
CORTEX = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-Os"]

USED = """
#include "policy.h"
void control({state}const float *observation, {kind} *action);
void control({state}const float *observation, {kind} *action)
{{
    policy_act({memory}observation, action);
}}
"""


def found(program):
    """The program, or a skip."""
    if shutil.which(program) is None:
        # Compilers for other processors, and emulators, are no part of the package.
        pytest.skip(f"there is no {program} here")
    return program


def run(*command, cwd, text=None):
    """What a program prints."""
    done = subprocess.run(command, cwd=cwd, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def used(folder, model, **options):
    """Write a policy, and a file that uses it in a function."""
    export_c(model, folder / "policy.h", **options)
    header = (folder / "policy.h").read_text()
    kind = re.search(r"policy_act\(.*?(\w+) \*action\)", header)[1]
    remembers = "policy_state;" in header
    state, memory = ("policy_state *state, ", "state, ") if remembers else ("", "")
    text = USED.format(state=state, kind=kind, memory=memory)
    (folder / "control.c").write_text(text)
    return folder


def program(folder, *compiler):
    """Compile the program that a header is."""
    (folder / "main.c").write_text('#define POLICY_MAIN\n#include "policy.h"\n')
    run(*compiler, "main.c", "-o", "main", cwd=folder)
    return folder / "main"


def csv(rows):
    return "".join(",".join(f"{value:.9g}" for value in row) + "\n" for row in rows)


@pytest.mark.parametrize(
    "compiler", ["gcc", pytest.param("clang", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=() if k in FEW else pytest.mark.slow) for k in MODELS],
)
def test_compilers_have_nothing_to_say(tmp_path, kind, compiler):
    found(compiler)
    weights = ["float32", "float16", "int8"][list(MODELS).index(kind) % 3]
    folder = used(tmp_path, FITTED[kind](), weights=weights)
    run(compiler, *C99, "-O2", "-c", "control.c", cwd=folder)
    # At -O3 a compiler looks into all that is called.
    for level in ("-O0", "-O3"):
        program(folder, compiler, *C99, level)


@pytest.mark.parametrize("kind", ["lstm", "history of names"])
def test_cpp_takes_it_too(tmp_path, kind):
    folder = used(tmp_path, FITTED[kind](), weights="float16")
    (folder / "control.c").rename(folder / "control.cpp")
    compiler = found("g++")
    run(compiler, *STRICT, "-std=c++11", "-c", "control.cpp", cwd=folder)
    program(folder, compiler, *STRICT, "-x", "c++")


def test_nothing_of_a_library_is_needed(tmp_path):
    folder = used(tmp_path, FITTED["lstm"](), weights="float16")
    # For copies of structures and arrays, compilers may call those in any case.
    allowed = {"memcpy", "memmove", "memset"}
    for level in ("-O0", "-O2", "-O3", "-Os"):
        run("gcc", *C99, level, "-c", "control.c", cwd=folder)
        needed = run(found("nm"), "-u", "control.o", cwd=folder).split()
        assert set(needed) - {"U", "_GLOBAL_OFFSET_TABLE_"} <= allowed


def test_nothing_is_kept_but_constants(tmp_path):
    folder = used(tmp_path, FITTED["lstm"]())
    run("gcc", *C99, "-O2", "-c", "control.c", cwd=folder)
    sizes = run(found("size"), "-A", "control.o", cwd=folder)
    sections = dict(re.findall(r"^(\.\w+)\S*\s+(\d+)", sizes, re.M))
    assert sections[".data"] == sections[".bss"] == "0"


def test_int8_takes_a_quarter_of_the_memory(tmp_path):
    from skimitate import BehaviorCloner

    model = BehaviorCloner((40, 40), max_iter=1).fit(X, X[:, :2])
    constants = {}
    for weights in ("float32", "float16", "int8"):
        folder = used(tmp_path, model, weights=weights)
        run("gcc", *C99, "-O2", "-c", "control.c", cwd=folder)
        sizes = run(found("size"), "-A", "control.o", cwd=folder)
        found_sizes = re.findall(r"^\.rodata\S*\s+(\d+)", sizes, re.M)
        constants[weights] = sum(map(int, found_sizes))
    assert constants["float16"] < 0.6 * constants["float32"]
    assert constants["int8"] < 0.4 * constants["float32"]


def test_two_policies_in_one_program(tmp_path):
    for name, kind in (("left", "relu"), ("right_2", "gru")):
        export_c(FITTED[kind](), tmp_path / f"{name}.h", name=name)
    (tmp_path / "main.c").write_text("""
#include "left.h"
#include "right_2.h"
#include <stdio.h>
int main(void)
{
    static right_2_state state;
    float x[5] = {1.0f, 100.0f, 0.0f, 3.0f, 1e4f}, a[left_n_actions];
    float b[right_2_n_actions];
    left_act(x, a);
    right_2_act(&state, x, b);
    printf("%.9g %.9g\\n", (double)a[1], (double)b[1]);
    return 0;
}
""")
    run("gcc", *C99, "main.c", "-o", "main", cwd=tmp_path)
    printed = run("./main", cwd=tmp_path).split()
    gru = as_policy(FITTED["gru"]())
    gru.reset()
    row = [1.0, 100.0, 0.0, 3.0, 1e4]
    expected = [FITTED["relu"]().act(np.array(row))[1], gru.act(row)[1]]
    assert_allclose(np.float64(printed), expected, rtol=1e-5)


def test_a_program_that_reads_csv(tmp_path):
    export_c(FITTED["relu"](), tmp_path / "policy.h")
    command = ["-x", "c", "-DPOLICY_MAIN", "policy.h", "-o", "main"]
    run("gcc", "-std=c99", *command, cwd=tmp_path)
    printed = run("./main", cwd=tmp_path, text=csv(X[:20]).rstrip("\n"))
    rows = [line.split(",") for line in printed.splitlines()]
    assert off(np.float64(rows), FITTED["relu"]().act(X[:20])) < 1e-4
    other_ends = csv(X[:20]).replace("\n", "\r\n")
    assert run("./main", cwd=tmp_path, text=other_ends) == printed


def test_a_program_with_a_memory_begins_episodes_at_empty_lines(tmp_path):
    export_c(FITTED["history of names"](), tmp_path / "policy.h")
    main_program = program(tmp_path, "gcc", *C99)
    policy = as_policy(FITTED["history of names"]())
    expected, text = [], ""
    for episode in (2, 5):
        rows = X[episode == EPISODES]
        policy.reset()
        expected += [*(policy.act(row)[0] for row in rows), ""]
        text += f"{csv(rows)}\n"
    assert run(main_program, cwd=tmp_path, text=text).splitlines() == expected


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("1,2,3,4", 1),
        ("1,2,3,4,5,6", 1),
        ("", 1),
        ("a,b,c,d,e", 1),
        ("1,2,3,4,5\n1,2,,4,5", 2),
        ("1 2 3 4 5", 1),
        ("1,2,3,4,5;", 1),
        ("1,2,3,4," + "5" * 500, 1),
    ],
)
def test_bad_lines(tmp_path, line, number, csv_program):
    done = subprocess.run(
        csv_program, input=f"{line}\n", capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == f"line {number}: expected 5 numbers with commas between\n"


@pytest.fixture(scope="module")
def csv_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    export_c(FITTED["linear"](), folder / "policy.h")
    return program(folder, "gcc", *C99)


def test_the_command_line_takes_it(tmp_path, capsys):
    from skimitate import load_expert

    path = tmp_path / "policy.h"
    export_c(load_expert("Reacher-v5"), path, action_space=(-1, 1))
    main(["evaluate", "Reacher-v5", "--policy", str(path), "--episodes", "2"])
    printed = capsys.readouterr()
    assert "can run code" in printed.err
    main(["evaluate", "Reacher-v5", "--episodes", "2"])
    assert capsys.readouterr().out.split()[:3] == printed.out.split()[:3]


TANH = """
#include "policy.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
int main(void)
{{
    double worst = 0.0;
    for (uint32_t bits = {begin}u; bits < {end}u; bits += {step}u) {{
        float x, y;
        memcpy(&x, &bits, sizeof x);
        y = x > 7.90531111f ? 7.90531111f : x;
        double exact = tanh((double)x);
        double error = fabs((double)policy_tanh(y) - exact) / exact;
        worst = error > worst ? error : worst;
    }}
    printf("%g\\n", worst);
    return 0;
}}
"""


@pytest.mark.parametrize(
    ("begin", "end", "step"),
    [
        (0x00800000, 0x7F800000, 99991),  # of all normal floats some
        # All from 0.0001 to 9: below it is a line, beyond it is cut off.
        pytest.param(0x38D1B717, 0x41100000, 1, marks=pytest.mark.slow),
    ],
)
def test_how_far_off_tanh_is(tmp_path, begin, end, step):
    export_c(FITTED["tanh of three"](), tmp_path / "policy.h")
    said = re.search(
        r"wrong by at most (\S+) of it", (tmp_path / "policy.h").read_text()
    )
    (tmp_path / "main.c").write_text(TANH.format(begin=begin, end=end, step=step))
    run("gcc", "-std=c99", "-O2", "main.c", "-o", "main", "-lm", cwd=tmp_path)
    worst = float(run("./main", cwd=tmp_path))
    assert 0.5 * float(said[1]) < worst <= float(said[1])


@pytest.mark.slow
@pytest.mark.parametrize("machine", CROSS)
@pytest.mark.parametrize("kind", ["tanh of three", "lstm", "history of integers"])
def test_other_processors_do_the_same(tmp_path, kind, machine):
    compiler, emulator = map(found, CROSS[machine])
    export_c(FITTED[kind](), tmp_path / "policy.h", weights="float16")
    text = csv(X[:30])
    own = run(program(tmp_path, "gcc", *C99), cwd=tmp_path, text=text)
    theirs = program(tmp_path, compiler, *C99, "-O2", "-static")
    printed = run(emulator, theirs, cwd=tmp_path, text=text)
    values = [[line.split(",") for line in out.split()] for out in (printed, own)]
    assert_allclose(*np.float64(values), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS)
def test_a_microcontroller_has_room_for_it(tmp_path, kind):
    folder = used(tmp_path, FITTED[kind](), weights="int8")
    run(found("arm-none-eabi-gcc"), *CORTEX, *C99, "-c", "control.c", cwd=folder)
    sizes = run(found("arm-none-eabi-size"), "-A", "control.o", cwd=folder)
    text = sum(map(int, re.findall(r"^\.text\S*\s+(\d+)", sizes, re.M)))
    assert 0 < text < 3000
