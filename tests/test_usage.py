"""What the command line says of itself, and of options that it does not know."""

import argparse
import tomllib
from pathlib import Path

import pytest

import skimitate
from skimitate.cli import _flags
from skimitate.cli._main import COMMANDS, build_parser, main


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
        ("run X --query 0", "--query: expected all, a positive integer or a"),
        ("run X --query 1.5", "--query: expected all, a positive integer or a"),
        ("run X --query 2e1", "--query: expected all, a positive integer or a"),
        ("run X --query nan", "--query: expected all, a positive integer or a"),
        ("run X --query inf", "--query: expected all, a positive integer or a"),
        ("run X --query few", "--query: expected all, a positive integer or a"),
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
        assert "joblib, torch's files and C run code that they" in shown[command]


def test_the_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"skimitate {skimitate.__version__}\n"
    pyproject = Path(__file__).resolve().parents[1] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text())["project"]
    assert project["version"] == skimitate.__version__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("evaluate X --polcy x", "--polcy; did you mean --policy?"),
        (
            "evaluate X --polcy=x --sed 3",
            "--polcy --sed; did you mean --policy and ",
        ),
        ("evaluate X -policy x", "-policy x; did you mean --policy?"),
        ("evaluate X --hlep", "--hlep; did you mean --help?"),
        ("clone X --epoch-number 3", "--epoch-number; did you mean --epochs?"),
        ("film X --ouput film.mp4", "--ouput; did you mean --out?"),
        ("run X --zzz", "--zzz\n"),
        ("run X Y", "Y\n"),
        ("run X -- --polcy", "--polcy"),
    ],
)
def test_a_mistyped_option_is_told_with_the_usage_of_its_command(
    arguments, message, capsys
):
    with pytest.raises(SystemExit) as caught:
        main(arguments.split())
    assert caught.value.code == 2
    shown = capsys.readouterr().err
    command = arguments.split()[0]
    assert shown.startswith(f"usage: skimitate {command} [-h] ")
    assert f"skimitate {command}: error: unrecognized arguments: {message}" in shown


def test_the_beginning_of_an_option_will_do(capsys):
    args = build_parser().parse_args(["evaluate", "X", "--pol", "x", "--max=3"])
    assert (args.policy, args.max_steps) == ("x", 3)
    # What is text to argparse is text: it is no option with a space in it.
    args = build_parser().parse_args(["collect", "-- X", "--out", "x.npz"])
    assert args.env == "-- X"


@pytest.mark.parametrize(
    ("text", "query"),
    [("all", "all"), ("1", 1), ("25", 25), ("0.1", 0.1), ("1e-1", 0.1), ("1.0", 1.0)],
)
def test_what_is_asked_about_is_all_a_number_or_a_part(text, query):
    read = _flags.query(text)
    assert (read, type(read)) == (query, type(query))
