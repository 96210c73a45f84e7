"""Environments that take arguments, from the command line."""

import json
import re
import warnings

import gymnasium
import pytest

from skimitate import collect_rollouts, evaluate_policy, load_expert
from skimitate.cli._main import main
from skimitate.environments._spec import folder_of, name_of, spec_of
from skimitate.studies._experiment import Experiment

EXPERT = load_expert("Hopper-v5")
OPTIONS = {"n_episodes": 2, "max_steps": 30, "random_state": 0}


def evaluated(capsys, *arguments):
    """The returns that ``evaluate`` prints."""
    options = ["--episodes", "2", "--max-steps", "30", "--jobs", "1"]
    assert main(["evaluate", "Hopper-v5", *options, *arguments]) == 0
    printed = capsys.readouterr().out
    returns = [float(value) for value in re.findall(r"episode \d+: (\S+)", printed)]
    return returns, printed.splitlines()[-1]


def test_arguments_reach_the_environment(capsys):
    plain, name = evaluated(capsys)
    assert plain == pytest.approx(
        evaluate_policy("Hopper-v5", EXPERT, **OPTIONS), abs=0.06
    )
    assert name.startswith("Hopper-v5: ")
    richer, name = evaluated(capsys, "--env-arg", "healthy_reward=2.0")
    assert richer == pytest.approx([value + 30 for value in plain], abs=0.11)
    assert name.startswith("Hopper-v5(healthy_reward=2.0): ")
    both = ["--env-arg", "healthy_reward=2.0", "--env-arg", "frame_skip=2"]
    slower, name = evaluated(capsys, *both)
    assert slower != richer
    assert name.startswith("Hopper-v5(frame_skip=2, healthy_reward=2.0): ")


def test_arguments_reach_workers_and_collections(tmp_path):
    assert (
        main(
            [
                *["collect", "Hopper-v5", "--episodes", "2", "--jobs", "2"],
                *["--env-arg", "max_episode_steps=10", "--env-arg", "frame_skip=2"],
                *["--out", str(tmp_path / "x.npz")],
            ]
        )
        == 0
    )
    spec = spec_of("Hopper-v5", {"frame_skip": 2, "max_episode_steps": 10})
    expected = collect_rollouts(spec, EXPERT, n_episodes=2, random_state=0)
    assert expected.lengths.tolist() == [10, 10]
    found = type(expected).load(tmp_path / "x.npz")
    assert (found.observations == expected.observations).all()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("healthy_rewrd=2", r"Hopper-v5\(healthy_rewrd=2\): .*unexpected keyword arg"),
        ("frame_skip=often", r"Hopper-v5\(frame_skip='often'\): "),
    ],
)
def test_an_argument_that_the_environment_does_not_take(capsys, argument, message):
    assert main(["run", "Hopper-v5", "--env-arg", argument]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(f"skimitate: error: --env-arg: cannot make {message}", line)


def test_arguments_of_an_environment_that_is_not_there(capsys):
    assert main(["run", "Hoper-v5", "--env-arg", "frame_skip=2"]) == 2
    assert "ENV: cannot make 'Hoper-v5'" in capsys.readouterr().err


def test_a_spec_changes_nothing_that_is_registered():
    before = gymnasium.spec("Hopper-v5").kwargs.copy()
    spec = spec_of("Hopper-v5", {"frame_skip": 2})
    assert gymnasium.spec("Hopper-v5").kwargs == before
    assert spec.kwargs == before | {"frame_skip": 2}
    assert spec_of("Hopper-v5", {}) == name_of("Hopper-v5", {}) == "Hopper-v5"
    name = name_of("robots/Arm-v0", {"xml_file": "a/b.xml", "a": (1, 2)})
    assert name == "robots/Arm-v0(a=(1, 2), xml_file='a/b.xml')"
    assert re.fullmatch(r"[\w.,=()-]+", folder_of(name))
    assert folder_of("Hopper-v5") == "Hopper-v5"


def test_a_name_with_arguments_is_another_setting(tmp_path, capsys):
    kept = {"expert_id": "bundled", "n_episodes": 1, "n_rounds": 1, "out": tmp_path}
    how = {"n_eval_episodes": 2, "n_jobs": 1, "seed": 0, "eval_seed": 1}
    expert = load_expert("Reacher-v5")
    rewards = []
    for weight in (1.0, 1.0, 0.5):
        arguments = {"reward_dist_weight": weight}
        env, name = (of("Reacher-v5", arguments) for of in (spec_of, name_of))
        experiment = Experiment(env=env, name=name, expert=expert, **kept, **how)
        rewards.append(experiment.rollouts.rewards)
        again = "demonstrations: kept from before" in capsys.readouterr().out
        assert again is (len(rewards) == 2)
    assert (rewards[0] == rewards[1]).all()
    assert (rewards[2] > rewards[1]).all()


def ran(out, *arguments):
    """The settings of the stages that a small run keeps."""
    options = ["--episodes", "1", "--rounds", "1", "--jobs", "1", "--out", str(out)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main(["run", "Reacher-v5", *options, *arguments]) == 0
    return json.loads((out / "stages.json").read_text())


@pytest.mark.slow
def test_a_stage_of_other_arguments_is_another_stage(tmp_path, capsys):
    ran(tmp_path)
    capsys.readouterr()
    ran(tmp_path)
    assert "BC: kept from before" in capsys.readouterr().out
    weight = ["--env-arg", "reward_dist_weight=0.5"]
    stages = ran(tmp_path, *weight)
    printed = capsys.readouterr().out
    assert "kept from before" not in printed
    assert "| Reacher-v5(reward_dist_weight=0.5)" in printed
    assert stages["BC"]["setting"]["env"] == "Reacher-v5(reward_dist_weight=0.5)"
    ran(tmp_path, *weight)
    assert "BC: kept from before" in capsys.readouterr().out


@pytest.mark.slow
def test_a_row_of_the_table_with_arguments(tmp_path, capsys):
    options = ["--roll-outs", "1", "--rounds", "1", "--jobs", "1"]
    weight = ["--env-arg", "reward_dist_weight=0.5"]
    assert main(["table", "Reacher-v5", *options, *weight, "--out", str(tmp_path)]) == 0
    name = "Reacher-v5(reward_dist_weight=0.5)"
    assert f"| {name} | 1 " in capsys.readouterr().out
    assert (tmp_path / name / "seed-0" / "clone.joblib").is_file()
