"""The command line, run as a newcomer would, and misused."""

import os
import re
import subprocess
import sys

import joblib
import numpy as np
import pytest

from skimitate import load_expert, save_policy
from skimitate.cli._main import main
from skimitate.files._lock import FolderLock


def test_an_expert_by_file_and_by_name(tmp_path, capsys):
    load_expert("Hopper-v5").save(tmp_path / "mine.npz")
    for spec in (str(tmp_path / "mine.npz"), "toy:hopper_noop"):
        options = ["--episodes", "1", "--jobs", "1", "--expert", spec]
        assert main(["evaluate", "Hopper-v5", *options]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "Hoper-v5"], "ENV: cannot make 'Hoper-v5'.* Did you mean"),
        (
            ["run", "CartPole-v1", "--expert", "toy:lean"],
            r"--expert: expected actions of the space Discrete\(2\), .* got 2\.",
        ),
        (
            ["run", "Swimmer-v5"],
            "--expert: there is no bundled expert for Swimmer-v5, only for Acrobot-v1, "
            "Ant-v5",
        ),
        (["run", "Hopper-v5", "--expert", "no/such.pkl"], "no such file: no/such.pkl"),
        (["run", "Hopper-v5", "--expert", "no.zip"], "no such file: no.zip"),
        (["run", "Hopper-v5", "--expert", "toy:nothing"], "expected module:callable"),
        (
            ["run", "Reacher-v5", "--expert", "Hopper-v5"],
            "--expert: Reacher-v5 has 10 observation and 2 action .* for 11 obs",
        ),
        (
            ["run", "Reacher-v5", "--expert", "toy:hopper_noop"],
            r"expert: .* got \(1, 3\) when shown .* \(episode 0, step 0\)",
        ),
        (["run", "Hopper-v5", "--out", "/dev/null/out"], "error: --out: .*/dev/null"),
        (
            ["table", "Reacher-v5", "--out", "/dev/null/out"],
            "error: --out: .*/dev/null",
        ),
        (
            ["table", "Reacher-v5", "Hoper-v5"],
            "ENV: cannot make 'Hoper-v5'.* Did you mean: `Hopper`",
        ),
        (["table", "Hoper-v5", "--expert", "toy:hopper_noop"], "cannot make 'Hoper-v5"),
        (
            ["table", "Reacher-v5", "Hopper-v5", "--expert", "toy:hopper_noop"],
            "--expert: expected a folder of CS294 expert files for 2 environments",
        ),
        (
            ["table", "Hopper-v5", "--expert", "tests"],
            "--expert: no such file: tests/Hopper-v1.pkl, for Hopper-v5",
        ),
        (["collect", "Hopper-v5", "--out", "no/such/file.npz"], "no such folder"),
        (["evaluate", "Hopper-v5", "--policy", "no.joblib"], "no such file: no.joblib"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, message, capsys):
    jobs = ["--jobs", "1"]
    assert main([*arguments, *jobs]) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("skimitate: error: ")
    assert re.search(message, line)


@pytest.mark.parametrize("content", [b"", b"garbage", b"{}"])
def test_a_policy_file_that_is_none(tmp_path, capsys, content):
    path = tmp_path / "model.joblib"
    path.write_bytes(content)
    assert main(["evaluate", "Hopper-v5", "--policy", str(path), "--jobs", "1"]) == 2
    warned, line = capsys.readouterr().err.splitlines()
    assert warned.startswith(f"--policy: reading {path} can run code")
    assert f"--policy: {path}: expected a model saved by joblib" in line


def shout():
    print("UNPICKLED", file=sys.stderr)


class Shouting:
    """Runs a function when it is unpickled."""

    def __reduce__(self):
        return shout, ()


def test_before_a_file_runs_code_it_is_said_that_it_can(tmp_path, capsys):
    joblib.dump(Shouting(), tmp_path / "model.joblib")
    command = ["evaluate", "Hopper-v5", "--policy", str(tmp_path / "model.joblib")]
    assert main([*command, "--jobs", "1"]) == 2  # it is nothing that acts
    said = capsys.readouterr().err
    assert said.index("can run code") < said.index("UNPICKLED")


@pytest.mark.parametrize("newer", [True, False])
def test_a_file_that_runs_nothing_is_preferred_unless_it_is_older(
    tmp_path, capsys, newer
):
    unpickled, safe = tmp_path / "model.joblib", tmp_path / "model.safetensors"
    save_policy(load_expert("Reacher-v5"), safe)
    unpickled.write_bytes(b"not to be read")
    at = unpickled.stat().st_mtime
    os.utime(safe, (at, at + (10 if newer else -10)))
    command = ["evaluate", "Reacher-v5", "--policy", str(unpickled), "--jobs", "1"]
    status = main([*command, "--episodes", "1", "--max-steps", "2"])
    said = capsys.readouterr().err
    assert status == (0 if newer else 2)
    assert (f"--policy: {safe} is read in place of {unpickled}" in said) == newer
    assert ("can run code that it contains" in said) != newer


def test_an_output_that_is_a_folder(tmp_path, capsys):
    assert main(["collect", "Hopper-v5", "--out", str(tmp_path)]) == 2
    assert "--out: expected a file" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["evaluate", "collect"])
