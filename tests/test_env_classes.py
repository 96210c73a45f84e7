"""Environments of one's own, by the class or the function that makes them."""

import json
import re
import sys
from functools import partial

import gymnasium
import pytest
from joblib.externals.loky import get_reusable_executor
from toy import OneActionEnv, lean

from skimitate import evaluate_policy
from skimitate.cli._main import main
from skimitate.environments._spec import folder_of, spec_of

FEW = ["--expert", "toy:lean", "--episodes", "2", "--jobs", "1"]

MODULE = """
import os
import time

import gymnasium
from toy import OneActionEnv

class Needy(OneActionEnv):
    def __init__(self, length):
        super().__init__(length)

class Slow(OneActionEnv):
    def reset(self, **options):
        time.sleep(1.0)
        return super().reset(**options)

    def step(self, action):
        observation, _, *ends = super().step(action)
        return observation, float(os.getpid()), *ends

class Lift:
    pass

class rooms:
    @staticmethod
    def hall(n_steps=4):
        env = OneActionEnv(n_steps)
        return gymnasium.wrappers.RescaleAction(env, env.action_space.low, 1.0)

number = 3
gymnasium.register("Hall-v0", rooms.hall)
gymnasium.register("Hall-v1", rooms.hall, kwargs={"n_steps": 2})
"""


@pytest.fixture
def halls(tmp_path, monkeypatch):
    """The name of a module with environments."""
    (tmp_path / "halls.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "halls", raising=False)
    yield "halls"
    for env_id in ("Hall-v0", "Hall-v1"):
        gymnasium.registry.pop(env_id, None)


def earned(capsys, env, *options):
    """The last line of ``evaluate``, and the returns that it prints."""
    assert main(["evaluate", env, *FEW, *options]) == 0
    printed = capsys.readouterr().out.splitlines()[1:]
    lines = [line for line in printed if not line.startswith("Evaluating: ")]
    return lines[-1], [float(line.split()[-1]) for line in lines[:-1]]


def test_a_class_is_an_environment_as_in_python(capsys):
    line, returns = earned(capsys, "toy:OneActionEnv")
    assert line.startswith("toy:OneActionEnv: -")
    expected = evaluate_policy(OneActionEnv, lean, n_episodes=2, random_state=0)
    assert returns == pytest.approx(expected, abs=0.051)


def test_its_arguments_are_given_as_those_of_an_id(capsys):
    three = ["--env-arg", "n_steps=3"]
    line, returns = earned(capsys, "toy:OneActionEnv", *three)
    assert line.startswith("toy:OneActionEnv(n_steps=3): -")
    three_steps = partial(OneActionEnv, n_steps=3)
    expected = evaluate_policy(three_steps, lean, n_episodes=2, random_state=0)
    assert returns == pytest.approx(expected, abs=0.051)
    _, cut = earned(capsys, "toy:OneActionEnv", "--env-arg", "max_episode_steps=3")
    assert cut == returns


def test_a_function_that_makes_one(halls, capsys):
    line, returns = earned(capsys, "halls:rooms.hall", "--env-arg", "n_steps=2")
    assert line.startswith("halls:rooms.hall(n_steps=2): ")
    # What is registered goes first, and of several versions the newest.
    for env in ("halls:Hall-v1", "halls:Hall"):
        assert earned(capsys, env)[1] == returns
    assert spec_of("halls:Hall-v1", {}) == "halls:Hall-v1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["halls:Needy"],
            "ENV: cannot make 'halls:Needy': .* missing 1 required .* 'length'.*; give "
            "what it needs by --env-arg KEY=VALUE, or register it .* give halls:ID$",
        ),
        (
            ["halls:Needy", "--env-arg", "width=2"],
            r"--env-arg: cannot make halls:Needy\(width=2\): .*'width'.*register it",
        ),
        (["halls:Lift"], "ENV: cannot make 'halls:Lift': .*must inherit .*register it"),
        (["halls:number"], "ENV: cannot make 'halls:number': .*registers .*, got 3$"),
        (
            ["halls:Nedy"],
            "ENV: cannot make 'halls:Nedy': halls holds no Nedy, and Gymn",
        ),
        (["halls:Hall-v7"], "ENV: .*: halls holds no Hall-v7, .*`v1`"),
        (["hals:Needy"], "ENV: cannot make 'hals:Needy': No module named 'hals'$"),
        (["toy:PointEnv", "--expert", "toy:Memory"], "--expert: expected module:call"),
    ],
)
def test_what_makes_no_environment(halls, capsys, arguments, message):
    assert main(["evaluate", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(f"skimitate: error: {message}", line)


def test_a_class_to_run_a_clone_in(tmp_path, capsys):
    collect = ["collect", "toy:OneActionEnv", *FEW]
    out = str(tmp_path / "x.npz")
    assert main([*collect, "--out", out]) == 0
    clone = ["clone", out, "--epochs", "1", "--episodes", "2", "--jobs", "1"]
    assert main([*clone, "--env", "toy:OneActionEnv"]) == 0
    assert "toy:OneActionEnv: -" in capsys.readouterr().out


def test_a_class_that_draws_nothing_is_not_filmed(tmp_path, capsys):
    film = ["film", "toy:OneActionEnv", "--expert", "toy:lean"]
    assert main([*film, "--out", str(tmp_path / "x.mp4")]) == 2
    line = capsys.readouterr().err
    assert "ENV: cannot film 'toy:OneActionEnv': " in line
    assert 'expected an environment that takes render_mode="rgb_array"' in line
    assert line.endswith("got one that takes no render_mode\n")


@pytest.mark.slow
def test_workers_find_the_class(halls, capsys):
    # Those of earlier tests do not know the folder, and no command reuses them.
    get_reusable_executor().shutdown()
    _, pids = earned(capsys, "halls:Slow", "--episodes", "9", "--jobs", "2")
    assert len(pids) == 9
    assert len(set(pids)) > 1


@pytest.mark.slow
def test_what_is_kept_goes_by_the_text_that_was_given(tmp_path, capsys):
    options = ["--rounds", "1", "--jobs", "1", "--expert", "toy:lean"]
    out = ["--out", str(tmp_path)]
    run = ["run", "toy:OneActionEnv", "--episodes", "2", *options]
    assert main([*run, *out]) == 0
    stages = json.loads((tmp_path / "stages.json").read_text())
    assert stages["BC"]["setting"]["env"] == "toy:OneActionEnv"
    assert "| toy:OneActionEnv " in capsys.readouterr().out
    table = ["table", "toy:OneActionEnv", "--roll-outs", "2", *options]
    assert main([*table, *out]) == 0
    folder = tmp_path / folder_of("toy:OneActionEnv")
    assert (folder / "seed-0" / "clone.joblib").is_file()
