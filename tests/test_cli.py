"""The command line, run as a newcomer would, and misused."""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import skimitate
from skimitate import BehaviorCloner, Rollouts, load_expert, load_policy
from skimitate.cli._main import COMMANDS, build_parser, main


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The main job, small, in a process of its own."""
    out = tmp_path_factory.mktemp("run") / "out"
    command = [sys.executable, "-W", "error", "-m", "skimitate", "run", "Hopper-v5"]
    options = ["--episodes", "1", "--rounds", "3", "--jobs", "1", "--out", str(out)]
    job = subprocess.run(
        [*command, *options], check=True, capture_output=True, text=True
    )
    return job.stdout, out


@pytest.mark.slow
def test_the_main_job_shows_progress_and_a_table(finished):
    printed, _ = finished
    for line in ("episode 1/1, ", "BC: epoch 100/100", "DAgger: round 3/3"):
        assert line in printed
    rows = printed.splitlines()
    (row,) = [line for line in rows if line.startswith("| Hopper-v5")]
    assert row.count("(") == 3
    assert "| Environment       | Roll-outs | Expert Rewards" in printed
    assert "normalized return" in printed


@pytest.mark.slow
def test_the_main_job_keeps_what_it_made(finished):
    _, out = finished
    rollouts = Rollouts.load(out / "demonstrations.npz")
    assert rollouts.n_episodes == 1
    results = json.loads((out / "results.json").read_text())
    assert {name: len(r) for name, r in results["returns"].items()} == dict.fromkeys(
        ("Expert", "BC", "DAgger", "Random"), 20
    )
    means = {name: np.mean(r) for name, r in results["returns"].items()}
    expected = (means["DAgger"] - means["Random"]) / (means["Expert"] - means["Random"])
    assert results["normalized_return"]["DAgger"] == pytest.approx(expected)
    assert len(results["history"]) == 4
    dagger = joblib.load(out / "dagger.joblib")
    assert isinstance(dagger, BehaviorCloner)
    clone = joblib.load(out / "clone.joblib")
    X = rollouts.observations[:5]
    assert dagger.predict(X).shape == clone.predict(X).shape == (5, 3)
    for name, model, key in (("clone", clone, "BC"), ("dagger", dagger, "DAgger")):
        policy = load_policy(out / f"{name}.safetensors")
        assert_array_equal(policy.act(X), model.predict(X))
        assert policy.mean_return == pytest.approx(means[key])
    assert (out / "learning_curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_main_job_goes_on_where_it_stopped(finished, capsys):
    _, out = finished
    before = (out / "results.json").read_text()
    (out / "dagger.joblib").unlink()
    options = ["--episodes", "1", "--rounds", "3", "--jobs", "1"]
    assert main(["run", "Hopper-v5", *options, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "BC: kept from before" in printed
    assert "DAgger: round 3/3" in printed
    before, after = json.loads(before), json.loads((out / "results.json").read_text())
    assert after["returns"] == before["returns"]
    assert main(["run", "Hopper-v5", *options, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "DAgger: round" not in printed
    assert "| Hopper-v5" in printed
    again = json.loads((out / "results.json").read_text())
    assert again["seconds"] == after["seconds"]


@pytest.mark.slow
def test_the_table_of_one_row(tmp_path, capsys):
    options = ["--roll-outs", "2", "--rounds", "1", "--seeds", "2", "--jobs", "1"]
    out = tmp_path / "table"
    assert main(["table", "Reacher-v5", *options, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Reacher-v5, seed 1" in printed
    assert "Evaluating DAgger: episode 50/50" in printed
    assert (out / "table.md").read_text() in printed + "\n"
    (row,) = json.loads((out / "table.json").read_text())["rows"]
    assert np.shape(row["returns"]["BC"]) == (2, 50)
    for seed in (0, 1):
        for picture in ("losses.png", "learning_curve.png"):
            path = out / "Reacher-v5" / f"seed-{seed}" / picture
            assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_results(finished, tmp_path):
    _, out = finished
    options = ["--episodes", "1", "--rounds", "3", "--jobs", "2"]
    assert main(["run", "Hopper-v5", *options, "--out", str(tmp_path)]) == 0
    one, two = (
        json.loads((d / "results.json").read_text())["returns"] for d in (out, tmp_path)
    )
    assert one == two


@pytest.mark.slow
def test_collect_and_evaluate(finished, tmp_path, capsys):
    _, out = finished
    path = tmp_path / "rollouts.npz"
    options = ["--episodes", "2", "--jobs", "1"]
    assert main(["collect", "Hopper-v5", *options, "--out", str(path)]) == 0
    rollouts = Rollouts.load(path)
    assert rollouts.n_episodes == 2
    assert main(["evaluate", "Hopper-v5", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("Hopper-v5: 37")
    assert main(["evaluate", "Hopper-v5", *options, "--seed", "3"]) == 0
    assert lines[-1] != capsys.readouterr().out.splitlines()[-1]
    policy = str(out / "clone.joblib")
    assert main(["evaluate", "Hopper-v5", *options, "--policy", policy]) == 0
    assert "over 2 episodes" in capsys.readouterr().out
    assert main(["evaluate", "Reacher-v5", "--policy", policy]) == 2
    message = (
        "--policy: Reacher-v5 has 10 observation and 2 action dimensions, and this"
    )
    assert message in capsys.readouterr().err


def test_an_expert_by_file_and_by_name(tmp_path, capsys):
    load_expert("Hopper-v5").save(tmp_path / "mine.npz")
    for spec in (str(tmp_path / "mine.npz"), "toy:hopper_noop"):
        options = ["--episodes", "1", "--jobs", "1", "--expert", spec]
        assert main(["evaluate", "Hopper-v5", *options]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "Hoper-v5"], "ENV: cannot make 'Hoper-v5'.* Did you mean"),
        (["run", "CartPole-v1"], "ENV: expected a Box action space"),
        (
            ["run", "Swimmer-v5"],
            "--expert: there is no bundled expert for Swimmer-v5, only for Ant-v5",
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
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--policy: {path}: expected a model saved by joblib" in line


def test_an_output_that_is_a_folder(tmp_path, capsys):
    assert main(["collect", "Hopper-v5", "--out", str(tmp_path)]) == 2
    assert "--out: expected a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run", "Hopper-v5", "--jobs", "0"],
        ["run", "Hopper-v5", "--seed", "-1"],
        ["fly", "Hopper-v5"],
        ["run", "Hopper-v5", "--rounds", "0"],
        ["run", "Hopper-v5", "--episodes", "many"],
        ["collect", "Hopper-v5"],
        ["film", "Hopper-v5"],
        ["table", "--seeds", "0"],
    ],
)
def test_usage_errors_exit_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: skimitate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "run X --episodes many",
            "--episodes: expected a positive integer, got 'many'",
        ),
        ("run X --episodes 1.5", "--episodes: expected a positive integer, got '1.5'"),
        ("run X --rounds 0", "--rounds: expected a positive integer, got '0'"),
        ("run X --jobs 0", "--jobs: expected a number of processes or -1, got '0'"),
        ("run X --jobs two", "--jobs: expected a number of processes or -1, got 'two'"),
        ("run X --seed -1", "--seed: expected an integer from 0 to 2**32 - 1, got"),
        ("evaluate X --max-steps 0", "--max-steps: expected a positive integer, got"),
        ("clone X --epochs -3", "--epochs: expected a positive integer, got '-3'"),
        ("run X --env-arg frame_skip", "--env-arg: expected KEY=VALUE, got 'frame_sk"),
        ("run X --env-arg 1=2", "--env-arg: expected KEY=VALUE, got '1=2'"),
    ],
)
def test_a_wrong_number_is_named_by_its_option(arguments, message, capsys):
    with pytest.raises(SystemExit):
        main(arguments.split())
    assert f"argument {message}" in capsys.readouterr().err


def options_of(command):
    """The options of a command, but for --help."""
    (commands,) = (
        action
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return [a for a in commands.choices[command]._actions if a.dest != "help"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_every_default(command, capsys):
    for option in options_of(command):
        if option.option_strings:
            assert "default" in option.help, option.dest
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for option in options_of(command):
        if isinstance(option.default, (int, Path)) and option.default is not False:
            assert f"(default: {option.default})" in shown, option.dest


def test_help_says_what_is_counted_and_what_is_kept(capsys):
    shown = {}
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command, "--help"])
        shown[command] = " ".join(capsys.readouterr().out.split())
    assert "expert's episodes that the clone and DAgger start from" in shown["run"]
    assert "evaluated in 20 others" in shown["run"]
    assert "number of episodes to collect" in shown["collect"]
    assert "number of episodes to run the policy in" in shown["evaluate"]
    for command in ("run", "clone"):
        assert "(default: nothing is kept)" in shown[command]
    for command in ("run", "collect", "evaluate", "film"):
        assert "zip and joblib files run code that they contain" in shown[command]


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


def test_a_line_comes_before_the_libraries_do():
    # In place of what is loaded next, something that says who asks for it.
    script = (
        "import sys\n"
        "class Loud:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'numpy':\n"
        "            print('numpy is asked for', flush=True)\n"
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


def test_the_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"skimitate {skimitate.__version__}\n"
    pyproject = Path(__file__).resolve().parents[1] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text())["project"]
    assert project["version"] == skimitate.__version__