def test_who_fails_in_an_episode_is_named_by_the_option(
    tmp_path, monkeypatch, capsys, command
):
    (tmp_path / "clumsy.py").write_text(
        "import numpy as np\n"
        "asked = []\n"
        "def expert(observations):\n"
        "    asked.append(1)\n"
        "    return np.full((1, 2), np.nan if len(asked) > 9 else 0.0)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "clumsy", raising=False)
    out = ["--out", str(tmp_path / "x.npz")] if command == "collect" else []
    options = ["--expert", "clumsy:expert", "--jobs", "1", *out]
    assert main([command, "Reacher-v5", *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skimitate: error: --expert: expected finite actions")
    assert line.endswith("(episode 0, step 8)")


def test_an_interruption_is_one_line_and_status_130(tmp_path, monkeypatch, capsys):
    (tmp_path / "tired.py").write_text(
        "def expert(observations):\n    raise KeyboardInterrupt\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    command = ["evaluate", "Reacher-v5", "--expert", "tired:expert", "--jobs", "1"]
    assert main(command) == 130
    assert capsys.readouterr().err == "skimitate: interrupted\n"


@pytest.mark.parametrize(
    ("raised", "line"),
    [
        ("RuntimeError('the driver is gone')", "RuntimeError: the driver is gone"),
        ("pickle.PicklingError('no')", "PicklingError: no"),
        ("MemoryError()", "there is not enough memory"),
        ("MemoryError('9 TiB')", "there is not enough memory: 9 TiB"),
    ],
)
def test_what_the_machine_cannot_do_is_one_line(
    tmp_path, monkeypatch, capsys, raised, line
):
    (tmp_path / "poor.py").write_text(
        "import pickle\n"
        "class Poor:\n"
        "    @property\n"
        "    def predict(self):\n"
        f"        raise {raised}\n"
        "expert = Poor()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "poor", raising=False)
    command = ["evaluate", "Reacher-v5", "--expert", "poor:expert", "--jobs", "1"]
    assert main(command) == 2
    assert capsys.readouterr().err == f"skimitate: error: {line}\n"


@pytest.mark.parametrize("command", ["run", "table"])
def test_a_second_run_in_a_folder_is_refused(tmp_path, capsys, command):
    out = tmp_path / "runs"
    with FolderLock(out, "out"):
        assert main([command, "Reacher-v5", "--jobs", "1", "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "skimitate: error: --out: expected a folder that nobody else uses, got "
        f"{out}, where another run is at work: give each run its own"
    )


def test_a_line_comes_before_the_libraries_do():
    # In place of what is loaded next, something that says who asks for it.
    script = (
        "import sys\n"
        "class Loud:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'numpy':\n"
        "            print('numpy is asked for', flush=True)\n"
        "            raise SystemExit\n"  # what comes after takes seconds
        "sys.meta_path.insert(0, Loud())\n"
        "from skimitate.cli._main import main\n"
        "main(['evaluate', 'Hoper-v5'])\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[:2] == [
        "evaluate: loading ...",
        "numpy is asked for",
    ]


@pytest.mark.parametrize("content", ["garbage", "objects", "array"])
def test_a_policy_in_an_npz_file_that_is_none(tmp_path, capsys, content):
    path = tmp_path / "bad.npz"
    if content == "objects":
        np.savez(path, mean=np.array([{}]), scale=np.ones(3))
    elif content == "array":
        with open(path, "wb") as file:
            np.save(file, np.ones(3))
    else:
        path.write_text("whatever")
    assert main(["evaluate", "Hopper-v5", "--policy", str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    expected = f"--policy: {path}: expected an expert saved as npz, but it"
    assert line.startswith(f"skimitate: error: {expected}")
    assert "pickle" not in line


def test_demonstrations_are_no_policy(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    collect = ["collect", "Reacher-v5", "--episodes", "1", "--jobs", "1"]
    assert main([*collect, "--out", "demos.npz"]) == 0
    assert main(["evaluate", "Reacher-v5", "--policy", "demos.npz"]) == 2
    line = capsys.readouterr().err
    assert "it holds demonstrations (observations, actions): clone it, " in line
    command = re.search(r"python -m skimitate (clone .*)", line)[1]
    assert main([*command.split(), "--epochs", "1"]) == 0


@pytest.mark.parametrize("out", ["p.csv", "m", "p.npz.gz"])
def test_what_is_collected_is_kept_in_a_file_that_clone_takes(tmp_path, capsys, out):
    path = tmp_path / out
    assert main(["collect", "Hopper-v5", "--out", str(path)]) == 2
    assert (
        capsys.readouterr().err
        == f"skimitate: error: --out: expected a file that ends in .npz, got {path}\n"
    )


@pytest.mark.parametrize(
    "arguments", [["evaluate", "Hopper-v5"], ["film", "Hopper-v5", "--out", "x.mp4"]]
)
def test_an_expert_beside_a_policy_is_not_passed_over(capsys, arguments):
    both = ["--policy", "Hopper-v5", "--expert", "Ant-v5"]
    assert main([*arguments, *both]) == 2
    line = capsys.readouterr().err
    assert line.startswith("skimitate: error: --expert: expected --policy or --expert")


@pytest.mark.parametrize("command", ["evaluate", "run"])
def test_an_id_without_its_version(capsys, command):
    assert main([command, "Reacher"]) == 2
    line = capsys.readouterr().err
    assert "--expert: there is no bundled expert for Reacher" in line
    assert "did you mean Reacher-v5? Or name one: --expert FILE" in line
    assert main([command, "Reachr"]) == 2
    line = capsys.readouterr().err
    assert "ENV: cannot make 'Reachr': " in line
    assert "Did you mean: `Reacher`?" in line
